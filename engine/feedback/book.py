"""The book of feedback: batches are taken in as they came, listed, and decided on where they are quarantined."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from engine.audit import flood, trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Damage, NotFound, Refusal
from engine.feedback import packing, quarantine, reading
from engine.feedback.records import Batch, BatchState, FeedbackRow, Key, Receipt, Tally
from engine.feedback.rows import decoded, encoded, written
from engine.feedback.usual import Usual, together
from engine.json_records import read, write
from engine.projects import registry
from engine.records import Actor
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.text import plain
from engine.versions import catalog
from engine.versions import document as documents

LET_IN: BatchState = "let in"
THROWN_AWAY: BatchState = "thrown away"
# What is usual is told from so many batches that counted.
_USUAL_BATCHES = 1_000
_HOUR = len("2026-11-24T14")
_ALL = """
SELECT b.*, d.at AS decided_at, d.by AS decided_by, d.verdict, d.reason, a.held AS held_later
FROM feedback_batches b LEFT JOIN feedback_decisions d ON d.batch = b.id
LEFT JOIN feedback_agreements a ON a.batch = b.id
"""
_WAITING = """
SELECT id FROM feedback_batches WHERE held IS NOT NULL
UNION SELECT batch FROM feedback_agreements WHERE held IS NOT NULL EXCEPT SELECT batch FROM feedback_decisions
"""
_COUNTS = "(coalesce(b.held, a.held) IS NULL OR d.verdict = 'let in')"


def take(
    ledger: Ledger,
    store: ObjectStore,
    project: str,
    rows: Sequence[FeedbackRow],
    by: Actor,
    at: datetime,
    *,
    source: str = "",
) -> Receipt:
    """Keep a batch as it came, and say whether it counts. ``source``: where it came from, in words.

    Once it returns the batch is on the disk. Raises NotFound where there is no such project, Refusal where there are no
    rows or nothing can be kept.
    """
    if not rows:
        raise Refusal("There are no rows in it; send at least one.")
    content = encoded(rows)
    with ledger.read() as db:
        registry.find(db, project)
        classes, numbers, usual = usual_labels(db, store, project, at)
    numbers = numbers and not any(isinstance(row.label, str) for row in rows)
    found = quarantine.tally(rows, numbers=numbers)
    digest = store.put(content)
    store.sync()
    times = [row.time for row in rows]
    with ledger.write() as db:
        held = quarantine.why_held(found, _lately(db, project, at), usual, classes)
        values = (
            project, stamp(at), by.name, plain(source, 120), len(rows), stamp(min(times)), stamp(max(times)), digest,
            json.dumps(write(found)), held,
        )  # fmt: skip
        batch = db.execute(
            "INSERT INTO feedback_batches (project, at, by, source, rows, since, until, digest, tally, held)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        ).lastrowid
        details = {"rows": len(rows), "digest": digest} | ({"quarantined": held} if held else {})
        # A client that sends each label by itself would fill the trail; the batches themselves say all.
        flood.append_or_fold(
            db, at=at, actor=by, action="feedback", subject=f"{project} feedback {batch}", details=details
        )
    return Receipt(int(batch or 0), len(rows), held)


def usual_labels(
    db: sqlite3.Connection, store: ObjectStore, project: str, at: datetime
) -> tuple[tuple[str, ...], bool, Usual]:
    """The classes of the live version, whether labels are numbers, and what labels usually are."""
    live = catalog.live(db, project)
    classes, numbers, held_out = _learnt(store, live.label, live.digest) if live is not None else ((), False, Tally())
    before = db.execute(
        f"SELECT b.at, b.tally FROM feedback_batches b LEFT JOIN feedback_decisions d ON d.batch = b.id"
        " LEFT JOIN feedback_agreements a ON a.batch = b.id"
        f" WHERE b.project = ? AND b.at < ? AND {_COUNTS} ORDER BY b.id DESC LIMIT ?",
        (project, stamp(at - quarantine.WINDOW), _USUAL_BATCHES),
    )
    hours: dict[str, list[Tally]] = {}
    for row in before:
        hours.setdefault(row["at"][:_HOUR], []).append(_tally(row))
    return classes, numbers, Usual(held_out, tuple(map(together, hours.values())))


@lru_cache(maxsize=64)  # A document never changes, and a client may send each label by itself.
def _learnt(store: ObjectStore, label: str, digest: str) -> tuple[tuple[str, ...], bool, Tally]:
    """Of a version its classes, whether its labels are numbers, and the labels of its holdout where it has two."""
    try:
        judged = documents.of_version(store, label, digest).metrics
    except Damage:
        return (), False, Tally()  # Doctor tells of it; what comes is kept all the same.
    if judged.task == "regression":
        return (), True, Tally()
    found = judged.decisions.candidate if judged.decisions is not None else None
    if found is None or len(judged.classes) != 2:
        return judged.classes, False, Tally()
    counts = found.true_negatives + found.false_positives, found.true_positives + found.false_negatives
    return judged.classes, False, Tally(sum(counts), dict(zip(judged.classes, counts, strict=True)))


def _lately(db: sqlite3.Connection, project: str, at: datetime) -> Tally:
    """What came within the hour before ``at``, but for what a person has let in."""
    rows = db.execute(
        "SELECT b.tally FROM feedback_batches b LEFT JOIN feedback_decisions d ON d.batch = b.id"
        " WHERE b.project = ? AND b.at >= ? AND b.at <= ? AND d.batch IS NULL",
        (project, stamp(at - quarantine.WINDOW), stamp(at)),
    )
    return together(map(_tally, rows))


def _tally(row: sqlite3.Row) -> Tally:
    return read(Tally, json.loads(row["tally"]), "The tally of a batch of feedback")


def decide(ledger: Ledger, batch: int, verdict: BatchState, reason: str, by: Actor, at: datetime) -> Batch:
    """Let a quarantined batch in, or throw it away. Raises NotFound, and Conflict where there is nothing to decide."""
    with ledger.write() as db:
        found = one(db, batch)
        if found.state != "quarantined":
            said = f"was {found.state} by {found.decided_by}" if found.decided_by else "is not quarantined"
            raise Conflict(f"Feedback {batch} {said}; there is nothing to decide.")
        row = (batch, stamp(at), by.name, verdict, reason)
        db.execute("INSERT INTO feedback_decisions (batch, at, by, verdict, reason) VALUES (?, ?, ?, ?, ?)", row)
        subject = f"{found.project} feedback {batch}"
        action = "let-in" if verdict == LET_IN else "throw-away"
        trail.append(db, at=at, actor=by, action=action, subject=subject, reason=reason, details={"rows": found.rows})
        return one(db, batch)


def one(db: sqlite3.Connection, batch: int) -> Batch:
    """The batch with this number. Raises NotFound."""
    row = db.execute(f"{_ALL} WHERE b.id = ?", (batch,)).fetchone()
    if row is None:
        raise NotFound(f"There is no feedback {batch}; 'leverframe feedback list' says which there are.")
    return _batch(row)


def listed(db: sqlite3.Connection, project: str | None, limit: int) -> tuple[Batch, ...]:
    """Those that wait for a person first, however many came since, then the others; of both the newest first."""
    waiting = json.dumps([row["id"] for row in db.execute(_WAITING)])
    which, values = ("", ()) if project is None else ("AND b.project = ?", (project,))
    found: list[Batch] = []
    for waits in ("IN", "NOT IN"):
        asked = f"{_ALL} WHERE b.id {waits} (SELECT value FROM json_each(?)) {which} ORDER BY b.id DESC LIMIT ?"
        found += map(_batch, db.execute(asked, (waiting, *values, limit - len(found))))
    return tuple(found)


def count(db: sqlite3.Connection, project: str) -> int:
    """How many batches of ``project`` came."""
    return int(db.execute("SELECT count(*) FROM feedback_batches WHERE project = ?", (project,)).fetchone()[0])


def versions_that_learnt(db: sqlite3.Connection, project: str, limit: int) -> tuple[str, ...]:
    """The digests of those of ``project``, the newest first."""
    rows = db.execute(
        "SELECT version FROM learnt_words WHERE project = ? ORDER BY at DESC LIMIT ?", (project, limit)
    )
    return tuple(row["version"] for row in rows)


def quarantined(db: sqlite3.Connection, project: str) -> int:
    """How many batches of ``project`` wait for a person."""
    return int(
        db.execute(
            "SELECT count(*) FROM feedback_batches b LEFT JOIN feedback_decisions d ON d.batch = b.id"
            " LEFT JOIN feedback_agreements a ON a.batch = b.id"
            " WHERE b.project = ? AND coalesce(b.held, a.held) IS NOT NULL AND d.batch IS NULL",
            (project,),
        ).fetchone()[0]
    )


def came(
    db: sqlite3.Connection, store: ObjectStore, project: str, since: datetime | None = None
) -> tuple[reading.Come, ...]:
    """Every batch of ``project`` with its rows, as ``reading.read`` takes them; with ``since`` those that have a label
    of that time or later. Raises Damage."""
    where, values = "WHERE b.project = ? AND b.until >= ? ORDER BY b.id", (project, stamp(since) if since else "")
    batches = [_batch(row) for row in db.execute(f"{_ALL} {where}", values)]
    contents = packing.contents(db, store, {each.id: each.digest for each in batches})
    return tuple(reading.Come(each.id, each.state, decoded(contents[each.id], each.id), each.at) for each in batches)


def objects(db: sqlite3.Connection) -> frozenset[str]:
    """What the store keeps for feedback, whatever became of it, and of what versions learnt from it."""
    rows = db.execute(
        "SELECT digest FROM feedback_batches WHERE id NOT IN (SELECT batch FROM feedback_packed)"
        " UNION SELECT digest FROM feedback_blocks UNION SELECT digest FROM learnt_words"
    )
    return frozenset(row["digest"] for row in rows)


def keep_learnt(
    ledger: Ledger, store: ObjectStore, version: str, project: str, words: Sequence[reading.Word], at: datetime
) -> None:
    """Keep what the version with the digest ``version`` learnt on top of its parent; before it is one."""
    lines = (json.dumps([list(word.key), written(word.label)], ensure_ascii=False) for word in words)
    digest = store.put("".join(f"{line}\n" for line in lines).encode())
    store.sync()
    with ledger.write() as db:
        db.execute(
            "INSERT OR IGNORE INTO learnt_words (version, project, at, digest, rows) VALUES (?, ?, ?, ?, ?)",
            (version, project, stamp(at), digest, len(words)),
        )


def learnt_by(db: sqlite3.Connection, store: ObjectStore, versions: Collection[str]) -> frozenset[tuple[Key, str]]:
    """Each key, with the label of it, that one of the ``versions`` learnt, by their digests. Raises Damage."""
    found: set[tuple[Key, str]] = set()
    given = json.dumps(list(versions))
    for row in db.execute("SELECT l.digest FROM json_each(?) JOIN learnt_words l ON l.version = value", (given,)):
        try:
            lines = store.get(row["digest"]).splitlines()
            found.update((tuple(key), label) for key, label in map(json.loads, lines))
        except (ValueError, TypeError):
            raise Damage("What a version learnt cannot be read; bring the store back from a backup.") from None
    return frozenset(found)


def _batch(row: sqlite3.Row) -> Batch:
    held = row["held"] or row["held_later"]
    state: BatchState = "counted" if held is None else row["verdict"] or "quarantined"
    found = Batch(
        id=row["id"],
        project=row["project"],
        at=moment(row["at"]),
        by=row["by"],
        source=row["source"],
        rows=row["rows"],
        since=moment(row["since"]),
        until=moment(row["until"]),
        digest=row["digest"],
        state=state,
        why=held,
    )
    if row["verdict"] is None:
        return found
    return replace(
        found, decided_by=row["decided_by"], decided_at=moment(row["decided_at"]), reason=row["reason"]
    )
