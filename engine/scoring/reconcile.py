"""What the ledger says is live, held against what each worker said last that it answers with. Pure.

Where they differ both values are told. What a worker has not said lately is unknown, whatever it said before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.records import Verdict
from engine.scoring.beats import Beat, Fallbacks

SILENT = 5.0
"""Seconds without a word, of a worker that gives one each second."""
JUST_NOW = timedelta(seconds=3)
"""What was made live so lately may not have been said by anybody yet."""
BEGINS = 20.0
"""Seconds in which a worker that has just begun lets nobody in until it has what is live."""
UNLOGGED, STANDS_IN = "unlogged", "stood-in"
STOOD_IN = 60.0
"""Seconds for which it is told that somebody else answered."""


@dataclass(frozen=True)
class Live:
    """What the newest deployment of a project made live; ``out``: why it is asked no more."""

    project: str
    label: str
    deployment: int
    at: datetime
    out: str | None = None


@dataclass(frozen=True)
class Disagreement:
    """``key`` says what about, and stays the same for as long as it is so."""

    key: str
    verdict: Verdict
    why: str


def disagreements(live: Live, workers: Iterable[Beat], all_died: bool, now: datetime) -> tuple[Disagreement, ...]:
    """What is not well about who answers requests for a project, the worst first; nothing where all agree.

    ``all_died``: there is no worker any more, and the last one did not say that it would end.
    """
    found = [Disagreement("taken-out", "failing", live.out)] if live.out else []
    if all_died:
        why = f"no worker answers requests for {live.project}: the last one ended without a word"
        found.append(Disagreement("nobody", "failing", why))
    settled = not timedelta(0) <= now - live.at < JUST_NOW
    for worker in workers:
        found += _of_one(live, worker, settled)
    order: tuple[Verdict, ...] = ("failing", "unknown", "watch", "ok")
    return tuple(sorted(found, key=lambda each: order.index(each.verdict)))


def _of_one(live: Live, worker: Beat, settled: bool) -> list[Disagreement]:
    who = f"worker {worker.pid or worker.worker}"
    if worker.age is None or worker.age > SILENT:
        why = f"{who} has said nothing for more than {SILENT:g} s, so what it answers with is unknown"
        return [Disagreement(f"silent:{worker.worker}", "unknown", why)]
    if worker.hangs is not None and worker.hangs > SILENT:
        why = f"{who} has answered nobody for more than {SILENT:g} s: it hangs, and those whom it let in wait"
        return [Disagreement(f"hangs:{worker.worker}", "failing", why)]
    found = []
    said = worker.answers.get(live.project)
    begins = (said is None or not said.label) and worker.lived < BEGINS
    if settled and not begins and (said is None or said.deployment != live.deployment):
        answers = f"answers with {said.label}" if said is not None and said.label else "answers nothing"
        because = f" ({said.why.rstrip('.')})" if said is not None and said.why and not said.label else ""
        why = f"{who} {answers}{because}, and the ledger says {live.label} is live"
        found.append(Disagreement(f"differs:{worker.worker}", "failing", why))
    others = worker.fallbacks.get(live.project)
    if others is not None and not live.out:
        found += _left(live, who, worker, worker.age, others)
    if live.project in worker.unlogged:
        why = f"in {who} requests are not logged: {worker.unlogged[live.project].rstrip('.')}"
        found.append(Disagreement(f"{UNLOGGED}:{worker.worker}", "watch", why))
    return found


def _left(live: Live, who: str, worker: Beat, age: float, said: Fallbacks) -> Iterator[Disagreement]:
    """What the live version left to others, and what nobody answered, each within the last minute."""
    left, why = f"in {who} {live.label} left requests", said.why.rstrip(".") or "no reason"
    if said.failed_ago is not None and said.failed_ago + age <= STOOD_IN:
        told = f"{left} unanswered within the last minute: {why}"
        yield Disagreement(f"unanswered:{worker.worker}", "failing", told)
    if said.ago is not None and said.ago + age <= STOOD_IN:
        told = f"{left} to others within the last minute: {why}"
        yield Disagreement(f"{STANDS_IN}:{worker.worker}", "watch", told)
