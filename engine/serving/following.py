"""Which version a worker answers with: what the ledger says at the moment in which a request begins, and nothing else.

``live`` is asked for every request. SQLite keeps a number in shared memory that changes with every commit of anybody;
as long as that is the same, so is the answer, which costs some microseconds. When it is another, what is live is read
anew. So the first request that begins after a swap was committed is answered by the new version, in every worker, or
not at all: where the version is not held yet, and where the ledger cannot be read, there is no answer and a reason.
No old answer is bearable, not for a second: whoever rolled back must be able to say that nobody was answered by it.

``tick`` does the slow part in a thread: loads what is being prepared beside what is live, proves it, says so to the
ledger, and lets go of what is no longer wanted.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from engine import clock
from engine.errors import Damage, LeverframeError
from engine.projects import in_force
from engine.scoring import crashes, fleet
from engine.scoring.beats import Answering, Aside
from engine.scoring.fleet import Preparation, Worker
from engine.serving.failover import FallbackCounts
from engine.serving.held import Held, Key, Loaded, OpenReady
from engine.serving.held_versions import LET_GO_AFTER, PASSED_ON_AFTER, HeldVersions
from engine.serving.live_version import LiveVersion, live_version
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.versions.catalog import parse_label

TICK_SECONDS, BEAT_SECONDS = 0.05, 1.0
_CANNOT_READ = (LeverframeError, sqlite3.Error, OSError)
_NOT_YET = "has not got it ready yet; try again in a moment."


class Ended(Protocol):
    """That a version's process came to an end which nobody wanted."""

    @property
    def why(self) -> str: ...
    @property
    def waited(self) -> float: ...


@dataclass
class _View:
    """What one thread of the worker knows of the ledger, as of its ``mark`` and of what was held at that ``turn``."""

    mark: int = -1
    turn: int = -1
    found: dict[str, tuple[Held | None, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Wanted:
    """What a look at the ledger found: what is live, and what is being prepared and not answered for yet."""

    live: tuple[LiveVersion, ...] = ()
    preparing: tuple[Preparation, ...] = ()
    unsaid: tuple[Preparation, ...] = ()

    def to_load(self) -> list[Key]:
        """In the order in which they are loaded: what answers now, what is waited for, and who stands in."""
        stand_in = [each.previous for each in self.live if each.spec.fallback == "previous"]
        return [
            *((each.label, each.digest) for each in self.live),
            *((each.label, each.digest) for each in self.preparing),
            *(each.beside for each in self.live if each.beside is not None),
            *(each for each in stand_in if each is not None),
        ]

    def to_keep(self) -> set[Key]:
        """What stays if it is there: also what was live before, for going back is likeliest just then."""
        return {*self.to_load(), *(each.previous for each in self.live if each.previous is not None)}


class Following:
    """What one worker answers with; made in the worker's own process, after any fork."""

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        store: ObjectStore,
        open_ready: OpenReady,
        *,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
        let_go_after: float = LET_GO_AFTER,
        passed_on_after: float = PASSED_ON_AFTER,
        aside: Callable[[], Aside] = Aside,
        marker: Callable[[], int] | None = None,
    ) -> None:
        """Join the workers of the workspace. ``aside``: what is told of this one beside its answers; asked by a thread
        of its own. ``marker``: what changes with each commit, where something quicker than the ledger knows it. Raises
        OSError and what the ledger raises."""
        self._workspace, self._ledger, self._now = workspace, ledger, now
        self._aside, self._local, self._marker = aside, threading.local(), marker or ledger.marker
        self._looked, self._wanted, self._more = -1, _Wanted(), False
        self._newest = 0  # of the preparations that it has begun with
        self._trouble = ""
        self._versions = HeldVersions(store, workspace.cache, open_ready, monotonic, let_go_after, passed_on_after)
        self.worker = Worker(ledger, workspace.root / "locks", now())
        self.fallbacks = FallbackCounts(monotonic)
        self._ends: dict[Key, tuple[Ended, ...]] = {}

    # Asked for every request

    def live(self, project: str) -> Held | None:
        """What a request for ``project`` that begins now is answered with. None: by nobody, and ``why_not`` says why.

        Any thread may ask; each has a view of its own. It never raises.
        """
        return self._now_for(project)[0]

    def why_not(self, project: str) -> str:
        """Why ``live`` has nothing, as a sentence for whoever asked; empty where it has."""
        return self._now_for(project)[1]

    def is_ready(self, project: str) -> bool:
        """Whether requests for ``project`` can be let in: what is live is held, and so is what runs beside it, or it
        cannot be had. A canary's keys would go to the live version for as long as it is being loaded."""
        held, why = self._now_for(project)
        if held is None:
            return not why.endswith(_NOT_YET)
        if held.trial is None or held.trial.kind == "shadow" or held.beside is not None:
            return True
        return bool(self._versions.why_failed((held.trial.label, held.trial.digest)))

    def _now_for(self, project: str) -> tuple[Held | None, str]:
        try:
            view: _View = self._local.view
        except AttributeError:
            view = self._local.view = _View()
        try:
            turn, mark = self._versions.turn, self._marker()
            if mark != view.mark or turn != view.turn:
                view.mark, view.turn = mark, turn
                view.found.clear()
            found = view.found.get(project)
            if found is None:
                found = view.found[project] = self._read(project)
            return found
        except _CANNOT_READ as error:
            view.found.clear()
            return None, f"What is live cannot be read: {plain(str(error), 300)}"

    def _read(self, project: str) -> tuple[Held | None, str]:
        with self._ledger.read() as db:
            says = live_version(db, project)
        if isinstance(says, str):
            return None, says
        loaded = self._versions.get((says.label, says.digest))
        if loaded is None:
            why = self._versions.why_failed((says.label, says.digest))
            doing = f"could not get it ready: {why}" if why else _NOT_YET
            return None, f"{says.label} is live, and this worker {doing}"
        held = self._held(loaded, says)
        before, beside = self._other(says.previous, says), self._other(says.beside, says)
        return replace(held, previous=before, out=says.out, trial=says.trial, beside=beside), ""

    def _other(self, key: Key | None, says: LiveVersion) -> Held | None:
        """Another version than the live one, under the same rules, where this worker holds it."""
        loaded = self._versions.get(key) if key is not None else None
        return self._held(loaded, says) if loaded is not None else None

    @staticmethod
    def _held(loaded: Loaded, says: LiveVersion) -> Held:
        return Held(loaded.label, loaded.digest, says.deployment, loaded.document, loaded.scorer, says.spec)

    # In a thread of the worker

    def run(self, stop: threading.Event) -> None:
        """Follow the ledger until ``stop`` is set, then leave. Its beats come from a thread of their own: loading a
        version takes longer than anybody waits for a sign of life."""
        beats = threading.Thread(target=self._beats, args=(stop,), name="beats", daemon=True)
        beats.start()
        while not stop.wait(TICK_SECONDS):
            self.tick()
        beats.join()
        self.leave("it was told to end")

    def _beats(self, stop: threading.Event) -> None:
        while True:
            self.beat()
            if stop.wait(BEAT_SECONDS):
                return

    def beat(self) -> None:
        """Say what this worker answers with, as ``live`` finds it now."""
        try:
            self.worker.beat(self.answers(), self.fallbacks.counts(), self._aside())
        except OSError as error:  # Whoever waits for it says that nothing was heard; it is tried again.
            self._trouble = str(error)

    def answers(self) -> dict[str, Answering]:
        """By project, what this worker answers with now."""
        said = {}
        for each in self._wanted.live:
            held, why = self._now_for(each.project)
            if held is not None:
                said[each.project] = Answering(held.label, held.digest, held.seq, held.out)
            else:
                said[each.project] = Answering("", "", 0, why)
        return said

    def tick(self) -> None:
        """One step: look at the ledger where it has changed, load one version at most, say what was found. Never raises
        but for what nobody can go on after; what could not be done now is tried again."""
        try:
            self._step()
            self._trouble = ""
        except _CANNOT_READ as error:
            self._trouble = str(error)
            self._looked = -1

    @property
    def trouble(self) -> str:
        """What the last step could not do; empty where all is well."""
        return self._trouble

    @property
    def is_lost(self) -> bool:
        """Whether the ledger that it follows was replaced: this process is of no use any more and had better end."""
        try:
            self._ledger.marker()
        except Damage:
            return True
        except _CANNOT_READ:
            return False
        return False

    def _step(self) -> None:
        self._versions.close_what_left()
        self._note_crashes()
        mark = self._ledger.marker()
        if mark != self._looked or self._more or self._versions.waits_again:
            self._looked = mark
            self._wanted = self._look()
            for each in self._wanted.unsaid:
                if each.id > self._newest:
                    self._newest = each.id
                    self._versions.forget((each.label, each.digest))
            self._more = self._versions.load_first(self._wanted.to_load())
            self._answer_for()
            self._versions.keep_only(self._wanted.to_keep())
        self.worker.say(self.answers(), self._now())

    def _note_crashes(self) -> None:
        """Tell the ledger each time that a process of a version which answers came to an end that nobody wanted; a
        scorer in this process has none. Too often, and the version is taken out, here and in every other worker."""
        there = [(each.label, each.digest, each.deployment) for each in self._wanted.live]
        tried = [each.trial for each in self._wanted.live if each.trial is not None]
        there += [(each.label, each.digest, crashes.of_trial(each.seq)) for each in tried]
        for name, digest, deployment in there:
            key = (name, digest)
            loaded = self._versions.get(key)
            ends: tuple[Ended, ...] = tuple(getattr(loaded.scorer, "ends", ())) if loaded is not None else ()
            known = self._ends.get(key, ())
            for ended in ends:
                if ended not in known:
                    label = parse_label(name)
                    crashes.record(
                        self._ledger, label, deployment, self.worker.name, ended.why, self._now(), ended.waited
                    )  # fmt: skip
            self._ends[key] = ends

    def _look(self) -> _Wanted:
        while True:
            with self._ledger.read() as db:
                found = [live_version(db, project) for project in in_force.served(db)]
                preparing = fleet.prepared(db)
                said = fleet.said_by(db, self.worker.name)
            left = {each for each in preparing if not self._goes_on(each)}
            if left:  # Or it went live just now, and the lock is free for that.
                with self._ledger.read() as db:
                    if not left <= {*fleet.prepared(db)}:
                        continue
            live = tuple(each for each in found if isinstance(each, LiveVersion))
            preparing = tuple(each for each in preparing if each not in left)
            return _Wanted(live, preparing, tuple(each for each in preparing if each.id not in said))

    def _goes_on(self, preparation: Preparation) -> bool:
        """Whether whoever prepares it lives: they hold the lock of the project's moves until it is live or given up."""
        return self._workspace.is_locked(f"move-{preparation.project}")

    def _answer_for(self) -> None:
        """Say of each version that is being prepared that it is proven here, or why it cannot be."""
        for each in self._wanted.unsaid:
            why = self._versions.prove((each.label, each.digest))
            if why is not None:  # else its turn to be loaded comes
                fleet.confirm(self._ledger, self.worker.name, each, each.digest, why or None, self._now())

    def leave(self, why: str) -> None:
        """Answer no more: what is held is closed, and nobody waits for this worker from now on."""
        self._versions.close()
        try:
            self.worker.leave(why, self._now())
        except _CANNOT_READ as error:  # Its lock is free, which says it, too.
            self._trouble = str(error)
