"""Whether anything in a folder was changed: by what the file system says of each name, or by what the system tells.

To ask for every name of an environment takes 35 ms of processor time, before each step. A process that lives long can
have the system tell it of each change instead (inotify): from then on, as long as nothing was told, the answer is what
it was. What forks of that process inherit is the same descriptor, so they need not ask it; nobody reads what it tells,
and so whoever has it open sees that there is something.

What is not told: what another machine writes to a shared disk, so only disks of this machine's own are watched; and
what somebody writes who had a file mapped for writing, until he lets go of it. So whoever watches asks for every name
again from time to time, and what is to be proven is always asked for.
"""

from __future__ import annotations

import fcntl
import hashlib
import marshal
import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

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
_MOUNTS = Path("/proc/self/mountinfo")
_MOST = Path("/proc/sys/fs/inotify/max_user_watches")
_FROM_HERE = 64  # Descriptors are kept out of the way of the first, which a fork replaces.
_SHARE = 2  # Of what this account may watch it leaves half to others.


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
    """``told``: the descriptor at which a change shows, of so many ``names``. ``stamp``: what it was when the system
    began to tell; ``is_at`` and ``mounts``: which folder that was, and what was mounted."""

    told: int
    names: int
    stamp: str
    is_at: tuple[int, int]
    mounts: bytes


_watches: dict[tuple[Path, str], Watch] = {}


def watch(folder: Folder) -> int | None:
    """Have the system tell of every change in ``folder`` from now on, to this process and those that it forks. The
    descriptor at which that shows; None where it cannot be, or where something changed meanwhile."""
    end(folder)
    mounts = _mounts()
    if mounts is None or not on_own_disk(os.path.realpath(folder.root), mounts) or not _may_be_watched(folder):
        return None
    import ctypes  # nobody but who watches needs it

    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if made < 0:
        return None
    told = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, _FROM_HERE)
    os.close(made)
    begun = _begun(libc, told, folder, mounts)
    if begun is None:
        os.close(told)
        return None
    _watches[folder.root, folder.of] = begun
    return begun.told


def _begun(libc: ctypes.CDLL, told: int, folder: Folder, mounts: bytes) -> Watch | None:
    try:
        found = os.lstat(folder.root)
    except OSError:
        return None
    root, names = os.fsencode(folder.root), folder.names.split(b"\0")
    for name in names:
        if libc.inotify_add_watch(told, b"%b/%b" % (root, name), _TOLD | _DONT_FOLLOW) < 0:
            return None
    # After it, so that what changes before is in it, and what changes later is told.
    seen = stamp(folder.root, folder.names)
    return None if seen is None else Watch(told, len(names), seen, (found.st_dev, found.st_ino), mounts)


def unchanged(root: Path, of: str) -> str | None:
    """The stamp of the folder that is watched there, if nothing in it has changed since; None: it is to be asked."""
    found = _watches.get((root, of))
    if found is None or _has_told(found.told):
        return None
    try:
        there = os.lstat(root)
    except OSError:
        return None
    return found.stamp if (there.st_dev, there.st_ino) == found.is_at and _mounts() == found.mounts else None


def end(folder: Folder) -> None:
    """Watch it no longer in this process. What it forked goes on to see what it saw."""
    found = _watches.pop((folder.root, folder.of), None)
    if found is not None:
        os.close(found.told)


def descriptors() -> list[int]:
    """Those at which changes show: whoever is forked keeps them open."""
    return sorted(each.told for each in _watches.values())


def _has_told(told: int) -> bool:
    poller = select.poll()
    poller.register(told, select.POLLIN)
    return bool(poller.poll(0))


def _mounts() -> bytes | None:
    try:
        return _MOUNTS.read_bytes()
    except OSError:
        return None


def on_own_disk(root: str, mounts: bytes) -> bool:
    """Whether nobody but this machine writes to the disk that ``root`` is on, which goes over no link. ``mounts``: as
    in /proc/self/mountinfo. Pure."""
    path, best, kind = os.fsencode(root) + b"/", b"", b""
    for line in mounts.splitlines():
        before, _, after = line.partition(b" - ")
        point = before.split(b" ")[4].decode("unicode_escape").encode("latin-1").rstrip(b"/") + b"/"
        if path.startswith(point) and len(point) >= len(best):  # Of two at one place the later one is seen.
            best, kind = point, after.split(b" ")[0]
    return kind in _OWN_DISKS


def _may_be_watched(folder: Folder) -> bool:
    """Whether enough is left for others of this account."""
    wanted = sum(each.names for each in _watches.values()) + folder.names.count(b"\0") + 1
    with suppress(OSError, ValueError):
        return wanted <= int(_MOST.read_text()) // _SHARE
    return False


class Watching:
    """Which folders a long-lived process has watched, and when it begins anew: a minute after a change, and each hour.

    Nothing is done but when it is asked to: ``begin_one`` takes some 80 ms for an environment.
    """

    REST_SECONDS, RENEWED_SECONDS = 60.0, 3600.0

    def __init__(self, folders: Iterable[Folder], steady: Callable[[], float]) -> None:
        self._steady = steady
        self._due = dict.fromkeys(folders, steady())
        self._at: dict[int, Folder] = {}

    def seconds(self) -> float | None:
        """Until the next one is due; None when none will be."""
        return max(0.0, min(self._due.values()) - self._steady()) if self._due else None

    def begin_one(self) -> tuple[int | None, int | None]:
        """Watch the one that is due: the descriptor that was closed for it, and the new one."""
        folder = min(self._due, key=lambda each: self._due[each])
        closed = next((at for at, each in self._at.items() if each == folder), None)
        if closed is not None:
            del self._at[closed]
        begun = watch(folder)
        if begun is not None:
            self._at[begun] = folder
        self._due[folder] = self._steady() + (self.RENEWED_SECONDS if begun is not None else self.REST_SECONDS)
        return closed, begun

    def changed(self, descriptor: int) -> None:
        """Something was told there: it is watched no longer, until it has rested."""
        folder = self._at.pop(descriptor)
        end(folder)
        self._due[folder] = self._steady() + self.REST_SECONDS
