"""Small words that the verbs share and that need no record. Pure."""

from __future__ import annotations

from datetime import datetime

from console import cells


def ago(at: datetime | None, now: datetime) -> str:
    """``2 h ago``; ``just now`` for less than a second."""
    age = cells.age(at, now)
    return "just now" if age == "now" else age if at is None else f"{age} ago"


def count(amount: int, noun: str) -> str:
    """``1 file``, ``9 files``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
