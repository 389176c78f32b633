"""The scans that were made: the newest report as a whole, and of earlier ones what growth is read from."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from engine.audit import times
from engine.clock import moment, stamp
from engine.housekeeping.growth import Point
from engine.housekeeping.records import DiskFinding, DiskReport, LargeFile, Share

KEPT = timedelta(days=90)
LOOKED_AT = timedelta(days=14)
FREE = "free"
# Not what was found while the clock was ahead.
_LATELY = "SELECT at, free, shares FROM scans WHERE at >= ? AND at <= ? ORDER BY at"


def last(db: sqlite3.Connection) -> DiskReport | None:
    """The newest report, or None before any scan."""
    row = db.execute("SELECT report FROM scans WHERE report IS NOT NULL ORDER BY id DESC LIMIT 1").fetchone()
    return _decoded(json.loads(row["report"])) if row else None


def points(db: sqlite3.Connection, at: datetime) -> dict[str, list[Point]]:
    """What each share was, by ``kind:…`` and ``project:…``, and ``free``, over the last two weeks."""
    found: dict[str, list[Point]] = defaultdict(list)
    for row in db.execute(_LATELY, (stamp(at - LOOKED_AT), stamp(at + times.BEHIND))):
        when = moment(row["at"]).timestamp()
        found[FREE].append((when, row["free"]))
        for name, size in json.loads(row["shares"]).items():
            found[name].append((when, size))
    return found


def keep(db: sqlite3.Connection, report: DiskReport) -> None:
    """Keep ``report`` as the newest, inside the caller's transaction; scans that nobody reads any more go."""
    shares = {f"project:{share.name}": share.bytes for share in report.by_project}
    shares |= {f"kind:{share.name}": share.bytes for share in report.by_kind}
    db.execute("UPDATE scans SET report = NULL WHERE report IS NOT NULL")
    db.execute("DELETE FROM scans WHERE at < ?", (stamp(times.certain(db, report.at) - KEPT),))
    db.execute(
        "INSERT INTO scans (at, free, shares, report) VALUES (?, ?, ?, ?)",
        (stamp(report.at), report.free, json.dumps(shares), json.dumps(asdict(report), default=_encoded)),
    )


def _encoded(value: Any) -> str:
    assert isinstance(value, datetime)
    return stamp(value)


def _decoded(document: dict[str, Any]) -> DiskReport:
    files = {
        name: tuple(LargeFile(**{**row, "modified_at": moment(row["modified_at"])}) for row in document[name])
        for name in ("largest", "growing")
    }
    known = {each.name: document[each.name] for each in fields(DiskReport)}
    return DiskReport(
        **{
            **known,
            **files,
            "at": moment(document["at"]),
            "by_project": tuple(Share(**row) for row in document["by_project"]),
            "by_kind": tuple(Share(**row) for row in document["by_kind"]),
            "findings": tuple(DiskFinding(**row) for row in document["findings"]),
        }
    )
