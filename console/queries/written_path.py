"""A path as somebody writes it: with ``~`` for a home, and from the folder where the console was opened."""

from __future__ import annotations

from pathlib import Path

from engine.errors import Invalid
from engine.text import plain


def opened_in() -> Path:
    """The folder where the console was opened; where that has gone meanwhile, the home of its account."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def path_of(written: str) -> Path:
    """``written`` as a whole path. Raises Invalid where it begins with the home of nobody."""
    try:
        return opened_in() / Path(written).expanduser()
    except RuntimeError:
        raise Invalid(f"{plain(written, 200)} begins with the home of nobody here; write the whole path.") from None
