"""Folders that are kept for a while. Whoever makes one holds a lock on it, so that what a killed process left is told
from what is in use: it goes when the next one is made, when the workspace is opened, and when the engine keeps house.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# The names that folders of ours begin with in the system's temporary folder, which others use too.
GIT, SVN, UV, R, DISK, LEDGER, THEN, EXPORT = OURS = tuple(
    f"leverframe-{what}-" for what in ("git", "svn", "uv", "r", "disk", "ledger", "then", "export")
)
# In the workspace's cache: what a check and an export work in, a version that comes in, what a worker that answers
# holds, the figures of a server's workers, and the copies of the ledger as it stood.
CHECK, WORK, IMPORT, WORKER, FIGURES, COPIES = "check-", "export-", "import-", "worker-", "figures-", "then"


@contextmanager
def kept(prefix: str, place: Path | None = None) -> Iterator[Path]:
    """A folder of our own in ``place`` (the system's temporary folder), gone with the block or with the next one."""
    with held(prefix, place) as (folder, _):
        yield folder


@contextmanager
def held(prefix: str, place: Path | None = None) -> Iterator[tuple[Path, int]]:
    """``kept``, with the lock's descriptor for a process that may live longer than we do."""
    folder, lock = make(prefix, place)
    try:
        yield folder, lock
    finally:
        end(folder, lock)


def end(folder: Path, lock: int) -> None:
    """Let go of a folder that ``make`` made."""
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def make(prefix: str, place: Path | None = None) -> tuple[Path, int]:
    """A folder, and the descriptor of the lock on it, to be kept open for as long as it is wanted. Raises OSError."""
    root = place or Path(tempfile.gettempdir())
    sweep(root, OURS if prefix in OURS else (prefix,))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
        with suppress(FileNotFoundError):  # Swept before it was locked: a moment's work, so it is made once more.
            lock = _opened(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.stat(folder).st_ino == os.fstat(lock).st_ino:
                    return folder, lock
            except BlockingIOError:
                pass
            except FileNotFoundError:
                os.close(lock)
                raise
            except OSError:  # A file system without locks, where nobody sweeps either.
                return folder, lock
            os.close(lock)


def tidy(cache: Path) -> None:
    """Delete what killed processes left in the system's temporary folder and in the workspace's ``cache``."""
    sweep(Path(tempfile.gettempdir()))
    sweep(cache, (CHECK, WORK, IMPORT, WORKER, FIGURES))
    sweep(cache / COPIES, ("",))


def sweep(root: Path, prefixes: tuple[str, ...] = OURS) -> None:
    """Delete the folders of this account in ``root`` that nobody holds any more; what cannot be is left."""
    with suppress(OSError):
        for entry in list(os.scandir(root)):
            if entry.name.startswith(prefixes) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    _sweep(Path(entry.path))


def _sweep(folder: Path) -> None:
    lock = _opened(folder)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
