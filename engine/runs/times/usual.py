"""What the times of past runs say: how long is usual, from when on a run is overdue, and when steps got slower. Pure.

- The bound lies where no run of the same kind should come: the median plus five scaled median absolute deviations on
  the logarithmic scale (durations are skewed, and one run that hung must not move it), at least one and a half times
  p95, and p95 and some seconds, so that a project of one second does not cry for two. Below five runs there is none.
- A change of trend is the split of the history into before and after at which the two differ most by rank (a
  change-point scan as A. N. Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics 28,
  1979, with the exact distribution of H. B. Mann and D. R. Whitney's U, Annals of Mathematical Statistics 18, 1947,
  instead of his approximation, which sees nothing in short histories). It counts when chance would show it in one
  history of twenty at most, all splits considered, and when the medians differ by a fifth and by half a second. Ranks
  tell that there was a change, not where to a run: it is laid where two medians fit the logarithms best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.records import Run
from engine.text import span

if TYPE_CHECKING:
    from engine.runs.times.times_records import Trend

ENOUGH = 5
BEFORE, AFTER = 5, 3
LEVEL = 0.05
RATIO, SECONDS = 1.2, 0.5
DEVIATIONS, TIMES_P95, SLACK = 5.0, 1.5, 5.0
_TO_SIGMA = 1.4826  # the median absolute deviation of a normal distribution, scaled to its standard deviation
_SHORTEST = 0.001  # the clock's own tick: nothing takes no time


@dataclass(frozen=True)
class WorkedOn:
    """What a run worked on; None is what nobody recorded. ``lock`` is the digest of its packages."""

    revision: str | None = None
    lock: str | None = None
    rows: int | None = None


@dataclass(frozen=True)
class Break:
    """Where a history changed: the position of the first value after the change."""

    trend: Trend
    at: int | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """The ``share`` quantile, linear between neighbours, as numpy's default. ``values`` must not be empty."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def median(values: Sequence[float]) -> float:
    """The middle. (The library's own comes with decimal and fractions, for which the first screen would wait.)"""
    return percentile(values, 0.5)


def bound(seconds: Sequence[float]) -> float | None:
    """From when on a run of which these are the past durations is overdue; None with too few of them."""
    if len(seconds) < ENOUGH:
        return None
    logs = [math.log(max(value, _SHORTEST)) for value in seconds]
    middle = median(logs)
    spread = _TO_SIGMA * median([abs(value - middle) for value in logs])
    usual = percentile(seconds, 0.95)
    # Together never more than ten times p95: a history of two kinds of runs has no width that means anything.
    wide = min(math.exp(min(middle + DEVIATIONS * spread, 50.0)), 10 * usual)
    return max(wide, TIMES_P95 * usual, usual + SLACK)


def trend(seconds: Sequence[float]) -> Break:
    """Whether these durations, the oldest first, became longer or shorter, and from which on."""
    count = len(seconds)
    if count < BEFORE + AFTER:
        return Break("cannot tell")
    splits = range(BEFORE, count - AFTER + 1)
    scores = {at: _score(seconds[:at], seconds[at:]) for at in splits}
    clearest = max(splits, key=lambda split: abs(scores[split]))
    before, after = seconds[:clearest], seconds[clearest:]
    chance = _chance(_wins(before, after), len(before), len(after)) * len(splits)
    at = min(splits, key=lambda split: _misfit(seconds[:split]) + _misfit(seconds[split:]))
    old, new = median(seconds[:at]), median(seconds[at:])
    small = max(old, new) < RATIO * min(old, new) or abs(new - old) < SECONDS
    if chance > LEVEL or small:
        return Break("steady")
    return Break("slower" if new > old else "faster", at)


def _wins(before: Sequence[float], after: Sequence[float]) -> float:
    """Mann and Whitney's U: in how many pairs the later one is longer; equal ones count half."""
    return sum((b > a) + 0.5 * (b == a) for a in before for b in after)


def _score(before: Sequence[float], after: Sequence[float]) -> float:
    """U in standard deviations from what it is when nothing changed."""
    pairs = len(before) * len(after)
    return (_wins(before, after) - pairs / 2) / math.sqrt(pairs * (len(before) + len(after) + 1) / 12)


def _misfit(seconds: Sequence[float]) -> float:
    """How far these lie from their median together, on the logarithmic scale."""
    logs = [math.log(max(value, _SHORTEST)) for value in seconds]
    middle = median(logs)
    return sum(abs(value - middle) for value in logs)


def _chance(wins: float, first: int, second: int) -> float:
    """How likely a U as far from the middle as ``wins``, or farther, is when nothing changed: both sides, exact."""
    pairs = first * second
    # Half a win of a tie is rounded towards the middle: too careful rather than too sure.
    extreme = math.ceil(min(wins, pairs - wins))
    ways = ways_to(min(first, second), max(first, second))
    return min(1.0, 2 * sum(ways[: extreme + 1]) / sum(ways))


@lru_cache(maxsize=512)
def ways_to(first: int, second: int) -> tuple[int, ...]:
    """In how many orders of ``first`` and ``second`` values each U comes about: Gauss's binomial coefficient."""
    ways = [1] + [0] * (first * second)
    for i in range(1, first + 1):
        for u in range(len(ways) - 1, second + i - 1, -1):
            ways[u] -= ways[u - second - i]
        for u in range(i, len(ways)):
            ways[u] += ways[u - i]
    return tuple(ways)


def what_changed(before: Sequence[WorkedOn], after: Sequence[WorkedOn]) -> str:
    """What changed between the last run before a change of trend and the first one after it, in words."""
    old, new = before[-1], after[0]
    said: list[str] = []
    if old.revision and new.revision and old.revision != new.revision:
        said.append(f"code revision {short(old.revision)} to {short(new.revision)}")
    if old.lock and new.lock and old.lock != new.lock:
        said.append("packages")
    rows = [[each.rows for each in side if each.rows] for side in (before, after)]
    if rows[0] and rows[1]:
        growth = median(rows[1]) / median(rows[0]) - 1
        if abs(growth) >= 0.1:
            said.append(f"rows {'+' if growth > 0 else '−'}{abs(growth) * 100:.0f} %")
    if said:
        return ", ".join(said)
    if WorkedOn() in (old, new):
        return "what it worked on before was not recorded"
    return "nothing that is recorded changed"


def short(revision: str) -> str:
    """A revision as people write it; what was changed and not committed stays visible."""
    commit, plus, _ = revision.partition("+")
    return (commit if commit.startswith("r") else commit[:7]) + (" with uncommitted changes" if plus else "")


def taken(run: Run, now: datetime) -> float:
    """How many seconds a run that has not ended has been at what it is at: waiting, or running."""
    return (now - (run.started_at or run.queued_at)).total_seconds()


def overdue_sentence(run: Run, seconds: float, usual: float | None) -> str:
    """What is said of a run that takes longer than it should: the same wherever it is shown."""
    usually = f", usually at most {span(usual)}" if usual is not None else ""
    if run.started_at is None:
        return f"run {run.id} has not started and waits for {span(seconds)}{usually}"
    at = f", now at {run.phase}" if run.phase else ""
    return f"run {run.id} takes {span(seconds)} by now{usually}{at}"
