"""When drift is worth waking somebody. Pure: past observations and a budget in, alarms out.

An alarm is raised when a column's change is, at one look,

- **large enough**: the size over the whole current window is ``SOME`` or more;
- **lasting**: so is the size in the earlier and in the later half of the window, cut by time. Looks may come every
  quarter of an hour at windows that are almost the same rows, so that to see it twice in a row means nothing; two
  halves share no row however often one looks. A bad hour or a single bad batch is in one half only;
- **no accident**: p of the whole window is at most the budget's. That many looks at that many columns (the multivariate
  check is one more) raise ``Budget.false_alarms`` a month at most, even if all looks were at other rows (Bonferroni).
  Halves that also have to be large, and windows that overlap, make it far fewer.

A column that is lost or whose type changed is raised at the first look: that is no matter of chance.

An alarm ends when a window that shares no row with the last one over the line, and its halves, are below ``ENDED``,
half of what raised it: of a change about as large as the line, one of a hundred overlapping looks is always quiet. In
between, and while nobody can tell, it goes on. Observations belong to one live version: the next one has training data
of its own, so its alarms begin anew.

The current window is to be whole days, better whole weeks: half a day of flights has other hours than the training
data, and a Sunday other passengers than a year. ``benchmarks/drift_alarms.py`` shows the budget and states the delays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from engine.monitoring.drift.thresholds import ACCIDENT, ENDED, FALSE_ALARMS, FEWEST_ROWS, LARGE, MONTH, SOME

if TYPE_CHECKING:
    from engine.monitoring.look_parts import ColumnDrift, Separation

    Drifted = ColumnDrift | Separation

Level = Literal["some", "large"]
# Rows with which a shift by half a deviation passes the strictest budget (every quarter of an hour, a hundred columns).
ENOUGH = 300
_WEEKS = (1, 2, 4)


@dataclass(frozen=True)
class Observation:
    """What a look at the rows since ``since`` found of a column. ``size`` and ``p`` are those of the whole window,
    ``earlier`` and ``later`` the sizes of its halves; None is what cannot be told, from too few rows for instance."""

    column: str
    since: datetime
    as_of: datetime
    size: float | None
    p: float | None
    earlier: float | None
    later: float | None
    broken: bool = False
    why: str = ""


@dataclass(frozen=True)
class Budget:
    """How many false alarms a month are allowed, and what is looked at: ``columns`` (all checks) each ``every``."""

    columns: int
    every: timedelta
    false_alarms: float = FALSE_ALARMS

    @property
    def chance(self) -> float:
        """The largest p with which an alarm is raised."""
        looks = max(1.0, MONTH / self.every)
        return min(ACCIDENT, self.false_alarms / (max(1, self.columns) * looks))


@dataclass(frozen=True)
class Alarm:
    """``since``: the look that raised it; ``over``: the newest look that was over the line; ``size``: the newest known.

    ``level`` is that of the largest size so far. ``ended`` is None while it goes on.
    """

    column: str
    since: datetime
    over: datetime
    size: float | None
    level: Level
    why: str
    ended: datetime | None = None


def observed(since: datetime, as_of: datetime, whole: Drifted, earlier: Drifted, later: Drifted) -> Observation:
    """The observation of a column, or of all together, from a window and its halves, cut in the middle of its time."""
    sizes = [half.size if min(half.n_current, half.n_reference) >= FEWEST_ROWS else None for half in (earlier, later)]
    return Observation(whole.column, since, as_of, whole.size, whole.p, sizes[0], sizes[1], whole.broken, whole.why)


def alarms(observations: Iterable[Observation], budget: Budget) -> tuple[Alarm, ...]:
    """Every alarm of these observations, in the order in which they were raised; at most one per column goes on."""
    newest: dict[str, Alarm] = {}
    ended: list[Alarm] = []
    for observation in sorted(observations, key=lambda o: o.as_of):
        before = newest.get(observation.column)
        after = follow(before, observation, budget)
        if before is not None and after is not None and after.since != before.since:
            ended.append(before)
        if after is not None:
            newest[observation.column] = after
    return tuple(sorted([*ended, *newest.values()], key=lambda a: (a.since, a.column)))


def follow(alarm: Alarm | None, observation: Observation, budget: Budget) -> Alarm | None:
    """What becomes of a column's newest alarm with the next look: raised, gone on, ended, or as it was."""
    if alarm is None or alarm.ended is not None:
        return _raised(observation) if _raises(observation, budget) else alarm
    seen = observation.as_of
    if _quiet(observation) and observation.since >= alarm.over:
        return replace(alarm, size=observation.size, ended=seen)
    over = observation.broken or _over(observation.size)
    return replace(
        alarm,
        over=seen if over else alarm.over,
        size=alarm.size if observation.size is None else observation.size,
        level="large" if "large" in (alarm.level, _level(observation)) else "some",
        # While it is not over the line any more, what raised it says more than that all is as it was.
        why=observation.why if over and observation.why else alarm.why,
    )


def window(rows_per_day: float) -> timedelta:
    """How long the current window should be: whole weeks, as few as hold rows enough, at most four."""
    weeks = next((weeks for weeks in _WEEKS if 7 * weeks * rows_per_day >= ENOUGH), _WEEKS[-1])
    return timedelta(weeks=weeks)


def _raises(seen: Observation, budget: Budget) -> bool:
    if seen.broken:
        return True
    lasting = all(_over(size) for size in (seen.size, seen.earlier, seen.later))
    return lasting and seen.p is not None and seen.p <= budget.chance


def _over(size: float | None) -> bool:
    return size is not None and size >= SOME


def _quiet(seen: Observation) -> bool:
    sizes = (seen.size, seen.earlier, seen.later)
    return not seen.broken and all(size is not None and size < ENDED for size in sizes)


def _raised(seen: Observation) -> Alarm:
    return Alarm(seen.column, seen.as_of, seen.as_of, seen.size, _level(seen), seen.why)


def _level(seen: Observation) -> Level:
    return "large" if seen.broken or (seen.size is not None and seen.size >= LARGE) else "some"
