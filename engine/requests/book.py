"""Blocks and counts of the request log in the ledger."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.clock import moment, stamp
from engine.requests.counting import Count, CountKey
from engine.requests.records import Block

GONE = "its file is gone"
FORGOTTEN = timedelta(days=30)  # after it ended: that long its row says what became of a block

_LOOSE = "project = ? AND minute < ? AND (worker <> '' OR minute NOT LIKE '%:00:00%')"
_CELL = "project = ? AND minute = ? AND worker = ? AND version = ? AND digest = ? AND fallback = ? AND status = ?"


def blocks(
    db: sqlite3.Connection, project: str, since: datetime | None = None, until: datetime | None = None
) -> tuple[Block, ...]:
    """The blocks that are there, with requests of ``since`` to ``until``, the newest first."""
    rows = db.execute(
        "SELECT * FROM request_blocks WHERE project = ? AND ended_at IS NULL AND until >= ? AND since <= ?"
        " ORDER BY until DESC, id DESC",
        (project, stamp(since) if since else "", stamp(until) if until else "9"),
    )
    return tuple(_block(row) for row in rows)


@dataclass(frozen=True)
class Held:
    """All blocks of a project that are there, in sum; ``oldest``: when the first of their requests came."""

    count: int
    bytes: int
    rows: int
    oldest: datetime | None


def held(db: sqlite3.Connection, project: str) -> Held:
    row = db.execute(
        "SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(rows), 0) AS rows,"
        " min(since) AS oldest FROM request_blocks WHERE project = ? AND ended_at IS NULL",
        (project,),
    ).fetchone()
    return Held(row["count"], row["bytes"], row["rows"], moment(row["oldest"]) if row["oldest"] else None)


def newest(db: sqlite3.Connection, project: str, limit: int) -> tuple[Block, ...]:
    """The newest ``limit`` blocks that are there."""
    rows = db.execute(
        "SELECT * FROM request_blocks WHERE project = ? AND ended_at IS NULL ORDER BY until DESC, id DESC LIMIT ?",
        (project, limit),
    )
    return tuple(_block(row) for row in rows)


def by_file(db: sqlite3.Connection, project: str) -> dict[str, Block]:
    """Every block of ``project`` that the ledger knows, also what is gone, by its file's name."""
    rows = db.execute("SELECT * FROM request_blocks WHERE project = ?", (project,))
    return {row["file"]: _block(row) for row in rows}


def put(db: sqlite3.Connection, block: Block) -> None:
    """Write the row of a block whose file is on the disk; its ``id`` is given here."""
    db.execute(
        "INSERT INTO request_blocks (project, file, version, worker, digest, bytes, requests, rows, since, until,"
        " written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            block.project, block.file, block.version, block.worker, block.digest, block.bytes, block.requests,
            block.rows, stamp(block.since), stamp(block.until), stamp(block.written_at),
        ),
    )  # fmt: skip


def end(db: sqlite3.Connection, ended: Sequence[Block], why: str, at: datetime) -> None:
    """Say that the files of these are let go of, before the first of them is deleted."""
    db.executemany(
        "UPDATE request_blocks SET ended_at = ?, why = ? WHERE id = ? AND ended_at IS NULL",
        [(stamp(at), why, block.id) for block in ended],
    )


def forget(db: sqlite3.Connection, now: datetime) -> int:
    """Let go of the rows of blocks that ended long ago; returns how many."""
    before = stamp(now - FORGOTTEN)
    return db.execute("DELETE FROM request_blocks WHERE ended_at IS NOT NULL AND ended_at < ?", (before,)).rowcount


def _block(row: sqlite3.Row) -> Block:
    return Block(
        id=row["id"],
        project=row["project"],
        file=row["file"],
        version=row["version"],
        worker=row["worker"],
        digest=row["digest"],
        bytes=row["bytes"],
        requests=row["requests"],
        rows=row["rows"],
        since=moment(row["since"]),
        until=moment(row["until"]),
        written_at=moment(row["written_at"]),
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
        why=row["why"],
    )


def minute_text(minute: int) -> str:
    return stamp(datetime.fromtimestamp(minute * 60, UTC))


def minute_of(text: str) -> int:
    return int(moment(text).timestamp()) // 60


def add(db: sqlite3.Connection, worker: str, counts: Mapping[CountKey, Count]) -> None:
    """Add what ``worker`` has counted, inside the caller's transaction."""
    for key, found in counts.items():
        cell = (key.project, minute_text(key.minute), worker, key.version, key.digest, key.fallback, key.status)
        row = db.execute(f"SELECT * FROM request_counts WHERE {_CELL}", cell).fetchone()
        whole = found
        if row is not None:
            whole = _count(row)
            whole.add(found)
        db.execute(
            "INSERT OR REPLACE INTO request_counts (project, minute, worker, version, digest, fallback, status,"
            " requests, rows, kept, lost, seconds, histogram) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *cell, whole.requests, whole.rows, whole.kept, whole.lost, whole.seconds,
                json.dumps(whole.histogram, separators=(",", ":")),
            ),
        )  # fmt: skip


def _count(row: sqlite3.Row) -> Count:
    histogram = {int(number): int(found) for number, found in json.loads(row["histogram"]).items()}
    return Count(row["requests"], row["rows"], row["kept"], row["lost"], row["seconds"], histogram)


def _key(row: sqlite3.Row) -> CountKey:
    minute = minute_of(row["minute"])
    return CountKey(row["project"], minute, row["version"], row["digest"], row["fallback"], row["status"])


def counts(
    db: sqlite3.Connection, projects: Collection[str], since: datetime, until: datetime
) -> list[tuple[str, CountKey, Count]]:
    """What was counted of ``projects`` in the minutes that begin in ``since`` to ``until``: worker, key, count."""
    rows = db.execute(
        "SELECT c.* FROM json_each(?) CROSS JOIN request_counts c ON c.project = value"
        " WHERE c.minute >= ? AND c.minute < ? ORDER BY c.minute",
        (json.dumps(list(projects)), stamp(since), stamp(until)),
    )
    return [(row["worker"], _key(row), _count(row)) for row in rows]


def counted(db: sqlite3.Connection) -> tuple[str, ...]:
    """The projects of which anything was counted."""
    return tuple(row[0] for row in db.execute("SELECT DISTINCT project FROM request_counts ORDER BY project"))


def with_blocks(db: sqlite3.Connection) -> tuple[str, ...]:
    """The projects of which a block is there."""
    rows = db.execute("SELECT DISTINCT project FROM request_blocks WHERE ended_at IS NULL ORDER BY project")
    return tuple(row[0] for row in rows)


def fold(db: sqlite3.Connection, project: str, before: datetime) -> None:
    """Of what is older than ``before``, keep hours for minutes, whichever worker counted them."""
    text = stamp(before)
    whole: dict[CountKey, Count] = {}
    rows = db.execute(f"SELECT * FROM request_counts WHERE {_LOOSE}", (project, text)).fetchall()
    for row in rows:
        key = _key(row)
        whole.setdefault(key._replace(minute=key.minute // 60 * 60), Count()).add(_count(row))
    db.execute(f"DELETE FROM request_counts WHERE {_LOOSE}", (project, text))
    add(db, "", whole)


def drop(db: sqlite3.Connection, project: str, before: datetime) -> None:
    """Let go of what was counted before that."""
    db.execute("DELETE FROM request_counts WHERE project = ? AND minute < ?", (project, stamp(before)))


def answered_by(db: sqlite3.Connection, project: str, version: str, since: datetime, until: datetime) -> int:
    """How many requests the version with that label answered itself in the time."""
    row = db.execute(
        "SELECT coalesce(sum(requests), 0) FROM request_counts WHERE project = ? AND version = ? AND minute >= ?"
        " AND minute < ? AND status = 200 AND fallback = ''",
        (project, version, stamp(since), stamp(until)),
    ).fetchone()
    return int(row[0])
