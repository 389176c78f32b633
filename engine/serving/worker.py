"""One worker: a process that answers requests until it is told to end, or whoever started it is there no more.

``python -m engine.serving.worker SETTINGS``, started by the supervisor.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import itertools
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import clock, withheld
from engine.access.tokens import TokenBook
from engine.errors import LeverframeError
from engine.projects import in_force
from engine.projects.manifest.serve import spec_of
from engine.requests import sampling
from engine.requests.log import RequestLog
from engine.requests.rules import asked_of
from engine.scoring.beats import Aside
from engine.scoring.makers import open_ready, wholes_of
from engine.serving import figures
from engine.serving.app import App, Around
from engine.serving.balance import Balance
from engine.serving.connection import tls
from engine.serving.feedback_taken import FeedbackTaken
from engine.serving.following import Following
from engine.serving.given_back import give_back
from engine.serving.http_server import Endpoint, HttpServer
from engine.serving.scoring import Scoring
from engine.serving.shadow import Shadows
from engine.serving.shadow_pipe import ShadowProcess
from engine.serving.worker_settings import Settings
from engine.storage import workspace as workspaces
from engine.storage.commits import Commits
from engine.storage.failures import keep_traceback
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore

if TYPE_CHECKING:
    from engine.requests.answered import Answered
    from engine.scoring.ready import ReadyScorer
    from engine.versions.records import VersionDocument

READY_WITHIN = 20.0  # seconds that clients wait at the door for the first versions
SETTLE_EVERY = 60.0
# What waits for the log's thread is no garbage, and was looked through once for every hundred requests.
GARBAGE = (20_000, 20, 20)
_LEAST_PATIENCE = 10.0  # seconds; what has no answer for twice the time that one may take hangs
LOST, BROKEN = 3, 4
TURN_EVERY, TOLD_AFTER = 0.5, 5.0  # seconds; after that where it stands still is kept for whoever looks for it
# Of a processor: who has less waits for something, and who has so much within one turn does not come back from it. In
# between the machine has too much to do, or another thread holds the interpreter, and the loop goes on by and by.
LEAST_SPENT, MOST_SPENT = 0.0003, 5.0
# A worker whose loop has stood still for so long ends itself, whatever holds it: its supervisor may be there no more.
ENDS_AFTER, ARMED_EVERY = 60.0, 10.0


class ServedProjects:
    """The projects that answer requests, read anew when the ledger has changed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._mark, self._found = ledger, -1, tuple[str, ...]()

    def __call__(self) -> Sequence[str]:
        # What was read last; that the ledger cannot be read is said of each version.
        with suppress(LeverframeError, sqlite3.Error, OSError):
            mark = self._ledger.marker()
            if mark != self._mark:
                with self._ledger.read() as db:
                    self._found = in_force.served(db)
                self._mark = mark
        return self._found


class Pulse:
    """Whether a loop goes on, from when it turned and how much of a processor its thread has had since then."""

    def __init__(self, now: float) -> None:
        self._turn, self._moved, self._spent = (now, 0.0), now, 0.0

    def turned(self, now: float, spent: float) -> None:
        """It turned; ``spent``: seconds of a processor that its thread has had so far."""
        self._turn = now, spent

    def felt(self, now: float, spent: float) -> float:
        """When it last did anything that will come to an end; asked once a second by another thread."""
        at, then = self._turn
        if spent - self._spent > LEAST_SPENT:
            self._moved = now
        self._spent = spent
        return at if spent - then > MOST_SPENT else max(at, self._moved)


class Unnoted:
    """The log of a load test: what nobody really asked is kept nowhere, and counted nowhere."""

    trouble: Mapping[str, str] = {}

    def note(self, answered: Answered) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Nothing is to be written."""


class Worker:
    """All that one worker is made of."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._folder = settings, Path(settings.folder)
        self._workspace = workspaces.find(Path(settings.home))
        self._ledger = Ledger(self._workspace.ledger, locks=self._workspace.root / "locks")
        self._store = ObjectStore(self._workspace.objects)
        self._armed, self._is_told, self._pulse = 0.0, False, Pulse(time.monotonic())
        marker = Commits(self._ledger).marker
        self._following = Following(
            self._workspace, self._ledger, self._store, self._opened, aside=self._about, marker=marker
        )  # fmt: skip
        name = self._following.worker.name
        self._log: RequestLog | Unnoted = Unnoted() if settings.trial else self._logged(name)
        self._tokens = TokenBook(self._ledger, marker) if settings.tokens else None
        self._figures = figures.Figures()
        self._projects = ServedProjects(self._ledger)
        self._scoring = Scoring(
            self._following, self._projects, self._log, self._following.fallbacks, self._figures,
            key=sampling.key_of(self._workspace),
        )  # fmt: skip
        around = Around(self._projects, self._tokens, self._gathered, self._keep)
        feedback = FeedbackTaken(self._ledger, self._store, self._projects)
        self._app = App(self._scoring, self._figures, around, feedback)
        context = tls(settings.certificate, settings.key) if settings.certificate else None
        numbers = map(f"{settings.number}-{name}-{{:x}}".format, itertools.count(1))
        endpoint = Endpoint(
            self._app.answer, self._app.refused_whole, clock.now, time.monotonic, lambda: next(numbers)
        )  # fmt: skip
        others = Balance(settings.clients, settings.number) if settings.clients >= 0 else None
        self._server = HttpServer(endpoint, socket.socket(fileno=settings.listening), context, others)
        self._stop, self._code = threading.Event(), 0
        self._end = asyncio.Event()

    async def run(self) -> int:
        """Answer until told to end. Returns the process's exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end.set)
        loop.add_reader(self._settings.alive, self._orphaned, loop)
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._turn(loop)
        thread = threading.Thread(target=self._guarded(self._follow, loop), name="following")
        thread.start()
        try:
            await self._first_versions()
            gc.collect()
            gc.freeze()  # What is there now stays: it need not be looked through again and again.
            gc.set_threshold(*GARBAGE)
            serving = asyncio.create_task(self._server.serve())
            keeping = asyncio.create_task(self._keep_house())
            await self._end.wait()
            await self._server.drain()
            keeping.cancel()
            await serving
        finally:
            self._stop.set()
            self._scoring.close()
            await asyncio.to_thread(thread.join)
            await asyncio.to_thread(self._log.close)
            with suppress(OSError):
                figures.write(self._folder, str(self._settings.number), self._counted())
            self._ledger.close()
            faulthandler.cancel_dump_traceback_later()
        return self._code

    def _counted(self) -> dict[str, Any]:
        """Its figures, with how often a whole pipeline answered what tables behind its first steps were to."""
        held = ((name, self._following.live(name)) for name in self._projects())
        found = [(name, each.label, wholes_of(each.scorer)) for name, each in held if each is not None]
        counts = [[name, label, wholes.count] for name, label, wholes in found if wholes is not None]
        return self._figures.taken() | {"wholes": counts}

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """That the loop turns; by nothing else can anybody tell that requests are answered."""
        now = time.monotonic()
        self._pulse.turned(now, time.thread_time())
        if now - self._armed > ARMED_EVERY:
            self._armed = now
            faulthandler.dump_traceback_later(ENDS_AFTER, exit=True)
        loop.call_later(TURN_EVERY, self._turn, loop)

    def _about(self) -> Aside:
        """For the thread that says how it is. Where the loop stands still is kept, once each time."""
        now = time.monotonic()
        at = self._pulse.felt(now, time.clock_gettime(self._clock))
        late = now - at > TOLD_AFTER
        if late and not self._is_told:
            frame = sys._current_frames().get(threading.main_thread().ident or 0)
            where = "".join(traceback.format_stack(frame)) if frame is not None else "nowhere\n"
            said = f"Its loop has stood still for {TOLD_AFTER:g} s, at\n{where}"
            self._keep(f"worker {self._settings.number}", said)
        self._is_told = late
        return Aside(at, self._log.trouble)

    def _orphaned(self, loop: asyncio.AbstractEventLoop) -> None:
        """The supervisor is there no more, however it went: nobody would start or end this one any more."""
        loop.remove_reader(self._settings.alive)
        self._end.set()

    async def _first_versions(self) -> None:
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until and not self._end.is_set():
            if all(map(self._following.is_ready, self._projects())):
                return
            await asyncio.sleep(0.02)

    async def _keep_house(self) -> None:
        settled = time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            with suppress(OSError):  # A full disk under them: others see figures of before.
                figures.write(self._folder, str(self._settings.number), self._counted())
            if self._following.is_lost:
                self._code = LOST
                self._end.set()
            if self._tokens is not None and time.monotonic() - settled > SETTLE_EVERY:
                settled = time.monotonic()
                await asyncio.to_thread(self._settle)

    def _settle(self) -> None:
        if self._tokens is not None:
            with suppress(LeverframeError):  # It is written the next time.
                self._tokens.settle(clock.now())

    def _follow(self) -> None:
        self._following.run(self._stop)

    def _guarded(self, work: Callable[[], None], loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """``work`` for a thread: a bug in it ends the worker, which another one takes the place of."""

        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001
                self._bug(error)
                self._code = BROKEN
                loop.call_soon_threadsafe(self._end.set)

        return guarded

    def _opened(self, label: str, document: VersionDocument, folder: Path) -> ReadyScorer:
        patience = max(_LEAST_PATIENCE, 2 * spec_of(document.settings).timeout.total_seconds())
        marker = f"{self._workspace.token}-serve-{os.getpid()}"
        return open_ready(self._workspace, self._store, label, document, folder, marker=marker, patience=patience)

    def _logged(self, name: str) -> RequestLog:
        rules, key = asked_of(self._ledger), sampling.key_of(self._workspace)
        spawn = partial(ShadowProcess, self._workspace.root)
        shadows = Shadows(self._ledger, name, rules, key, spawn, crowded=self._crowded)
        return RequestLog(self._workspace, self._ledger, name, rules, on_bug=self._bug, listener=shadows)

    def _crowded(self) -> bool:
        return self._scoring.crowded

    def _gathered(self) -> bytes:
        there = figures.read(self._folder)
        return figures.exposition({**there, str(self._settings.number): self._figures.taken()})

    def _bug(self, error: Exception) -> None:
        self._keep(f"worker {self._settings.number}", "".join(traceback.format_exception(error)))

    def _keep(self, number: str, text: str) -> None:
        with suppress(OSError):  # Nobody is to have no answer for want of room.
            keep_traceback(self._workspace.logs, text, clock.now(), number)


def main(words: Sequence[str]) -> int:
    """Be a worker; for the start of a process."""
    withheld.withhold()
    give_back()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all; the supervisor is who ends us.
    settings: dict[str, Any] = json.loads(words[0])

    async def run() -> int:
        return await Worker(Settings(**settings)).run()

    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run())
    except (LeverframeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
