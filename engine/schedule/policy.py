"""What becomes of the due times that nobody has accounted for yet. Pure: a period, a moment and facts in, rows out.

A *period* is a rule for as long as it was in force. The rules:

- What is less than a minute late is on time. It runs, unless the project is paused, busy, cooling down or the machine
  refuses; then it is skipped, with the reason.
- Of what is later, ``latest`` runs the newest and calls the rest missed; ``skip`` calls all of it missed; ``all`` runs
  each, oldest first, one after the other: the next waits for the run before. Past ``give_up_after`` none is run.
- What was due under a rule that is over, because it was changed or its project removed, is missed: never run.
- Of a stretch that came to one end only the newest hundred have rows of their own; the older ones share one, with how
  many there were. ``all`` runs the newest hundred, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from engine.schedule.records import CatchUp, OccurrenceState

ON_TIME = timedelta(seconds=60)
OWN_ROWS = 100


class DueRule(Protocol):
    """When something is due; see ``calendar``."""

    def after(self, moment: datetime) -> Iterator[datetime]: ...

    def before(self, moment: datetime, after: datetime) -> Iterator[datetime]: ...

    def count(self, after: datetime, until: datetime) -> int: ...


@dataclass(frozen=True)
class RulePeriod:
    """A rule while it was in force: after ``since``, up to ``until``; accounted for up to ``settled``."""

    rule: DueRule
    catch_up: CatchUp
    give_up_after: timedelta | None
    cool_down: timedelta | None
    paused: str | None
    ended: str | None
    until: datetime | None
    settled: datetime


@dataclass(frozen=True)
class Downtime:
    """A time in which nobody settled anything, and why, as the beginning of a sentence."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True)
class ScheduleFacts:
    """How things stand. ``busy`` is the run that has not ended, ``last_run`` when the newest was queued.

    ``refused`` is why the machine starts nothing now; ``already`` the due times of this job that have run.
    """

    busy: int | None = None
    last_run: tuple[int, datetime] | None = None
    refused: str | None = None
    downtimes: Sequence[Downtime] = ()
    already: frozenset[datetime] = frozenset()


@dataclass(frozen=True)
class Row:
    """What becomes of a due time, or of ``times`` of them up to ``last``. ``ran``: a run is to be queued for it."""

    due: datetime
    state: OccurrenceState
    why: str
    last: datetime | None = None
    times: int = 1


@dataclass(frozen=True)
class Settlement:
    """The rows to write, and up to when the period is accounted for with them."""

    rows: tuple[Row, ...]
    settled: datetime


def settle(period: RulePeriod, now: datetime, facts: ScheduleFacts) -> Settlement | None:
    """Account for what was due; None when nothing was."""
    end = now if period.until is None else min(now, period.until)
    if end <= period.settled:
        return None
    newest = list(islice(period.rule.before(end, period.settled), OWN_ROWS + 1))
    if not newest:
        over = period.until is not None and end >= period.until
        return Settlement((), end) if over else None
    older = _older(period, newest, now, facts)
    due = sorted(newest[:OWN_ROWS])
    if period.paused is not None or period.ended is not None or end == period.until:
        rows = [_lost(period, each, now, facts) for each in due]
        return Settlement((*older, *rows), end if period.until is not None else due[-1])
    if period.catch_up == "all":
        return _one_by_one(period, older, due, now, facts)
    missed = [_missed(period, each, now, facts) for each in due[:-1]]
    return Settlement((*older, *missed, _newest(period, due[-1], now, facts)), due[-1])


def _older(period: RulePeriod, newest: list[datetime], now: datetime, facts: ScheduleFacts) -> list[Row]:
    """One row for all that is older than the newest hundred."""
    if len(newest) <= OWN_ROWS:
        return []
    last = newest[OWN_ROWS]
    first = next(period.rule.after(period.settled))
    row = _lost(period, last, now, facts)
    times = period.rule.count(period.settled, last)
    if period.paused is None and period.ended is None and period.catch_up == "all":
        row = replace(row, why=f"{cause(period, last, now, facts)}; only the newest {OWN_ROWS} are caught up")
    return [replace(row, due=first, last=last, times=times) if times > 1 else row]


def _lost(period: RulePeriod, due: datetime, now: datetime, facts: ScheduleFacts) -> Row:
    """A due time for which nothing runs, whatever the schedule catches up."""
    if period.paused is not None:
        return Row(due, "skipped", period.paused)
    if period.ended is not None:
        return Row(due, "missed", f"{cause(period, due, now, facts)}; {period.ended}")
    return _missed(period, due, now, facts)


def _missed(period: RulePeriod, due: datetime, now: datetime, facts: ScheduleFacts) -> Row:
    what = "the schedule catches up nothing" if period.catch_up == "skip" else "only the latest is caught up"
    return Row(due, "missed", f"{cause(period, due, now, facts)}; {what}")


def _newest(period: RulePeriod, due: datetime, now: datetime, facts: ScheduleFacts) -> Row:
    """The one that runs if anything does, under ``latest`` and ``skip``."""
    if period.catch_up == "skip" and now - due > ON_TIME:
        return _missed(period, due, now, facts)
    return _run(period, due, now, facts)


def _run(period: RulePeriod, due: datetime, now: datetime, facts: ScheduleFacts) -> Row:
    """A run for ``due``, or why there is none."""
    late = now - due
    if due in facts.already:
        return Row(due, "skipped", "it has run already, before the machine's clock was set back")
    if period.give_up_after is not None and late > max(period.give_up_after, ON_TIME):
        return Row(due, "missed", f"{cause(period, due, now, facts)}; given up after {words(period.give_up_after)}")
    if facts.busy is not None:
        return Row(due, "skipped", f"run {facts.busy}, the one before, had not ended")
    cooled = period.cool_down or timedelta(0)
    # A run of later than now was queued while the clock was ahead.
    if facts.last_run is not None and timedelta(0) <= now - facts.last_run[1] < cooled:
        run, at = facts.last_run
        why = f"cool-down: run {run} was {words(now - at)} ago, and cool_down is {words(cooled)}"
        return Row(due, "skipped", why)
    if facts.refused is not None:
        return Row(due, "skipped", facts.refused)
    if late <= ON_TIME:
        return Row(due, "ran", "")
    return Row(due, "ran", f"caught up {words(late)} late: {cause(period, due, now, facts)}")


def _one_by_one(
    period: RulePeriod, older: Sequence[Row], due: Sequence[datetime], now: datetime, facts: ScheduleFacts
) -> Settlement | None:
    """``all``: up to the first that runs. While a run is under way, what is due waits for its turn."""
    rows, settled = list(older), older[-1].last or older[-1].due if older else period.settled
    for each in due:
        row = _run(period, each, now, facts)
        if row.state == "skipped" and facts.busy is not None and each not in facts.already:
            break
        rows.append(row)
        settled = each
        if row.state == "ran":
            break
    return Settlement(tuple(rows), settled) if rows else None


def cause(period: RulePeriod, due: datetime, now: datetime, facts: ScheduleFacts) -> str:
    """Why ``due`` was not settled when it was due."""
    for each in facts.downtimes:
        if each.since <= due <= each.until:
            return f"{each.why} from {_shown(each.since)} to {_shown(each.until)} UTC"
    if period.catch_up == "all":
        return "it waited for the runs before it"
    return f"the engine came to it {words(now - due)} late"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def words(span: timedelta) -> str:
    """A length of time in the one unit that matters: ``41 s``, ``18 min``, ``6 h``, ``12 d``."""
    seconds = max(0.0, span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
