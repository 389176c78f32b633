"""What came of rebuilding versions offline, before anybody has to: a row for each try, and what is said of the last."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.clock import moment, stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.records import Rehearsal, Version
from engine.storage.ledger import Ledger
from engine.versions.catalog import parse_label

REHEARSAL = "rehearsal"
_NAMED_AT_MOST = 3


def keep(db: sqlite3.Connection, label: str, found: Rehearsal) -> None:
    """Keep what came of it, inside the caller's transaction."""
    db.execute(
        "INSERT INTO rehearsals (project, number, at, seconds, outcome, why, run) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*parse_label(label), stamp(found.at), found.seconds, found.outcome, found.why, found.run),
    )


def last(db: sqlite3.Connection, labels: Iterable[str]) -> dict[str, Rehearsal]:
    """The newest rehearsal of each of the versions called ``labels``; those that were never rehearsed are left out."""
    rows = db.execute(
        "SELECT r.project || '@' || r.number AS label, r.at, r.seconds, r.outcome, r.why, r.run FROM json_each(?) given"
        " JOIN rehearsals r ON r.id = (SELECT id FROM rehearsals WHERE project = given.value ->> 0"
        " AND number = given.value ->> 1 ORDER BY id DESC LIMIT 1)",
        (json.dumps([parse_label(label) for label in labels]),),
    )
    return {
        row["label"]: Rehearsal(moment(row["at"]), row["seconds"], row["outcome"], row["why"], row["run"])
        for row in rows
    }


def told(ledger: Ledger, versions: tuple[Version, ...]) -> tuple[Version, ...]:
    """``versions``, each with its last rehearsal."""
    with ledger.read() as db:
        found = last(db, [each.label for each in versions])
    return tuple(replace(each, rehearsed=found.get(each.label)) for each in versions)


def sentence(found: Rehearsal | None, now: datetime) -> str:
    """What is said of a version's last rehearsal, without an end. Pure."""
    if found is None:
        return "never rehearsed"
    if found.outcome == "rebuilt":
        return f"last rehearsed {ago(found.at, now)}, {found.seconds:.1f} s"
    why = (found.why or "").rstrip(".")
    if found.outcome == "impossible":
        return f"cannot be rehearsed: {why}"
    return f"could not be rebuilt on {found.at.day} {found.at:%B}: {why}"


def ago(at: datetime, now: datetime) -> str:
    """``3 days ago``. Pure."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    for size, one in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            amount = minutes // size
            return f"{amount} {one}{'' if amount == 1 else 's'} ago"
    return "just now"


def findings(points: Sequence[str], found: Mapping[str, Rehearsal]) -> tuple[HealthFinding, ...]:
    """What is not well about the live version and its rollback points, called ``points`` in that order; what has one
    reason is one. Of the live version and the one that a rollback goes to by itself it is failing, of older ones to be
    watched. Pure.
    """
    by_reason: dict[str, list[int]] = {}
    for place, label in enumerate(points):
        if label in found and found[label].outcome == "failed":
            by_reason.setdefault((found[label].why or "").rstrip("."), []).append(place)
    told = []
    for why, places in by_reason.items():
        labels = [f"{points[place]} ({f'rollback point {place}' if place else 'live'})" for place in places]
        shown = ", ".join(labels[:_NAMED_AT_MOST])
        more = f" and {len(labels) - _NAMED_AT_MOST} more" if len(labels) > _NAMED_AT_MOST else ""
        first = points[places[0]]
        told.append(
            HealthFinding(
                key=f"{REHEARSAL}:{first}",
                part=REHEARSAL,
                severity="failing" if places[0] < 2 else "watch",
                why=f"{shown}{more} could not be rebuilt: {why}",
                act=f"leverframe schedules run {parse_label(first)[0]} --job rehearsal fetches packages, tries again",
                since=found[first].at,
            )
        )
    return tuple(told)


def settle_alerts(db: sqlite3.Connection, project: str, points: Sequence[str], at: datetime) -> None:
    """Raise alerts about those of ``points`` (the live version first) that could not be rebuilt when that was last
    tried; end those of what could since, or is no way back any more. Inside the caller's transaction."""
    wrong = unsettled(db, project, points)
    if wrong is not None:
        alert_book.record(db, project, parse_label(points[0])[1], wrong, {REHEARSAL}, None, at)


def unsettled(db: sqlite3.Connection, project: str, points: Sequence[str]) -> tuple[HealthFinding, ...] | None:
    """What is to be told of ``points``; None where that is told already, or there are none."""
    if not points:
        return None
    wrong = findings(points, last(db, points))
    known = {(each.key, each.why) for each in alert_book.open_of(db, [project]) if each.part == REHEARSAL}
    return None if known == {(each.key, each.why) for each in wrong} else wrong
