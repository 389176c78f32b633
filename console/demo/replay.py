"""Replays a tale: commit, retrain as of a past Monday, decide; week after week, and from where it was left off.

What was done already is read from the repository and the ledger, so a demo that was killed at any instant is gone on
with by running it again. Decisions really happen now, and the ledger says so; only the data is seen from the past.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from console.demo import repository
from console.demo.learning import Learning
from console.demo.place import Plan
from console.demo.progress import DONE
from console.demo.server import DemoServer
from console.demo.story import REHEARSAL, Decision, Tale, decide, measured
from console.demo.traffic import Traffic
from engine import clock
from engine.errors import Refusal
from engine.projects.manifest.cron import next_due
from engine.projects.manifest.reader import load_manifest
from engine.records import Run, Version
from engine.vocabulary.jobs import RETRAIN

if TYPE_CHECKING:
    from engine.api import Engine

_RUN = 0.8  # of a week's work; the rest is the proof
_PREPARED = 0.03  # of a run: its environment stands


class ReplayObserver(Protocol):
    """Who shows how far the demo is."""

    def doing(self, project: str, share: float, text: str) -> None:
        """``project`` is at ``share`` (0 to 1) of its story and does what ``text`` says."""

    def done(self, line: str) -> None:
        """Something is finished."""


class Stopped(Exception):
    """The person at the keyboard has had enough."""


def moments(project: Path, weeks: int, until: datetime) -> list[datetime]:
    """The last ``weeks`` moments before ``until`` at which the project's own schedule wanted a retrain, ascending."""
    rule = load_manifest(project).document["schedule"][RETRAIN.name]
    back, found = timedelta(weeks=weeks + 1), list[datetime]()
    while len(found) < weeks:
        found, at = [], until - back
        while (at := next_due(rule["cron"], rule["timezone"], at)) < until:
            found.append(at)
        back *= 2
    return found[-weeks:]


class Replay:
    """The story of one project, on a thread of its own.

    It begins when ``after`` has built its environment: what that one compiled need not be compiled for this one.
    """

    def __init__(
        self,
        engine: Engine,
        tale: Tale,
        plan: Plan,
        originals: Path,
        told: ReplayObserver,
        stop: threading.Event,
        server: DemoServer,
        after: Replay | None = None,
    ) -> None:
        self._engine, self._tale, self._plan, self._originals = engine, tale, plan, originals
        self._told, self._stop, self._server, self._after = told, stop, server, after
        self._traffic: Traffic | None = None
        self._standing = threading.Event()
        self._week = 1
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, name=f"demo {tale.project}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait a while for the end; whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _guarded(self) -> None:
        try:
            self._replay()
        except BaseException as error:  # noqa: BLE001  (raised again by whoever started this)
            self.error = error
            self._stop.set()
        finally:
            self._standing.set()
            if self._traffic is not None:
                self._traffic.close()

    def _replay(self) -> None:
        tale, path = self._tale, repository.ensure(self._tale, self._plan.projects, self._originals)
        if tale.project not in [p.name for p in self._engine.projects()]:
            self._engine.add(path)
        while self._after is not None and not self._after._standing.wait(0.2):
            self._say(0.0, "waiting for shared packages")
        for week, moment in enumerate(moments(path, tale.weeks, self._plan.until), 1):
            self._week = week
            self._say(0.0, "committing")
            repository.bring_up_to(week, tale, path)
            version = self._version_of(moment)
            outcome = self._decide(version)
            self._told.done(f"{version.label:<12} {moment:%d %b}  {measured(version)}, {outcome}")
            self._be_asked()
        self._learn()
        self._told.doing(tale.project, 1.0, DONE)

    def _be_asked(self) -> None:
        """From the first version on that is live."""
        project = self._tale.project
        if self._tale.asked and self._traffic is None and self._engine.at(clock.now(), project):
            self._traffic = Traffic(self._plan.home, project, self._server.port, self._tale.asked)
            self._traffic.start()

    def _learn(self) -> None:
        """What came since the weeks that it was trained on, where the project learns."""
        if not self._tale.learns:
            return
        project = self._tale.project
        for run in Learning(self._engine, project, self._plan, self._server, self._hear).replay():
            self._told.done(f"{run.version or project:<12} {run.as_of:%d %b}  {run.why}")

    def _hear(self, share: float, text: str) -> None:
        if self._stop.is_set():
            raise Stopped
        self._told.doing(self._tale.project, share, text)

    def _say(self, share: float, text: str) -> None:
        if self._stop.is_set():
            raise Stopped
        self._told.doing(self._tale.project, (self._week - 1 + share) / self._tale.weeks, f"week {self._week}: {text}")

    def _version_of(self, moment: datetime) -> Version:
        """The version of the retrain as of ``moment``: made now, being made, or made before the demo was cut off."""
        run = self._run_of(moment) or self._engine.retrain(self._tale.project, as_of=moment)
        run = self._engine.wait(run.id, self._look)
        if run.version is None:
            why = str(run.why).rstrip(".")
            raise Refusal(f"Run {run.id} of {run.project} {run.state}: {why}; run the demo again to go on.")
        return self._engine.version(run.version)

    def _look(self, run: Run) -> None:
        if run.progress > _PREPARED:
            self._standing.set()
        self._say(_RUN * run.progress, run.phase or run.state)

    def _run_of(self, moment: datetime) -> Run | None:
        runs = self._engine.runs(self._tale.project, limit=1000)
        return next((r for r in runs if r.as_of == moment and (r.version or r.state in ("queued", "running"))), None)

    def _decide(self, version: Version) -> str:
        """Decide on ``version`` unless somebody has; what became of it, in a word or two."""
        try:
            self._act_on(version, decide(self._tale, self._week, self._engine.version(version.label)))
        except Refusal:
            # Whoever watches may work here too. What they did stands, and the story goes on around it.
            if not self._somebody_else_acted():
                raise
        return _outcome(self._engine.version(version.label), version)

    def _act_on(self, version: Version, decision: Decision) -> None:
        if decision.kind == "reject":
            self._engine.reject(version.label, decision.reason)
        elif decision.kind == "approve":
            plan = self._engine.plan_release(version.label)
            self._engine.move(plan, decision.reason, lambda step: self._say(_RUN, step.what.partition(":")[0]))
        if self._tale.rehearsal == self._week and self._engine.version(version.label).state == "live":
            plan = self._engine.plan_rollback(self._tale.project)
            self._engine.move(plan, REHEARSAL, lambda step: self._say(_RUN, "rolling back"))

    def _somebody_else_acted(self) -> bool:
        me = self._engine.operator.name
        decided = ("approve", "reject", "release", "rollback", "lift")
        return any(
            row.actor != me and row.action in decided and row.subject.startswith(self._tale.project)
            for row in self._engine.audit(limit=200)
        )


def _outcome(now: Version, made: Version) -> str:
    told = ("better", "worse", "not compared")
    compared = "the first" if made.comparison == "first" else "no worse"
    compared = made.comparison if made.comparison in told else compared
    became = {"live": "approved", "retired": "approved", "barred": "approved, rolled back", "candidate": "waits"}
    return f"{compared}: {became.get(now.state, now.state)}"
