"""The process of one run: ``python -m engine.jobs.process WORKSPACE RUN``.

It holds the run's lock for as long as it lives, drives the steps and writes its own outcome. If it is killed, its
steps die with it, and when the last of their wardens has gone, so that the lock is free, the next look at the
workspace marks the run interrupted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from pathlib import Path

from engine import clock
from engine.environments import pictures
from engine.errors import LeverframeError, Refusal
from engine.jobs.retrain.nothing_new import NothingNew
from engine.jobs.work import WORK
from engine.projects import allowances, registry
from engine.records import Run, RunState
from engine.runs import facts, history, queue, retries, starting
from engine.runs.cancelling import asked_to_end
from engine.runs.leftovers import drop_copies, temporary
from engine.runs.run_context import Ends, RunContext
from engine.storage import workspace as workspaces
from engine.storage.disk import why_not
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.unneeded import keep_out
from engine.versions import catalog
from engine.versions import document as documents
from engine.vocabulary import jobs
from engine.withheld import withhold

TELL_SECONDS = 0.4


class Cancellation:
    """Watches for a request to cancel and passes it on to every process, also to one that is started afterwards.

    It only makes haste: that the run ends as cancelled is seen to where its outcome is written.
    """

    def __init__(self, ledger: Ledger, run: int) -> None:
        self._ledger, self._run = ledger, run
        self._why: str | None = None
        self._processes: list[Ends] = []
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def add(self, process: Ends) -> None:
        with self._guard:
            self._processes.append(process)
            if self._why:
                process.cancel(self._why)

    def end(self, why: str) -> None:
        """End every process that is still there, because the run has ended."""
        self._ended.set()
        self._watcher.join()
        self._cancel(why)

    def _cancel(self, why: str) -> None:
        with self._guard:
            self._why = why
            for process in self._processes:
                process.cancel(why)

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            with self._ledger.read() as db:
                asked = asked_to_end(db, self._run)
            if asked:
                self._cancel(asked)
                return


class Teller:
    """Writes progress to the ledger, not more often than a person can read."""

    def __init__(self, ledger: Ledger, run: int) -> None:
        self._ledger, self._run = ledger, run
        self._last, self._phase = 0.0, ""

    def __call__(self, progress: float, phase: str) -> None:
        now = time.monotonic()
        if now - self._last >= TELL_SECONDS or phase.split(" ")[0] != self._phase.split(" ")[0]:
            self._last, self._phase = now, phase
            queue.report(self._ledger, self._run, progress, plain(phase, 120))


def room_for(workspace: Workspace, ledger: Ledger, run: Run, held: int, cancellation: Cancellation) -> RunContext:
    """Everything the run needs to know, read from the ledger once."""
    store = ObjectStore(workspace.objects)
    with ledger.read() as db:
        options = history.options(db, run.id)
        path = registry.folder(db, run.project)
        live = catalog.live(db, run.project)
        allowed = allowances.allowed(db, run.project)
    return RunContext(
        workspace=workspace,
        store=store,
        run=run,
        folder=workspace.run_folder(run.id),
        marker=queue.marker(workspace, run.id),
        held=held,
        project_path=path,
        allow_dirty=bool(options.get("allow_dirty")),
        fresh_lock=bool(options.get("fresh_lock")),
        force=bool(options.get("force")),
        live=(live.label, documents.of_version(store, live.label, live.digest)) if live else None,
        allowed=allowed,
        tell=Teller(ledger, run.id),
        record=lambda result: queue.record_step(ledger, run.id, result),
        note=lambda **known: facts.note(ledger, run.id, **known),
        watch=cancellation.add,
    )


def drive(workspace: Workspace, ledger: Ledger, run: Run, held: int) -> None:
    """Do the run's work and write its outcome, whatever it is. ``held`` is the descriptor of its lock."""
    cancellation = Cancellation(ledger, run.id)
    again = False
    try:
        WORK[run.job](ledger, room_for(workspace, ledger, run, held, cancellation))
        return
    except NothingNew as nothing:
        state: RunState = "nothing-new"
        why = str(nothing)
    except LeverframeError as error:
        state, why, again = "failed", plain(str(error), 1000), retries.helps(error)
    except OSError as error:
        again, state, why = True, "failed", f"The run could not go on: {why_not(error)}."
    except Exception as error:  # noqa: BLE001 - a bug of ours must end the run too; its traceback is kept
        traceback.print_exc()
        state = "failed"
        said = f"{type(error).__name__}: {plain(str(error), 200)}"
        why = f"Leverframe itself failed ({said}); the traceback is in engine.log of the run's folder."
    finally:
        cancellation.end("the run ended")
    if not jobs.of(run.job).leaves_data:
        drop_copies(workspace.run_folder(run.id))
    _end(workspace, ledger, run.id, state, why, again=again)


def _end(workspace: Workspace, ledger: Ledger, run: int, state: RunState, why: str, *, again: bool) -> None:
    """Write the outcome. On a full disk the failed run's own data makes room for it; its logs stay."""
    try:
        with ledger.write() as db:
            queue.finish(db, run, state, clock.now(), why=why, again=again)
    except Refusal:
        for path in workspace.run_folder(run).rglob("*"):
            if path.suffix != ".log" and path.name != "lock" and (path.is_symlink() or path.is_file()):
                path.unlink(missing_ok=True)
        with ledger.write() as db:
            queue.finish(db, run, state, clock.now(), why=why, again=again)


def main(home: str, number: str, lock: str) -> int:
    """Claim the run, whose lock was handed over as the descriptor ``lock``, drive it, then let another start."""
    workspace = workspaces.find(Path(home))
    run, held = int(number), int(lock)
    os.set_inheritable(held, False)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    try:
        return _claimed(workspace, ledger, run, held)
    finally:
        ledger.close()  # By itself: a fork ends without taking down what it holds.


def _claimed(workspace: Workspace, ledger: Ledger, run: int, held: int) -> int:
    try:
        mine = queue.claim(ledger, run, clock.now())
    except Refusal as refused:
        queue.end_unstarted(workspace, ledger, run, str(refused), again=True)
        return 1
    starting.begun(held)
    if not mine:
        return 0
    os.nice(5)
    with temporary(workspace.run_folder(run)), pictures.lent(ledger):
        drive(workspace, ledger, history.find(ledger, run), held)
    os.close(held)
    queue.dispatch(workspace, ledger)
    return 0


if __name__ == "__main__":
    withhold()
    keep_out()
    sys.exit(main(*sys.argv[1:]))
