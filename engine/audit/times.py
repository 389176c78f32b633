"""Whether the machine's clock fits what the ledger recorded. Without a right clock nobody knows what was live when."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.clock import moment, stamp
from engine.text import span

# Rows are stamped before they wait for the ledger, and clocks are set right by a few seconds now and then.
BEHIND = timedelta(minutes=1)
# A workspace that nobody opened for so long is as likely as a clock that runs ahead.
AHEAD = timedelta(days=30)
# What has been the time for a day is believed: whoever set a clock wrong has had a day to be told.
VOUCHED = timedelta(days=1)
# A long weekend in which nobody worked is no jump of the clock.
LEAP = timedelta(days=4)
_LOOKED_AT = 1_000  # rows of the trail at most, for it has no index by time
_SEEN = f"""
SELECT
max(
    coalesce((SELECT at FROM audit WHERE seq = (SELECT max(seq) FROM audit)), ''),
    coalesce((SELECT queued_at FROM runs WHERE id = (SELECT max(id) FROM runs)), ''),
    coalesce((SELECT max(at) FROM occurrences), '')
) AS newest,
max(
    coalesce((SELECT max(at) FROM audit WHERE seq > (SELECT max(seq) FROM audit) - {_LOOKED_AT} AND at <= :until), ''),
    coalesce((SELECT max(at) FROM scans WHERE at <= :until), ''),
    coalesce((SELECT max(at) FROM occurrences WHERE at <= :until), '')
) AS witness,
(
    SELECT min(since) FROM (SELECT since, until FROM downtimes ORDER BY id DESC LIMIT 100)
    WHERE until > :until AND until <= :now AND julianday(until) - julianday(since) > :leap
) AS leapt
"""


@dataclass(frozen=True)
class ClockEvidence:
    """``newest``: the time of the newest act, run or occurrence; None in a workspace without any. ``certain``: the
    moment by which something may end for good."""

    newest: datetime | None
    certain: datetime


def seen(db: sqlite3.Connection, now: datetime) -> ClockEvidence:
    """What the ledger says of a clock that says ``now``.

    Certain is ``now`` if a row of a day ago or more leads up to it. Else nothing but the clock says that it is so late,
    and what is certain is the time before it leapt. Rows that are written from then on vouch for it a day later, so
    that after months in which nothing ran all goes on by itself.
    """
    given = {"now": stamp(now), "until": stamp(now - VOUCHED), "leap": LEAP / timedelta(days=1)}
    row = db.execute(_SEEN, given).fetchone()
    found = [now]
    if row["witness"] and now - moment(row["witness"]) > LEAP:
        found.append(moment(row["witness"]))
    if row["leapt"]:
        found.append(moment(row["leapt"]))
    return ClockEvidence(moment(row["newest"]) if row["newest"] else None, min(found))


def certain(db: sqlite3.Connection, now: datetime) -> datetime:
    """The moment by which something may end for good."""
    return seen(db, now).certain


def held_back(certain: datetime, now: datetime) -> str:
    """What is said where something was judged by what is ``certain`` instead of ``now``. Pure."""
    return (
        f"Judged as of {certain:%d %b %Y %H:%M} UTC: nothing else in the ledger says that it is {now:%d %b %Y %H:%M}, "
        "as the clock of this machine does; when it has said so for a day, what is old by then goes too."
    )


def doubt(found: ClockEvidence, now: datetime) -> str | None:
    """What is wrong with the clock, or may be: ``behind`` or ``ahead``. Pure."""
    last = found.newest
    return behind(last, now) or ahead(last and min(last, found.certain), now)


def behind(last: datetime | None, now: datetime) -> str | None:
    """What is wrong with a clock that is behind ``last``, as a sentence without its end; None when it is not. Pure."""
    if last is None or last - now <= BEHIND:
        return None
    off = span((last - now).total_seconds())
    return (
        f"the clock of this machine ({now:%Y-%m-%d %H:%M} UTC) is {off} behind the newest row of the ledger "
        f"({last:%Y-%m-%d %H:%M}); set it right, or if it is right it was ahead once: until then acts are recorded as "
        "of that row"
    )


def ahead(last: datetime | None, now: datetime) -> str | None:
    """What may be wrong with a clock that is far ahead of ``last``, the newest row or what is ``certain``. Pure."""
    if last is None or now - last <= AHEAD:
        return None
    off = span((now - last).total_seconds())
    return (
        f"the clock of this machine ({now:%Y-%m-%d %H:%M} UTC) is {off} later than anything in the ledger that is more "
        "than a day old; if this workspace was not off for so long, set it right within a day: until then nothing "
        "expires and nothing is deleted by it"
    )
