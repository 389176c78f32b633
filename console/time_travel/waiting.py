"""Say that a look at an earlier moment takes a while, where it does: the ledger is copied first."""

from __future__ import annotations

import sys
from pathlib import Path

from console.text import cells
from engine.storage.workspace import default_home

# Measured: a ledger of 350 MB with a million rows in its trail takes 2 to 4 s on two cores.
BYTES_A_SECOND = 100_000_000


def tell(home: Path | None) -> None:
    """One line on standard error where a person would wait; ``home`` may be no workspace."""
    try:
        size = ((home or default_home()).expanduser() / "ledger.db").stat().st_size
    except OSError:
        return
    if size > BYTES_A_SECOND and sys.stderr.isatty():
        sys.stderr.write(f"A copy of the ledger ({cells.size(size)}) is taken back; that takes ")
        sys.stderr.write(f"about {cells.span(size / BYTES_A_SECOND)}.\n")
        sys.stderr.flush()
