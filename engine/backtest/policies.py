"""Policies of retraining, and when each of them trains. Pure: words and moments in, moments out.

A policy is ``never`` (the model of the window's first moment stays) or an interval. All begin with the same model; from
then on one that has an interval trains anew each time it has passed. A row is scored by the newest model of the policy
that was trained before it happened; the moment of a training itself belongs to what the model may know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise

from engine.errors import Invalid, Refusal
from engine.projects.manifest.cron import Cron
from engine.projects.manifest.durations import EVERY, parse_duration
from engine.projects.manifest.fields import shown

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
NEVER = "never"
FEWEST_WEEKS, MOST_WEEKS = 4, 260
MOST_POLICIES = 6
MOST_TRAININGS = 200
_FORM = 'a policy is "never", or a number and d or w, such as "1d", "1w" or "4w"'
# An interval between due times that differs less than this is the same: months are not equally long.
_ALIKE = 0.15


@dataclass(frozen=True)
class Policy:
    """``word`` as it was asked for; ``every`` is None for ``never``."""

    word: str
    every: timedelta | None

    @property
    def words(self) -> str:
        """``every week``, ``every 4 weeks``, ``never``."""
        return NEVER if self.every is None else interval_in_words(self.every)

    def moments(self, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """When it trains within the window, whose end is too late for it."""
        if self.every is None:
            return (since,)
        count = -((since - until) // self.every)  # rounded up
        return tuple(since + number * self.every for number in range(count))


def interval_in_words(every: timedelta) -> str:
    """``every week``, ``every 30 days``, ``every 6 h``."""
    for unit, name in ((WEEK, "week"), (DAY, "day"), (timedelta(hours=1), "hour")):
        if every % unit == timedelta(0):
            count = every // unit
            return f"every {name}" if count == 1 else f"every {count} {name}s"
    return f"every {round(every.total_seconds() / 60)} minutes"


def read_policies(text: str, weeks: int) -> tuple[Policy, ...]:
    """The policies that ``1w,4w,never`` names, the most frequent first; ``never``, which costs nothing, is always one.

    Raises Invalid for a word that is none, and for one that says nothing within so many ``weeks``.
    """
    if not FEWEST_WEEKS <= weeks <= MOST_WEEKS:
        raise Invalid(f"{weeks:,} weeks cannot be replayed; choose from {FEWEST_WEEKS} to {MOST_WEEKS}.")
    found: dict[timedelta, Policy] = {}
    for word in (part.strip() for part in text.split(",")):
        if word != NEVER:
            every = _interval(word, weeks)
            found.setdefault(every, Policy(word, every))
    if not found:
        raise Invalid(f"Only '{NEVER}' is asked for, which leaves nothing to compare; add one such as 1w.")
    if len(found) + 1 > MOST_POLICIES:
        raise Invalid(f"{len(found) + 1} policies are too many to be told apart; choose at most {MOST_POLICIES}.")
    return (*(found[every] for every in sorted(found)), Policy(NEVER, None))


def _interval(word: str, weeks: int) -> timedelta:
    every = parse_duration(word)
    if every is None:
        raise Invalid(f"{shown(word)} is no policy of retraining; {_FORM}.")
    if every < DAY:
        raise Invalid(f"{shown(word)} is shorter than a day, the shortest interval that is replayed; {_FORM}.")
    if every >= weeks * WEEK:
        raise Invalid(
            f"{shown(word)} does not train again within {weeks} weeks, so it is the same as never; choose a shorter "
            "one, or more weeks."
        )
    return every


@dataclass(frozen=True)
class Window:
    """The past that is replayed, after ``since`` up to ``until``: whole weeks."""

    since: datetime
    until: datetime

    @property
    def weeks(self) -> int:
        return (self.until - self.since) // WEEK

    def trainings(self, policies: Sequence[Policy]) -> tuple[datetime, ...]:
        """Every moment at which one of ``policies`` trains, each once: those of the same moment share a model."""
        return tuple(sorted({at for policy in policies for at in policy.moments(self.since, self.until)}))


def window_of(until: datetime, weeks: int, policies: Sequence[Policy]) -> Window:
    """The last ``weeks`` before ``until``. Raises Refusal where ``policies`` would train too often in them."""
    until = until.replace(microsecond=0)
    window = Window(until - weeks * WEEK, until)
    count = len(window.trainings(policies))
    if count > MOST_TRAININGS:
        raise Refusal(
            f"That would take {count:,} trainings, and a backtest makes at most {MOST_TRAININGS}; replay fewer weeks, "
            f"or leave out {policies[0].word}."
        )
    return window


def usual_interval(rule: str, timezone: str, at: datetime) -> timedelta:
    """How far the due times of a schedule's rule lie apart, as a rule."""
    if rule.startswith(EVERY):
        every = parse_duration(rule.removeprefix(EVERY))
        assert every is not None, rule
        return every
    from statistics import median  # it brings decimals and fractions along, which the first screen need not wait for

    dues = list(islice(Cron(rule, timezone).after(at), 25))
    return timedelta(seconds=median((b - a).total_seconds() for a, b in pairwise(dues)))


def alike(one: timedelta | None, other: timedelta | None) -> bool:
    """Whether two intervals are the same policy; None: it never trains."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _ALIKE * min(one, other)
