"""How long a scan takes beside ``du -s`` on the same tree: the first, and one again of a mostly unchanged tree.

    .venv/bin/python benchmarks/disk_scan.py [--files 200000] [--rounds 5] [--size 300]

Both are measured in turns, in one run, with warm caches and at the same low priority. Between two scans 1 % of the
folders change and one log grows, which the scan has to find.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import Figure, show, spread
from engine.housekeeping.scan import scan
from engine.housekeeping.scan_cache import memory_of

IN_A_FOLDER = 25
LOG = "0000/00/service.log"


def plant(root: Path, files: int, size: int) -> list[Path]:
    """A tree of small files, 25 in a folder, and a log among them; returns its folders."""
    folders = []
    for number in range(files // IN_A_FOLDER):
        folder = root / f"{number // 20:04d}" / f"{number % 20:02d}"
        folder.mkdir(parents=True)
        folders.append(folder)
        for name in range(IN_A_FOLDER):
            (folder / f"part-{name:03d}.bin").write_bytes(b"x" * size)
    (root / LOG).write_bytes(b"x")
    return folders


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def du(root: Path) -> None:
    subprocess.run(["nice", "-n", "10", "du", "-s", root], check=True, stdout=subprocess.DEVNULL)


def change(folders: list[Path], round_: int) -> None:
    for folder in folders[:: max(1, len(folders) // max(1, len(folders) // 100))]:
        (folder / f"new-{round_}").write_bytes(b"y" * 300)


def measure(root: Path, memory: Path, folders: list[Path], rounds: int) -> tuple[list[float], list[float], list[float]]:
    plain, first, again = [], [], []
    du(root)
    for round_ in range(rounds):
        plain.append(timed(lambda: du(root)))
        memory.unlink(missing_ok=True)
        first.append(timed(lambda: scan(root, memory, time.time())))
        change(folders, round_)
        with (root / LOG).open("ab") as log:
            log.write(b"x" * (1 << 20))
        began = time.perf_counter()
        found = scan(root, memory, time.time())
        again.append(time.perf_counter() - began)
        assert any(row.path == LOG and row.growth for row in found.notable), "the log that grew was not found"
        counted = int(subprocess.run(["du", "-s", "-B1", root], capture_output=True, text=True).stdout.split()[0])
        assert found.bytes == counted, "the scan counts something else than du"
    return plain, first, again


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=300, help="bytes of each file; 0 for ten million of them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="disk-scan-") as place:
        root = Path(place) / "tree"
        folders = plant(root, options.files, options.size)
        print(f"{options.files:,} files in {len(folders):,} folders")
        time.sleep(3)  # what was written this instant is not trusted by a scan
        plain, first, again = measure(root, memory_of(Path(place) / "memory", root), folders, options.rounds)
    for name, seconds in (("du -s", plain), ("first scan", first), ("rescan", again)):
        print(spread(name, seconds))
    limit = median(plain)
    return show(
        [
            Figure("first scan, two processes", median(first), 1.3 * limit),
            Figure("rescan, 1 % of the folders changed", median(again), 0.5 * limit),
            Figure("du -s", limit),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
