"""How old data is that says nothing of time: since when extract has brought the same rows, look after look. Pure.

Without [data] time a source that stands still would stay green for ever. That rows are the same as before says that
nothing has come; how long that may be is what the project itself expects: a retrain that follows its schedule wants new
rows each time, one time may be missed, and a short while more. What never changed while somebody looked cannot be told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.clock import moment, stamp
from engine.monitoring.look_document import LookFinding, LookPart
from engine.monitoring.look_parts import Extract
from engine.text import span

PART = "freshness"


def age_told(newest: str, age: float, usual: float, *, well: bool) -> str:
    """How old the newest row is, in a sentence. ``age`` and what is ``usual`` in seconds."""
    sentence = f"The newest row is of {newest}, {span(age)} old; up to {span(usual)} is usual"
    return f"{sentence}." if well else f"{sentence}; look at what delivers the data and at the job that extracts it."


def follow(before: Extract | None, digest: str, rows: int, as_of: datetime) -> Extract:
    """What is known of these rows, given what the look before knew of its own."""
    if before is None:
        return Extract(digest, rows, stamp(as_of), 1, False)
    if before.digest != digest:
        return Extract(digest, rows, stamp(as_of), 1, True)
    return Extract(digest, rows, before.since, before.looks + 1, before.changed)


def freshness(found: Extract, as_of: datetime, still: timedelta) -> tuple[LookPart, LookFinding | None]:
    """The part of a look that says how old its data is, and a finding where the rows stood ``still`` for too long."""
    age = as_of - moment(found.since)
    same = f"extract has brought the same {found.rows:,} rows since {found.since[:16].replace('T', ' ')} UTC"
    if age > still:
        why = f"{same}, for {span(age.total_seconds())}, in {found.looks:,} looks"
        act = "look at the data source; name [data] time, so that the age of each row can be told"
        return LookPart("watch", why), LookFinding("same-rows", PART, "watch", why, act, found.since)
    if found.changed:
        ago = f"{span(age.total_seconds())} ago" if age else "with this look"
        return LookPart("ok", f"other rows came {ago}; how old they are, no [data] time tells"), None
    return LookPart("cannot tell", f"{same}, and no [data] time tells how old they are"), None
