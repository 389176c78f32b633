"""Files that were deleted while a program has them open: they take room that no listing shows, until it ends."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.housekeeping.records import DiskFinding
from engine.storage.free_space import in_words
from engine.text import plain

LITTLE = 1 << 20
_DELETED = " (deleted)"


@dataclass(frozen=True)
class DeletedFile:
    """A deleted file that the process ``pid`` keeps open."""

    pid: int
    program: str
    path: str
    bytes: int


def held_open(devices: set[int], processes: Path = Path("/proc")) -> list[DeletedFile]:
    """Deleted files on the file systems ``devices``, the largest first; processes of others are passed over."""
    found: dict[tuple[int, int], DeletedFile] = {}
    for name in os.listdir(processes):
        if not name.isdigit():
            continue
        folder = processes / name / "fd"
        try:
            numbers = os.listdir(folder)
        except OSError:
            continue
        for number in numbers:
            try:
                path = os.readlink(folder / number)
                if not path.endswith(_DELETED):
                    continue
                said = os.stat(folder / number)
            except OSError:
                continue
            size = said.st_blocks * 512
            if said.st_dev in devices and size >= LITTLE and not said.st_nlink:
                held = DeletedFile(int(name), _program(processes / name), path.removesuffix(_DELETED), size)
                found.setdefault((said.st_dev, said.st_ino), held)
    return sorted(found.values(), key=lambda held: -held.bytes)


def findings(devices: set[int], processes: Path = Path("/proc")) -> Iterator[DiskFinding]:
    """One for each process: what it holds, and that ending it sets the room free."""
    by_process: dict[int, list[DeletedFile]] = defaultdict(list)
    for held in held_open(devices, processes):
        by_process[held.pid].append(held)
    for pid, files in by_process.items():
        total = sum(held.bytes for held in files)
        first = plain(files[0].path)
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        sentence = f"{in_words(total)} deleted but held open by {files[0].program} (process {pid}){more}; restart it"
        yield DiskFinding(first, sentence, total)


def _program(process: Path) -> str:
    try:
        return plain((process / "comm").read_text("utf-8", "replace"), 40) or "a program"
    except OSError:
        return "a program"
