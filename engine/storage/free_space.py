"""How much of the disk is kept free: with less, nothing new is begun, while decisions and rollbacks still work."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from engine.storage import chosen

DEFAULT = 2 << 30
MOST_BY_DEFAULT = 0.05  # of a small disk


def keep_free(db: sqlite3.Connection, total: int) -> int:
    """The bytes to be kept free on a disk of ``total``: as an operator set it, or 2 GiB, or 5 % of a small disk."""
    return chosen.numbers(db).get("keep_free", min(DEFAULT, int(total * MOST_BY_DEFAULT)))


def too_little(db: sqlite3.Connection, root: Path) -> str | None:
    """What is wrong, as a clause, when less is free on the disk of ``root`` than is kept free, or None."""
    usage = shutil.disk_usage(root)
    kept = keep_free(db, usage.total)
    if usage.free >= kept:
        return None
    return f"only {in_words(usage.free)} of the disk are free, and {in_words(kept)} are kept free (keep_free)"


def in_words(size: float) -> str:
    """``512 B``, ``1.4 GiB``, ``300 MiB``: the one way in which sizes are written, in the units that settings take."""
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        amount = size / (1 << power)
        if amount >= 0.9995:  # 1,023 KiB would be a digit longer than 1.0 MiB
            return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"
    return f"{size:.0f} B"
