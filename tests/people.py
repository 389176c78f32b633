"""People at work in a workspace of a test: its founder comes in by the account of the tests, everybody else by a key.

Nobody has these keys; what the SSH door does with real ones is tried where it is tested.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from engine import api, clock
from engine.access import bindings, operators
from engine.access.caller import Caller
from engine.access.proof import KeyProof, Proof, of_process
from engine.access.public_key import PublicKey, ed25519
from engine.api import Engine
from engine.errors import LeverframeError
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger


def key_of(name: str) -> PublicKey:
    """The public key of ``name``."""
    return ed25519(sha256(name.encode()).digest(), f"{name}@tests")


def proof_of(home: Path | None, name: str) -> Proof:
    """What proves ``name`` in that workspace: the account of the tests if it is theirs, else their key, which is bound
    where that had not been done yet."""
    proof = KeyProof(key_of(name).fingerprint)
    place = (home or workspaces.default_home()).expanduser().absolute()
    if not (place / "ledger.db").exists():
        return of_process()
    try:
        ledger = Ledger(place / "ledger.db", locks=place / "locks")
    except LeverframeError:  # Whoever opens it is told.
        return of_process()
    with closing(ledger):
        with ledger.read() as db:
            if bindings.holder(db, of_process()) == name or not operators.are_there_any(db):
                return of_process()
            bound = bindings.holder(db, proof) is not None or not operators.is_one(db, name)
        if not bound:
            with ledger.write() as db:
                bindings.bind(db, name, proof, clock.now(), key_of(name))
    return proof


def open_engine(
    home: Path | None = None, name: str | None = None, *, create: bool = False, at: datetime | None = None
) -> Engine:
    """``engine.api.open_engine`` as ``name``, with what proves them."""
    proof = proof_of(home, name) if name is not None else None
    return api.open_engine(home, name, proof=proof, create=create, at=at)


def caller_of(ledger: Ledger, name: str) -> Caller:
    """``name`` at work, for what asks no door: by the account of the tests if it is theirs, else by their key."""
    with ledger.read() as db:
        mine = bindings.holder(db, of_process()) == name
        return Caller(operators.known(db, name), of_process() if mine else KeyProof(key_of(name).fingerprint))


def bound_caller_of(ledger: Ledger, name: str) -> Caller:
    """The same for a door, which asks whose the key is: it is bound where that had not been done yet."""
    found = caller_of(ledger, name)
    with ledger.read() as db:
        bound = bindings.holder(db, found.proof) == name
    if not bound:
        with ledger.write() as db:
            bindings.bind(db, name, found.proof, clock.now(), key_of(name))
    return found


def with_article(role: str) -> str:
    """As people are told of it."""
    return {"viewer": "a viewer", "auditor": "an auditor", "operator": "an operator", "admin": "an admin"}[role]
