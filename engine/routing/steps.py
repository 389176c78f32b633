"""Which steps of an escalation are due. Pure: the chain, what was made of it and the time in; steps out.

- A step is due when a failing alert was taken on by nobody for as long as the step says, counted from when it began to
  fail, or from the end of its snooze; and not before the route was there.
- Steps with the same time go together. Each leaves the one before it as much time as lies between them: after a
  downtime, or when a clock leaps, one goes and the next waits, so that whoever was told late can still answer.
- One that reached nobody leaves no time: the next goes at once.
- A time that is still to come, for it was written while the clock was ahead, counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from engine.routing.records import Route

# Rows are stamped before they wait for the ledger, and clocks are set right by a few seconds now and then.
_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class MadeStep:
    """A step that was made at a time; ``reached``: whether anybody was told."""

    at: datetime
    reached: bool


def due_steps(
    chain: Sequence[Route], made: Mapping[int, MadeStep], began: datetime, now: datetime
) -> list[tuple[Route, datetime]]:
    """The routes of ``chain`` whose step is due by ``now`` and not made, each with when it was due."""
    before: timedelta | None = None
    last: MadeStep | None = None
    for after, group in groupby(sorted(chain, key=lambda route: (route.after, route.id)), lambda route: route.after):
        routes, span = list(group), timedelta(seconds=after)
        waiting = [route for route in routes if route.id not in made]
        if waiting:
            dues = [(route, _due(route, began, before, last, now)) for route in waiting]
            return [(route, due) for route, due in dues if due <= now]
        steps = [made[route.id] for route in routes]
        before, last = span, MadeStep(max(step.at for step in steps), any(step.reached for step in steps))
    return []


def _due(route: Route, began: datetime, before: timedelta | None, last: MadeStep | None, now: datetime) -> datetime:
    span = timedelta(seconds=route.after)
    soonest = began + span if began <= now + _SKEW else now
    if last is not None and before is not None and last.at <= now + _SKEW:
        soonest = max(soonest, last.at + span - before) if last.reached else last.at
    return max(soonest, route.at) if route.at <= now + _SKEW else soonest
