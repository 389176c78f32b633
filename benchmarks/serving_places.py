"""What a server stands on goes away under it: a full disk, deleted files, no descriptors, a full /dev/shm, a clock.

    benchmarks/serving_places.py HOME [--rate 100] [--port 8502] [--clock libfaketime.so.1]

HOME is a workspace of `serving_ground.py`; it is copied, without its environments, to a small file system of its own
(root mounts it). Under a load on its compiled project the disk is filled until the ledger takes nothing, and emptied
again; its objects, release folders and caches are deleted; then a server with 64 descriptors, one whose /dev/shm is
full, and, with --clock, one whose clock jumps an hour ahead and back answer the same load. Each has a line: how many
answers failed, what is shown of it, and whether all rows that were answered are in the log or counted as lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import serving_ground as ground  # noqa: E402

ROOM = 48 << 20  # beside the copy
WRITES = 75.0  # seconds in which every row is in a block: a minute, and a round of the log's thread


@contextmanager
def disk(size: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def copied(home: Path, to: Path) -> None:
    """The workspace without what serving tables needs not."""
    left = shutil.ignore_patterns("environments", "cache", "warm", "ledger.db*", "requests", "runs")
    shutil.copytree(home, to, symlinks=True, ignore=left)
    for each in ("cache", "runs", "environments"):
        (to / each).mkdir(exist_ok=True)
    there, copy = sqlite3.connect(home / "ledger.db"), sqlite3.connect(to / "ledger.db")
    with there, copy:
        there.backup(copy)
    there.close()
    copy.close()


class Loaded:
    """A load from ``begin`` to ``end``."""

    def __init__(self, port: int, asking: ground.Asking, rate: float) -> None:
        self.load = ground.Load(port, asking, rate)
        self._thread = threading.Thread(target=lambda: asyncio.run(self.load.run()))
        self._thread.start()

    def told(self, what: str) -> int:
        """What failed since it was told last; returns how many were answered."""
        load = self.load
        answered = sum(count for kind, count in load.counts.items() if kind.startswith("answered"))
        print(f"{what}: {load.counts['asked']:,} asked, {load.failed} failed {dict(load.failures) or ''}, "
              f"{load.counts['mixed']} mixed", flush=True)  # fmt: skip
        load.counts.clear()
        load.failures.clear()
        return answered

    def end(self) -> None:
        self.load.over = True
        self._thread.join()


def shown(home: Path) -> list[str]:
    """What the status and doctor say of it."""
    done = ground.said_by(home, "status", ground.DIAMONDS, "--json")
    if done.returncode:
        return [done.stderr.strip()]
    said = json.loads(done.stdout)["projects"][0]
    doctor = json.loads(ground.said_by(home, "doctor", "--json").stdout)
    return [f"status: {said['why']}"] + [
        f"doctor: {each['sentence']}" for each in doctor["findings"] if each["what"].startswith(("serving", "disk"))
    ]


def kept(home: Path) -> tuple[int, int]:
    """How many rows are in the log, and how many are counted as lost."""
    db = sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True)
    try:
        rows = db.execute("SELECT coalesce(sum(rows), 0) FROM request_blocks").fetchone()[0]
        lost = db.execute("SELECT coalesce(sum(lost), 0) FROM request_counts").fetchone()[0]
        return int(rows), int(lost)
    finally:
        db.close()


def filled(place: Path) -> None:
    with suppress(OSError), (place / "ballast").open("wb") as file:
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    with suppress(OSError), (place / "ballast2").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(256))


def full_disk(place: Path, home: Path, loaded: Loaded) -> None:
    answered, before = 0, kept(home)
    time.sleep(15)
    answered += loaded.told("a disk with room")
    filled(place)
    time.sleep(WRITES + 20)
    answered += loaded.told("a disk that is full")
    print("  " + "\n  ".join(shown(home)), flush=True)
    for each in ("ballast", "ballast2"):
        (place / each).unlink(missing_ok=True)
    time.sleep(WRITES + 20)
    answered += loaded.told("a disk with room again")
    loaded.end()
    answered += loaded.told("and until the load ended")
    print("  " + "\n  ".join(shown(home)), flush=True)
    time.sleep(WRITES + 20)
    rows, lost = (now - then for now, then in zip(kept(home), before, strict=True))
    print(f"  of {answered:,} answered {rows:,} rows are in the log and {lost:,} are counted as lost", flush=True)


def deleted(home: Path, loaded: Loaded) -> None:
    for each in ("objects", "releases", "live", "cache", "requests", "logs"):
        aside = home / f"{each}.aside"
        if not (home / each).exists():
            continue
        os.rename(home / each, aside)
        time.sleep(8)
        loaded.told(f"{each} deleted")
        shutil.rmtree(home / each, ignore_errors=True)  # What was made anew meanwhile.
        os.rename(aside, home / each)
    time.sleep(5)
    loaded.told("all there again")


def few_descriptors(port: int, asking: ground.Asking) -> None:
    there = []
    for _ in range(300):
        with suppress(OSError):
            there.append(socket.create_connection(("127.0.0.1", port), timeout=2))
    time.sleep(3)
    for each in there:
        each.close()
    time.sleep(2)
    loaded = Loaded(port, asking, 50)
    time.sleep(10)
    loaded.told(f"64 descriptors, after {len(there)} connections")
    loaded.end()


@contextmanager
def served(home: Path, port: int, workers: int, before: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    argv = [*before, sys.executable, "-m", "console", "--home", str(home), "serve", "--port", str(port)]
    process = subprocess.Popen(
        [*argv, "--workers", str(workers)], cwd=ROOT, env={**os.environ, **environment}, start_new_session=True
    )
    try:
        ground.ready(home, (ground.DIAMONDS,), workers)
        yield
    finally:
        process.terminate()
        process.wait(90)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--workers", type=int, default=ground.cores())
    parser.add_argument("--port", type=int, default=8502)
    parser.add_argument("--clock", metavar="LIBRARY", help="libfaketime's, which makes the clock jump")
    given = parser.parse_args()
    source = given.home.resolve()
    with tempfile.TemporaryDirectory(prefix="leverframe-places-") as name:
        asking = ground.asking(source, ground.DIAMONDS, Path(name))
        copied(source, Path(name) / "home")
        size = sum(each.stat().st_size for each in (Path(name) / "home").rglob("*") if each.is_file())
        with disk(int(size * 1.2) + ROOM) as place:
            home = place / "home"
            shutil.copytree(Path(name) / "home", home, symlinks=True)
            chosen = ground.said_by(home, "settings", "set", "keep_free", "0", "--reason", "a trial")
            print(chosen.stderr.strip() or "nothing is kept free", flush=True)
            with served(home, given.port, given.workers, (), {}):
                loaded = Loaded(given.port, asking, given.rate)
                full_disk(place, home, loaded)
                loaded = Loaded(given.port, asking, given.rate)
                deleted(home, loaded)
                loaded.end()
            with served(home, given.port, 1, ("prlimit", "--nofile=64"), {}):
                few_descriptors(given.port, asking)
            script = 'mount -t tmpfs -o size=64k tmpfs /dev/shm; cat /dev/zero > /dev/shm/full 2>/dev/null; exec "$@"'
            with served(home, given.port, 1, ("unshare", "-m", "sh", "-c", script, "sh"), {}):
                loaded = Loaded(given.port, asking, given.rate)
                time.sleep(8)
                loaded.told("/dev/shm full")
                loaded.end()
            if given.clock:
                jumps(home, given, asking, Path(name) / "clock")
    return 0


def jumps(home: Path, given: argparse.Namespace, asking: ground.Asking, said: Path) -> None:
    said.write_text("+0")
    environment = {
        "LD_PRELOAD": given.clock, "FAKETIME_TIMESTAMP_FILE": str(said), "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    with served(home, given.port, given.workers, (), environment):
        loaded = Loaded(given.port, asking, given.rate)
        for jump in ("+3600", "-86400", "+0"):
            said.write_text(jump)
            time.sleep(12)
            loaded.told(f"a clock at {jump} s")
            print("  " + "\n  ".join(shown(home)), flush=True)
        loaded.end()


if __name__ == "__main__":
    sys.exit(main())
