"""Whether a project's learner is frozen: it learns nothing until it is set free."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict
from engine.feedback.records import Freeze
from engine.projects import registry
from engine.records import Actor
from engine.storage.ledger import Ledger


def decide(ledger: Ledger, project: str, reason: str, by: Actor, at: datetime, *, frozen: bool) -> Freeze:
    """Freeze the learner of ``project``, or set it free. Raises NotFound, and Conflict where it is so already."""
    with ledger.write() as db:
        registry.find(db, project)
        found = newest(db, project)
        if (found is not None and found.frozen) == frozen:
            said = f"is frozen already, by {found.by}: {found.reason}" if found and frozen else "is not frozen"
            raise Conflict(f"The learner of {project} {said}.")
        values = (project, stamp(at), by.name, int(frozen), reason)
        db.execute("INSERT INTO frozen_learners (project, at, by, frozen, reason) VALUES (?, ?, ?, ?, ?)", values)
        action = "freeze" if frozen else "unfreeze"
        trail.append(db, at=at, actor=by, action=action, subject=project, reason=reason)
    return Freeze(project, at, by.name, frozen, reason)


def newest(db: sqlite3.Connection, project: str) -> Freeze | None:
    """What was decided last; None where nobody ever froze it."""
    row = db.execute("SELECT * FROM frozen_learners WHERE project = ? ORDER BY id DESC LIMIT 1", (project,)).fetchone()
    if row is None:
        return None
    return Freeze(row["project"], moment(row["at"]), row["by"], bool(row["frozen"]), row["reason"])


def standing(db: sqlite3.Connection, project: str) -> Freeze | None:
    """That the learner is frozen; None where it is not."""
    found = newest(db, project)
    return found if found is not None and found.frozen else None
