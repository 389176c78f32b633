"""Room set aside for the day the disk is full: to go back, or even to delete something, the ledger has to write first.

It is given back for what leads out of a full disk (a rollback, a clean-up, emptying the bin) and for a run's last word,
and what is left of it afterwards is set aside again. Nothing that only goes on with its work may have it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.storage.disk import room_of
from engine.storage.workspace import Workspace

SIZE = 4 << 20  # for the ledger, its log and a few files
LEAST = 1 << 20
MOST = 1 << 30
SHARE = 8  # of what is free at most an eighth is taken away


def size_of(free: int, needed: int = 0) -> int:
    """How much to set aside with ``free`` bytes free, when a rollback takes ``needed`` beside the ledger. Pure."""
    size = min(SIZE + needed, MOST, free // SHARE)
    return size if size >= LEAST else 0


def _path(workspace: Workspace) -> Path:
    return workspace.root / "locks" / "reserve"


def _kept(workspace: Workspace) -> int:
    try:
        return _path(workspace).stat().st_size
    except OSError:
        return 0


def keep(workspace: Workspace, needed: int = 0) -> None:
    """Set it aside, or more of it, where the disk has room enough; on a disk that refuses there is none."""
    kept = _kept(workspace)
    if kept and not needed:
        return
    size = size_of(shutil.disk_usage(workspace.root).free + kept, needed)
    if size > kept:
        _set_aside(workspace, size)


def keep_for_way_back(workspace: Workspace) -> None:
    """Set aside what the largest release takes: a rollback makes another beside it. A scan of the disk does so too, but
    the disk may be full before there is any."""
    folders = workspace.releases.glob("*/*")
    keep(workspace, max((room_of(folder) for folder in folders if not folder.is_symlink()), default=0))


def _set_aside(workspace: Workspace, size: int) -> None:
    path = _path(workspace)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def drawn_on(workspace: Workspace) -> Iterator[None]:
    """Within the block there is room to write, if it can be had; afterwards what is left is set aside again."""
    before, kept = shutil.disk_usage(workspace.root).free, _kept(workspace)
    drawn = kept > 0 and before < kept
    if drawn:
        with suppress(OSError):
            _path(workspace).unlink(missing_ok=True)
    try:
        yield
    finally:
        left = shutil.disk_usage(workspace.root).free - before
        if drawn and left > 0:
            _set_aside(workspace, min(kept, left))
        else:
            keep(workspace)
