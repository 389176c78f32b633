"""What is in force for a project: what its live version says, or its registration while nothing was live yet.

The ledger keeps it with the project. Only a move changes it, in the transaction that makes a version live: a candidate
brings its schedule and its policy along, and both wait for the same approval as the rest of it. A schedule that an
operator edited keeps the edit for as long as the manifest's entry is the one that was edited.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from engine.projects import schedules
from engine.projects.manifest import sections
from engine.projects.manifest.fields import Mistakes, Table
from engine.projects.manifest.records import ApprovalSpec
from engine.storage import chosen
from engine.text import span
from engine.vocabulary.jobs import SCHEDULED

# Settings of the workspace: what it asks of every project.
APPROVALS, FOUR_EYES = "approvals", "four_eyes"
NOTHING_ASKED = {APPROVALS: 1, FOUR_EYES: 0}
_NOTHING = "nothing"


def settings(db: sqlite3.Connection, project: str) -> dict[str, Any]:
    """The manifest that is in force for ``project``."""
    row = db.execute("SELECT manifest FROM projects WHERE name = ?", (project,)).fetchone()
    found: dict[str, Any] = json.loads(row["manifest"])
    return found


def put(db: sqlite3.Connection, project: str, manifest: Mapping[str, Any], at: datetime) -> None:
    """From ``at`` on what ``manifest`` says is in force for ``project``, in the caller's transaction."""
    about = manifest["project"]
    db.execute(
        "UPDATE projects SET title = ?, owner = ?, manifest = ? WHERE name = ?",
        (about.get("title") or project, about.get("owner") or "", json.dumps(manifest), project),
    )
    schedules.sync(db, project, manifest, at)


def differences(db: sqlite3.Connection, project: str, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What would be in force otherwise than today if ``manifest`` were put in force, in words."""
    return (*_schedules(db, project, manifest), *_approval(_approval_of(settings(db, project)), _approval_of(manifest)))


def _schedules(db: sqlite3.Connection, project: str, manifest: Mapping[str, Any]) -> list[str]:
    found = []
    wanted = schedules.wanted(db, project, manifest)
    for job in SCHEDULED:
        row, will = schedules.in_force(db, project, job), wanted.get(job)
        before = _rule(row) if row is not None else _NOTHING
        after = _rule(will) if will is not None else _NOTHING
        if before != after:
            found.append(f"schedule of the {job}: {after} instead of {before}")
    return found


def _rule(values: Mapping[str, Any] | sqlite3.Row) -> str:
    words = f"{values['rule']} ({values['timezone']}), catching up {_CATCH_UP[values['catch_up']]}"
    for name in ("give_up_after", "cool_down"):
        if values[name] is not None:
            words += f", {name} {values[name]}"
    return f"{words}, as {values['changed_by']} edited it" if values["origin"] == "operator" else words


_CATCH_UP = {"latest": "the latest", "all": "all", "skip": "nothing"}


def approval(db: sqlite3.Connection, project: str) -> ApprovalSpec:
    """How ``project`` is released: the stricter of what is in force for it and what the workspace asks of all."""
    own = _approval_of(settings(db, project))
    asked = NOTHING_ASKED | chosen.numbers(db)
    return replace(
        own,
        approvals=max(own.approvals, asked[APPROVALS]),
        four_eyes=own.four_eyes or bool(asked[FOUR_EYES]),
    )


def _approval_of(manifest: Mapping[str, Any]) -> ApprovalSpec:
    # Checked when it was registered or when the version was made.
    return sections.approval(Table(Mistakes({}), ("approval",), manifest.get("approval", {})))


def _approval(before: ApprovalSpec, after: ApprovalSpec) -> list[str]:
    """Compared as they are judged, so that a key that only repeats its default is no difference."""
    found = []
    for each in fields(ApprovalSpec):
        said, says = getattr(before, each.name), getattr(after, each.name)
        if said != says:
            found.append(f"approval: {each.name} {_word(says)} instead of {_word(said)}")
    return found


def _word(value: Any) -> str:
    if isinstance(value, timedelta):
        return span(value.total_seconds())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
