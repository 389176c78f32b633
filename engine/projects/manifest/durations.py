"""Lengths of time and sizes as people write them: ``30m``, ``14d``, ``4GiB``. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

EVERY = "every "  # before an interval, where the rule of a schedule is one text
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

DURATION_FORM = 'a number and one of s, m, h, d, w, such as "90s", "30m", "14d"'
SIZE_FORM = 'a number and one of KiB, MiB, GiB, TiB, such as "512MiB" or "4GiB"'
LONGEST = timedelta(days=36_500)


def parse_duration(text: str) -> timedelta | None:
    """``"30m"`` as a timedelta, at most a hundred years; None when it is not written like that."""
    match = re.fullmatch(r"([0-9]{1,10})(s|m|h|d|w)", text)
    if match is None:
        return None
    seconds = int(match[1]) * _SECONDS[match[2]]
    return timedelta(seconds=seconds) if seconds <= LONGEST.total_seconds() else None


def parse_size(text: str) -> int | None:
    """``"4GiB"`` in bytes; None when it is not written like that."""
    match = re.fullmatch(r"([0-9]{1,10})(KiB|MiB|GiB|TiB)", text)
    return int(match[1]) * _BYTES[match[2]] if match else None
