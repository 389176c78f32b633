"""The workers of a workspace, and how a version goes from prepared over confirmed to live in all of them.

Nothing here decides: a move prepares, each worker says what it found, and the move's own transaction asks whether all
that live have confirmed. A worker that comes in between has a row before that transaction, and is waited for, or after
it, and reads there what is live. What each says again and again is not in the ledger, see ``beats``.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from engine.clock import moment, stamp
from engine.scoring.beats import Answering, Aside, Fallbacks, Place, answers_of, lives
from engine.storage.ledger import Ledger
from engine.text import plain

KEPT = timedelta(days=7)  # the row of a worker that has ended
_DIED = "its process ended without a word"


@dataclass(frozen=True)
class WorkerRow:
    """A worker as the ledger has it. ``answers``: by project, what it said at ``said_at`` that it answers with."""

    name: str
    pid: int
    began_at: datetime
    answers: Mapping[str, Answering]
    said_at: datetime

    @property
    def called(self) -> str:
        """As people are told of it."""
        return f"worker {self.pid}"


@dataclass(frozen=True)
class Preparation:
    """A version that is about to be made live, to be proven and confirmed by every worker."""

    id: int
    project: str
    number: int
    digest: str
    live_seq: int

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


@dataclass(frozen=True)
class Standing:
    """How far the workers are: those that live and confirmed, that have not yet, and that cannot, each with why."""

    confirmed: tuple[WorkerRow, ...]
    missing: tuple[WorkerRow, ...]
    cannot: tuple[tuple[WorkerRow, str], ...]

    @property
    def complete(self) -> bool:
        return not self.missing and not self.cannot

    @property
    def workers(self) -> int:
        return len(self.confirmed) + len(self.missing) + len(self.cannot)


class Worker:
    """One process that answers, from its first row to its last; made in that process, never before a fork."""

    def __init__(self, ledger: Ledger, locks: Path, now: datetime) -> None:
        """Join the fleet. Raises OSError and what the ledger raises; then nothing of it is there."""
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._ledger = ledger
        self._said: Mapping[str, Answering] | None = None
        # Held first: a row without it would be taken for a worker that died.
        self._place = Place(locks, self.name)
        try:
            with ledger.write() as db:
                bury(db, locks, now)
                db.execute(
                    "INSERT INTO workers (name, pid, began_at, answers, said_at) VALUES (?, ?, ?, '{}', ?)",
                    (self.name, os.getpid(), stamp(now), stamp(now)),
                )
        except BaseException:
            self._place.leave()
            raise

    def beat(
        self, answers: Mapping[str, Answering], fallbacks: Mapping[str, Fallbacks], aside: Aside | None = None
    ) -> None:  # fmt: skip
        """Say what it answers with: some microseconds, and nobody is woken. Raises OSError."""
        if not self._place.say(answers, fallbacks, aside):
            self._said = None  # Meanwhile it may have been taken for dead.

    def say(self, answers: Mapping[str, Answering], now: datetime) -> None:
        """Say it to the ledger, where that has changed since."""
        if answers == self._said:
            return
        said = json.dumps({project: asdict(each) for project, each in sorted(answers.items())})
        # Nobody waits for the disk: what it answers with is true whether this is kept or not.
        with self._ledger.write(lasting=False) as db:
            db.execute(
                "UPDATE workers SET answers = ?, said_at = ?, ended_at = NULL, why = NULL WHERE name = ?",
                (said, stamp(now), self.name),
            )
        self._said = dict(answers)

    def leave(self, why: str, now: datetime) -> None:
        """It answers no more. The lock goes first: nobody waits for one that is leaving."""
        self._place.leave()
        with self._ledger.write(lasting=False) as db:
            _end(db, self.name, why, now)


def bury(db: sqlite3.Connection, locks: Path, now: datetime) -> None:
    """End the rows of workers that died, and let go of old ones, inside the caller's transaction."""
    for name in [row["name"] for row in db.execute("SELECT name FROM workers WHERE ended_at IS NULL")]:
        if not lives(locks, name):
            _end(db, name, _DIED, now)
    db.execute("DELETE FROM workers WHERE ended_at < ?", (stamp(now - KEPT),))


def _end(db: sqlite3.Connection, name: str, why: str, now: datetime) -> None:
    db.execute(
        "UPDATE workers SET ended_at = ?, why = ? WHERE name = ? AND ended_at IS NULL", (stamp(now), why, name)
    )


def there(db: sqlite3.Connection, locks: Path) -> tuple[WorkerRow, ...]:
    """The workers that live at this moment, the oldest first."""
    rows = db.execute("SELECT * FROM workers WHERE ended_at IS NULL ORDER BY began_at, name").fetchall()
    return tuple(_worker(row) for row in rows if lives(locks, row["name"]))


def all_died(db: sqlite3.Connection, locks: Path) -> bool:
    """Whether no worker lives any more, and the one that came last did not say that it would end."""
    if there(db, locks):
        return False
    row = db.execute("SELECT ended_at, why FROM workers ORDER BY began_at DESC, name LIMIT 1").fetchone()
    return row is not None and (row["ended_at"] is None or row["why"] == _DIED)


def prepare(
    db: sqlite3.Connection, label: tuple[str, int], digest: str, live_seq: int, by: str, now: datetime
) -> Preparation:
    """Ask every worker for the version ``label`` with ``digest``, inside the transaction of whoever holds the lock of
    the project's moves: what an earlier move left open is over.
    """
    project, number = label
    _close(db, "project = ?", project, "given up", "the move that began it ended without a word", now)
    cursor = db.execute(
        "INSERT INTO preparations (project, number, digest, live_seq, by, at) VALUES (?, ?, ?, ?, ?, ?)",
        (project, number, digest, live_seq, by, stamp(now)),
    )
    return Preparation(int(cursor.lastrowid or 0), project, number, digest, live_seq)


def prepared(db: sqlite3.Connection) -> tuple[Preparation, ...]:
    """What is being prepared, the oldest first."""
    rows = db.execute("SELECT * FROM preparations WHERE ended_at IS NULL ORDER BY id")
    return tuple(_preparation(row) for row in rows)


def is_open(db: sqlite3.Connection, preparation: Preparation) -> bool:
    """Whether the workers are still asked for it."""
    row = db.execute("SELECT ended_at FROM preparations WHERE id = ?", (preparation.id,)).fetchone()
    return row is not None and row["ended_at"] is None


def end(
    db: sqlite3.Connection, preparation: Preparation, how: Literal["live", "given up"], why: str | None, now: datetime
) -> None:
    """What it was prepared for went through or not, inside the caller's transaction; workers let go of what is neither
    live nor on trial then. ``why``: of what went through, that nothing moved and it runs beside what is live."""
    _close(db, "id = ?", preparation.id, how, why, now)


def _close(db: sqlite3.Connection, which: str, key: str | int, how: str, why: str | None, now: datetime) -> None:
    db.execute(
        f"UPDATE preparations SET ended_at = ?, how = ?, why = ? WHERE {which} AND ended_at IS NULL",
        (stamp(now), how, why, key),
    )


def confirm(
    ledger: Ledger, worker: str, preparation: Preparation, digest: str, why: str | None, now: datetime
) -> bool:
    """Say that ``worker`` holds and has proven what ``digest`` names, or ``why`` it cannot. False: it is over already.

    A move that waits for the last of them reads this row, so it is on the disk no later than the move itself.
    """
    with ledger.write(lasting=False) as db:
        if not is_open(db, preparation):
            return False
        db.execute(
            "INSERT OR IGNORE INTO confirmations (preparation, worker, at, digest, why) VALUES (?, ?, ?, ?, ?)",
            (preparation.id, worker, stamp(now), digest, None if why is None else plain(why, 1000)),
        )
    return True


def said_by(db: sqlite3.Connection, worker: str) -> frozenset[int]:
    """The preparations that are open and of which ``worker`` has said what it found."""
    rows = db.execute(
        "SELECT preparation FROM confirmations JOIN preparations ON id = preparation"
        " WHERE worker = ? AND ended_at IS NULL",
        (worker,),
    )
    return frozenset(row["preparation"] for row in rows)


def standing(db: sqlite3.Connection, locks: Path, preparation: Preparation) -> Standing:
    """How far the workers that live are with it. Another digest than the one that was asked for confirms nothing."""
    rows = db.execute("SELECT * FROM confirmations WHERE preparation = ?", (preparation.id,))
    said = {row["worker"]: row for row in rows}
    confirmed, missing, cannot = [], [], []
    for worker in there(db, locks):
        row = said.get(worker.name)
        if row is None:
            missing.append(worker)
        elif row["why"] is not None:
            cannot.append((worker, str(row["why"])))
        elif row["digest"] != preparation.digest:
            cannot.append((worker, f"it has another version ready ({row['digest'][:12]})"))
        else:
            confirmed.append(worker)
    return Standing(tuple(confirmed), tuple(missing), tuple(cannot))


def _worker(row: sqlite3.Row) -> WorkerRow:
    said: dict[str, Any] = json.loads(row["answers"])
    return WorkerRow(row["name"], row["pid"], moment(row["began_at"]), answers_of(said), moment(row["said_at"]))


def _preparation(row: sqlite3.Row) -> Preparation:
    return Preparation(row["id"], row["project"], row["number"], row["digest"], row["live_seq"])
