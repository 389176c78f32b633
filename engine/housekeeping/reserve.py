"""A few megabytes set aside for the day the disk is full: even to delete something, the ledger has to write first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.storage.workspace import Workspace

SIZE = 4 << 20
PLENTY = 16 * SIZE  # with less free it is not worth taking more away


def _path(workspace: Workspace) -> Path:
    return workspace.root / "locks" / "reserve"


def keep(workspace: Workspace) -> None:
    """Set it aside if it is not there and the disk has plenty; on a disk that refuses there is none."""
    path = _path(workspace)
    if path.exists() or shutil.disk_usage(workspace.root).free < PLENTY:
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, SIZE)
        finally:
            os.close(descriptor)
    except OSError:
        path.unlink(missing_ok=True)


@contextmanager
def drawn_on(workspace: Workspace) -> Iterator[None]:
    """Within the block there is room for the ledger to write, if it can be had; afterwards it is set aside again."""
    if shutil.disk_usage(workspace.root).free < SIZE:
        _path(workspace).unlink(missing_ok=True)
    try:
        yield
    finally:
        keep(workspace)
