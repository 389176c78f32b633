"""What is typed before that is done which cannot be undone: its name, so that nobody does it to the wrong one. Pure.

Every act of that kind takes what was typed and asks here, so no front can leave it out. Spaces around it do not count,
for a name that is pasted brings them along, nor in which of its two forms Unicode has an accent. Capitals do count: of
two folders called prod and Prod only one is meant.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from engine.errors import Unconfirmed
from engine.text import plain

_LONGEST = 1000


def check_typed(typed: str, word: str, *, to: str, which: str) -> None:
    """Raise Unconfirmed unless ``word`` was typed. ``to``: what is done ("remove flights"); ``which``: of ``word``."""
    word = plain(word, _LONGEST)
    said = plain(typed, _LONGEST)
    if not word or _composed(said) != _composed(word):
        raise Unconfirmed(f"To {to}, type {which}, {word}", plain(said, 60), word)


def word_of_workspace(home: Path | str) -> str:
    """What is typed where something is of the whole workspace: the name of its folder, as far as it can be read."""
    return plain(Path(home).name, _LONGEST) or "workspace"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
