"""The only file that reads the time, and the one way times are written: ISO 8601, UTC, ending in Z."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from engine.errors import Invalid


def now() -> datetime:
    """The current moment, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """``2026-11-24T14:03:12.123456Z``: fixed width, so that text order is time order."""
    # Not strftime: it writes the year 1 as 1, which is no ISO 8601.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The aware UTC time that ``text`` names: a date, or ISO 8601 with or without a zone (UTC without).

    Raises Invalid when it names none.
    """
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is UTC:  # as all that the ledger holds: thousands for one screen
            return parsed
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):  # overflow: the first or last hours that there are, in another zone
        raise Invalid(f"'{text}' is not a time; write it like 2026-11-24 or 2026-11-24T03:00Z.") from None


def pause(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)
