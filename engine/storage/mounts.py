"""What is mounted where, as the system lists it in /proc/self/mountinfo (proc(5)). Pure; paths go over no link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import fsencode
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Mount:
    """``point``: where; ``kind``: of which file system, such as b"ext4"; ``line``: all that is said of it."""

    point: bytes
    options: tuple[bytes, ...]
    kind: bytes
    line: bytes


def mount_of(path: str, listed: bytes) -> Mount | None:
    """The mount that ``path`` lies on; None where none is listed."""
    best: Mount | None = None
    for mount in _mounts(listed):
        # Of two at one place the later one is seen.
        if _lies_in(fsencode(path), mount.point) and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def concerning(path: str, listed: bytes) -> tuple[bytes, ...]:
    """The lines of the mount that ``path`` lies on and of those in it: no other changes what is found there."""
    on, inside = mount_of(path, listed), fsencode(path)
    return tuple(each.line for each in _mounts(listed) if each == on or _lies_in(each.point, inside))


def _mounts(listed: bytes) -> Iterator[Mount]:
    for line in listed.splitlines():
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        point = fields[4].decode("unicode_escape").encode("latin-1")  # A blank is written as \040.
        yield Mount(point, tuple(fields[5].split(b",")), after.split(b" ")[0], line)


def _lies_in(path: bytes, folder: bytes) -> bool:
    return (path.rstrip(b"/") + b"/").startswith(folder.rstrip(b"/") + b"/")
