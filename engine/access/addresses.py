"""The e-mail addresses under which operators commit. Only this file reads and writes their table.

A commit says of itself whose it is. An address that an admin gave to an operator makes that operator its author.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from engine.access.caller import Caller
from engine.access.operators import known
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.storage.ledger import Ledger
from engine.text import plain

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Address:
    """An address that is ``operator``'s."""

    operator: str
    address: str


def everything(db: sqlite3.Connection) -> tuple[Address, ...]:
    """All of them, by operator."""
    rows = db.execute("SELECT operator, address FROM addresses WHERE until IS NULL ORDER BY operator, address")
    return tuple(Address(row["operator"], row["address"]) for row in rows)


def holders(db: sqlite3.Connection) -> dict[str, str]:
    """Whose an address is, by the address in small letters."""
    return {each.address: each.operator for each in everything(db)}


def add(ledger: Ledger, operator: str, address: str, reason: str, by: Caller, at: datetime) -> Address:
    """``address`` is ``operator``'s. Raises Invalid, NotFound, Conflict where it is somebody's already."""
    found = address.strip().casefold()
    if not _ADDRESS.fullmatch(found) or plain(found, 400) != found:
        raise Invalid(f"'{plain(address, 80)}' is no mail address; write it like ada@example.org.")
    with ledger.write() as db:
        known(db, operator)
        holder = holders(db).get(found)
        if holder is not None:
            raise Conflict(f"{found} is {holder}'s already.")
        db.execute("INSERT INTO addresses (address, operator, at) VALUES (?, ?, ?)", (found, operator, stamp(at)))
        details = {"address": _mark(found)}
        trail.append(db, at=at, actor=by, action="add-address", subject=operator, reason=reason, details=details)
    return Address(operator, found)


def remove(ledger: Ledger, operator: str, address: str, reason: str, by: Caller, at: datetime) -> None:
    """``address`` is nobody's any more. Raises NotFound where it is not ``operator``'s."""
    found = address.strip().casefold()
    with ledger.write() as db:
        ended = db.execute(
            "UPDATE addresses SET until = ? WHERE address = ? AND operator = ? AND until IS NULL",
            (stamp(at), found, operator),
        ).rowcount
        if not ended:
            raise NotFound(f"{plain(found, 80)} is no address of {plain(operator, 40)}.")
        details = {"address": _mark(found)}
        trail.append(db, at=at, actor=by, action="remove-address", subject=operator, reason=reason, details=details)


def _mark(address: str) -> str:
    """What the trail has of an address, which is a person's: enough to hold one against it."""
    return sha256(address.encode()).hexdigest()[:16]
