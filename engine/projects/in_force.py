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

from engine.access.approval import NOTHING_ASKED, Policy, stricter, value_in_words
from engine.projects import schedules
from engine.projects.manifest.approval import approval as manifest_approval
from engine.projects.manifest.approval import window_of
from engine.projects.manifest.fields import Mistakes, Table
from engine.storage import chosen
from engine.vocabulary.jobs import SCHEDULED

# The keys of a policy: of a manifest's [approval], and settings of the workspace, which asks them of every project.
POLICY = tuple(each.name for each in fields(Policy))
_NOTHING = "nothing"


def settings(db: sqlite3.Connection, project: str) -> dict[str, Any]:
    """The manifest that is in force for ``project``."""
    row = db.execute("SELECT manifest FROM projects WHERE name = ?", (project,)).fetchone()
    found: dict[str, Any] = json.loads(row["manifest"])
    return found


def served(db: sqlite3.Connection) -> tuple[str, ...]:
    """The projects that answer requests in real time, by what is in force for them."""
    rows = db.execute(
        "SELECT name FROM projects WHERE removed_at IS NULL AND json_extract(manifest, '$.serve.realtime') = 1"
        " ORDER BY name"
    )
    return tuple(row["name"] for row in rows)


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


def approval(db: sqlite3.Connection, project: str) -> Policy:
    """How ``project`` is released: the stricter of what is in force for it and what the workspace asks of all."""
    return stricter(own(db, project), asked(db))


def own(db: sqlite3.Connection, project: str) -> Policy:
    """What is in force for ``project`` by its own manifest."""
    return _approval_of(settings(db, project))


def asked(db: sqlite3.Connection) -> Policy:
    """What the workspace asks of every project."""
    said: dict[str, int | str] = {**chosen.numbers(db), **chosen.texts(db)}
    return policy_of({name: said[name] for name in POLICY if name in said})


def policy_of(said: Mapping[str, int | str]) -> Policy:
    """The workspace's policy from what an admin chose of it, which was checked then."""
    expires = said.get("expires")
    return replace(
        NOTHING_ASKED,
        approvals=int(said.get("approvals", NOTHING_ASKED.approvals)),
        four_eyes=bool(said.get("four_eyes", NOTHING_ASKED.four_eyes)),
        approvers=(tuple(str(said["approvers"]).split(", ")),) if said.get("approvers") else (),
        freeze=tuple(window_of(each) for each in str(said["freeze"]).split("; ")) if said.get("freeze") else (),
        expires=timedelta(seconds=int(expires)) if expires else NOTHING_ASKED.expires,
    )


def _approval_of(manifest: Mapping[str, Any]) -> Policy:
    # Checked when it was registered or when the version was made.
    return manifest_approval(Table(Mistakes({}), ("approval",), manifest.get("approval", {})))


def _approval(before: Policy, after: Policy) -> list[str]:
    """Compared as they are judged, so that a key that only repeats its default is no difference."""
    return [
        f"approval: {name} {value_in_words(after, name)} instead of {value_in_words(before, name)}"
        for name in POLICY
        if getattr(before, name) != getattr(after, name)
    ]
