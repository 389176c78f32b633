"""What people said of a version: those who approved it, with their reason, and whoever commented on it.

A comment is a row of the trail and nothing besides: what is shown on the card is what the chain vouches for. Whoever
may look may write one. It decides nothing, and nobody obeys it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.audit import trail
from engine.errors import Conflict, Invalid, Refusal
from engine.records import Actor, Version
from engine.release import decisions, history, planned_swaps
from engine.release.approvals import who_approves
from engine.release.records import Remark, Remarks
from engine.storage.ledger import Ledger
from engine.versions import catalog

# ``EACH``: of one person, who would else leave no room for anybody.
LONGEST, MOST, EACH = 1000, 100, 25


def comment(ledger: Ledger, label: str, text: str, by: Actor, at: datetime) -> Remark:
    """Say ``text`` of the version called ``label``. Raises Invalid, or Refusal where so much was said already."""
    text = text.strip()
    if not text:
        raise Invalid("There is nothing in the comment; write what is to be said.")
    if len(text) > LONGEST:
        raise Invalid(f"The comment has {len(text):,} characters; keep it to {LONGEST:,}.")
    with ledger.write() as db:
        catalog.find(db, label)
        said = _comments(db, label)
        if sum(each.by == by.name for each in said) >= EACH:
            raise Refusal(f"{by.name} wrote {EACH} comments on {label}, and more of one person are not kept.")
        if len(said) >= MOST:
            raise Refusal(f"{label} has {MOST} comments, and more are not kept; say it to those who decide.")
        row = trail.append(db, at=at, actor=by, action="comment", subject=label, reason=text)
        return Remark("comment", trail.recorded_at(db, row), by.name, text)


def of_version(db: sqlite3.Connection, row: sqlite3.Row) -> Remarks:
    """All that was said of the version in ``row``."""
    project, number = row["project"], row["number"]
    live = history.live_deployment(db, project)
    counts = (live["seq"] if live else 0) if row["state"] == "candidate" else None
    asked = who_approves(db, row, live["seq"] if live else 0)
    given = decisions.approvals(db, project, number, counts)
    if counts is not None:  # Who may no longer is none of those who count.
        given = tuple(each for each in given if each.actor in asked.may)
    return Remarks(
        approvals=tuple(_approval(db, each) for each in given),
        comments=_comments(db, f"{project}@{number}"),
        needed=asked.needed,
        planned=planned_swaps.newest(db, project, number) if counts is not None else None,
    )


def told(db: sqlite3.Connection, candidates: Sequence[Version]) -> tuple[Version, ...]:
    """``candidates``, each with how much was said of it: whoever is to be the second sees that there is a first."""
    return tuple(replace(each, said=_in_brief(of_version(db, catalog.find(db, each.label)))) for each in candidates)


def _in_brief(found: Remarks) -> str | None:
    said = [f"{len(found.approvals)} of {found.needed} approvals"] if found.needed > 1 else []
    if found.comments:
        said.append(f"{len(found.comments)} comment{'' if len(found.comments) == 1 else 's'}")
    if found.planned is not None:
        said.insert(0, found.planned.sentence)
    return ", ".join(said) or None


def _approval(db: sqlite3.Connection, given: decisions.Decision) -> Remark:
    told = trail.row(db, given.audit)
    return Remark("approval", given.at, given.actor, given.reason, told.details.get("break_glass") if told else None)


def _comments(db: sqlite3.Connection, label: str) -> tuple[Remark, ...]:
    return tuple(Remark("comment", row.at, row.actor, row.reason) for row in trail.comments(db, label))


def check_shown(db: sqlite3.Connection, row: sqlite3.Row, shown: Remarks) -> None:
    """Raise Conflict where the version in ``row`` was approved by somebody whom ``shown`` does not tell of."""
    new = [each for each in of_version(db, row).approvals if each not in shown.approvals]
    if new:
        raise Conflict(
            f'{new[-1].by} approved {row["project"]}@{row["number"]} ("{new[-1].text}") after this was shown to you; '
            "your approval was not recorded, look again."
        )
