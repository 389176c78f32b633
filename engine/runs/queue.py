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
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.access.caller import Caller, Requester
from engine.audit import trail
from engine.clock import moment, now, stamp
from engine.errors import Conflict, NotFound, Refusal
from engine.projects import registry
from engine.records import Actor, RunState
from engine.runs.cancelling import asked_to_end
from engine.storage import reserve
from engine.storage.disk import refused, why_not
from engine.storage.free_space import too_little
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.vocabulary import jobs
from engine.vocabulary.steps import QUEUE

if TYPE_CHECKING:
    from engine.runs import capacity
    from engine.runs.steps.step import StepResult

# With the condition of the index of unfinished runs as it stands there: without it SQLite reads every run there was.
_RUNNING = "state IN ('queued', 'running') AND state = 'running'"
_ANY_QUEUED = "SELECT 1 FROM runs WHERE state IN ('queued', 'running') AND state = 'queued' LIMIT 1"
_INTERRUPTED = "its process was killed, or the machine went down, or the disk was full"
ENDED = ("succeeded", "failed", "cancelled", "interrupted", "nothing-new")


def enqueue(
    ledger: Ledger,
    project: str,
    by: Actor,
    as_of: datetime,
    at: datetime,
    options: Mapping[str, Any],
    *,
    job: str = jobs.RETRAIN.name,
) -> int:
    """Queue a run of ``job`` and return its id. Raises Refusal when too little of the disk is free for one, and
    Conflict when it has to wait for one that is under way."""
    with ledger.write() as db:
        _refuse_second(db, project, jobs.of(job))
        little = too_little(db, ledger.path.parent)
        if little:
            raise Refusal(
                f"{project} is not {jobs.of(job).done}: {little}. 'leverframe disk' shows who takes it, 'leverframe "
                "clean' and 'leverframe bin empty' free some; rollbacks still work."
            )
        return insert(db, project, by, as_of, at, options, job=job)


def _refuse_second(db: sqlite3.Connection, project: str, job: jobs.Job) -> None:
    """In the transaction that queues it, so that of two who ask at once one is refused."""
    from engine.runs import history

    under_way = history.busy(db, project, job.name) if job.alone else None
    if under_way is not None:
        raise Conflict(
            f"Run {under_way} is a {job.one} of {project} that has not ended; one of them is under way at a time. "
            f"'leverframe log {under_way}' shows what it is at, and 'leverframe cancel {under_way} --reason …' ends it."
        )


def insert(
    db: sqlite3.Connection,
    project: str,
    by: Actor,
    as_of: datetime,
    at: datetime,
    options: Mapping[str, Any],
    *,
    job: str = jobs.RETRAIN.name,
) -> int:
    """Queue a run of ``job`` inside the caller's transaction and return its id.

    An act leaves a mark in the trail.
    """
    cursor = db.execute(
        "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options, phase)"
        " VALUES (?, ?, 'queued', ?, ?, ?, ?, 'waiting')",
        (project, job, stamp(as_of), stamp(at), by.name, json.dumps(dict(options))),
    )
    run = int(cursor.lastrowid or 0)
    if jobs.of(job).audited:
        details = {"run": run, "as_of": stamp(as_of), **options}
        trail.append(db, at=at, actor=by, action=job, subject=project, details=details)
    return run


def retry(ledger: Ledger, at: datetime) -> list[int]:
    """Queue again, each as a run of its own, what went wrong and is to be tried again by now. Returns the new runs."""
    from engine.runs import retries

    # Nothing waits longer than LONGEST: what would ended while the clock was ahead.
    due = "SELECT * FROM runs WHERE retry_at IS NOT NULL AND (retry_at <= ? OR retry_at > ?) ORDER BY id"
    until = (stamp(at), stamp(at + retries.LONGEST))
    with ledger.read() as db:
        if db.execute(due, until).fetchone() is None or too_little(db, ledger.path.parent):
            return []
    queued = []
    with ledger.write() as db:
        for row in db.execute(due, until).fetchall():
            db.execute("UPDATE runs SET retry_at = NULL WHERE id = ?", (row["id"],))
            if not _overtaken(db, row):
                options = json.loads(row["options"])
                options |= {"retry_of": row["id"], "retry": int(options.get("retry", 0)) + 1}
                by = Requester(row["requested_by"])
                queued.append(insert(db, row["project"], by, moment(row["as_of"]), at, options, job=row["job"]))
    return queued


def _overtaken(db: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Whether there is nothing left to try again: a newer run took its place, or the project was removed."""
    newer = db.execute(
        "SELECT 1 FROM runs WHERE project = ? AND job = ? AND id > ? LIMIT 1", (row["project"], row["job"], row["id"])
    ).fetchone()
    return newer is not None or registry.there(db, row["project"]) is None


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


def claim(ledger: Ledger, run: int, at: datetime, machine: capacity.Machine | None = None) -> bool:
    """Move a queued run to running if it is its turn, and keep how long it waited as its first step."""
    from engine.runs import capacity

    with ledger.write() as db:
        turn = capacity.whose_turn(*capacity.wants(db), machine or capacity.this_machine(db))
        if run not in turn.starting:
            return False
        queued = db.execute("SELECT queued_at FROM runs WHERE id = ?", (run,)).fetchone()["queued_at"]
        db.execute(
            "UPDATE runs SET state = 'running', started_at = ?, phase = 'starting' WHERE id = ?", (stamp(at), run)
        )
        waited = round(max((at - moment(queued)).total_seconds(), 0.0), 3)
        db.execute(
            "INSERT INTO steps (run, seq, name, state, seconds) VALUES (?, 1, ?, 'succeeded', ?)",
            (run, QUEUE.name, waited),
        )
        return True


def dispatch(workspace: Workspace, ledger: Ledger) -> None:
    """Start a process for each queued run whose turn it is. Starting one twice is harmless: one gets the lock."""
    with ledger.read() as db:
        if db.execute(_ANY_QUEUED).fetchone() is None:
            return
        from engine.runs import capacity, starting

        turn = capacity.whose_turn(*capacity.wants(db), capacity.this_machine(db))
        little = starting.no_room(db, workspace.root)
    if turn.short_of_memory:
        _tell_waiting(ledger, turn.short_of_memory)
    for run in turn.starting:
        try:
            if little:
                raise Refusal(little)
            _start_process(workspace, run)
        except starting.GaveUp as gave_up:
            end_unstarted(workspace, ledger, run, str(gave_up))
        except (Refusal, OSError) as error:
            why = why_not(error) if isinstance(error, OSError) else str(error)
            end_unstarted(workspace, ledger, run, why, again=True)


def end_unstarted(workspace: Workspace, ledger: Ledger, run: int, why: str, *, again: bool = False) -> None:
    """End a run that cannot start, and say why, with what is set aside for that. One that has begun goes on."""
    with reserve.drawn_on(workspace), ledger.write() as db:
        if db.execute("SELECT 1 FROM runs WHERE id = ? AND state = 'queued'", (run,)).fetchone():
            finish(db, run, "failed", now(), why=f"It did not start: {why.rstrip('.')}.", again=again)


def _tell_waiting(ledger: Ledger, want: capacity.Want) -> None:
    """Say why a run waits, once: whoever looks at the ledger is woken by every commit."""
    phase = f"waiting for {want.memory / (1 << 30):.1f} GiB of memory"
    with ledger.read() as db:
        row = db.execute("SELECT phase FROM runs WHERE id = ?", (want.run,)).fetchone()
    if row["phase"] != phase:
        with ledger.write() as db:
            db.execute("UPDATE runs SET phase = ? WHERE id = ? AND state = 'queued'", (phase, want.run))


def _start_process(workspace: Workspace, run: int) -> None:
    """Start the process of a run, with the run's lock in its hands. Raises Refusal, OSError when it cannot start."""
    from engine.runs import starting

    held = take_lock(workspace, run)
    if held is None:
        return
    try:
        starting.start(workspace, run, held)
    finally:
        os.close(held)


def report(ledger: Ledger, run: int, progress: float, phase: str) -> None:
    """Say how far a run is, which no plug that is pulled needs to leave behind."""
    with ledger.write(lasting=False) as db:
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
    again: bool = False,
) -> None:
    """End a run, inside the caller's transaction; a run ends once. ``again``: trying again may help.

    Whatever it came to, one that was asked to end before is cancelled: what succeeded raises Conflict, so that nothing
    of what the transaction records is kept.
    """
    assert state in ENDED
    asked = asked_to_end(db, run)
    if asked and state == "succeeded":
        raise Conflict(asked)
    if asked:
        state, why, version, again = "cancelled", asked, None, False
    from engine.runs import retries

    following = retries.retry_of(db, run, at) if again else None
    if following:
        why = f"{why.rstrip('.')}. {following.sentence()}" if why else following.sentence()
    db.execute(
        "UPDATE runs SET state = ?, ended_at = ?, why = ?, version = ?, phase = '', retry_at = ?,"
        " progress = CASE ? WHEN 'succeeded' THEN 1 ELSE progress END"
        " WHERE id = ? AND state IN ('queued', 'running')",
        (state, stamp(at), why, version, stamp(following.at) if following else None, state, run),
    )


def interrupt_all(db: sqlite3.Connection, why: str, at: datetime) -> int:
    """End every run, inside the caller's transaction: there is no process of any. Returns how many had not ended."""
    return db.execute(
        "UPDATE runs SET state = 'interrupted', ended_at = ?, why = ?, phase = '', retry_at = NULL"
        " WHERE state IN ('queued', 'running')",
        (stamp(at), why),
    ).rowcount


def settle(workspace: Workspace, ledger: Ledger, at: datetime) -> list[int]:
    """Mark the runs whose process is dead as interrupted, and kill what they left behind. Returns their ids."""
    with ledger.read() as db:
        running = [(r["id"], r["job"]) for r in db.execute(f"SELECT id, job FROM runs WHERE {_RUNNING}")]
    dead = []
    for run, job in running:
        held = take_lock(workspace, run)
        if held is None:
            continue
        from engine.runs.leftovers import drop_copies, drop_temporary
        from engine.runs.steps.sweep import sweep

        try:
            sweep(marker(workspace, run))
            drop_temporary(workspace.run_folder(run))
            if not jobs.of(job).leaves_data:
                drop_copies(workspace.run_folder(run))
            with ledger.write() as db:
                finish(db, run, "interrupted", at, why=_INTERRUPTED, again=True)
            dead.append(run)
        finally:
            os.close(held)
    return dead


def marker(workspace: Workspace, run: int) -> str:
    """What every process of a run carries in its environment."""
    return f"{workspace.token}:{run}"


def cancel(ledger: Ledger, run: int, by: Caller, reason: str, at: datetime) -> None:
    """Ask a run to end: a queued one ends at once, a running one as soon as its process reads the request.

    Either this commits before the run records what it came to, then it records nothing; or after, then this raises
    Conflict. One that has ended and is to be tried again is not tried again.
    """
    with ledger.write() as db:
        row = db.execute(
            "SELECT state, retry_at, EXISTS (SELECT 1 FROM health WHERE run = runs.id) OR EXISTS"
            " (SELECT 1 FROM planned_swaps WHERE run = runs.id AND how = 'swapped') AS recorded"
            " FROM runs WHERE id = ?",
            (run,),
        ).fetchone()
        words = f"cancelled by {by.name}: {reason}"
        if row is None:
            raise NotFound(f"There is no run {run}; 'leverframe runs' lists them.")
        if row["retry_at"] is not None:
            said = f" No: {by.name} called that off."
            db.execute("UPDATE runs SET retry_at = NULL, why = why || ? WHERE id = ?", (said, run))
        elif row["state"] in ENDED:
            raise Conflict(f"Run {run} has ended already: {row['state']}.")
        elif row["state"] == "queued":
            finish(db, run, "cancelled", at, why=words)
        elif row["recorded"]:
            raise Conflict(f"Run {run} has recorded what it came to already; 'leverframe log {run}' shows how it ends.")
        else:
            db.execute("UPDATE runs SET cancel = coalesce(cancel, ?) WHERE id = ?", (plain(words), run))
        trail.append(db, at=at, actor=by, action="cancel", subject=f"run {run}", reason=reason)
