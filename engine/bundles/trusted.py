"""Whose bundles are taken in here: public keys, each under the name that its workspace has for the people here."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from engine.access.caller import Caller
from engine.access.public_key import PublicKey
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.storage.ledger import Ledger
from engine.text import plain

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True)
class TrustedKey:
    """``name``: what the workspace that signs with it is called here. ``line``: the key as OpenSSH writes it."""

    name: str
    fingerprint: str
    line: str
    at: datetime
    by: str
    reason: str


def everything(db: sqlite3.Connection) -> tuple[TrustedKey, ...]:
    """All that are trusted, by name."""
    return tuple(map(_record, db.execute("SELECT * FROM trusted_keys WHERE until IS NULL ORDER BY name")))


def of_key(db: sqlite3.Connection, fingerprint: str) -> TrustedKey | None:
    """The one with this fingerprint, where it is trusted."""
    row = db.execute("SELECT * FROM trusted_keys WHERE until IS NULL AND fingerprint = ?", (fingerprint,)).fetchone()
    return _record(row) if row is not None else None


def add(ledger: Ledger, key: PublicKey, name: str, reason: str, by: Caller, at: datetime) -> TrustedKey:
    """Trust ``key``. Raises Invalid for the name, Conflict where the key or the name is there."""
    if not _NAME.fullmatch(name):
        raise Invalid(f"'{plain(name, 40)}' cannot name a workspace; use up to 40 of a-z, 0-9, '.', '_' and '-'.")
    with ledger.write() as db:
        for each in everything(db):
            if each.fingerprint == key.fingerprint:
                raise Conflict(f"The key {key.fingerprint} is trusted already, as that of {each.name}.")
            if each.name == name:
                raise Conflict(
                    f"{name} has the key {each.fingerprint} here; 'leverframe trust remove {name}' ends that, or give "
                    "this one another name."
                )
        db.execute(
            "INSERT INTO trusted_keys (fingerprint, line, name, at, by, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (key.fingerprint, key.line, name, stamp(at), by.name, reason),
        )
        details = {"key": key.fingerprint}
        trail.append(db, at=at, actor=by, action="trust", subject=name, reason=reason, details=details)
    return TrustedKey(name, key.fingerprint, key.line, at, by.name, reason)


def remove(ledger: Ledger, name: str, reason: str, by: Caller, at: datetime) -> None:
    """Trust the key of ``name`` no more; what came from there stays. Raises NotFound."""
    with ledger.write() as db:
        row = db.execute("SELECT * FROM trusted_keys WHERE until IS NULL AND name = ?", (name,)).fetchone()
        if row is None:
            known = ", ".join(each.name for each in everything(db)) or "none yet"
            raise NotFound(f"No key of '{plain(name, 40)}' is trusted here; those there are: {known}.")
        db.execute("UPDATE trusted_keys SET until = ? WHERE id = ?", (stamp(at), row["id"]))
        details = {"key": row["fingerprint"]}
        trail.append(db, at=at, actor=by, action="distrust", subject=name, reason=reason, details=details)


def _record(row: sqlite3.Row) -> TrustedKey:
    return TrustedKey(
        row["name"], row["fingerprint"], row["line"], moment(row["at"]), row["by"], row["reason"]
    )
