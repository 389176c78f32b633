"""The audit trail in the ledger: append within a decision's own transaction, list, verify, export."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any

from engine.audit.chain import GENESIS, canonical, first_broken, link
from engine.audit.times import BEHIND
from engine.clock import moment, stamp
from engine.errors import Refusal
from engine.records import Actor, AuditRow, AuditVerdict
from engine.storage.disk import refused
from engine.storage.ledger import Ledger

# Deployments and decisions are what the trail is about, so each must agree with the row that recorded it.
_DISAGREEING = """
SELECT coalesce(a.seq, t.audit) AS seq, '{table}' AS what FROM {table} t LEFT JOIN audit a ON a.seq = t.audit
WHERE a.seq IS NULL OR a.at <> t.at OR a.actor <> t.actor OR a.reason <> t.reason OR a.action <> {action}
   OR a.subject <> t.project || '@' || t.number
ORDER BY 1 LIMIT 1
"""
_WITHOUT = """
SELECT a.seq AS seq, '{table}' AS what FROM audit a LEFT JOIN {table} t ON t.audit = a.seq
WHERE a.action IN ({actions}) AND t.seq IS NULL ORDER BY 1 LIMIT 1
"""

# The word stands in it as in the condition of the index, or the whole trail would be read.
COMMENTS = "SELECT seq, body, digest FROM audit WHERE action = 'comment' AND subject = ? ORDER BY seq"


def append(
    db: sqlite3.Connection,
    *,
    at: datetime,
    actor: Actor,
    action: str,
    subject: str,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> int:
    """Add one row to the end of the chain inside the caller's transaction, and return its seq.

    No row is of an earlier time than the one that it follows: where the machine's clock is behind, the row is of that
    one's time, and its details say what the clock said.
    """
    last = db.execute("SELECT seq, digest, at FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (last["seq"] + 1, last["digest"]) if last else (1, GENESIS)
    details = dict(details or {})
    if last and last["at"] > stamp(at):
        if moment(last["at"]) - at > BEHIND:
            details["clock"] = stamp(at)
        at = moment(last["at"])
    body = canonical(
        {
            "seq": seq,
            "at": stamp(at),
            "actor": actor.name,
            "account": actor.account,
            "action": action,
            "subject": subject,
            "reason": reason,
            "details": details,
        }
    )
    db.execute("INSERT INTO audit (seq, body, digest) VALUES (?, ?, ?)", (seq, body, link(previous, body)))
    return seq


def recorded_at(db: sqlite3.Connection, seq: int) -> datetime:
    """The time of row ``seq``: what else records the same act is of that time too."""
    return moment(db.execute("SELECT at FROM audit WHERE seq = ?", (seq,)).fetchone()["at"])


def count(ledger: Ledger) -> int:
    """How many rows there are; seq counts them without a gap."""
    with ledger.read() as db:
        return rows(db)


def rows(db: sqlite3.Connection) -> int:
    """The same, in the caller's view of the ledger."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0])


def head_before(db: sqlite3.Connection, at: datetime) -> tuple[int, str]:
    """The number and the digest of the last row of before ``at``; those of an empty trail where there is none."""
    row = db.execute("SELECT seq, digest FROM audit WHERE at < ? ORDER BY seq DESC LIMIT 1", (stamp(at),)).fetchone()
    return (row[0], row[1]) if row is not None else (0, GENESIS)


def digest_of(db: sqlite3.Connection, seq: int) -> str | None:
    """The digest of row ``seq``; that of the first says whose ledger this is. Also from a copy of the ledger."""
    row = db.execute("SELECT digest FROM audit WHERE seq = ?", (seq,)).fetchone()
    return str(row[0]) if row is not None else None


def holds(db: sqlite3.Connection, digest: str) -> bool:
    """Whether a row has that digest. Also from a copy of the ledger."""
    return db.execute("SELECT 1 FROM audit WHERE digest = ?", (digest,)).fetchone() is not None


def begun_at(db: sqlite3.Connection) -> datetime:
    """When this ledger was begun."""
    return recorded_at(db, 1)


def follow(db: sqlite3.Connection) -> tuple[int, str, int | None]:
    """Follow the whole chain: how many rows hold, the head, and the first row that does not follow from the one before
    it. Also in a copy of the ledger."""
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute("SELECT seq, body, digest FROM audit ORDER BY seq")
    return first_broken(iter(lambda: cursor.fetchmany(1000), []))


def page(ledger: Ledger, *, offset: int, limit: int, matching: str = "") -> tuple[AuditRow, ...]:
    """Rows newest first. Without ``matching`` this costs the same anywhere in the trail."""
    with ledger.read() as db:
        if matching:
            rows = db.execute(
                "SELECT seq, body, digest FROM audit WHERE instr(lower(body), ?) ORDER BY seq DESC LIMIT ? OFFSET ?",
                (matching.lower(), limit, offset),
            ).fetchall()
        else:
            last = db.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0]
            rows = db.execute(
                "SELECT seq, body, digest FROM audit WHERE seq <= ? ORDER BY seq DESC LIMIT ?",
                (last - offset, limit),
            ).fetchall()
    return tuple(_row(r) for r in rows)


def comments(db: sqlite3.Connection, subject: str) -> tuple[AuditRow, ...]:
    """What was said of ``subject`` without deciding anything, the newest last."""
    return tuple(_row(row) for row in db.execute(COMMENTS, (subject,)))


def of_subject(db: sqlite3.Connection, action: str, subject: str) -> tuple[AuditRow, ...]:
    """The rows of one action that were about ``subject``, the newest last; the whole trail is read for it."""
    rows = db.execute(
        "SELECT seq, body, digest FROM audit WHERE action = ? AND subject = ? ORDER BY seq", (action, subject)
    )
    return tuple(_row(row) for row in rows)


def _row(row: sqlite3.Row) -> AuditRow:
    body = json.loads(row["body"])
    return AuditRow(
        seq=row["seq"],
        at=moment(body["at"]),
        actor=body["actor"],
        action=body["action"],
        subject=body["subject"],
        reason=body["reason"],
        digest=row["digest"],
        details=body["details"],
        proof=body["account"],
    )


def row(db: sqlite3.Connection, seq: int) -> AuditRow | None:
    """The row ``seq``; None where there is none yet."""
    found = db.execute("SELECT seq, body, digest FROM audit WHERE seq = ?", (seq,)).fetchone()
    return None if found is None else _row(found)


def newest(db: sqlite3.Connection, action: str, *, since: datetime) -> tuple[AuditRow, ...]:
    """The rows of one action from ``since`` on, the newest first; the whole trail is read for it."""
    rows = db.execute(
        "SELECT seq, body, digest FROM audit WHERE action = ? AND at >= ? ORDER BY seq DESC", (action, stamp(since))
    ).fetchall()
    return tuple(_row(each) for each in rows)


def verify(ledger: Ledger) -> AuditVerdict:
    """Follow the whole chain, then hold decisions and deployments against it."""
    with ledger.read() as db:
        rows, head, broken = follow(db)
        if broken is not None:
            return AuditVerdict(False, rows, head, broken, f"row {broken} does not follow from the row before it")
        for query in (
            _DISAGREEING.format(table="deployments", action="t.kind"),
            _DISAGREEING.format(table="decisions", action="t.kind"),
            _WITHOUT.format(table="deployments", actions="'release', 'rollback'"),
            _WITHOUT.format(table="decisions", actions="'approve', 'reject', 'lift', 'rollback'"),
        ):
            found = db.execute(query).fetchone()
            if found:
                why = f"the table {found['what']} does not agree with what row {found['seq']} recorded"
                return AuditVerdict(False, rows, head, int(found["seq"]), why)
    return AuditVerdict(True, rows, head, None, None)


def export(ledger: Ledger, target: Path) -> AuditVerdict:
    """Write the trail to the file ``target``, as JSON lines (seq, digest, body as stored) and one with the head.

    Raises Refusal when ``target`` is there already or cannot be written; no half of a trail is left.
    """
    with refused(f"The trail could not be written to {target}"):
        try:
            file = target.open("x", encoding="utf-8")
        except FileExistsError:
            raise Refusal(f"{target} is there already; name a file that is not.") from None
        try:
            with file:
                return _write(ledger, file)
        except OSError:
            target.unlink()
            raise


def export_to_stream(ledger: Ledger, stream: IO[str]) -> AuditVerdict:
    """The same for whoever reads ``stream``, who may be slow: a view of the ledger that is held keeps it growing."""
    with TemporaryFile("w+", encoding="utf-8") as whole:
        with refused("The trail could not be put together"):
            verdict = _write(ledger, whole)
            whole.seek(0)
        copyfileobj(whole, stream)
    return verdict


def _write(ledger: Ledger, file: IO[str]) -> AuditVerdict:
    # One view for both: a row that is appended meanwhile is neither verified nor written.
    with ledger.read() as db:
        verdict = verify(ledger)
        for seq, body, digest in db.execute("SELECT seq, body, digest FROM audit ORDER BY seq"):
            file.write(json.dumps({"seq": seq, "digest": digest, "body": body}, ensure_ascii=False) + "\n")
        file.write(json.dumps({"rows": verdict.rows, "head": verdict.head, "ok": verdict.ok}) + "\n")
    return verdict
