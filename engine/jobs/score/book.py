"""Scorings in the ledger: what a run began to write, what it wrote, and where each was put."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.clock import moment, stamp
from engine.errors import Conflict
from engine.jobs.score.records import Scoring
from engine.versions import catalog

_NEWEST = "ORDER BY id DESC LIMIT ?"


def begin(
    db: sqlite3.Connection, run: int, label: str, source: str, input_digest: str | None, output: str, at: datetime
) -> Scoring:
    """Keep that ``run`` begins to write ``output``, inside the caller's transaction.

    Its rows name the first run that wrote this input with this version to this place, if there is one: so the same
    bytes come of it. Raises Conflict while another run that has not ended writes there.
    """
    project, number = catalog.parse_label(label)
    busy = db.execute(
        "SELECT s.run FROM scorings s WHERE s.output = ? AND s.ended_at IS NULL AND s.run <> ?"
        " AND s.run IN (SELECT value FROM json_each(?)) LIMIT 1",
        (output, run, _unfinished(db)),
    ).fetchone()
    if busy is not None:
        raise Conflict(f"Run {busy['run']} is writing {output} and has not ended; wait for it, or cancel it.")
    first = None
    if input_digest is not None:
        first = db.execute(
            "SELECT min(named) AS named FROM scorings WHERE project = ? AND number = ? AND input_digest = ?"
            " AND output = ?",
            (project, number, input_digest, output),
        ).fetchone()["named"]
    cursor = db.execute(
        "INSERT INTO scorings (run, named, project, number, input, input_digest, output, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run, first or run, project, number, source, input_digest, output, stamp(at)),
    )
    return one(db, int(cursor.lastrowid or 0))


def _unfinished(db: sqlite3.Connection) -> str:
    import json

    from engine.runs import history

    return json.dumps([run.id for run in history.unfinished(db)])


def written(db: sqlite3.Connection, scoring: int, rows: int, digest: str, input_digest: str) -> None:
    """Keep what was written, before it gets its name: whoever finds it there knows whose it is."""
    db.execute(
        "UPDATE scorings SET rows = ?, digest = ?, input_digest = ? WHERE id = ?", (rows, digest, input_digest, scoring)
    )


def end(db: sqlite3.Connection, scoring: int, at: datetime) -> None:
    """It stands under its name."""
    db.execute("UPDATE scorings SET ended_at = ? WHERE id = ?", (stamp(at), scoring))


def one(db: sqlite3.Connection, scoring: int) -> Scoring:
    return _record(db.execute("SELECT * FROM scorings WHERE id = ?", (scoring,)).fetchone())


def newest_at(db: sqlite3.Connection, output: str) -> Scoring | None:
    """The last one that wrote to that place, as far as its bytes are known."""
    row = db.execute(
        "SELECT * FROM scorings WHERE output = ? AND digest IS NOT NULL ORDER BY id DESC LIMIT 1", (output,)
    ).fetchone()
    return _record(row) if row is not None else None


def left_at(db: sqlite3.Connection, output: str, run: int) -> str | None:
    """The digest of what another run than ``run`` wrote to that place last, where it did not come to its end."""
    row = db.execute(
        "SELECT digest, ended_at FROM scorings WHERE output = ? AND digest IS NOT NULL AND run <> ?"
        " ORDER BY id DESC LIMIT 1",
        (output, run),
    ).fetchone()
    return str(row["digest"]) if row is not None and row["ended_at"] is None else None


def done(db: sqlite3.Connection, label: str, input_digest: str, output: str) -> Scoring | None:
    """The last time that this input was scored with this version to that place, and came to its end."""
    row = db.execute(
        "SELECT * FROM scorings WHERE project = ? AND number = ? AND input_digest = ? AND output = ?"
        " AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        (*catalog.parse_label(label), input_digest, output),
    ).fetchone()
    return _record(row) if row is not None else None


def of_digest(db: sqlite3.Connection, digest: str) -> tuple[Scoring, ...]:
    """What wrote these very bytes, the newest first."""
    rows = db.execute(f"SELECT * FROM scorings WHERE digest = ? {_NEWEST}", (digest, 50)).fetchall()
    return tuple(map(_record, rows))


def of_run(db: sqlite3.Connection, run: int) -> tuple[Scoring, ...]:
    """What ``run`` wrote, and what was written whose rows name it, the newest first."""
    rows = db.execute(f"SELECT * FROM scorings WHERE run = ? OR named = ? {_NEWEST}", (run, run, 1000)).fetchall()
    return tuple(map(_record, rows))


def of_version(db: sqlite3.Connection, label: str, limit: int) -> tuple[tuple[Scoring, ...], int]:
    """What the version wrote, the newest first, and how many there are."""
    key = catalog.parse_label(label)
    rows = db.execute(f"SELECT * FROM scorings WHERE project = ? AND number = ? {_NEWEST}", (*key, limit)).fetchall()
    total = db.execute("SELECT count(*) FROM scorings WHERE project = ? AND number = ?", key).fetchone()[0]
    return tuple(map(_record, rows)), int(total)


def _record(row: sqlite3.Row) -> Scoring:
    return Scoring(
        id=row["id"],
        run=row["run"],
        named=row["named"],
        label=f"{row['project']}@{row['number']}",
        input=row["input"],
        input_digest=row["input_digest"],
        output=row["output"],
        at=moment(row["at"]),
        rows=row["rows"],
        digest=row["digest"],
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
    )
