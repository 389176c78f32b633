"""The policy of releases: what the workspace asks of every project, what holds for each, and which of the two says so.

An admin changes the workspace's; a project's changes with the version that is live (``in_force``). What nobody could
meet is said, and holds all the same: that is for an admin to mend.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.access.approval import NOTHING_ASKED, ROLE, Policy, cannot_be_met, stricter, value_in_words
from engine.access.caller import Caller
from engine.access.operators import is_one, roles
from engine.audit import trail
from engine.errors import Invalid
from engine.projects import in_force, registry
from engine.projects.manifest.approval import FREEZE_FORM, approver_problem, window_of, window_problem
from engine.projects.manifest.durations import DURATION_FORM, parse_duration
from engine.projects.manifest.fields import nearest, shown
from engine.storage import chosen
from engine.storage.ledger import Ledger

MEANINGS = {
    "approvals": "how many people must approve a release",
    "four_eyes": "whether nobody approves alone what they asked for, committed, or own",
    "approvers": "who may approve: names, and roles such as role:admin",
    "freeze": "when nothing goes live by an approval; a rollback is never frozen",
    "expires": "after which a candidate can no longer be approved",
}
WORKSPACE, PROJECT, BOTH, DEFAULT = "the workspace", "leverframe.toml", "both", "default"
DEFAULT_WORD = "default"
_MOST_PEOPLE, _LONGEST = 20, timedelta(days=3653)


@dataclass(frozen=True)
class PolicyLine:
    """What holds of one key for ``project`` (None: what the workspace asks of all), and who says so."""

    project: str | None
    name: str
    text: str
    said_by: str

    @property
    def meaning(self) -> str:
        return MEANINGS[self.name]


def lines(db: sqlite3.Connection, project: str | None) -> tuple[PolicyLine, ...]:
    """What the workspace asks, or what holds for ``project``. Raises NotFound."""
    asked = in_force.asked(db)
    if project is None:
        return tuple(
            PolicyLine(None, name, value_in_words(asked, name), DEFAULT if _silent(asked, name) else WORKSPACE)
            for name in in_force.POLICY
        )
    registry.find(db, project)
    own = in_force.own(db, project)
    holds = stricter(own, asked)
    return tuple(
        PolicyLine(project, name, value_in_words(holds, name), _said_by(name, own, asked)) for name in in_force.POLICY
    )


def beyond_the_workspace(db: sqlite3.Connection) -> tuple[PolicyLine, ...]:
    """Of every project what its own manifest says beyond what the workspace asks of all."""
    found = [line for project in registry.everything(db) for line in lines(db, project.name)]
    return tuple(line for line in found if line.said_by in (PROJECT, BOTH))


def _silent(asked: Policy, name: str) -> bool:
    return bool(getattr(asked, name) == getattr(NOTHING_ASKED, name))


def _said_by(name: str, own: Policy, asked: Policy) -> str:
    """Which of the two makes it what it is. A project's default says nothing where the workspace asks for more."""
    mine, its = getattr(own, name), getattr(asked, name)
    holds = getattr(stricter(own, asked), name)
    by_project = holds == mine and mine != getattr(Policy(), name)
    by_workspace = holds == its and not _silent(asked, name)
    if (by_project and by_workspace) or (holds not in (mine, its)):
        return BOTH
    return PROJECT if by_project else WORKSPACE if by_workspace else DEFAULT


def complaints(db: sqlite3.Connection, now: datetime) -> tuple[str, ...]:
    """What nobody could meet of what is asked, each as a sentence with the way out."""
    asked = in_force.asked(db)
    whole = cannot_be_met(asked, roles(db, None), now)
    if whole:
        return (f"No project can release a version: {whole}.",)
    found = _strangers(db, "The workspace", asked)
    for project in registry.everything(db):
        found += _strangers(db, project.name, in_force.own(db, project.name))
        policy = in_force.approval(db, project.name)
        if why := cannot_be_met(policy, roles(db, project.name), now):
            found.append(f"{project.name} can release no version: {why}.")
    return tuple(found)


def _strangers(db: sqlite3.Connection, who: str, policy: Policy) -> list[str]:
    """That ``who`` names approvers whom there are not: a name is easily written wrong."""
    named = {each for people in policy.approvers for each in people if not each.startswith(ROLE)}
    strangers = [name for name in sorted(named) if not is_one(db, name)]
    if not strangers:
        return []
    names = " and ".join(strangers)
    return [f"{who} names {names} to approve, and nobody here is called that ('leverframe operators' lists all)."]


def choose(ledger: Ledger, name: str, text: str, by: Caller, reason: str, at: datetime) -> tuple[str, ...]:
    """Ask ``text`` of every project from now on, or nothing (``default``). Returns what nobody can meet now.

    Raises Invalid.
    """
    if name not in MEANINGS:
        said = nearest(name, MEANINGS) or f"; it has {', '.join(MEANINGS)}."
        raise Invalid(f"The policy has no {shown(name)}{said}")
    value = None if text.strip() == DEFAULT_WORD else _READ[name](text)
    with ledger.write() as db:
        before = {**chosen.numbers(db), **chosen.texts(db)}.get(name, DEFAULT_WORD)
        if value is None:
            chosen.forget(db, name)
        else:
            chosen.choose(db, name, value)
        details = {"value": DEFAULT_WORD if value is None else value, "before": before}
        trail.append(db, at=at, actor=by, action="set-policy", subject=name, reason=reason, details=details)
        return complaints(db, at)


def _approvals(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= _MOST_PEOPLE):
        raise Invalid(f"{shown(text)} cannot be approvals; write a number from 1 to {_MOST_PEOPLE}.")
    return int(text)


def _four_eyes(text: str) -> int:
    found = {"yes": 1, "no": 0}.get(text)
    if found is None:
        raise Invalid(f"{shown(text)} cannot be four_eyes; write yes or no.")
    return found


def _approvers(text: str) -> str:
    people = text.replace(",", " ").split()
    if not people:
        raise Invalid("approvers names nobody; write names and roles, such as: ada, role:admin.")
    for each in people:
        if problem := approver_problem(each):
            raise Invalid(f"approvers names {shown(each)}{problem}")
    return ", ".join(sorted(set(people)))


def _freeze(text: str) -> str:
    freezes = [each.strip() for each in text.split(";") if each.strip()]
    if not freezes:
        raise Invalid(f"freeze names no time; write {FREEZE_FORM}, with a semicolon between two.")
    for each in freezes:
        if problem := window_problem(each):
            raise Invalid(f"freeze names {shown(each)}{problem}")
    return "; ".join(window.words for window in sorted({window_of(each) for each in freezes}))


def _expires(text: str) -> int:
    found = parse_duration(text)
    if found is None or not timedelta(minutes=1) <= found <= _LONGEST:
        raise Invalid(f"{shown(text)} cannot be expires; write {DURATION_FORM}.")
    return int(found.total_seconds())


_READ: dict[str, Callable[[str], int | str]] = {
    "approvals": _approvals, "four_eyes": _four_eyes, "approvers": _approvers, "freeze": _freeze, "expires": _expires,
}  # fmt: skip
