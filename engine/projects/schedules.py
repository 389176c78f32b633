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
from engine.projects.manifest.durations import EVERY

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
    """Put in force what the manifest ``document`` says, where that is not in force already.

    An operator's edit belongs to the entry that it was made on, and is in force whenever that entry is. A pause holds
    until somebody resumes.
    """
    rules = wanted(db, project, document)
    for job in SCHEDULED:
        rule, row = rules.get(job), in_force(db, project, job)
        if row is not None and rule is not None and all(row[name] == value for name, value in rule.items()):
            continue
        end(db, project, job, at)
        if rule is not None:
            _insert(db, rule, at)


def wanted(db: sqlite3.Connection, project: str, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows that are in force for each job when the manifest ``document`` is, but for their times."""
    return {
        job: _rule(db, project, job, entry) for job, entry in _entries(document).items() if job in SCHEDULED
    }


def _entries(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the manifest says of each job."""
    entries: Mapping[str, Any] = document.get("schedule", {})
    if "report" in entries or not document.get("report", {}).get("to"):
        return entries
    zone = entries.get("retrain", {}).get("timezone", "UTC")
    return {**entries, "report": {"cron": REPORT_DUE, "timezone": zone}}


def _rule(db: sqlite3.Connection, project: str, job: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    rows = db.execute(
        "SELECT * FROM schedules WHERE project = ? AND job = ? ORDER BY id DESC", (project, job)
    ).fetchall()
    same = next((row for row in rows if json.loads(row["entry"]) == entry), None)
    values = {
        "project": project,
        "job": job,
        "rule": entry["cron"] if "cron" in entry else f"{EVERY}{entry['every']}",
        "timezone": entry.get("timezone", "UTC"),
        "catch_up": entry.get("catch_up", "latest"),
        "give_up_after": entry.get("give_up_after"),
        "cool_down": entry.get("cool_down"),
        "enabled": 1,
        "note": "",
        "origin": "manifest",
        "changed_by": None,
        "entry": json.dumps(entry),
    }
    if same is not None and same["origin"] == "operator":
        values |= {name: same[name] for name in _KEPT}
    if rows and rows[0]["enabled"] != values["enabled"]:
        values |= {name: rows[0][name] for name in ("enabled", "note")}
    if rows and not values["enabled"]:
        values["changed_by"] = values["changed_by"] or rows[0]["changed_by"]
    return values


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
