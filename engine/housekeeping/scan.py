"""Scan a tree in two processes of low priority, and remember its folders so that the next scan lists only what changed.

The upper folders are listed here until there are enough below them to share out.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import Refusal
from engine.housekeeping import walker
from engine.housekeeping.scan_cache import collect, recall, remember
from engine.housekeeping.walker import Record, Totals, Walk
from engine.storage.disk import refused, why_not

MOST_NOTABLE = 400
ENOUGH_TO_SHARE = 64
DEEPEST_SHARED = 6
_WALKER = Path(walker.__file__).resolve()

OnFiles = Callable[[int], None]


@dataclass(frozen=True)
class Notable:
    """A large or growing file; ``path`` relative to the tree, exactly as it is (not yet safe to show).

    ``inode`` is 0 unless the file has other names.
    """

    path: str
    bytes: int
    modified: float
    growth: float | None
    inode: int = 0


@dataclass(frozen=True)
class ScannedTree:
    """What a scan found: bytes and files by the first two names of their paths, each byte once."""

    root: str
    at: float
    seconds: float
    by_key: dict[str, tuple[int, int]]
    notable: tuple[Notable, ...]
    problems: tuple[tuple[str, str], ...] = ()
    unread: int = 0
    vanished: int = 0

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.by_key.values())

    @property
    def files(self) -> int:
        return sum(files for _, files in self.by_key.values())


def scan(
    root: Path,
    memory: Path,
    now: float,
    *,
    processes: int = 2,
    prefer: Callable[[str], int] = lambda key: 0,
    polite: bool = True,
    most_notable: int = MOST_NOTABLE,
    on_files: OnFiles = lambda files: None,
) -> ScannedTree:
    """What the tree at ``root`` takes. ``memory``: see ``memory_of``; ``now`` in seconds since 1970.

    A file with several names counts once, for the key to which ``prefer`` gives the smallest number; where several have
    that, each has its part.
    Raises Refusal when ``root`` cannot be read or the disk that ``memory`` is on is full.
    """
    began = time.monotonic()
    known = recall(memory, root)
    try:
        device = os.stat(root).st_dev
    except OSError as error:
        raise Refusal(f"{root} cannot be scanned: {why_not(error)}.") from None
    walk = Walk(str(root), now, known.before, known.turn, device)
    totals = Totals(most_notable)
    upper, frontier = _upper(walk, known.upper, totals)
    if "" not in upper:
        raise Refusal(f"{root} cannot be scanned: {walk.problems[0][1] if walk.problems else 'it is gone'}.")
    job = {
        "root": str(root), "now": now, "before": known.before, "turn": known.turn, "device": device,
        "known": str(known.path) if known.places else "", "places": known.places, "most_notable": most_notable,
        "shares": _shared_out(frontier),
    }  # fmt: skip
    with refused(f"The scan of {root} could not be kept"):
        memory.parent.mkdir(parents=True, exist_ok=True)
        parts = _run(job, memory, min(processes, max(1, len(frontier))), polite, on_files)
        shares, ends = collect(parts)
        remember(memory, root, now, known.turn + 1, upper, parts, shares)
    for part in parts:
        part.unlink(missing_ok=True)
    documents = [totals.document(), *(document for document, _ in shares.values())]
    by_key = _added(documents, prefer)
    seconds = time.monotonic() - began
    problems = [*walk.problems, *(row for end in ends for row in end["problems"])]
    return ScannedTree(
        root=str(root),
        at=now,
        seconds=seconds,
        by_key=by_key,
        notable=_named_once([Notable(*row) for document in documents for row in document["notable"]], prefer),
        problems=tuple((rel, why) for rel, why in problems),
        unread=walk.unread + sum(end["unread"] for end in ends),
        vanished=walk.vanished + sum(end["vanished"] for end in ends),
    )


def _upper(walk: Walk, old: dict[str, Record], totals: Totals) -> tuple[dict[str, Record], list[str]]:
    """The records of the upper folders, and the folders below them that are to be shared out."""
    upper: dict[str, Record] = {}
    level = [""]
    for _ in range(DEEPEST_SHARED):
        below: list[str] = []
        for rel in level:
            record = walk.look(rel, old.get(rel))
            if record is None:
                continue
            upper[rel] = record
            totals.add(rel, record)
            below += [f"{rel}/{name}" if rel else name for name in record[3]]
        level = below
        if not level or len(level) >= ENOUGH_TO_SHARE:
            break
    return upper, level


def _shared_out(frontier: list[str]) -> dict[str, list[str]]:
    shares: dict[str, list[str]] = {}
    for rel in frontier:
        shares.setdefault(str(walker.share_of(rel)), []).append(rel)
    return shares


def _run(job: dict[str, Any], memory: Path, processes: int, polite: bool, on_files: OnFiles) -> list[Path]:
    """Start the walkers, wait for them, and return the files that they wrote."""
    reading, writing = os.pipe()
    # One byte a share: the pipe holds them all, and each read takes exactly one, whoever reads.
    os.write(writing, bytes(int(share) for share in job["shares"]))
    os.close(writing)
    parts = [memory.with_name(f".{memory.name}.{os.getpid()}-{number}.tmp") for number in range(processes)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for part in parts:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WALKER)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(reading,),
            )  # fmt: skip
            started.append(process)
            if polite:
                _step_back(process.pid)
            assert process.stdin is not None
            process.stdin.write(json.dumps({**job, "queue": reading, "out": str(part)}).encode())
            process.stdin.close()
        _follow(started, on_files)
    except BaseException:
        for process in started:
            process.kill()
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    finally:
        os.close(reading)
        for process in started:
            process.wait()
    for process in started:
        _check(process, parts)
    return parts


def _step_back(pid: int) -> None:
    """Let everything else on the machine go first, on the processor and on the disk."""
    import psutil

    try:
        process = psutil.Process(pid)
        process.nice(10)
        process.ionice(psutil.IOPRIO_CLASS_IDLE)
    except (psutil.Error, OSError, AttributeError):
        return  # A machine that cannot do this scans at the priority that it has.


def _follow(started: list[subprocess.Popen[bytes]], on_files: OnFiles) -> None:
    """Tell how many files were seen, until every walker has closed its output."""
    seen: dict[int, int] = {}
    with selectors.DefaultSelector() as waiting:
        for process in started:
            assert process.stdout is not None
            waiting.register(process.stdout, selectors.EVENT_READ, process.pid)
        while waiting.get_map():
            for key, _ in waiting.select():
                said = os.read(key.fd, 4096)
                if not said:
                    waiting.unregister(key.fileobj)
                    continue
                seen[key.data] = int(said.split()[-1])
                on_files(sum(seen.values()))


def _check(process: subprocess.Popen[bytes], parts: Iterable[Path]) -> None:
    assert process.stderr is not None and process.stdout is not None
    said = process.stderr.read().decode("utf-8", "replace").strip()
    process.stderr.close()
    process.stdout.close()
    if process.returncode:
        for part in parts:
            part.unlink(missing_ok=True)
        last = said.splitlines()[-1] if said else f"it ended with code {process.returncode}"
        raise Refusal(f"The scan was cut short: {last}. Nothing was changed; scan again.")


def _added(documents: list[dict[str, Any]], prefer: Callable[[str], int]) -> dict[str, tuple[int, int]]:
    """Bytes and files by key; files with several names go to the preferred key that has one of them."""
    totals: dict[str, list[int]] = {}
    links: dict[str, list[list[int]]] = {}
    for document in documents:
        for key, (size, files) in document["by_key"].items():
            found = totals.setdefault(key, [0, 0])
            found[0] += size
            found[1] += files
        for key, rows in document["links"].items():
            links.setdefault(key, []).extend(rows)
    owners: dict[int, tuple[int, int, list[str]]] = {}
    for key in sorted(links, key=lambda key: (prefer(key), key)):
        rank = prefer(key)
        for inode, size in links[key]:
            first, _, keys = owners.setdefault(inode, (rank, size, []))
            if first == rank and (not keys or keys[-1] != key):
                keys.append(key)
    for _, size, keys in owners.values():
        part, rest = divmod(size, len(keys))
        totals[keys[0]][0] += rest
        for key in keys:
            totals[key][0] += part
    return {key: (size, files) for key, (size, files) in totals.items()}


def _named_once(found: list[Notable], prefer: Callable[[str], int]) -> tuple[Notable, ...]:
    """Of a file with several names the preferred one only."""
    kept: dict[int, Notable] = {}
    for row in sorted((row for row in found if row.inode), key=lambda row: (prefer(walker.key_of(row.path)), row.path)):
        kept.setdefault(row.inode, row)
    return (*(row for row in found if not row.inode), *kept.values())
