"""What lies under the door, for a test that is about a room, or about rows as they stand.

A second ledger on the file of an engine's own, which is closed at the end of the block: one that is left open holds its
workspace, and whoever waits for that (``killing.let_go``) waits for ever. What a method of the door answers is asked
there, and what several tests begin from is made by ``tests/builders``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from engine.api import Engine
from engine.audit import trail
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace


@contextmanager
def ledger_at(home: Path) -> Iterator[Ledger]:
    """The ledger of the workspace at ``home``, for functions that take a ledger."""
    ledger = Ledger(home / "ledger.db", locks=home / "locks")
    try:
        yield ledger
    finally:
        ledger.close()


def ledger_of(engine: Engine) -> AbstractContextManager[Ledger]:
    """The same, of an engine's workspace: as it is now, also where the engine shows an earlier moment."""
    return ledger_at(engine.home)


@contextmanager
def reading(engine: Engine) -> Iterator[sqlite3.Connection]:
    """One view of the ledger, for functions that take one, and for rows that no record tells."""
    with ledger_of(engine) as ledger, ledger.read() as db:
        yield db


@contextmanager
def writing(engine: Engine) -> Iterator[sqlite3.Connection]:
    """One transaction, for functions that take one, and for what no function of the engine does, such as tampering."""
    with ledger_of(engine) as ledger, ledger.write() as db:
        yield db


def rows_of(engine: Engine, but: Collection[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, ``but`` of some, for a test that nothing or little else was changed."""
    with ledger_of(engine) as ledger:
        return everything_in(ledger, but)


def everything_in(ledger: Ledger, but: Collection[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """The same of a ledger that is open."""
    with ledger.read() as db:
        names = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {name: [tuple(row) for row in db.execute(f"SELECT * FROM {name}")] for name in sorted(names - {*but})}


def workspace_of(engine: Engine) -> Workspace:
    return Workspace(engine.home)


def store_of(engine: Engine) -> ObjectStore:
    return ObjectStore(workspace_of(engine).objects)


def refused_rows(ledger: Ledger) -> list[tuple[str, str, str, dict[str, Any]]]:
    """What the trail says was refused: who tried, by which proof, on what, with which details; oldest first."""
    rows = trail.page(ledger, offset=0, limit=1000)
    return [(r.actor, r.proof, r.subject, dict(r.details)) for r in reversed(rows) if r.action == "refused"]
