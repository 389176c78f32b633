"""Schedules and occurrences as the ledger has them, and what an operator may change about a schedule."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.projects import registry, schedules
from engine.projects.manifest.durations import DURATION_FORM, parse_duration
from engine.projects.manifest.fields import shown
from engine.schedule.due import duration, rule_of
from engine.schedule.records import Occurrence, Schedule
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import SCHEDULED

SHOWN_DUE = 5
NO_LIMIT = "none"
_NEWEST = "SELECT max(id) FROM occurrences WHERE project = ? AND job = ?"


# Reading


def everything(db: sqlite3.Connection, project: str | None, now: datetime) -> tuple[Schedule, ...]:
    """The rules in force, by project."""
    if project is not None:
        registry.find(db, project)
    return tuple(_schedule(db, row, now) for row in schedules.everything(db, project))


def one(db: sqlite3.Connection, project: str, job: str, now: datetime) -> Schedule:
    """The rule in force for a project's job. Raises NotFound."""
    return _schedule(db, find(db, project, job), now)


def find(db: sqlite3.Connection, project: str, job: str) -> sqlite3.Row:
    """The row of the rule in force for a project's job. Raises NotFound."""
    registry.find(db, project)
    row = schedules.in_force(db, project, job)
    if row is None:
        known = ", ".join(SCHEDULED)
        what = f"has no schedule for '{job[:40]}'" if job in SCHEDULED else f"schedules {known} only"
        way = "write one into [schedule] of its leverframe.toml, retrain it and approve what comes of it"
        raise NotFound(f"{project} {what}; {way}.")
    return row


def _schedule(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Schedule:
    newest = db.execute(_NEWEST, (row["project"], row["job"])).fetchone()[0]
    last = db.execute("SELECT * FROM occurrences WHERE id = ?", (newest,)).fetchone() if newest else None
    give_up, cool_down = duration(row["give_up_after"]), duration(row["cool_down"])
    after = max(now, moment(row["since"]))
    return Schedule(
        project=row["project"],
        job=row["job"],
        rule=row["rule"],
        timezone=row["timezone"],
        catch_up=row["catch_up"],
        give_up_after=give_up.total_seconds() if give_up else None,
        enabled=bool(row["enabled"]),
        next_due=tuple(islice(rule_of(row).after(after), SHOWN_DUE)) if row["enabled"] else (),
        last=occurrence(last) if last else None,
        origin=row["origin"],
        changed_by=row["changed_by"],
        cool_down=cool_down.total_seconds() if cool_down else None,
        note=row["note"],
    )


def occurrence(row: sqlite3.Row) -> Occurrence:
    """A row of the table as the record that every screen speaks."""
    return Occurrence(
        project=row["project"],
        job=row["job"],
        due=moment(row["due"]),
        state=row["state"],
        why=row["why"],
        run=row["run"],
        at=moment(row["at"]),
        last=moment(row["last"]) if row["last"] else None,
        times=row["times"],
        id=row["id"],
    )


def count(ledger: Ledger) -> int:
    """How many rows of occurrences there are; ids count them without a gap."""
    with ledger.read() as db:
        return int(db.execute("SELECT coalesce(max(id), 0) FROM occurrences").fetchone()[0])


def page(ledger: Ledger, *, offset: int, limit: int, matching: str) -> tuple[Occurrence, ...]:
    """Occurrences, the newest first. Without ``matching`` this costs the same anywhere in the list."""
    with ledger.read() as db:
        if matching:
            rows = db.execute(
                "SELECT * FROM occurrences WHERE instr(lower(project || ' ' || job || ' ' || state || ' ' || why), ?)"
                " ORDER BY id DESC LIMIT ? OFFSET ?",
                (matching.lower(), limit, offset),
            ).fetchall()
        else:
            last = db.execute("SELECT coalesce(max(id), 0) FROM occurrences").fetchone()[0]
            rows = db.execute(
                "SELECT * FROM occurrences WHERE id <= ? ORDER BY id DESC LIMIT ?", (last - offset, limit)
            ).fetchall()
    return tuple(occurrence(row) for row in rows)


def missed_since(db: sqlite3.Connection, since: datetime) -> dict[str, int]:
    """How many rows of due times went by unkept after ``since``, by project."""
    rows = db.execute(
        "SELECT project, count(*) AS missed FROM occurrences WHERE at >= ? AND state = 'missed' GROUP BY project",
        (stamp(since),),
    )
    return {row["project"]: row["missed"] for row in rows}


def told_since(ledger: Ledger, after: datetime, limit: int = 1000) -> tuple[Occurrence, ...]:
    """The newest ``limit`` that did not simply run on time and were settled after ``after``; the newest first."""
    with ledger.read() as db:
        rows = db.execute(
            "SELECT * FROM occurrences WHERE at > ? AND why <> '' ORDER BY at DESC, id DESC LIMIT ?",
            (stamp(after), limit),
        ).fetchall()
    return tuple(occurrence(row) for row in rows)


# Changing


@dataclass(frozen=True)
class ScheduleChanges:
    """What is wanted otherwise about a rule; None leaves a part as it is, ``none`` takes a length of time away."""

    rule: str | None = None
    timezone: str | None = None
    catch_up: str | None = None
    give_up_after: str | None = None
    cool_down: str | None = None


def pause(ledger: Ledger, project: str, job: str, reason: str, by: Caller, at: datetime) -> Schedule:
    """Let nothing run by itself until somebody resumes. Raises Conflict when it is paused already."""
    with ledger.write() as db:
        row = find(db, project, job)
        if not row["enabled"]:
            raise Conflict(f"The schedule of {project} is paused already: {row['note']}.")
        note = f"paused by {by.name}: {reason}"
        schedules.replace(db, row, at, enabled=0, note=note, changed_by=by.name)
        trail.append(db, at=at, actor=by, action="pause-schedule", subject=f"{project} {job}", reason=reason)
        return one(db, project, job, at)


def resume(ledger: Ledger, project: str, job: str, reason: str, by: Caller, at: datetime) -> Schedule:
    """Go on from now. Raises Conflict when it is not paused."""
    with ledger.write() as db:
        row = find(db, project, job)
        if row["enabled"]:
            raise Conflict(f"The schedule of {project} is not paused.")
        schedules.replace(db, row, at, enabled=1, note=reason, changed_by=by.name)
        trail.append(db, at=at, actor=by, action="resume-schedule", subject=f"{project} {job}", reason=reason)
        return one(db, project, job, at)


def edit(
    ledger: Ledger, project: str, job: str, wanted: ScheduleChanges, reason: str, by: Caller, at: datetime
) -> Schedule:
    """Change a rule from now on. Raises Invalid with what is wrong."""
    changes = _checked(wanted)
    with ledger.write() as db:
        row = find(db, project, job)
        if all(row[name] == value for name, value in changes.items()):
            raise Conflict(f"The schedule of {project} says that already; nothing was changed.")
        note = reason if row["enabled"] else row["note"]
        schedules.replace(db, row, at, **changes, origin="operator", note=note, changed_by=by.name)
        trail.append(
            db,
            at=at,
            actor=by,
            action="edit-schedule",
            subject=f"{project} {job}",
            reason=reason,
            details={"before": {name: row[name] for name in changes}, **changes},
        )
        return one(db, project, job, at)


def _checked(wanted: ScheduleChanges) -> dict[str, str | None]:
    from engine.projects.manifest.schedule import CATCH_UP, rule_problem, timezone_problem  # not for who only reads

    changes: dict[str, str | None] = {}
    if wanted.rule is not None:
        rule = changes["rule"] = " ".join(wanted.rule.split())
        if problem := rule_problem(rule):
            raise Invalid(f"The rule is {shown(wanted.rule)}; {problem}")
    if wanted.timezone is not None:
        changes["timezone"] = wanted.timezone
        if problem := timezone_problem(wanted.timezone):
            raise Invalid(f"The time zone is {shown(wanted.timezone)}, {problem}")
    if wanted.catch_up is not None:
        changes["catch_up"] = wanted.catch_up
        if wanted.catch_up not in CATCH_UP:
            raise Invalid(f"catch_up is {shown(wanted.catch_up)}; it is one of {', '.join(CATCH_UP)}.")
    for name in ("give_up_after", "cool_down"):
        text = getattr(wanted, name)
        if text is not None:
            changes[name] = None if text == NO_LIMIT else text
            if text != NO_LIMIT and not parse_duration(text):
                raise Invalid(f"{name} is {shown(text)}; it is {DURATION_FORM}, or '{NO_LIMIT}'.")
    if not changes:
        raise Invalid("Nothing was named to change; name a rule, a time zone, what is caught up or how long.")
    return changes
