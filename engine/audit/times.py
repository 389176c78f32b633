"""Whether the machine's clock fits what the ledger recorded. Without a right clock nobody knows what was live when."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from engine.clock import moment
from engine.text import span

# Rows are stamped before they wait for the ledger, and clocks are set right by a few seconds now and then.
BEHIND = timedelta(minutes=1)
# A workspace that nobody opened for so long is as likely as a clock that runs ahead.
AHEAD = timedelta(days=30)
_NEWEST = """
SELECT max(
    coalesce((SELECT at FROM audit WHERE seq = (SELECT max(seq) FROM audit)), ''),
    coalesce((SELECT queued_at FROM runs WHERE id = (SELECT max(id) FROM runs)), ''),
    coalesce((SELECT max(at) FROM occurrences), '')
)
"""


def newest(db: sqlite3.Connection) -> datetime | None:
    """The time of the newest act, run or occurrence; None in a workspace without any."""
    found = str(db.execute(_NEWEST).fetchone()[0])
    return moment(found) if found else None


def behind(last: datetime | None, now: datetime) -> str | None:
    """What is wrong with a clock that is behind ``last``, as a sentence without its end; None when it is not. Pure."""
    if last is None or last - now <= BEHIND:
        return None
    off = span((last - now).total_seconds())
    return (
        f"the clock of this machine ({now:%Y-%m-%d %H:%M} UTC) is {off} behind the newest row of the ledger "
        f"({last:%Y-%m-%d %H:%M}); set it right: until it is later, acts are recorded as of that row"
    )


def ahead(last: datetime | None, now: datetime) -> str | None:
    """What may be wrong with a clock that is far ahead of ``last``; None when it is not. Pure."""
    if last is None or now - last <= AHEAD:
        return None
    off = span((now - last).total_seconds())
    return (
        f"the clock of this machine ({now:%Y-%m-%d %H:%M} UTC) is {off} later than anything in the ledger; if this "
        "workspace was not off for so long, set it right before an engine runs: candidates would expire by it"
    )
