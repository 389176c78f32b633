"""The picture of an environment: everything that lies in it, taken when it has just been built from its lock.

What has just been built is right by definition; what packages say of themselves is not enough to judge it by (wheels
with empty folders that no list names, with bytecode that compiling writes anew). So every name is pictured: files by
kind, size and digest, folders, links by where they lead. The picture lies in the environment; its own digest is in the
ledger, so an environment that was changed cannot bring along a picture of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.environments.unchanged import Folder
from engine.errors import Damage
from engine.text import plain

# They say what the picture is and cannot be in it.
MARKER, PICTURE = _OURS = ("leverframe.json", "leverframe.picture")
_NAMED_AT_MOST = 3
_AT_MOST = 8  # pictures that a process keeps in mind


@dataclass(frozen=True)
class Picture:
    """``lock``: what it was built from, as ``Lock.to_json`` tells it. ``entries``: by path below the environment, what
    is there, as ``_entry`` says it; ``interpreter``: the Python that it starts, with a fingerprint of its program;
    empty where it starts none."""

    lock: Mapping[str, str]
    interpreter: Mapping[str, str]
    entries: Mapping[str, str]

    def content(self) -> bytes:
        told = {"lock": dict(self.lock), "interpreter": dict(self.interpreter), "entries": dict(self.entries)}
        # ASCII: a name may hold bytes that are no text in any encoding.
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")


def take(root: Path) -> dict[str, str]:
    """What lies in the environment ``root`` by path, every file read. Raises OSError."""
    return {name: _entry(path, found) for name, path, found in _walked(f"{root}{os.sep}", "")}


def _walked(root: str, below: str) -> Iterator[tuple[str, str, os.stat_result]]:
    with os.scandir(root + below) as entries:
        for each in sorted(entries, key=lambda entry: entry.name):
            name = below + each.name
            if name in _OURS:
                continue
            yield name, each.path, each.stat(follow_symlinks=False)
            if each.is_dir(follow_symlinks=False):
                yield from _walked(root, f"{name}{os.sep}")


def _entry(path: str, found: os.stat_result) -> str:
    """What is at ``path`` in a word: its kind, then a file's size and digest or where a link leads.

    Of a file's mode only what makes a program of it counts: who else may read it is the administrator's affair.
    """
    if stat.S_ISDIR(found.st_mode):
        return "folder"
    if stat.S_ISLNK(found.st_mode):
        return f"link {os.readlink(path)}"
    if not stat.S_ISREG(found.st_mode):
        return "special"
    special = found.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)
    kind = f"program-{special:o}" if special else "file"
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return f"{kind} {found.st_size} {hashlib.file_digest(file, 'sha256').hexdigest()}"


@dataclass(frozen=True)
class ReadPicture:
    """What a comparison needs of a picture that was read before: a run compares its environment six times, and every
    run the same one. ``names``: all that is in it, by path below it, with a zero byte between them."""

    interpreter: Mapping[str, str]
    names: bytes


_read_before: dict[tuple[Path, str], ReadPicture] = {}


def remembered(root: Path, digest: str) -> ReadPicture:
    """Raises Damage like ``read``."""
    found = _read_before.get((root, digest))
    return found or _remember(root, digest, _told(root, digest))


def remember(environments: Path) -> None:
    """Read the pictures of the environments built last, for all that this process forks. Each is known by its digest,
    so that what stands there later, or stood there already, is never taken for another. Raises OSError."""
    built = sorted(environments.glob(f"*/{PICTURE}"), key=lambda path: path.stat().st_mtime)
    for path in built[-_AT_MOST:]:
        with suppress(ValueError, LookupError, TypeError, RecursionError):  # Who needs it says what is wrong.
            content = path.read_bytes()
            _remember(path.parent, hashlib.sha256(content).hexdigest(), json.loads(content))


def remembered_folders() -> list[Folder]:
    """Those whose pictures are kept in mind, the newest first."""
    return [Folder(root, digest, picture.names) for (root, digest), picture in reversed(_read_before.items())]


def _remember(root: Path, digest: str, told: Mapping[str, Any]) -> ReadPicture:
    # At once, for each name alone takes ten times as long.
    names = os.fsencode("\0".join((".", *_OURS, *told["entries"])))
    for first in list(_read_before)[: 1 - _AT_MOST]:
        _read_before.pop(first, None)
    return _read_before.setdefault((root, digest), ReadPicture(told["interpreter"], names))


def read(root: Path, digest: str) -> Picture:
    """The picture with this ``digest`` that lies in the environment ``root``. Raises Damage when it is another's."""
    told = _told(root, digest)
    return Picture(told["lock"], told["interpreter"], told["entries"])


def _told(root: Path, digest: str) -> dict[str, Any]:
    try:
        content = (root / PICTURE).read_bytes()
    except OSError as error:
        raise Damage(f"{PICTURE} cannot be read: {error.strerror}.") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise Damage(f"{PICTURE} is not the one that was taken when it was built.")
    told: dict[str, Any] = json.loads(content)
    return told


def differences(pictured: Mapping[str, str], found: Mapping[str, str], packages: str) -> tuple[str, ...]:
    """How ``found`` differs from what was pictured, in words; names are told from the folder ``packages`` on. Pure."""
    added, gone = found.keys() - pictured.keys(), pictured.keys() - found.keys()
    changed = {name for name in pictured.keys() & found.keys() if pictured[name] != found[name]}
    told = []
    for names, one, several in (
        (changed, "was changed", "were changed"),
        (added, "was added", "were added"),
        (gone, "is gone", "are gone"),
    ):
        if names:
            shown = [plain(name.removeprefix(packages), 80) for name in sorted(names)[:_NAMED_AT_MOST]]
            more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
            told.append(f"{', '.join(shown)}{more} {one if len(names) == 1 else several}")
    return tuple(told)
