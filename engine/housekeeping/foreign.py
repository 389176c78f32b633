"""What is worth saying about a watched folder. Findings only: nothing here changes a file.

- a bin that is not emptied; a log that is massive, or large and never rotated
- files with the same content
- data that nothing reads, which is never said on one signal alone: nobody has read it, no run has named it and no
  version holds it; where the file system keeps no read times, nothing is said
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from engine.housekeeping.places import WatchedFolder
from engine.housekeeping.records import DiskFinding
from engine.housekeeping.scan import Notable, ScannedTree
from engine.storage.free_space import in_words
from engine.storage.mounts import MOUNTS, mount_of
from engine.text import plain

MASSIVE = 100 << 20
LARGE_LOG = 20 << 20
LITTLE = 1 << 20
UNREAD_SECONDS = 180 * 86400.0
ENDS = 1 << 16
MOST_COMPARED = 1 << 30  # bytes that one look for duplicates may read
MOST_SAID = 10
_LOG = re.compile(r"(\.(log|out|err|trace)|(^|/)(syslog|messages|[a-z]+log))(\.\d+)?$", re.IGNORECASE)
_ROTATED = re.compile(r"[.-](\d+|\d{4}-?\d\d-?\d\d.*|gz|xz|zst|bz2|old)$", re.IGNORECASE)
_DATA = (".csv", ".tsv", ".parquet", ".feather", ".arrow", ".orc", ".json", ".jsonl", ".xlsx", ".zip", ".gz", ".h5",
         ".npy", ".npz", ".pkl", ".rds", ".sqlite", ".db", ".dta", ".sav", ".txt")  # fmt: skip


@dataclass(frozen=True)
class ScannedFolder:
    """A watched folder with what a scan found in it."""

    place: WatchedFolder
    tree: ScannedTree


def findings(seen: Sequence[ScannedFolder], named: Callable[[str], bool], now: float) -> Iterator[DiskFinding]:
    """Everything worth saying. ``named``: whether a run or a version names a file of this name."""
    for each in seen:
        yield from bin_findings(each)
        if each.place.kind != "bin":
            yield from log_findings(each)
        if each.place.kind == "data":
            yield from unread_findings(each, named, now)
        yield from problems(each.tree, each.place.path)
    yield from duplicates(seen)


def problems(tree: ScannedTree, name: str) -> Iterator[DiskFinding]:
    """What the scan of ``tree`` could not look into."""
    if tree.unread:
        rel, why = tree.problems[0]
        more = f" and {tree.unread - 1} more" if tree.unread > 1 else ""
        sentence = (
            f"{plain(rel) or 'the folder itself'}{more} could not be looked into ({plain(why)}); it is not counted"
        )
        yield DiskFinding(plain(name), sentence, 0, "unknown")


def bin_findings(seen: ScannedFolder) -> Iterator[DiskFinding]:
    """Bins that are not emptied: the place itself, or a bin within it."""
    if seen.place.kind == "bin":
        size, files = seen.tree.bytes, seen.tree.files
        if files and size >= LITTLE:
            held = f"{in_words(size)} in {files:,} file{'' if files == 1 else 's'}"
            yield DiskFinding(seen.place.path, f"a bin that holds {held}; empty it", size)
        return
    inside: dict[str, int] = defaultdict(int)
    for key, (size, _) in seen.tree.by_key.items():
        top = key.partition("/")[0]
        if top.startswith(".Trash") or top == "lost+found":
            inside[top] += size
    for top, size in inside.items():
        if size >= LITTLE:
            path = plain(f"{seen.place.path}/{top}")
            yield DiskFinding(path, f"a bin that holds {in_words(size)}; empty it", size)


def log_findings(seen: ScannedFolder) -> Iterator[DiskFinding]:
    """Massive logs, and large ones that nothing rotates."""
    for row in sorted(seen.tree.notable, key=lambda row: -row.bytes)[:500]:
        if not _LOG.search(row.path):
            continue
        where = plain(f"{seen.place.path}/{row.path}")
        if row.bytes >= MASSIVE:
            grows = f", {in_words(round(row.growth))} more a day" if row.growth and row.growth > LITTLE else ""
            rotates = "" if is_rotated(Path(seen.tree.root, row.path)) else ", and nothing rotates it"
            yield DiskFinding(where, f"a massive log: {in_words(row.bytes)}{grows}{rotates}; rotate it", row.bytes)
        elif row.bytes >= LARGE_LOG and not is_rotated(Path(seen.tree.root, row.path)):
            yield DiskFinding(
                where, f"a log of {in_words(row.bytes)} that nothing rotates; set up logrotate", row.bytes
            )


def is_rotated(log: Path) -> bool:
    """Whether an earlier piece of ``log`` lies beside it, or ``log`` is one."""
    stem = _ROTATED.sub("", log.name)
    if stem != log.name:
        return True
    try:
        with os.scandir(log.parent) as entries:
            return any(entry.name.startswith(stem) and _ROTATED.search(entry.name) for entry in entries)
    except OSError:
        return True  # What cannot be looked at is not complained about.


def unread_findings(
    seen: ScannedFolder, named: Callable[[str], bool], now: float, mounts: Path = MOUNTS
) -> Iterator[DiskFinding]:
    """Data that nobody has read for half a year, no run has named and no version holds."""
    root = Path(seen.tree.root)
    if not keeps_read_times(root, mounts):
        return
    said = 0
    for row in sorted(seen.tree.notable, key=lambda row: -row.bytes)[:500]:
        if not row.path.lower().endswith(_DATA):
            continue
        try:
            found = os.lstat(root / row.path)
        except OSError:
            continue
        idle = now - max(found.st_atime, found.st_mtime)
        if idle < UNREAD_SECONDS or named(os.path.basename(row.path)):
            continue
        sentence = (
            f"{in_words(row.bytes)} that nobody has read for {idle / 86400:.0f} days, no run has named and no version "
            "holds; ask its owner whether it may go"
        )
        yield DiskFinding(plain(f"{seen.place.path}/{row.path}"), sentence, row.bytes)
        said += 1
        if said == MOST_SAID:
            return


def keeps_read_times(root: Path, mounts: Path = MOUNTS) -> bool:
    """Whether the file system of ``root`` notes when a file is read."""
    try:
        found = mount_of(str(root), mounts.read_bytes())
    except OSError:
        return False
    return found is not None and b"noatime" not in found.options


def duplicates(seen: Sequence[ScannedFolder]) -> Iterator[DiskFinding]:
    """Files of a megabyte and more with the same content, the largest waste first."""
    groups = same_content([(Path(each.tree.root), row) for each in seen for row in each.tree.notable])
    for paths, size in groups[:MOST_SAID]:
        others = ", ".join(plain(str(path)) for path in paths[1:3])
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        wasted = size * (len(paths) - 1)
        sentence = f"the same {in_words(size)} again as {others}{more}; keep one"
        yield DiskFinding(plain(str(paths[0])), sentence, wasted)


def same_content(files: Iterable[tuple[Path, Notable]], most: int = MOST_COMPARED) -> list[tuple[list[Path], int]]:
    """Groups of files with equal content, by size, then by their ends, then byte by byte, reading at most ``most``."""
    by_size: dict[int, dict[tuple[int, int], Path]] = defaultdict(dict)
    for root, row in files:
        path = root / row.path
        try:
            found = os.lstat(path)
        except OSError:
            continue
        if found.st_size >= LITTLE:
            # Names of one and the same file waste nothing.
            by_size[found.st_size].setdefault((found.st_dev, found.st_ino), path)
    groups, left = [], most
    for size, same in sorted(by_size.items(), reverse=True):
        for paths in _alike(list(same.values()), lambda path: _digest(path, ENDS)) if len(same) > 1 else ():
            if size * len(paths) > left:
                continue
            left -= size * len(paths)
            groups += [(sorted(equal), size) for equal in _alike(paths, lambda path: _digest(path, None))]
    return sorted(groups, key=lambda group: -group[1] * (len(group[0]) - 1))


def _alike(paths: list[Path], digest: Callable[[Path], str | None]) -> list[list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        said = digest(path)
        if said is not None:
            found[said].append(path)
    return [group for group in found.values() if len(group) > 1]


def _digest(path: Path, ends: int | None) -> str | None:
    """Of the whole content, or of its first and last ``ends`` bytes; None when it cannot be read."""
    whole = sha256()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if ends is not None:
                whole.update(file.read(ends))
                file.seek(max(0, os.fstat(file.fileno()).st_size - ends))
                whole.update(file.read(ends))
            else:
                while block := file.read(1 << 20):
                    whole.update(block)
    except OSError:
        return None
    return whole.hexdigest()
