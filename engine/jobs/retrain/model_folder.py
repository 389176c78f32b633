"""What train leaves in its model folder: a version keeps files, so anything else is refused by name, and never lost.

But for an empty folder, which holds nothing: TensorFlow leaves one beside each model that has no assets.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from engine.errors import StepFailed
from engine.text import plain


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK)


def checked(folder: Path, readable: Callable[[Path], bool] = _readable) -> Path:
    """``folder``, of which every part is a file that can be read. Raises StepFailed with the first that is none."""
    if folder.is_symlink() or not folder.is_dir():
        _refuse_none()
    files = 0
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        here = Path(place)
        for name in sorted([*folders, *names]):
            _check(here / name, folder, readable)
        files += len(names)
    if not files:
        _refuse_none()
    return folder


def _check(path: Path, folder: Path, readable: Callable[[Path], bool]) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        _refuse(path, folder, "whose name is not UTF-8", "give it another name")
    if path.is_symlink():
        where = plain(os.readlink(path), 100)
        _refuse(path, folder, f"a link to '{where}'", "write there what the link names")
    if path.is_dir():
        return
    if not path.is_file():
        _refuse(path, folder, "which is no file", "take it away before it ends")
    if not readable(path):
        _refuse(path, folder, "which cannot be read", "leave it readable")


def _refuse(path: Path, folder: Path, what: str, way: str) -> NoReturn:
    name = plain(os.fsencode(path.relative_to(folder.parent)).decode("utf-8", "replace"), 200)
    raise StepFailed(f"train left '{name}', {what}, and a version keeps files that can be read; have train {way}.")


def _refuse_none() -> NoReturn:
    raise StepFailed(
        "train ended well but left no model; it must write files into the folder $LEVERFRAME_OUTPUT/model."
    )


def _unreadable(error: OSError) -> NoReturn:
    name = plain(Path(str(error.filename)).name, 100)
    raise StepFailed(
        f"train left a folder '{name}' in its model that cannot be read ({error.strerror}); have train leave it "
        "readable."
    )
