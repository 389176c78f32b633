"""What one scan leaves for the next: one file per tree, a header and behind it the records of each share.

A walker reads only the records of its own shares, and writes what it found in the same form, so that a tree of ten
million files is never in memory as a whole and its records are never parsed just to be kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from engine.housekeeping.walker import Record

FORMAT = 2
# What a share adds up to, and the number of the walker's file with the offset and length of its records there.
Share = tuple[dict[str, Any], list[int]]


@dataclass
class CachedScan:
    """What the last scan left: its time and turn, and where in the file the records of each share lie."""

    path: Path
    before: float | None = None
    turn: int = 0
    places: dict[str, list[int]] = field(default_factory=dict)
    upper: dict[str, Record] = field(default_factory=dict)


def memory_of(folder: Path, root: Path) -> Path:
    """The file in ``folder`` that remembers the tree at ``root``."""
    return folder / f"{sha256(os.fsencode(str(root))).hexdigest()[:16]}.scan"


def recall(memory: Path, root: Path) -> CachedScan:
    """The header of what is remembered; nothing when there is none, or it cannot be understood."""
    try:
        with memory.open("rb") as file:
            header = json.loads(file.readline())
            if header["format"] == FORMAT and header["root"] == str(root):
                # Places count from the end of the header, whose length is not known before they stand in it.
                places = {share: [file.tell() + at, length] for share, (at, length) in header["places"].items()}
                return CachedScan(memory, header["at"], header["turn"], places, header["upper"])
    except (OSError, ValueError, KeyError):
        pass
    return CachedScan(memory)


def collect(parts: list[Path]) -> tuple[dict[str, Share], list[dict[str, Any]]]:
    """What each share adds up to and where its records lie, and how each walker ended."""
    shares: dict[str, Share] = {}
    ends = []
    for number, part in enumerate(parts):
        with part.open("rb") as file:
            for share, offset, length, line in _shares_in(file):
                if share == "end":
                    ends.append(json.loads(line))
                else:
                    shares[share] = (json.loads(line), [number, offset, length])
    return shares, ends


def _shares_in(file: BinaryIO) -> Iterator[tuple[str, int, int, bytes]]:
    while name := file.readline().decode().strip():
        if name == "end":
            yield name, 0, 0, file.readline()
            return
        offset = file.tell()
        records = len(file.readline())
        yield name, offset, records, file.readline()


def remember(
    memory: Path,
    root: Path,
    now: float,
    turn: int,
    upper: dict[str, Record],
    parts: list[Path],
    shares: dict[str, Share],
) -> None:
    """Put the walkers' records behind a header. Not flushed: what is lost in a crash is only found out again."""
    places, at = {}, 0
    for share, (_, (_, _, length)) in shares.items():
        places[share] = [at, length]
        at += length
    header = {"format": FORMAT, "root": str(root), "at": now, "turn": turn, "places": places, "upper": upper}
    temporary = memory.with_name(f".{memory.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as out:
        out.write(json.dumps(header).encode() + b"\n")
        files = [part.open("rb") for part in parts]
        for _, (number, offset, length) in shares.values():
            files[number].seek(offset)
            out.write(files[number].read(length))
        for file in files:
            file.close()
    os.rename(temporary, memory)
