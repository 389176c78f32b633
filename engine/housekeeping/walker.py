"""Walk a share of a tree and say what it takes. Stand-alone: run with ``python -I -S`` by ``scan.py``, two at a time.

A folder's record is kept for the next scan: ``[modified, bytes, files, folders, watched, links]``. A folder whose own
time has not changed holds the same names as before, so it is not listed again. Its files may have grown all the same:
those that are large, that were written lately or that are called like a log are looked at one by one each time, and
one folder in ``TURNS`` is listed anew anyway, so that nothing stays unseen for longer than that many scans.

Files with several names are left out of a folder's bytes and told apart (``links``), so that each counts once.
Symbolic links are never followed, other file systems never entered.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, BinaryIO
from zlib import crc32

TURNS = 8
LARGE = 1 << 20
LATELY = 1 << 16
LATELY_SECONDS = 7 * 86400
# A folder that changed this shortly before it was listed may change again within the same tick of its clock.
SETTLED_NS = 2_000_000_000
LOGS = ("log", ".out", ".err", ".jsonl", "-wal", ".trace", "messages")
MOST_WATCHED = 512
MOST_PROBLEMS = 50
SHARES = 64
_HOUR = 3600.0

# [modified_ns, bytes, files, [folder], [[name, bytes, modified, growth, inode if it has more names]], [[inode, bytes]]]
Record = list[Any]


class Walk:
    """One tree at one moment: what was known of it, and what is found."""

    def __init__(self, root: str, now: float, before: float | None, turn: int, device: int) -> None:
        self.root, self.now, self.before, self.turn, self.device = root, now, before, turn, device
        self.problems: list[list[str]] = []
        self.unread = 0
        self.vanished = 0

    def look(self, rel: str, old: Record | None) -> Record | None:
        """The record of the folder ``rel``; None when it cannot be read or is no longer there."""
        path = self.root + "/" + rel if rel else self.root
        try:
            trusted = old is not None and (crc32(os.fsencode(rel)) + self.turn) % TURNS
            if old is not None and trusted and os.lstat(path).st_mtime_ns == old[0]:
                return self._again(path, old)
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            self.vanished += 1
            return None
        except OSError as error:
            self._problem(rel, error.strerror or str(error))
            return None
        try:
            return self._list(rel, folder, old)
        except OSError as error:
            self._problem(rel, error.strerror or str(error))
            return None
        finally:
            os.close(folder)

    def _problem(self, rel: str, why: str) -> None:
        self.unread += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append([rel, why])

    def _list(self, rel: str, folder: int, old: Record | None) -> Record | None:
        own = os.fstat(folder)
        if own.st_dev != self.device:
            self._problem(rel, "another file system is mounted there")
            return None
        total, files = own.st_blocks, 0
        folders: list[str] = []
        watched: list[list[Any]] = []
        links: list[list[int]] = []
        lately = self.now - LATELY_SECONDS
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                    continue
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    self.vanished += 1
                    continue
                files += 1
                blocks, size, name = found.st_blocks, found.st_size, entry.name
                if found.st_nlink > 1:
                    links.append([found.st_ino, blocks * 512])
                else:
                    total += blocks
                if size >= LARGE or (size >= LATELY and found.st_mtime > lately) or name.endswith(LOGS):
                    other = found.st_ino if found.st_nlink > 1 else 0
                    watched.append([name, blocks * 512, found.st_mtime, None, other])
        if len(watched) > MOST_WATCHED:
            watched = sorted(watched, key=_bytes, reverse=True)[:MOST_WATCHED]
        self._grown(watched, old)
        modified = own.st_mtime_ns if self.now * 1e9 - own.st_mtime_ns > SETTLED_NS else -1
        return [modified, total * 512, files, folders, watched, links]

    def _again(self, path: str, old: Record) -> Record:
        """A folder that holds the same names as before: only what may have grown is looked at."""
        watched = []
        for name, size, modified, growth, shared in old[4]:
            try:
                found = os.lstat(path + "/" + name)
            except OSError:
                watched.append([name, size, modified, growth, shared])
                continue
            now = found.st_blocks * 512
            if not shared:
                old[1] += now - size
            watched.append([name, now, found.st_mtime, growth, shared])
        previous, old[4] = old[4], watched
        for row, (_, size, _, growth, _) in zip(watched, previous, strict=True):
            row[3] = self._growth(row[1], size, growth)
        return old

    def _grown(self, watched: list[list[Any]], old: Record | None) -> None:
        if old is None or self.before is None:
            return
        known = {row[0]: row for row in old[4]}
        for row in watched:
            row_before = known.get(row[0])
            # What was not watched before, or not there, grew from nothing that is known.
            size, growth = (row_before[1], row_before[3]) if row_before else (None, None)
            row[3] = self._growth(row[1], size, growth)

    def _growth(self, size: int, was: int | None, growth: float | None) -> float | None:
        """Bytes a day: what was seen since the last scan, mixed with what was known, a day weighing half."""
        if was is None or self.before is None:
            return growth
        passed = max(self.now - self.before, _HOUR)
        seen = (size - was) / passed * 86400
        if growth is None:
            return seen
        weight = 0.5 ** (passed / 86400)
        return float(growth * weight + seen * (1 - weight))


def _bytes(row: list[Any]) -> int:
    return int(row[1])


def key_of(rel: str) -> str:
    """The first two names of a path: what totals are kept by."""
    return "/".join(rel.split("/", 2)[:2])


class Totals:
    """What a share of the tree adds up to; the parent adds the shares."""

    def __init__(self, most_notable: int) -> None:
        self.by_key: dict[str, list[int]] = {}
        self.links: dict[str, list[list[int]]] = {}
        self.notable: list[list[Any]] = []
        self.most_notable = most_notable

    def add(self, rel: str, record: Record) -> None:
        key = key_of(rel)
        found = self.by_key.setdefault(key, [0, 0])
        found[0] += record[1]
        found[1] += record[2]
        if record[5]:
            self.links.setdefault(key, []).extend(record[5])
        for name, size, modified, growth, other in record[4]:
            if size >= LARGE or growth:
                self.notable.append([f"{rel}/{name}" if rel else name, size, modified, growth, other])

    def document(self) -> dict[str, Any]:
        most = self.most_notable
        if len(self.notable) > most:
            largest = sorted(self.notable, key=_bytes, reverse=True)[:most]
            growing = sorted(self.notable, key=lambda row: row[3] or 0.0, reverse=True)[: most // 4]
            self.notable = [list(row) for row in {tuple(row) for row in [*largest, *growing]}]
        return {"by_key": self.by_key, "links": self.links, "notable": self.notable}


def walk_share(walk: Walk, start: list[str], old: dict[str, Record], totals: Totals) -> dict[str, Record]:
    """Everything below the folders ``start``, and their records."""
    records: dict[str, Record] = {}
    stack = list(start)
    while stack:
        rel = stack.pop()
        record = walk.look(rel, old.get(rel))
        if record is None:
            continue
        records[rel] = record
        totals.add(rel, record)
        for name in record[3]:
            stack.append(rel + "/" + name)
    return records


def share_of(rel: str) -> int:
    """Which share the subtree ``rel`` belongs to; the same in each scan, so that its records are found again."""
    return crc32(os.fsencode(rel)) % SHARES


def recalled(known: BinaryIO, offset: int, length: int) -> dict[str, Record]:
    """What is remembered of a share; nothing where that is damaged."""
    known.seek(offset)
    try:
        old: dict[str, Record] = json.loads(known.read(length))
    except ValueError:
        return {}
    return old


def main() -> int:
    """Take shares off the queue (a pipe of single bytes, which two readers can share) until there are none."""
    job = json.load(sys.stdin)
    known = open(job["known"], "rb") if job["known"] else None  # noqa: SIM115 - for as long as the process lives
    walk = Walk(job["root"], job["now"], job["before"], job["turn"], job["device"])
    spent = 0
    told = time.monotonic()
    with open(job["out"], "w", encoding="ascii") as out:
        while number := os.read(job["queue"], 1):
            share = str(number[0])
            old: dict[str, Record] = {}
            if known is not None and share in job["places"]:
                old = recalled(known, *job["places"][share])
            totals = Totals(job["most_notable"])
            records = walk_share(walk, job["shares"][share], old, totals)
            spent += sum(record[2] for record in records.values())
            out.write(f"{share}\n{json.dumps(records, separators=(',', ':'))}\n{json.dumps(totals.document())}\n")
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                os.write(1, f"{spent}\n".encode())
        said = {"problems": walk.problems, "unread": walk.unread, "vanished": walk.vanished}
        out.write(f"end\n{json.dumps(said)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
