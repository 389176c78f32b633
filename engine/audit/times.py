"""Whether the machine's clock fits what the ledger recorded. Without a right clock nobody knows what was live when."""

from __future__ import annotations

import sqlite3
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
_NEWEST = """
SELECT max(
    coalesce((SELECT at FROM audit WHERE seq = (SELECT max(seq) FROM audit)), ''),
    coalesce((SELECT queued_at FROM runs WHERE id = (SELECT max(id) FROM runs)), ''),
    coalesce((SELECT max(at) FROM occurrences), '')
)
"""

# Rows that are written as things happen, each table in the order of its times but for what a wrong clock wrote.
_AT = "SELECT at FROM {table} WHERE at <= :until ORDER BY {key} DESC LIMIT 1"
_WITNESS = "SELECT max({}) FROM (SELECT 1)".format(
    ", ".join(
        f"coalesce(({_AT.format(table=table, key=key)}), '')"
        for table, key in (("audit", "seq"), ("scans", "id"), ("occurrences", "id"))
    )
)
_LEAPS = "SELECT since, until FROM downtimes WHERE until > :until AND until <= :now ORDER BY id DESC LIMIT 100"


def newest(db: sqlite3.Connection) -> datetime | None:
    """The time of the newest act, run or occurrence; None in a workspace without any."""
    found = str(db.execute(_NEWEST).fetchone()[0])
    return moment(found) if found else None


def certain(db: sqlite3.Connection, now: datetime) -> datetime:
    """The moment by which something may end for good: ``now``, if rows of a day ago or more lead up to it.

    Else nothing but the clock says that it is so late, and what is certain is the time before it leapt. Rows that are
    written from then on vouch for it a day later, so that after months in which nothing ran all goes on by itself.
    """
    given = {"now": stamp(now), "until": stamp(now - VOUCHED)}
    seen = str(db.execute(_WITNESS, given).fetchone()[0])
    found = [now]
    if seen and now - moment(seen) > LEAP:
        found.append(moment(seen))
    leaps = [(moment(row["since"]), moment(row["until"])) for row in db.execute(_LEAPS, given)]
    return min([*found, *(since for since, until in leaps if until - since > LEAP)])


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
