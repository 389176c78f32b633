"""Move a file or a folder, whole or not at all, also to another file system, whatever is killed in between.

On one file system that is one rename. Across two, the copy is made under a hidden name, flushed and renamed; only then
the original is renamed aside and deleted. So there is never a moment with less than one whole of it, and where two are
found, ``settle`` keeps one.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from engine.storage.atomic import sync_folder
from engine.storage.disk import delete_tree

_PARTIAL = ".partial"
_ASIDE = ".moved"


def move(source: Path, target: Path) -> None:
    """Raises FileNotFoundError when ``source`` is gone, FileExistsError when ``target`` is there, OSError otherwise."""
    prepare(source, target)
    switch(source, target)
    tidy(source)


def prepare(source: Path, target: Path) -> None:
    """The part of a move that may take long: a copy where ``target`` is on another disk. ``source`` stays as it is."""
    device = os.lstat(source).st_dev
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    if os.stat(target.parent).st_dev != device:
        _copy(source, target)


def switch(source: Path, target: Path) -> None:
    """The part that takes an instant: from here on it is at ``target`` only."""
    if not os.path.lexists(target):
        try:
            os.rename(source, target)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        _copy(source, target)  # The same disk in two places of the tree: only trying tells.
    aside = _beside(source, _ASIDE)
    _delete(aside)
    os.rename(source, aside)


def tidy(source: Path) -> None:
    """Delete what ``switch`` put aside."""
    _delete(_beside(source, _ASIDE))


def settle(source: Path, target: Path, *, keep: Path) -> None:
    """Finish or undo a move that was cut short. Where both ends are there, each is whole, and ``keep`` is kept: the one
    in use, for it may have been made anew since."""
    _delete(_beside(target, _PARTIAL))
    _delete(_beside(source, _ASIDE))
    if os.path.lexists(target) and os.path.lexists(source):
        _delete(target if keep == source else source)


def delete(path: Path) -> None:
    """Delete a file or a folder, also one that may not be written into; what is gone already is fine."""
    _delete(path)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


def _copy(source: Path, target: Path) -> None:
    partial = _beside(target, _PARTIAL)
    _delete(partial)
    try:
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, partial, symlinks=True)
        else:
            shutil.copy2(source, partial, follow_symlinks=False)
        _flush(partial)
        os.rename(partial, target)
        sync_folder(target.parent)
    except BaseException as error:
        _delete(partial)
        if isinstance(error, shutil.Error):
            # copytree collects what it met and quotes it; a full disk is known by its text.
            raise OSError(errno.EIO, str(error)[:300], str(source)) from None
        raise


def _flush(path: Path) -> None:
    if path.is_symlink():
        return
    if path.is_dir():
        for inner in path.iterdir():
            _flush(inner)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(path: Path) -> None:
    with suppress(FileNotFoundError):  # Somebody deletes it too: what vanished is what was wanted.
        if stat.S_ISDIR(os.lstat(path).st_mode):
            delete_tree(path)
        else:
            path.unlink()
