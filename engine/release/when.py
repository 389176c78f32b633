"""When an approved version is to go live, as people say it: 02:00, 02:00 Europe/Berlin, or a moment. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine import clock
from engine.errors import Invalid
from engine.text import plain
from engine.vocabulary.hours import DAY, TIME, first, zone_of

FORM = "02:00, 02:00 Europe/Berlin or 2026-11-24T02:00Z"


def due_of(words: str, now: datetime) -> datetime:
    """The moment that ``words`` name: the next at which the clock on that wall shows it (UTC unless said), or the one
    that is written out. Raises Invalid."""
    wall, _, place = words.strip().partition(" ")
    if not TIME.fullmatch(wall):
        try:
            return clock.moment(words.strip())
        except Invalid:
            raise Invalid(f"'{plain(words, 40)}' is no time; write {FORM}.") from None
    try:
        zone = zone_of(place.strip() or "UTC")
    except (KeyError, ValueError, OSError):
        raise Invalid(f"'{plain(place, 40)}' is no time zone; write {FORM}.") from None
    day = now.astimezone(zone).date()
    found = (first(day + timedelta(days=ahead), wall, zone) for ahead in range(3))
    return next((at for at in found if at > now), now + DAY)
