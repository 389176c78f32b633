"""Shadows of one worker: what it answered is handed to candidates as well, behind the answer, and never at its cost.

All of it is done by the thread of the request log. It hands rows to a process of its own for each trial, and passes
them over first when anything is short: where the worker is busy or its requests wait, where the process is behind,
where it is not there. Each row that is passed over is counted, and so is each that an ended process took with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from engine import clock
from engine.errors import LeverframeError
from engine.projects import in_force
from engine.release.history import live_deployment
from engine.requests import sampling
from engine.requests.answered import Answered
from engine.requests.records import LogRules
from engine.scoring import trials
from engine.scoring.trials import Trial
from engine.serving.shadow_frames import frames
from engine.serving.shadow_pipe import Process
from engine.serving.shadow_seat import ShadowSeat
from engine.shadow import book
from engine.shadow.book import Whose
from engine.shadow.counting import BUSY, ENOUGH, UNFIT
from engine.storage.ledger import Ledger

MOST, LEAST = 1000.0, 50.0  # rows a second that are handed over by one worker: where it has time, and where it has not
FREE, FULL = 0.5, 0.85  # of a core: what a worker takes that has time, and that has none
OK = 200
Spawn = Callable[[str, str], Process]


def rate(busy: float) -> float:
    """How many rows a second are handed over by a worker that takes so much of a core. Pure."""
    if busy <= FREE:
        return MOST
    return LEAST if busy >= FULL else MOST - (MOST - LEAST) * (busy - FREE) / (FULL - FREE)


def evenly(answered: Sequence[Answered], most: int) -> tuple[list[Answered], int]:
    """Requests with about ``most`` rows in all, spread over what there is, and the rows of the others. Pure."""
    whole = sum(len(each.rows) for each in answered)
    if whole <= most:
        return list(answered), 0
    kept, seen, taken = [], 0, 0
    for each in answered:
        seen += len(each.rows)
        if taken < seen * most // whole and taken + len(each.rows) <= most:
            kept.append(each)
            taken += len(each.rows)
    return kept, whole - taken


@dataclass(frozen=True)
class Beside:
    """A trial, what it runs beside, and the columns of keys that nobody is told."""

    trial: Trial
    live: str
    hidden: frozenset[str]


class Shadows:
    """``take`` what was answered, ``flush`` now and then, ``close`` at the end; all by one thread, which is not that of
    whoever answers.

    ``worker``: its name. ``rules``: how a project's requests are kept, for what is sensitive. ``key``: by which
    requests are drawn. ``spawn`` starts the process for a version's label and digest, and raises OSError. ``cpu``:
    seconds of the processor that this process took; ``crowded``: whether requests wait in it.
    """

    def __init__(
        self, ledger: Ledger, worker: str, rules: Callable[[str], LogRules], key: bytes, spawn: Spawn, *,
        monotonic: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.process_time,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._ledger, self._worker, self._rules, self._key, self._spawn = ledger, worker, rules, key, spawn
        self._monotonic, self._cpu, self._crowded = monotonic, cpu, crowded
        self._mark = -1
        self._beside: Mapping[str, Beside] = {}
        self._seats: dict[Whose, ShadowSeat] = {}
        self._room: dict[Whose, float] = {}  # rows that may be handed over now: what was not, for a second at most
        self._last = monotonic(), cpu()

    def take(self, batch: Sequence[Answered]) -> None:
        """Hand over what is to be scored of what was answered since the last time."""
        seconds, busy = self._since_last()
        self._look()
        crowded = self._crowded()
        a_second = LEAST if crowded else rate(busy)
        for project, beside in self._beside.items():
            whose = self._whose(beside.trial)
            self._room[whose] = min(a_second, self._room.get(whose, 0.0) + a_second * seconds)
            found = [each for each in batch if each.project == project and is_to_be_scored(each, beside, self._key)]
            if found:
                self._hand(whose, beside, found, BUSY if crowded or busy > FREE else ENOUGH)
        for seat in self._seats.values():
            seat.tick()

    def _since_last(self) -> tuple[float, float]:
        """How many seconds it is since then, and how much of a core this process took meanwhile."""
        (before, used), now = self._last, (self._monotonic(), self._cpu())
        self._last = now
        seconds = max(now[0] - before, 1e-6)
        return seconds, (now[1] - used) / seconds

    def _hand(self, whose: Whose, beside: Beside, found: list[Answered], why: str) -> None:
        """Hand over as many rows as there is room for; the others are passed over, for that reason."""
        seat = self._seats[whose]
        kept, rest = evenly(found, int(self._room[whose]))
        self._room[whose] -= sum(len(each.rows) for each in kept)
        if rest:
            seat.sums.pass_over(why, rest)
        for packet, rows in frames(kept, beside.hidden):
            if packet is None:
                seat.sums.pass_over(UNFIT, rows)
            else:
                seat.hand(packet, rows)

    def _whose(self, trial: Trial) -> Whose:
        return Whose(trial.project, trial.seq, trial.label, self._worker)

    def _look(self) -> None:
        """See which trials there are, where the ledger has changed."""
        try:
            mark = self._ledger.marker()
            if mark == self._mark:
                return
            self._beside = self._read()
        except LeverframeError:
            return  # What was read last holds on; nobody is answered by it.
        self._mark = mark
        wanted = {self._whose(each.trial): each.trial for each in self._beside.values()}
        for whose, trial in wanted.items():
            if whose not in self._seats:
                self._seats[whose] = ShadowSeat(partial(self._spawn, trial.label, trial.digest), self._monotonic)
        for whose, seat in self._seats.items():
            if whose not in wanted:
                seat.finish()

    def _read(self) -> dict[str, Beside]:
        found = {}
        with self._ledger.read() as db:
            for project, trial in trials.under_way(db, in_force.served(db)).items():
                live = live_deployment(db, project)
                if trial.kind == "shadow" and live is not None and live["seq"] == trial.against:
                    found[project] = trial, f"{project}@{live['number']}"
        return {
            project: Beside(trial, live, self._rules(project).sensitive) for project, (trial, live) in found.items()
        }

    def flush(self, now: datetime) -> None:
        """Write what was counted since the last time. What cannot be written is, with the next."""
        for whose, seat in list(self._seats.items()):
            seat.tick()
            self._write(whose, seat, now)
            if seat.is_over:
                del self._seats[whose]
                self._room.pop(whose, None)

    def _write(self, whose: Whose, seat: ShadowSeat, now: datetime) -> None:
        if seat.sums.is_empty and seat.trouble == seat.told == "":
            return
        try:
            with self._ledger.write(lasting=False) as db:
                book.add(db, whose, seat.sums, seat.trouble, now)
        except LeverframeError:
            return
        seat.written()

    def close(self, now: datetime | None = None) -> None:
        """End the processes, and write what they said last."""
        for seat in self._seats.values():
            seat.finish()
        for whose, seat in self._seats.items():
            seat.close()
            self._write(whose, seat, now or clock.now())
        self._seats = {}


def is_to_be_scored(answered: Answered, beside: Beside, key: bytes) -> bool:
    """Whether the candidate is to be asked as well: what the live version itself answered, of the trial's share."""
    return (
        answered.status == OK
        and answered.label == beside.live
        and answered.fallback is None
        and bool(answered.rows)
        and sampling.is_kept(answered.request, beside.trial.share, key)
    )
