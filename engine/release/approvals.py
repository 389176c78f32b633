"""What the approval of a version takes, from the ledger: what is asked, of whom, and what was given so far."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

from engine.access import addresses
from engine.access.approval import Approval, Policy, may_approve
from engine.access.operators import roles
from engine.access.windows import frozen_until
from engine.audit import times
from engine.clock import moment
from engine.projects import in_force
from engine.records import Actor
from engine.release import decisions, eyes, glass


def who_approves(db: sqlite3.Connection, row: sqlite3.Row, live_seq: int) -> Approval:
    """What is in force for those who approve the version in ``row``, and who did against this live version.

    What the version itself says of approvals is one of the things that they approve. Whoever approved and may no
    longer does not count.
    """
    policy = in_force.approval(db, row["project"])
    people = roles(db, row["project"])
    may = may_approve(policy, people)
    involved, unknown = eyes.involved(db, row)
    if not policy.four_eyes and not addresses.everything(db):
        unknown = ()  # Where nobody's address is asked for, nobody is known, and that says nothing.
    given = decisions.approvers(db, row["project"], row["number"], live_seq)
    return Approval(
        policy=policy,
        may=may,
        involved={name: why for name, why in involved.items() if name in people},
        unknown=unknown,
        given_by=tuple(name for name in given if name in may),
    )


def approval_of(db: sqlite3.Connection, row: sqlite3.Row, live_seq: int, by: Actor, now: datetime) -> Approval:
    """The same as it holds for ``by`` now: in a freeze, and behind a glass that they broke."""
    found = who_approves(db, row, live_seq)
    if found.policy.freeze:
        found = replace(found, frozen_until=frozen_until(found.policy.freeze, _moments(db, now)))
    return glass.past_the_policy(db, row, live_seq, found, by.name, now)


def _moments(db: sqlite3.Connection, now: datetime) -> tuple[datetime, ...]:
    """What the machine says it is, and the newest that the ledger knows of: a clock may have been put back."""
    newest = times.seen(db, now).newest
    return (now,) if newest is None else (now, max(now, newest))


def expiry(row: sqlite3.Row, policy: Policy) -> datetime | None:
    """Until when the version in ``row`` can be approved: as long as it was given, and no longer than is asked now."""
    if row["expires_at"] is None:
        return None
    longest = datetime.max.replace(tzinfo=UTC) - moment(row["made_at"])
    return min(moment(row["expires_at"]), moment(row["made_at"]) + min(policy.expires, longest))
