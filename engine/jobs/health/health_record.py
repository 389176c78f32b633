"""Keep what a look at health found, in one transaction: figures, alerts, triggers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.clock import moment
from engine.jobs import triggers
from engine.jobs.health import answered, logged_rows, same_rows
from engine.jobs.health.look import LookResult, Memory
from engine.monitoring import looks, measurements
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import left_behind
from engine.monitoring.look_document import LookDocument, LookFinding
from engine.monitoring.look_parts import MetricValue
from engine.monitoring.records import HealthFinding
from engine.monitoring.status import OLDEST
from engine.projects import registry
from engine.projects.manifest.fields import Mistakes, Table
from engine.projects.manifest.health import health
from engine.release import history as deployments
from engine.requests import book
from engine.runs import facts, history
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
        last = looks.last_detailed(db, project, context.run.as_of, number=number)
        baking = _baking(db, project, context.live[1].settings, context.run.as_of)
        rival = _rival(db, project, number) if baking or _fell(db, context.live[0]) else None
        newest = catalog.newest(db, project)
        assert newest is not None  # the one that is live, if no other
        until, rows = catalog.in_brief(db, [project])[project].data_until, facts.rows(db, newest.run)
        extract, still = None, OLDEST
        if "time" not in context.live[1].settings.get("data", {}):
            extract, still = same_rows.recall(db, context.run.project, context.run.as_of)
        options = history.options(db, context.run.id)
        digest = str(catalog.find(db, context.live[0])["digest"])
        since = context.run.as_of - logged_rows.BACK
        there = book.blocks(db, project, since, context.run.as_of)
        asked = tuple(each for each in there if each.version == context.live[0])
        served = answered.recall(db, ledger, context)
    return Memory(
        baking=baking,
        rival=rival,
        # Of old versions the end is not known where times were dates or text, and may be one of the future.
        until=min(until or newest.as_of, newest.as_of),
        rows=rows,
        by=options.get("by", {}),
        extract=extract,
        still=still,
        whole=bool(options.get("whole")),
        digest=digest,
        before=last,
        requests=asked,
        served=served,
    )


def _baking(db: sqlite3.Connection, project: str, settings: Mapping[str, Any], as_of: datetime) -> bool:
    """Whether the live version has still to prove itself against the one before. Not at a moment before it was live:
    that a look at the past finds the version before better there is what it was replaced in spite of."""
    move = deployments.newest(db, project)
    assert move is not None
    bake = health(Table(Mistakes({}), ("health",), settings.get("health", {}))).bake
    return move.kind == "release" and timedelta(0) <= as_of - move.at < bake


def _fell(db: sqlite3.Connection, live: str) -> bool:
    """Whether the live version is said to do worse; what was open about another one says nothing of it."""
    alerts = alert_book.open_alerts(db, catalog.parse_label(live)[0])
    return any(each.part in ("performance", "bake") and not left_behind(each, live) for each in alerts)


def _rival(db: sqlite3.Connection, project: str, number: int) -> tuple[str, str] | None:
    """Label and digest of the version that a rollback would make live."""
    earlier = (version for version in catalog.were_live(db, project) if version.number != number)
    return next(((version.label, version.digest) for version in earlier), None)


def register(ledger: Ledger, context: RunContext, seen: LookResult, at: datetime) -> bool:
    """Write everything down. Raises Conflict when the run was cancelled before, and then keeps nothing.

    A look at the past, at a version swapped meanwhile or at a project removed meanwhile raises no alert and moves
    nothing: False. Looks of a time when the clock was ahead keep no look of today from it.
    """
    answer, (project, number) = seen.answer, catalog.parse_label(seen.label)
    with ledger.write() as db:
        refuse_cancelled(db, context.run.id)
        live = catalog.live(db, project) if registry.there(db, project) else None
        refused = too_little(db, context.workspace.root)
        looks.keep(db, context.run, number, answer, at)
        _figures(db, context, number, answer, at)
        later = looks.saw_later(db, project, than=context.run.as_of, until=at)
        counts = live is not None and live.number == number and not later
        if counts:
            found = [_finding(each) for each in answer.findings]
            alert_book.record(db, project, number, found, answer.measured, context.run.id, at)
            triggers.fire(db, project, context.run.id, seen.new_rows, refused, at)
    return counts


def _figures(db: sqlite3.Connection, context: RunContext, number: int, answer: LookDocument, at: datetime) -> None:
    # Rows that it was validated on tell nothing new of what it does: their figures stand in the document alone.
    measured = answer.metrics if answer.parts["performance"].verdict != "cannot tell" else {}
    figures = [each for each in answer.signals if each[0] not in answer.metrics or each[0] in measured]
    looks.keep_figures(db, context.run, number, figures)
    until = answer.mature_until
    if until is not None:
        fresh = list(_fresh(db, context.run.project, number, until, measured))
        measurements.keep(db, context.run.project, context.run.id, until, fresh, at)


def _fresh(
    db: sqlite3.Connection, project: str, number: int, until: str, measured: Mapping[str, MetricValue]
) -> Iterator[tuple[int, str, float, float | None, float | None, int]]:
    """Live performance as a measurement of the version: once for each mature period, not at every look."""
    for name, told in measured.items():
        last = measurements.newest_as_of(db, project, number, name)
        if told.value is not None and (last is None or last < until):
            yield number, name, told.value, told.low, told.high, told.n


def _finding(found: LookFinding) -> HealthFinding:
    return HealthFinding(found.key, found.part, found.severity, found.why, found.act, moment(found.since))
