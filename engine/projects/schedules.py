"""Which rule is in force for a project's jobs, in the ledger: each change ends one row and begins the next.

So a rule acts from the moment it is written, and what was due before belongs to the rule before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from engine.clock import moment, stamp
from engine.projects.manifest.durations import EVERY
from engine.vocabulary.jobs import JOBS, LEARN, RETRAIN, SCHEDULED

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


def in_force_at(db: sqlite3.Connection, project: str, job: str, at: datetime) -> sqlite3.Row | None:
    """The row of the rule that was in force just before ``at``."""
    found: sqlite3.Row | None = db.execute(
        "SELECT * FROM schedules WHERE project = ? AND job = ? AND since < ? AND (until IS NULL OR until >= ?)"
        " ORDER BY id DESC LIMIT 1",
        (project, job, stamp(at), stamp(at)),
    ).fetchone()
    return found


def everything(db: sqlite3.Connection, project: str | None = None) -> list[sqlite3.Row]:
    """The rows of the rules that are in force now, of all projects or of one, by project."""
    return db.execute(
        "SELECT * FROM schedules WHERE until IS NULL AND project = coalesce(?, project) ORDER BY project, job",
        (project,),
    ).fetchall()


def in_force_of(db: sqlite3.Connection, projects: Collection[str]) -> dict[tuple[str, str], sqlite3.Row]:
    """The rows of the rules that are in force now for ``projects``, by project and job."""
    rows = db.execute(
        "SELECT s.* FROM json_each(?) given JOIN schedules s ON s.project = given.value AND s.until IS NULL",
        (json.dumps(list(projects)),),
    )
    return {(row["project"], row["job"]): row for row in rows}


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
    return {job: _rule(db, project, job, entry) for job, entry in entries_of(document).items() if job in SCHEDULED}


def entries_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the manifest says of each job, and when one is due of which it says nothing."""
    entries: Mapping[str, Any] = document.get("schedule", {})
    zone = entries.get(RETRAIN.name, {}).get("timezone", "UTC")
    unasked: dict[str, Mapping[str, Any]] = {
        job.name: {"cron": rule.cron, "timezone": zone}
        for job in JOBS
        if (rule := job.default_schedule) is not None and document.get(rule.section, {}).get(rule.key)
    }
    if every := document.get(LEARN.name, {}).get("every"):
        unasked[LEARN.name] = {"every": every}
    return {**unasked, **entries}


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


# What is accounted for


def unsettled(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """The rows of the rules that are in force, then of those that ended and are not accounted for to their end."""
    return db.execute(
        "SELECT * FROM schedules WHERE until IS NULL"
        " UNION ALL SELECT * FROM schedules WHERE until IS NOT NULL AND settled < until"
    ).fetchall()


def one_unsettled(db: sqlite3.Connection, number: int) -> sqlite3.Row | None:
    """One of them; None where somebody else has accounted for it to its end."""
    found: sqlite3.Row | None = db.execute(
        "SELECT * FROM schedules WHERE id = ? AND (until IS NULL OR settled < until)", (number,)
    ).fetchone()
    return found


def first_unsettled(db: sqlite3.Connection, by: datetime) -> datetime | None:
    """Since when the first rule acted of those that were accounted for until before ``by``."""
    found = db.execute("SELECT min(since) FROM schedules WHERE settled < ?", (stamp(by),)).fetchone()[0]
    return moment(found) if found else None


def settle(db: sqlite3.Connection, number: int, until: datetime) -> None:
    """What that rule made due until then is accounted for."""
    db.execute("UPDATE schedules SET settled = ? WHERE id = ?", (stamp(until), number))
