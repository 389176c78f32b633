"""Which key and which account proves that somebody is whom: one table, and only this file reads and writes it.

A proof leads to one operator at a time, or one person could approve under two names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from engine.access.proof import AccountProof, KeyProof, Proof
from engine.access.public_key import PublicKey
from engine.clock import moment, stamp
from engine.errors import Conflict, NotFound
from engine.records import Binding
from engine.text import plain


def holder(db: sqlite3.Connection, proof: Proof) -> str | None:
    """The name of the operator whom ``proof`` proves, disabled or not; None where it proves nobody."""
    row = db.execute(
        "SELECT operator FROM bindings WHERE kind = ? AND value = ? AND until IS NULL", (proof.kind, proof.value)
    ).fetchone()
    return None if row is None else str(row["operator"])


def everything(db: sqlite3.Connection) -> tuple[Binding, ...]:
    """All that hold, by their operators, the oldest first."""
    rows = db.execute("SELECT * FROM bindings WHERE until IS NULL ORDER BY operator, id").fetchall()
    return tuple(
        Binding(r["operator"], r["kind"], r["label"], moment(r["at"]), r["public_key"], r["comment"]) for r in rows
    )


def accounts_elsewhere(db: sqlite3.Connection, machine: str) -> tuple[tuple[str, str], ...]:
    """Accounts that are not of ``machine``, as people know them, each with whom it proves there."""
    rows = db.execute("SELECT * FROM bindings WHERE kind = 'account' AND until IS NULL ORDER BY id")
    return tuple((row["label"], row["operator"]) for row in rows if not row["value"].startswith(f"{machine}:"))


def were_there_ever(db: sqlite3.Connection) -> bool:
    """Whether anybody was ever bound here: a workspace of before there were proofs has none."""
    return db.execute("SELECT 1 FROM bindings LIMIT 1").fetchone() is not None


def bind(db: sqlite3.Connection, operator: str, proof: Proof, at: datetime, key: PublicKey | None = None) -> None:
    """Let ``proof`` prove ``operator`` from now on. Raises Conflict where it proves somebody already."""
    held = holder(db, proof)
    if held is not None:
        whose = "is theirs already" if held == operator else f"proves {held} already, and may prove one person only"
        raise Conflict(f"{operator} cannot be given the {proof.words}: it {whose}.")
    line, comment = (key.line, key.comment) if key is not None else ("", "")
    db.execute(
        "INSERT INTO bindings (operator, kind, value, label, public_key, comment, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (operator, proof.kind, proof.value, proof.label, line, comment, stamp(at)),
    )


def bind_all(
    db: sqlite3.Connection, operator: str, keys: Iterable[PublicKey], accounts: Iterable[AccountProof], at: datetime
) -> None:
    """``bind`` each. Raises Conflict."""
    for key in keys:
        bind(db, operator, KeyProof(key.fingerprint), at, key)
    for account in accounts:
        bind(db, operator, account, at)


def end(db: sqlite3.Connection, operator: str, label: str, at: datetime) -> Binding:
    """End the binding of ``operator`` that ``label`` names: a fingerprint, or an account as it is listed.

    Raises NotFound where they have none of that label.
    """
    for each in everything(db):
        if each.operator == operator and each.label == label:
            db.execute(
                "UPDATE bindings SET until = ? WHERE operator = ? AND label = ? AND until IS NULL",
                (stamp(at), operator, label),
            )
            return each
    raise NotFound(
        f"{operator} has no key or account '{plain(label, 80)}'; 'leverframe operators keys list {operator}' lists "
        "what they have."
    )


def release(db: sqlite3.Connection, proof: Proof, at: datetime) -> None:
    """Let ``proof`` prove nobody any more."""
    db.execute(
        "UPDATE bindings SET until = ? WHERE kind = ? AND value = ? AND until IS NULL",
        (stamp(at), proof.kind, proof.value),
    )
