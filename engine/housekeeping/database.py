"""The ledger's own room: the log of what is not yet in the file itself, and pages that nothing is on."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

from engine.storage.ledger import Ledger

WORTH_PACKING = 16 << 20
SHARE_WORTH_PACKING = 0.25
LARGE_WAL = 16 << 20
BUSY_SECONDS = 5.0


def spare(ledger: Ledger) -> int:
    """Bytes on pages that nothing is on."""
    with ledger.read() as db:
        pages = int(db.execute("PRAGMA freelist_count").fetchone()[0])
        return pages * int(db.execute("PRAGMA page_size").fetchone()[0])


def wal_size(ledger: Ledger) -> int:
    """How large the write-ahead log is."""
    try:
        return ledger.path.with_name(ledger.path.name + "-wal").stat().st_size
    except OSError:
        return 0


def worth_packing(spare_bytes: int, size: int) -> bool:
    """Whether writing the whole ledger anew (that is what packing costs) frees enough to be worth it."""
    return spare_bytes >= max(WORTH_PACKING, size * SHARE_WORTH_PACKING)


def checkpoint(ledger: Ledger) -> bool:
    """Move what the write-ahead log holds into the ledger and cut the log; False when somebody was reading."""
    with closing(sqlite3.connect(ledger.path, timeout=BUSY_SECONDS, isolation_level=None)) as db:
        return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def pack(ledger: Ledger) -> bool:
    """Write the ledger anew without empty pages; False when there is no room for that, or somebody is at work."""
    if shutil.disk_usage(ledger.path.parent).free < 3 * ledger.path.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(ledger.path, timeout=BUSY_SECONDS, isolation_level=None)) as db:
            db.execute("VACUUM")
    except sqlite3.OperationalError:
        return False
    return checkpoint(ledger)
