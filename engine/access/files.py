"""Whoever comes over SSH names no file of the machine: the service's account could read and write far more than they.

One folder is let out, ``exchange/`` in the workspace: what its owner has put there can be added as a project. The rule
is asked at every act with a path among its arguments, whatever screen or verb it came through.
"""

from __future__ import annotations

from pathlib import Path

from engine.text import plain

FOLDER = "exchange"
# What names the folder of a project; any other path is that of a file or folder to read, write or look at.
PROJECT = "path"
NONE_AT_ALL = (
    "Over SSH no file of the machine can be named; do it on the machine itself, or by the verb, with - for what you "
    "send or get."
)


def exchange(root: Path) -> Path:
    """The folder of the workspace at ``root`` whose folders may be named."""
    return root / FOLDER


def why_not(root: Path, parameter: str, path: Path) -> str | None:
    """Why an act may not be given ``path`` as its ``parameter`` by somebody over SSH; None when it may."""
    shown, place = plain(str(path), 200), exchange(root)
    if parameter != PROJECT:
        return f"Over SSH no file of the machine can be named, and {shown} is one; do it on the machine itself."
    found, bounds = path.resolve(), place.resolve()
    if bounds in found.parents:
        return None
    return f"Over SSH only a folder in {place} can be named, and {shown} is not in it; have somebody put it there."
