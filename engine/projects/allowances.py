"""Who allowed a project's steps to reach more than what is in force for it.

A run that asks for more is stopped before its first step, and what it asked for is kept with it. An admin who has read
that allows it, for every later run of the project that asks for no more; a withdrawal ends it. What is in force is
allowed without that, since somebody approved the live version, or added the project.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from engine.access.approval import same_eyes
from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Forbidden, NotFound
from engine.projects import in_force, registry
from engine.projects.reach import Reach, beyond, beyond_the_rule, reach_of
from engine.storage.ledger import Ledger


@dataclass(frozen=True)
class Allowance:
    """What ``by`` allowed ``project`` beyond what was in force then, as ``run`` had asked for it, and when."""

    project: str
    run: int
    what: tuple[str, ...]
    at: datetime
    by: str
    reason: str


def allowed(db: sqlite3.Connection, project: str) -> tuple[Reach, ...]:
    """What the steps of ``project`` may reach: what is in force first, then what was allowed beyond it."""
    rows = db.execute("SELECT asked FROM allowances WHERE project = ? AND until IS NULL ORDER BY id", (project,))
    return (reach_of(in_force.settings(db, project)), *(reach_of(json.loads(row["asked"])) for row in rows))


def in_force_of(db: sqlite3.Connection, project: str) -> tuple[str, ...]:
    """What is in force of what the steps of ``project`` may reach beyond the rule for all, in words."""
    registry.find(db, project)
    return beyond_the_rule(reach_of(in_force.settings(db, project)))


def more_than(asked: Reach, given: tuple[Reach, ...]) -> tuple[str, ...]:
    """What of ``asked`` is more than what is in force, the first of ``given``; () where one of them gives all of it.

    Two that give a part each do not make a whole: to read a secret, and to use the network, is more than either.
    """
    found = [beyond(asked, each) for each in given]
    return found[0] if found and all(found) else ()


def asks(db: sqlite3.Connection, run: int) -> tuple[str, ...]:
    """What ``run`` was stopped for and nobody has allowed since; () for any other run."""
    found = _stopped(db, run)
    return more_than(found[1], allowed(db, found[0])) if found else ()


def _stopped(db: sqlite3.Connection, run: int) -> tuple[str, Reach, str] | None:
    """The project of a run that was stopped for what it asks, that, and who asked for the run."""
    row = db.execute(
        "SELECT r.project, r.requested_by, f.asked FROM runs r JOIN run_facts f ON f.run = r.id"
        " WHERE r.id = ? AND f.asked IS NOT NULL",
        (run,),
    ).fetchone()
    return (row["project"], reach_of(json.loads(row["asked"])), row["requested_by"]) if row else None


def allow(ledger: Ledger, run: int, reason: str, by: Caller, at: datetime) -> Allowance:
    """Let the steps of later runs reach what ``run`` asked for; where four eyes are asked for, not by the one who
    asked for the run. Raises Conflict for a run that was not stopped for it."""
    with ledger.write() as db:
        found = _stopped(db, run)
        if found is None:
            raise Conflict(f"Run {run} was not stopped for what its steps ask for; there is nothing to allow.")
        project, asked, requested_by = found
        registry.find(db, project)
        what = more_than(asked, allowed(db, project))
        if not what:
            raise Conflict(f"What run {run} asks for is allowed by now; retrain {project}.")
        if same_eyes(by, requested_by, four_eyes=in_force.approval(db, project).four_eyes):
            raise Forbidden(f"{by.name} asked for run {run}, and {project} wants a second person to allow that.")
        db.execute(
            "INSERT INTO allowances (project, run, asked, at, by, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (project, run, json.dumps(asked.document()), stamp(at), by.name, reason),
        )
        details = {"run": run, "allows": list(what)}
        trail.append(db, at=at, actor=by, action="allow", subject=project, reason=reason, details=details)
    return Allowance(project, run, what, at, by.name, reason)


def withdraw(ledger: Ledger, project: str, reason: str, by: Caller, at: datetime) -> None:
    """End all that was allowed to ``project`` beyond what is in force. Raises NotFound where nothing was."""
    with ledger.write() as db:
        registry.find(db, project)
        ended = db.execute(
            "UPDATE allowances SET until = ? WHERE project = ? AND until IS NULL", (stamp(at), project)
        ).rowcount
        if not ended:
            raise NotFound(f"{project} was allowed nothing beyond what is in force; there is nothing to withdraw.")
        trail.append(db, at=at, actor=by, action="withdraw", subject=project, reason=reason, details={"ended": ended})


def everything(db: sqlite3.Connection) -> tuple[Allowance, ...]:
    """All that is allowed beyond what is in force, by project, the oldest first."""
    rows = db.execute("SELECT * FROM allowances WHERE until IS NULL ORDER BY project, id").fetchall()
    given = {row["project"]: reach_of(in_force.settings(db, row["project"])) for row in rows}
    return tuple(
        Allowance(
            row["project"],
            row["run"],
            beyond(reach_of(json.loads(row["asked"])), given[row["project"]]),
            moment(row["at"]),
            row["by"],
            row["reason"],
        )
        for row in rows
    )


def refusal(what: tuple[str, ...], commit: str, run: int) -> str:
    """Why a run that asks for ``what`` was stopped, and the way on."""
    said = " and ".join(filter(None, (", ".join(what[:-1]), what[-1])))
    return (
        f"leverframe.toml of {commit} asks for more than anybody allowed its steps: {said}. Nothing of it was "
        f"run. If that is meant, an admin allows it with 'leverframe allow {run} --reason …', and then retrain; "
        "else take it out and commit."
    )
