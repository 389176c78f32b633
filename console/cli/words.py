"""Small words that the verbs share and that need no record. Pure."""

from __future__ import annotations


def count(amount: int, noun: str) -> str:
    """``1 file``, ``9 files``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
