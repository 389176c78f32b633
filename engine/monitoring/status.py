"""A project's status as the worst of its parts. Pure: facts and the time in, every reason out, the worst first.

- What nobody measured lately is unknown, and unknown is never green. So is a version that the newest
  look could tell nothing about.
- A live version that breaks one of its own thresholds on the newest labelled rows is failing, and so is one that is
  surely worse than guessing.
- What the last look at its health found is as bad as the look said, also where somebody has acknowledged it; what is
  snoozed is left out until it wakes.
- A workspace whose files differ from the ledger is failing, and both values are named.
- A newest run of a job that did not end well is to be watched, whatever other jobs have done since, and so is one that
  runs, or waits, for longer than such runs do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.monitoring.performance.key_figures import KnownMetric
from engine.records import Reason, Run, Verdict
from engine.runs.times.usual import overdue_sentence, taken
from engine.text import span
from engine.vocabulary.gates import LIMITS, GateRule
from engine.vocabulary.jobs import HEALTH
from engine.vocabulary.metrics import METRICS

# Without looks of their own, measurements come with retrains, which are weekly: after one missed week nothing is known.
OLDEST = timedelta(days=9)
# A run that somebody cancelled did what was wanted of it.
WELL_ENDED = ("succeeded", "nothing-new", "cancelled")
_RANK: dict[Verdict, int] = {"ok": 0, "watch": 1, "unknown": 2, "failing": 3}


@dataclass(frozen=True)
class StatusFacts:
    """What the ledger and the file system say about one project."""

    live: str | None
    live_link: str | None
    release: str | None
    known: KnownMetric | None
    """The newest reading of its key metric."""
    gates: Sequence[GateRule]
    last_run: Run | None
    active: Sequence[Active] = ()
    looked_at: datetime | None = None
    """The newest look at the health of the live version."""
    look: tuple[Verdict, str] = ("ok", "all is well")
    """What that look came to, and why."""
    looks_paused: bool = False
    """Looks are scheduled, and somebody has paused them."""
    earlier: Sequence[Run] = ()
    """The newest run of each other job than that of ``last_run``, where it did not end well."""
    patience: timedelta | None = None
    """How old the newest look may be; None where no looks are scheduled."""
    alerts: Sequence[Reason] = ()
    """What is open about the live version and not snoozed."""
    waiting: str | None = None
    """The newest candidate."""


@dataclass(frozen=True)
class Active:
    """A run that has not ended. ``usual``: seconds that nineteen of twenty take at most for what it is at, waiting or
    running; ``bound``: from when on it is overdue. None while too little is known."""

    run: Run
    usual: float | None
    bound: float | None


def judge(facts: StatusFacts, now: datetime) -> tuple[Reason, ...]:
    """Every reason why the project is not well, the worst first; among equals in the order in which they stand here.

    There is always one: where nothing is wrong, it says why all is well. The first is the project's verdict.
    """
    parts = [_projection(facts), _measured(facts, now), _thresholds(facts), *facts.alerts]
    found = [each for each in parts if each is not None]
    found += [*_overdue(facts, now), *_last_runs(facts)]
    if not found:
        return (Reason("ok", _well(facts), facts.looked_at or _measured_at(facts)),)
    return tuple(sorted(found, key=lambda each: -_RANK[each.verdict]))


def _projection(facts: StatusFacts) -> Reason | None:
    if facts.live is None or facts.live_link == facts.release:
        return None
    return Reason(
        "failing",
        f"the ledger says {facts.release} is live, the live folder leads to {facts.live_link or 'nothing'}: "
        "run 'leverframe doctor --fix'",
        None,
    )


def _well(facts: StatusFacts) -> str:
    if facts.looked_at is None and facts.known is not None:
        return f"it holds its own thresholds on {facts.known.rows}"
    verdict, why = facts.look
    return f"the last look: {why}" if verdict == "ok" else f"what the last look found is snoozed: {why}"


def _measured(facts: StatusFacts, now: datetime) -> Reason | None:
    if facts.live is None:
        so = f"{facts.waiting} waits for a decision" if facts.waiting else "retrain, then approve a candidate"
        return Reason("unknown", f"nothing is live yet: {so}", None)
    newest = max((at for at in (_measured_at(facts), facts.looked_at) if at is not None), default=None)
    if newest is None:
        return Reason("unknown", f"{facts.live} was never measured on newer rows: retrain measures it", None)
    if now - newest <= (facts.patience or OLDEST):
        verdict, why = facts.look
        if newest == facts.looked_at and verdict == "unknown":
            return Reason("unknown", f"the last look could not tell: {why}", newest)
        return None
    age = span((now - newest).total_seconds())
    if facts.patience is None:
        return Reason("unknown", f"nothing was measured for {age}: retrain measures {facts.live}", newest)
    because = _why_not_looked(facts)
    if facts.looked_at is None:
        never = f"nobody has looked at {facts.live} since it went live; it was measured {age} ago"
        return Reason("unknown", f"{never}{because or ': look now'}", newest)
    unseen = f"nobody has looked at the health of {facts.live} for {age}"
    return Reason("unknown", f"{unseen}{because or ': is the engine up?'}", newest)


def _why_not_looked(facts: StatusFacts) -> str:
    if facts.looks_paused:
        return ": looks are paused"
    failed = next((run for run in _ended_badly(facts) if run.job == HEALTH.name), None)
    if failed is not None:
        return f"; the last look {_ended(failed)}: {failed.why}"
    return ""


def _measured_at(facts: StatusFacts) -> datetime | None:
    return facts.known.at if facts.known else None


def _thresholds(facts: StatusFacts) -> Reason | None:
    if facts.live is None or facts.known is None:
        return None
    metric = facts.known.metric
    assert metric.value is not None
    # Of other metrics the gates and the looks know what guessing gets, from the classes they see.
    guess = METRICS[metric.name].chance_level if metric.name in METRICS else None
    if guess is not None and metric.high is not None and metric.high < guess:
        said = f"{metric.name} {metric.value:.3g} of {facts.live} is worse than guessing ({guess:g})"
        return Reason("failing", f"{said} on {facts.known.rows}", facts.known.at)
    # What a look saw it has judged itself, by its interval: a value alone may be below a limit by chance.
    if facts.known.looked:
        return None
    for gate in facts.gates:
        if gate.metric != metric.name or gate.limit is None or gate.kind not in LIMITS:
            continue
        row = LIMITS[gate.kind]
        if row.sign * metric.value < row.sign * gate.limit:
            said = f"{metric.name} {metric.value:.3g} of {facts.live}"
            why = f"{said} is {row.breaks} {gate.limit:g} on {facts.known.rows}"
            return Reason("failing", why, facts.known.at)
    return None


def _overdue(facts: StatusFacts, now: datetime) -> Iterator[Reason]:
    for active in facts.active:
        run, seconds = active.run, taken(active.run, now)
        if active.bound is None or seconds <= active.bound:
            continue
        begun = run.started_at or run.queued_at
        yield Reason("watch", overdue_sentence(run, seconds, active.usual), begun + timedelta(seconds=active.bound))


def _last_runs(facts: StatusFacts) -> Iterator[Reason]:
    for run in _ended_badly(facts):
        yield Reason("watch", f"the last {run.job} {_ended(run)}: {run.why}", run.ended_at)


def _ended_badly(facts: StatusFacts) -> Iterator[Run]:
    for run in (facts.last_run, *facts.earlier):
        if run is not None and run.state not in WELL_ENDED:
            yield run


def _ended(run: Run) -> str:
    return "was interrupted" if run.state == "interrupted" else run.state
