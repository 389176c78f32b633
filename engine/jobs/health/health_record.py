"""Keep what a look at health found, in one transaction: figures, alerts, triggers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.clock import moment, stamp
from engine.jobs import triggers
from engine.jobs.health import same_rows
from engine.jobs.health.look import LookResult, Memory
from engine.monitoring import looks
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import left_behind
from engine.monitoring.records import HealthFinding
from engine.projects.manifest.fields import Mistakes, Table
from engine.projects.manifest.health import health
from engine.runs.cancelling import refuse_cancelled
from engine.runs.run_context import RunContext
from engine.storage.free_space import too_little
from engine.storage.ledger import Ledger
from engine.versions import catalog


def remember(ledger: Ledger, context: RunContext) -> Memory:
    """What the look must know of earlier ones, and the version that the live one is held against."""
    if context.live is None:
        return Memory()
    project, number = catalog.parse_label(context.live[0])
    with ledger.read() as db:
        earlier = db.execute(
            "SELECT document FROM health WHERE project = ? AND number = ? AND document IS NOT NULL AND as_of <= ?"
            " ORDER BY as_of DESC, run DESC LIMIT 1",
            (project, number, stamp(context.run.as_of)),
        ).fetchone()
        baking = _baking(db, project, context.live[1]["settings"], context.run.as_of)
        rival = _rival(db, project, number) if baking or _fell(db, context.live[0]) else None
        newest = db.execute(
            "SELECT v.data_until, v.as_of, f.rows FROM versions v LEFT JOIN run_facts f ON f.run = v.run"
            " WHERE v.project = ? ORDER BY v.number DESC LIMIT 1",
            (project,),
        ).fetchone()
        extract, still = same_rows.recall(db, context.run.project, context.run.as_of)
        options = db.execute("SELECT options FROM runs WHERE id = ?", (context.run.id,)).fetchone()["options"]
    before = looks.unpacked(earlier["document"]) if earlier else {}
    return Memory(
        alarms=before.get("memory", ()),
        told=before.get("told", ()),
        baking=baking,
        rival=rival,
        # Of old versions the end is not known where times were dates or text, and may be one of the future.
        until=moment(min(newest["data_until"] or newest["as_of"], newest["as_of"])),
        rows=int(newest["rows"] or 0),
        by=json.loads(options).get("by", {}),
        extract=extract,
        still=still,
    )


def _baking(db: sqlite3.Connection, project: str, settings: Mapping[str, Any], as_of: datetime) -> bool:
    """Whether the live version has still to prove itself against the one before. Not at a moment before it was live:
    that a look at the past finds the version before better there is what it was replaced in spite of."""
    newest = db.execute("SELECT kind, at FROM deployments WHERE project = ? ORDER BY seq DESC LIMIT 1", (project,))
    kind, at = newest.fetchone()
    bake = health(Table(Mistakes({}), ("health",), settings.get("health", {}))).bake
    return bool(kind == "release" and timedelta(0) <= as_of - moment(at) < bake)


def _fell(db: sqlite3.Connection, live: str) -> bool:
    """Whether the live version is said to do worse; what was open about another one says nothing of it."""
    alerts = alert_book.open_alerts(db, catalog.parse_label(live)[0])
    return any(each.part in ("performance", "bake") and not left_behind(each, live) for each in alerts)


def _rival(db: sqlite3.Connection, project: str, number: int) -> tuple[str, str] | None:
    """Label and digest of the version that a rollback would make live."""
    row = db.execute(
        "SELECT number, digest FROM versions WHERE project = ? AND state = 'retired' AND cleaned_at IS NULL"
        " AND number <> ? ORDER BY live_until DESC, number DESC LIMIT 1",
        (project, number),
    ).fetchone()
    return (f"{project}@{row['number']}", row["digest"]) if row else None


def register(ledger: Ledger, context: RunContext, seen: LookResult, at: datetime) -> bool:
    """Write everything down. Raises Conflict when the run was cancelled before, and then keeps nothing.

    A look at the past, at a version swapped meanwhile or at a project removed meanwhile raises no alert and moves
    nothing: False. Looks of a time when the clock was ahead keep no look of today from it.
    """
    answer, (project, number) = seen.answer, catalog.parse_label(seen.label)
    with ledger.write() as db:
        refuse_cancelled(db, context.run.id)
        live = db.execute(
            "SELECT v.number FROM versions v JOIN projects p ON p.name = v.project"
            " WHERE v.project = ? AND v.state = 'live' AND p.removed_at IS NULL",
            (project,),
        ).fetchone()
        refused = too_little(db, context.workspace.root)
        db.execute(
            "INSERT INTO health (run, project, number, as_of, at, verdict, why, rows, labelled, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                context.run.id, project, number, stamp(context.run.as_of), stamp(at), answer["verdict"], answer["why"],
                answer["rows"], answer["labelled"], looks.packed(answer),
            ),
        )  # fmt: skip
        _figures(db, context, number, answer, at)
        later = db.execute(
            "SELECT 1 FROM health WHERE project = ? AND as_of > ? AND as_of <= ?",
            (project, stamp(context.run.as_of), stamp(at)),
        ).fetchone()
        counts = live is not None and live["number"] == number and later is None
        if counts:
            found = [_finding(each) for each in answer["findings"]]
            alert_book.record(db, project, number, found, answer["measured"], context.run.id, at)
            triggers.fire(db, project, context.run.id, seen.new_rows, refused, at)
    return counts


def _figures(db: sqlite3.Connection, context: RunContext, number: int, answer: Mapping[str, Any], at: datetime) -> None:
    # Rows that it was validated on tell nothing new of what it does: their figures stand in the document alone.
    measured = answer["metrics"] if answer["parts"]["performance"]["verdict"] != "cannot tell" else {}
    rows = [
        (context.run.id, context.run.project, number, name, stamp(context.run.as_of), *figures)
        for name, *figures in answer["signals"]
        if name not in answer["metrics"] or name in measured
    ]
    db.executemany(
        "INSERT INTO signals (run, project, number, name, as_of, value, low, high, n)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    for name, until, figures in _fresh(db, context.run.project, number, answer["mature_until"], measured):
        db.execute(
            "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                context.run.project, number, context.run.id, name, until, stamp(at), figures["value"], figures["low"],
                figures["high"], figures["n"],
            ),
        )  # fmt: skip


def _fresh(
    db: sqlite3.Connection, project: str, number: int, until: str | None, measured: Mapping[str, Any]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Live performance as a measurement of the version: once for each mature period, not at every look."""
    if until is None:
        return
    for name, figures in measured.items():
        last = db.execute(
            "SELECT max(as_of) FROM measurements WHERE project = ? AND number = ? AND metric = ?",
            (project, number, name),
        ).fetchone()[0]
        if figures["value"] is not None and (last is None or last < until):
            yield name, until, figures


def _finding(found: Mapping[str, Any]) -> HealthFinding:
    return HealthFinding(
        found["key"], found["part"], found["severity"], found["why"], found["act"], moment(found["since"])
    )
