"""The checks of skew in the ledger, with the rows that are their evidence, and the alert of the newest."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from engine.clock import moment, stamp
from engine.json_records import read, write
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding, Severity
from engine.requests.skew import SkewCheck, SkewRow
from engine.text import plain

PART = "skew"


def keep(db: sqlite3.Connection, project: str, run: int, found: SkewCheck) -> None:
    """Keep what a check found, and raise its alert or end the one of before, inside the caller's transaction."""
    db.execute(
        "INSERT INTO skew_checks (run, project, version, at, rows, differing, changed, largest, unread, worst)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run, project, found.version, stamp(found.at), found.rows, found.differing, found.changed, found.largest,
            found.unread, json.dumps([write(each) for each in found.worst], ensure_ascii=False),
        ),
    )  # fmt: skip
    if found.rows or found.unread:
        number = int(found.version.rpartition("@")[2])
        alert_book.record(db, project, number, _findings(project, found), {PART}, None, found.at)


def _findings(project: str, found: SkewCheck) -> list[HealthFinding]:
    told = []
    if found.differing:
        severity: Severity = "failing" if found.changed else "watch"
        worst = found.worst[0]
        why = f"{found.sentence}; the worst is of request {plain(worst.request, 60)}"
        act = f"'leverframe requests {project} --json' has the worst rows; roll back if callers acted on them"
        told.append(HealthFinding("skew:answers", PART, severity, why, act, found.at))
    if found.unread:
        blocks = f"{found.unread:,} block{'' if found.unread == 1 else 's'} of the request log"
        why = f"{blocks} are gone or not what was written"
        told.append(HealthFinding("skew:blocks", PART, "watch", why, "see who else writes in the workspace", found.at))
    return told


def last(db: sqlite3.Connection, project: str) -> SkewCheck | None:
    """The newest check of a project."""
    row = db.execute("SELECT * FROM skew_checks WHERE project = ? ORDER BY run DESC LIMIT 1", (project,)).fetchone()
    if row is None:
        return None
    return SkewCheck(
        version=row["version"],
        at=moment(row["at"]),
        rows=row["rows"],
        differing=row["differing"],
        changed=row["changed"],
        largest=row["largest"],
        unread=row["unread"],
        worst=tuple(read(SkewRow, each, "A row of a skew check") for each in json.loads(row["worst"])),
        run=row["run"],
    )


def forget_rows(db: sqlite3.Connection, project: str, before: datetime) -> None:
    """Of checks from before that keep what they found, and not the rows: these are kept no longer than the log."""
    db.execute(
        "UPDATE skew_checks SET worst = '[]' WHERE project = ? AND at < ? AND worst <> '[]'", (project, stamp(before))
    )
