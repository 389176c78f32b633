"""Very many small batches of feedback as one object: a client may send each label by itself, and a file each is much.

A batch's row stays as it is, with the digest of what came; the object names each batch by number and digest, and then
holds what came, byte by byte. So what came is read from one file instead of thousands, and each batch is proven by its
own digest whenever it is read. The object comes first, flushed, then in one transaction its row and where each batch
lies: who is killed in between leaves an object that nobody names, which clean-up takes away, as it takes away the
batches' own objects once they lie in another.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from engine.clock import stamp
from engine.errors import Damage
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore

SMALL = 1_000  # rows
FEWEST, MOST = 50, 10_000  # batches of one object
SETTLED = timedelta(hours=1)

_WAITING = """
SELECT id, digest, rows FROM feedback_batches
WHERE project = ? AND at <= ? AND rows <= ? AND id NOT IN (SELECT batch FROM feedback_packed) ORDER BY id LIMIT ?
"""


def pack(ledger: Ledger, store: ObjectStore, project: str, now: datetime) -> int:
    """Pack what is small and settled of ``project``; returns how many batches were. One whose content is damaged is
    left as it is, to be told by who reads it."""
    with ledger.read() as db:
        waiting = db.execute(_WAITING, (project, stamp(now - SETTLED), SMALL, MOST)).fetchall()
    found = list(_readable(store, waiting)) if len(waiting) >= FEWEST else []
    if len(found) < FEWEST:
        return 0
    digest = store.put(_packed([(row["id"], row["digest"], content) for row, content in found]))
    store.sync()
    with ledger.write() as db:
        block = db.execute(
            "INSERT INTO feedback_blocks (project, at, digest, batches, rows) VALUES (?, ?, ?, ?, ?)",
            (project, stamp(now), digest, len(found), sum(row["rows"] for row, _ in found)),
        ).lastrowid
        db.executemany("INSERT INTO feedback_packed VALUES (?, ?)", [(row["id"], block) for row, _ in found])
    return len(found)


def _readable(store: ObjectStore, waiting: Sequence[sqlite3.Row]) -> Iterator[tuple[sqlite3.Row, bytes]]:
    for row in waiting:
        try:
            yield row, store.get(row["digest"])
        except Damage:
            continue


def _packed(batches: Sequence[tuple[int, str, bytes]]) -> bytes:
    head = json.dumps([[number, digest, len(content)] for number, digest, content in batches])
    return f"{head}\n".encode() + b"".join(content for _, _, content in batches)


def unpacked(content: bytes) -> dict[int, bytes]:
    """What came in each batch, by its number. Raises Damage where one is not what its digest says."""
    head, _, rest = content.partition(b"\n")
    found, start = dict[int, bytes](), 0
    try:
        for number, digest, size in json.loads(head):
            found[int(number)] = rest[start : start + size]
            start += size
            if sha256(found[int(number)]).hexdigest() != digest:
                raise Damage(f"Feedback {number} is not what came; bring the store back from a backup.")
    except (ValueError, TypeError):
        raise Damage("A block of feedback cannot be read; bring the store back from a backup.") from None
    return found


def contents(db: sqlite3.Connection, store: ObjectStore, batches: Mapping[int, str]) -> dict[int, bytes]:
    """What came in each of ``batches``, whose digests they are by their numbers, wherever it lies. Raises Damage."""
    given = json.dumps(list(batches))
    blocks = db.execute(
        "SELECT DISTINCT b.digest FROM json_each(?) JOIN feedback_packed p ON p.batch = value"
        " JOIN feedback_blocks b ON b.id = p.block", (given,),
    ).fetchall()  # fmt: skip
    found: dict[int, bytes] = {}
    for block in blocks:
        found |= unpacked(store.get(block["digest"]))
    for number, digest in batches.items():
        if number not in found:
            found[number] = store.get(digest)
        elif sha256(found[number]).hexdigest() != digest:
            raise Damage(f"Feedback {number} is not what came; bring the store back from a backup.")
    return found


def projects(db: sqlite3.Connection) -> tuple[str, ...]:
    """Those that any feedback came for."""
    return tuple(row[0] for row in db.execute("SELECT DISTINCT project FROM feedback_batches ORDER BY project"))
