"""The queue of runs, in the ledger: queue, claim, report, finish; and the detached processes that drive them.

A run's process holds the operating system's lock on its run folder for as long as it lives, and so do the wardens of
its steps. So whether a run is alive needs no process numbers and no heartbeat, nothing can be taken for alive that is
dead, and a run is not called interrupted while any of its steps may still be at work.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, NotFound
from engine.records import Operator, RunState
from engine.storage.atomic import write_file
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.runs.step import StepResult

MOST_AT_ONCE = max(2, (os.cpu_count() or 2) // 2)
CANCEL = "cancel"
# With the condition of the index of unfinished runs as it stands there: without it SQLite reads every run there was.
_RUNNING = "state IN ('queued', 'running') AND state = 'running'"
_QUEUED = "state IN ('queued', 'running') AND state = 'queued'"
_INTERRUPTED = "its process was killed, or the machine went down, or the disk was full"
ENDED = ("succeeded", "failed", "cancelled", "interrupted", "nothing-new")


def enqueue(
    ledger: Ledger, project: str, by: Operator, as_of: datetime, at: datetime, options: Mapping[str, Any]
) -> int:
    """Queue a retrain and return the run's id."""
    with ledger.write() as db:
        cursor = db.execute(
            "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options, phase)"
            " VALUES (?, 'retrain', 'queued', ?, ?, ?, ?, 'waiting')",
            (project, stamp(as_of), stamp(at), by.name, json.dumps(dict(options))),
        )
        run = int(cursor.lastrowid or 0)
        details = {"run": run, "as_of": stamp(as_of), **options}
        trail.append(db, at=at, actor=by, action="retrain", subject=project, details=details)
    return run


def take_lock(workspace: Workspace, run: int) -> int | None:
    """The descriptor of the run's lock, to be kept open for life; None when a living process holds it."""
    folder = workspace.run_folder(run)
    with refused(f"Run {run} could not be started"):
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def claim(ledger: Ledger, run: int, at: datetime) -> bool:
    """Move a queued run to running, unless as many as may are running already."""
    with ledger.write() as db:
        running = db.execute(f"SELECT count(*) FROM runs WHERE {_RUNNING}").fetchone()[0]
        if running >= MOST_AT_ONCE:
            return False
        changed = db.execute(
            "UPDATE runs SET state = 'running', started_at = ?, phase = 'starting' WHERE id = ? AND state = 'queued'",
            (stamp(at), run),
        )
        return changed.rowcount == 1


def dispatch(workspace: Workspace, ledger: Ledger) -> None:
    """Start a process for each queued run that may start now. Starting one twice is harmless: one gets the lock."""
    with ledger.read() as db:
        running = db.execute(f"SELECT count(*) FROM runs WHERE {_RUNNING}").fetchone()[0]
        waiting = db.execute(
            f"SELECT id FROM runs WHERE {_QUEUED} ORDER BY id LIMIT ?", (max(0, MOST_AT_ONCE - running),)
        ).fetchall()
    for row in waiting:
        _start_process(workspace, row["id"])


def _start_process(workspace: Workspace, run: int) -> None:
    held = take_lock(workspace, run)
    if held is None:
        return
    os.close(held)
    source = Path(__file__).resolve().parents[2]
    with (workspace.run_folder(run) / "engine.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.runs.process", str(workspace.root), str(run)],
            cwd=workspace.root,
            env={**os.environ, "PYTHONPATH": str(source)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def report(ledger: Ledger, run: int, progress: float, phase: str) -> None:
    """Say how far a run is."""
    with ledger.write() as db:
        db.execute("UPDATE runs SET progress = ?, phase = ? WHERE id = ? AND state = 'running'", (progress, phase, run))


def record_step(ledger: Ledger, run: int, result: StepResult) -> None:
    """Keep what a step took and how it ended."""
    with ledger.write() as db:
        seq = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM steps WHERE run = ?", (run,)).fetchone()[0]
        db.execute(
            "INSERT INTO steps (run, seq, name, state, seconds, cpu_seconds, peak_memory, why)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (run, seq, result.name, result.state, result.seconds, result.cpu_seconds, result.peak_memory, result.why),
        )


def finish(
    db: sqlite3.Connection,
    run: int,
    state: RunState,
    at: datetime,
    *,
    why: str | None = None,
    version: str | None = None,
) -> None:
    """End a run, inside the caller's transaction; a run ends once."""
    assert state in ENDED
    db.execute(
        "UPDATE runs SET state = ?, ended_at = ?, why = ?, version = ?, phase = '',"
        " progress = CASE ? WHEN 'succeeded' THEN 1 ELSE progress END"
        " WHERE id = ? AND state IN ('queued', 'running')",
        (state, stamp(at), why, version, state, run),
    )


def settle(workspace: Workspace, ledger: Ledger, at: datetime) -> list[int]:
    """Mark the runs whose process is dead as interrupted, and kill what they left behind. Returns their ids."""
    with ledger.read() as db:
        running = [r["id"] for r in db.execute(f"SELECT id FROM runs WHERE {_RUNNING}")]
    dead = []
    for run in running:
        held = take_lock(workspace, run)
        if held is None:
            continue
        from engine.runs.step import sweep  # seldom needed, and the first screen waits for all that is imported above

        try:
            sweep(marker(workspace, run))
            with ledger.write() as db:
                finish(db, run, "interrupted", at, why=_INTERRUPTED)
            dead.append(run)
        finally:
            os.close(held)
    return dead


def marker(workspace: Workspace, run: int) -> str:
    """What every process of a run carries in its environment."""
    return f"{workspace.token}:{run}"


def cancel(workspace: Workspace, ledger: Ledger, run: int, by: Operator, reason: str, at: datetime) -> None:
    """Ask a run to end: a queued one ends at once, a running one as soon as its process reads the request.

    Raises Conflict when it has ended already.
    """
    with ledger.write() as db:
        row = db.execute("SELECT state FROM runs WHERE id = ?", (run,)).fetchone()
        if row is None:
            raise NotFound(f"There is no run {run}; 'leverframe runs' lists them.")
        if row["state"] in ENDED:
            raise Conflict(f"Run {run} has ended already: {row['state']}.")
        if row["state"] == "queued":
            finish(db, run, "cancelled", at, why=f"cancelled by {by.name}: {reason}")
        else:
            write_file(workspace.run_folder(run) / CANCEL, f"{by.name}: {reason}".encode())
        trail.append(db, at=at, actor=by, action="cancel", subject=f"run {run}", reason=reason)
