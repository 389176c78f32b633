"""Freezes: stretches of the week in which no version goes live. Pure.

They are judged by the clock on somebody's wall (``vocabulary.hours``), and by two moments: what the machine says it
is, and the newest that the ledger knows of. So a clock that is put back during a freeze does not end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.vocabulary.hours import FURTHEST, days_in_words, until


@dataclass(frozen=True, order=True)
class Window:
    """From ``starts`` to ``ends`` on ``days`` (none: all of them; Monday is 0) in ``zone``."""

    starts: str
    ends: str
    days: tuple[int, ...] = ()
    zone: str = "UTC"

    @property
    def words(self) -> str:
        """As people write it."""
        return " ".join([f"{self.starts}-{self.ends}", *([days_in_words(self.days)] if self.days else []), self.zone])


def frozen_until(freeze: Sequence[Window], moments: Iterable[datetime]) -> datetime | None:
    """When the freeze that any of ``moments`` is in ends; None where none of them is in one."""
    return max((end for at in moments if (end := until(freeze, at)) is not None), default=None)


def never_ends(freeze: Sequence[Window], now: datetime) -> bool:
    """Whether there is no moment at which anything could go live."""
    return until(freeze, now) == now + FURTHEST


def in_words(freeze: Sequence[Window]) -> str:
    """All of them, as people write them."""
    return "; ".join(each.words for each in freeze)
