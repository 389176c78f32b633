"""Whether anything in a folder was changed: by what the file system says of each name, or by what the system tells.

To ask for every name of an environment takes 35 ms of processor time, before each step. A process that lives long can
have the system tell it of each change instead (inotify): from then on, as long as nothing was told, the answer is what
it was. What forks of that process inherit is the same descriptor, so they need not ask it; nobody reads what it tells,
and so whoever has it open sees that there is something.

What is not told: what another machine writes to a shared disk, so only disks of this machine's own are watched; and
what somebody writes who had a file mapped for writing, until he lets go of it. So every name is
asked for again each hour, and who proves something lets go of what is watched first.
"""

from __future__ import annotations

import fcntl
import hashlib
import marshal
import os
import select
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from engine.storage import mounts

if TYPE_CHECKING:
    import ctypes

# What the file system says of a file. Whoever writes into one, replaces it or sets its time back changes its ctime,
# which nobody can set. It also changes when a file gets or loses a hard link: then files are read once more.
_marks = attrgetter("st_ctime_ns", "st_mtime_ns", "st_size", "st_ino")
_AT_ONCE, _HEAD_OF_LIST = 500, 5

# Of <sys/inotify.h>: a name modified, its marks, written and closed, moved from and to, made, deleted, itself deleted
# and moved; and links are not followed.
_TOLD = 0x002 | 0x004 | 0x008 | 0x040 | 0x080 | 0x100 | 0x200 | 0x400 | 0x800
_DONT_FOLLOW = 0x0200_0000
_OWN_DISKS = frozenset((b"ext2", b"ext3", b"ext4", b"xfs", b"btrfs", b"f2fs", b"tmpfs"))
LIMITS = Path("/proc/sys/fs/inotify")
_FROM_HERE = 64  # Descriptors are kept out of the way of the first, which a fork replaces.
_SHARE = 2  # Of what this account may watch half is left to others.
REST_SECONDS, RENEWED_SECONDS = 60.0, 3600.0


def stamp(root: Path, names: bytes) -> str | None:
    """A digest of what the file system says of each of ``names`` below ``root``, which have a zero byte between them;
    None when one is missing. As long as it stays the same nothing there was added, removed or changed: a folder's own
    times tell of the names in it."""
    listed = names.split(b"\0")
    # As one list of all would be marshalled, whose memory would cost more than what is asked for.
    seen = hashlib.sha256(b"[" + len(listed).to_bytes(4, "little"))
    try:
        place = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    look = partial(os.stat, dir_fd=place, follow_symlinks=False)  # By the folder, as each path in full costs more.
    try:
        for start in range(0, len(listed), _AT_ONCE):
            marks = list(map(_marks, map(look, listed[start : start + _AT_ONCE])))
            # Version 2 of the format: the same bytes for the same numbers, always.
            seen.update(marshal.dumps(marks, 2)[_HEAD_OF_LIST:])
    except OSError:
        return None
    finally:
        os.close(place)
    return seen.hexdigest()


@dataclass(frozen=True)
class Folder:
    """What is to be watched: ``names`` below ``root`` (see ``stamp``), which the digest ``of`` stands for."""

    root: Path
    of: str
    names: bytes


@dataclass(frozen=True)
class Watch:
    """``told``: the descriptor at which a change shows, of so many ``names``. ``stamp``: what it was when they were all
    asked for, at ``asked``; ``is_at`` and ``mounted``: which folder that was, and what is mounted there."""

    told: int
    names: int
    stamp: str
    is_at: tuple[int, int]
    mounted: tuple[bytes, ...]
    asked: float


_watches: dict[tuple[Path, str], Watch] = {}


def watch(folder: Folder, steady: Callable[[], float] = time.monotonic) -> int | None:
    """Have the system tell of every change in ``folder`` from now on, to this process and those that it forks. The
    descriptor at which that shows; None where it cannot be, or where something changed meanwhile."""
    end(folder)
    real, listed = os.path.realpath(folder.root), _listed()
    if not on_own_disk(real, listed) or not _may_be_watched(folder):
        return None
    import ctypes  # nobody but who watches needs it

    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if made < 0:
        return None
    try:
        told = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, _FROM_HERE)
    except OSError:  # There may be no more descriptors, or none as high.
        return None
    finally:
        os.close(made)
    begun = _begun(libc, told, folder, mounts.concerning(real, listed), steady())
    if begun is None:
        os.close(told)
        return None
    _watches[folder.root, folder.of] = begun
    return begun.told


def _begun(libc: ctypes.CDLL, told: int, folder: Folder, mounted: tuple[bytes, ...], asked: float) -> Watch | None:
    is_at = _is_at(folder.root)
    root, names = os.fsencode(folder.root), folder.names.split(b"\0")
    for name in names:
        if libc.inotify_add_watch(told, b"%b/%b" % (root, name), _TOLD | _DONT_FOLLOW) < 0:
            return None
    # After it, so that what changes before is in it, and what changes later is told.
    seen = stamp(folder.root, folder.names)
    return None if seen is None or is_at is None else Watch(told, len(names), seen, is_at, mounted, asked)


def renew(folder: Folder, steady: Callable[[], float] = time.monotonic) -> bool:
    """Ask for every name of a folder that is watched once more: whether all is as it was and it is watched on."""
    found, asked = _watches.get((folder.root, folder.of)), steady()
    if found is None or not _nothing_told(folder.root, found) or stamp(folder.root, folder.names) != found.stamp:
        return False
    _watches[folder.root, folder.of] = replace(found, asked=asked)
    return True


def unchanged(root: Path, of: str, steady: Callable[[], float] = time.monotonic) -> str | None:
    """The stamp of the folder that is watched there, if nothing in it has changed since and its names were asked for
    within the hour, also by whoever this process was forked from; None: they are to be asked for."""
    found = _watches.get((root, of))
    if found is None or steady() - found.asked > RENEWED_SECONDS or not _nothing_told(root, found):
        return None
    return found.stamp


def _nothing_told(root: Path, found: Watch) -> bool:
    if _has_told(found.told) or _is_at(root) != found.is_at:
        return False
    return mounts.concerning(os.path.realpath(root), _listed()) == found.mounted


def _is_at(root: Path) -> tuple[int, int] | None:
    try:
        there = os.lstat(root)
    except OSError:
        return None
    return there.st_dev, there.st_ino


def end(folder: Folder) -> None:
    """Watch it no longer in this process. What it forked goes on to see what it saw."""
    found = _watches.pop((folder.root, folder.of), None)
    if found is not None:
        os.close(found.told)


def end_all() -> None:
    """Watch nothing any more in this process: from here on every name is asked for."""
    for found in _watches.values():
        os.close(found.told)
    _watches.clear()


def descriptors() -> list[int]:
    """Those at which changes show: whoever is forked keeps them open."""
    return sorted(each.told for each in _watches.values())


def _has_told(told: int) -> bool:
    poller = select.poll()
    poller.register(told, select.POLLIN)
    return bool(poller.poll(0))


def _listed() -> bytes:
    """What is mounted; nothing where nobody says, and then nobody knows on which disk a folder is."""
    with suppress(OSError):
        return mounts.MOUNTS.read_bytes()
    return b""


def on_own_disk(root: str, listed: bytes) -> bool:
    """Whether nobody but this machine writes to the disk that ``root`` is on. Pure."""
    found = mounts.mount_of(root, listed)
    return found is not None and found.kind in _OWN_DISKS


def _may_be_watched(folder: Folder) -> bool:
    """Whether enough is left for others of this account."""
    names = sum(each.names for each in _watches.values()) + folder.names.count(b"\0") + 1
    with suppress(OSError, ValueError):
        return all(
            wanted <= int((LIMITS / limit).read_text()) // _SHARE
            for wanted, limit in ((names, "max_user_watches"), (len(_watches) + 1, "max_user_instances"))
        )
    return False


class Watching:
    """Which folders a long-lived process has watched, and when each is asked for again: a minute after a change, and
    else each hour, which most often goes on with the watch that there is: what was forked keeps what it has of another.

    Nothing is done but when it is asked to: ``begin_one`` takes some 80 ms for an environment.
    """

    def __init__(self, folders: Iterable[Folder], steady: Callable[[], float]) -> None:
        self._steady = steady
        self._due = dict.fromkeys(folders, steady())
        self._at: dict[int, Folder] = {}

    def seconds(self) -> float | None:
        """Until the next one is due; None when none will be."""
        return max(0.0, min(self._due.values()) - self._steady()) if self._due else None

    def begin_one(self) -> tuple[int | None, int | None]:
        """Watch the one that is due: the descriptor that was closed for it, and the new one; neither, where it is
        watched on, or was not and cannot be."""
        folder = min(self._due, key=lambda each: self._due[each])
        self._due[folder] = self._steady() + RENEWED_SECONDS
        if renew(folder, self._steady):
            return None, None
        closed = next((at for at, each in self._at.items() if each == folder), None)
        if closed is not None:
            del self._at[closed]
        begun = watch(folder, self._steady)
        if begun is not None:
            self._at[begun] = folder
        return closed, begun

    def changed(self, descriptor: int) -> None:
        """Something was told there: it is watched no longer, until it has rested."""
        folder = self._at.pop(descriptor)
        end(folder)
        self._due[folder] = self._steady() + REST_SECONDS
