"""Which rule is in force for a project's jobs, in the ledger: each change ends one row and begins the next.

So a rule acts from the moment it is written, and what was due before belongs to the rule before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.clock import stamp
from engine.projects.durations import EVERY

# Manifests may name more; what has no job to do makes no occurrences.
SCHEDULED = ("retrain", "health", "report")
# Monday morning, for a project that says who gets its report and not when.
REPORT_DUE = "0 7 * * mon"
_KEPT = (
    "project", "job", "rule", "timezone", "catch_up", "give_up_after", "cool_down", "enabled", "note", "origin",
    "changed_by", "entry",
)  # fmt: skip


def in_force(db: sqlite3.Connection, project: str, job: str) -> sqlite3.Row | None:
    """The row of the rule that is in force now."""
    found: sqlite3.Row | None = db.execute(
        "SELECT * FROM schedules WHERE project = ? AND job = ? AND until IS NULL", (project, job)
    ).fetchone()
    return found


def sync(db: sqlite3.Connection, project: str, document: Mapping[str, Any], at: datetime) -> None:
    """Take over what the manifest says, where that is not what it said before.

    An operator's edit holds until the manifest's own entry changes, and a pause until somebody resumes.
    """
    entries = _entries(document)
    for job in SCHEDULED:
        entry, row = entries.get(job), in_force(db, project, job)
        if row is not None and entry == json.loads(row["entry"]):
            continue
        if entry is None:
            end(db, project, job, at)
        else:
            _begin(db, project, job, entry, row, at)


def _entries(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the manifest says of each job."""
    entries: Mapping[str, Any] = document.get("schedule", {})
    if "report" in entries or not document.get("report", {}).get("to"):
        return entries
    zone = entries.get("retrain", {}).get("timezone", "UTC")
    return {**entries, "report": {"cron": REPORT_DUE, "timezone": zone}}


def _begin(
    db: sqlite3.Connection, project: str, job: str, entry: Mapping[str, Any], row: sqlite3.Row | None, at: datetime
) -> None:
    values = {
        "project": project,
        "job": job,
        "rule": entry["cron"] if "cron" in entry else f"{EVERY}{entry['every']}",
        "timezone": entry.get("timezone", "UTC"),
        "catch_up": entry.get("catch_up", "latest"),
        "give_up_after": entry.get("give_up_after"),
        "cool_down": entry.get("cool_down"),
        "enabled": row["enabled"] if row else 1,
        "note": row["note"] if row and not row["enabled"] else "",
        "origin": "manifest",
        "changed_by": row["changed_by"] if row and not row["enabled"] else None,
        "entry": json.dumps(entry),
    }
    end(db, project, job, at)
    _insert(db, values, at)


def replace(db: sqlite3.Connection, row: sqlite3.Row, at: datetime, **changes: Any) -> None:
    """End ``row`` and begin another that differs from it in ``changes``."""
    end(db, row["project"], row["job"], at)
    _insert(db, {**{name: row[name] for name in _KEPT}, **changes}, at)


def end(db: sqlite3.Connection, project: str, job: str | None, at: datetime) -> None:
    """From now on nothing is due any more, for one job or for all."""
    db.execute(
        "UPDATE schedules SET until = ? WHERE project = ? AND job = coalesce(?, job) AND until IS NULL",
        (stamp(at), project, job),
    )


def _insert(db: sqlite3.Connection, values: Mapping[str, Any], at: datetime) -> None:
    every = {**values, "since": stamp(at), "settled": stamp(at)}
    db.execute(
        f"INSERT INTO schedules ({', '.join(every)}) VALUES ({', '.join('?' * len(every))})", tuple(every.values())
    )
