"""The copy of the ledger that is taken back, in a private folder that goes with whoever looks.

The copy lies in the workspace's cache: a temporary folder of the system may be memory, and a ledger may be large. Its
owner holds a lock on it for life; it goes with the process that made it, and what a killed one left is swept when the
next copy is made.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from engine.access.acts import nothing_changes
from engine.clock import moment, stamp
from engine.errors import Refusal
from engine.rewind.rules import HEAD, NOTES, RULES
from engine.storage import temporary
from engine.storage.disk import refused
from engine.storage.free_space import in_words
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

FOLDER = temporary.COPIES
_LOCK = "rewind"


@dataclass(frozen=True)
class LedgerCopy:
    """A ledger of its own folder; ``held`` is the descriptor of the lock on that."""

    folder: Path
    held: int

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def remove(self) -> None:
        """Delete it. Whatever stands in the way is left to the next sweep."""
        atexit.unregister(self.remove)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.held)


class PastLedger(Ledger):
    """The ledger as it stood: nothing can be written."""

    def __init__(self, copy: LedgerCopy, at: datetime) -> None:
        super().__init__(copy.ledger, locks=copy.folder)
        self._copy, self._at = copy, at

    def write(self, *, lasting: bool = True) -> NoReturn:
        """Raise Refusal: whatever is to be done is to be done now."""
        raise Refusal(nothing_changes(self._at))

    def close(self) -> None:
        super().close()
        self._copy.remove()


def stand(workspace: Workspace, ledger: Ledger, at: datetime, now: datetime) -> PastLedger:
    """The ledger as it stood at ``at``. Raises Refusal for a moment that is to come, or before the workspace."""
    if at > now:
        raise Refusal(f"{_minute(at)} is still to come; name a moment that is over.")
    with ledger.read() as db:
        first = db.execute("SELECT at FROM audit WHERE seq = 1").fetchone()
        if first is None or at < moment(first["at"]):
            since = f"was made on {_minute(moment(first['at']))}" if first else "has no history yet"
            raise Refusal(f"The workspace {since}; there was nothing at {_minute(at)}, so name a later moment.")
    copy = _place(workspace, ledger.path)
    try:
        with refused("The ledger could not be copied"):
            _take_back(ledger, copy.ledger, at)
        return PastLedger(copy, at)
    except sqlite3.OperationalError as error:
        copy.remove()
        raise Refusal(f"The ledger could not be copied ({error}); see whether the disk is full.") from None
    except BaseException:
        copy.remove()
        raise


def _minute(at: datetime) -> str:
    return f"{at:%d %b %Y %H:%M} UTC"


def _place(workspace: Workspace, ledger: Path) -> LedgerCopy:
    """A fresh folder, after those of the dead are swept. The lock keeps a sweep from one that is being made."""
    if not os.access(workspace.cache, os.W_OK):  # a medium that is read only
        return _held(temporary.THEN)
    root = workspace.cache / FOLDER
    with workspace.lock(_LOCK), refused(f"No copy of the ledger can be made in {root}"):
        root.mkdir(mode=0o700, exist_ok=True)
        temporary.sweep(root, ("",))
        size, free = ledger.stat().st_size, shutil.disk_usage(root).free
        if free < size + (size >> 2):
            raise Refusal(
                f"To go back in time takes a copy of the ledger ({in_words(size)}), and only {in_words(free)} of the "
                "disk are free; free some space and try again."
            )
        return _held("tmp", root)


def _held(prefix: str, root: Path | None = None) -> LedgerCopy:
    copy = LedgerCopy(*temporary.make(prefix, root))
    atexit.register(copy.remove)  # also one that is still being made when the console is left
    return copy


def _take_back(ledger: Ledger, target: Path, at: datetime) -> None:
    # All pages in one step: one view of the ledger, which lets writers go on and never begins again because of them.
    with ledger.read() as source, closing(sqlite3.connect(target, isolation_level=None)) as db:
        source.backup(db)
        # Nobody else sees the copy, and one that is cut short is thrown away: no journal, no flushing.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=MEMORY", "cache_size=-65536"):
            db.execute(f"PRAGMA {pragma}")
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        given = {"at": stamp(at), "head": 0}
        given["head"] = db.execute(HEAD, given).fetchone()[0]
        db.execute("BEGIN")
        for statement in NOTES:
            db.execute(statement, given)
        for rule in RULES:
            for statement in rule.statements:
                db.execute(statement, given)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode=WAL")
