"""An hour of requests with swaps now and then: failures, percentiles, and the memory of every process by the minute.

    benchmarks/serving_hour.py [--minutes 60] [--rate 200] [--beside 10] [--every 5] [--workers 2] [--home HOME]

`leverframe serve` and `leverframe engine` run on a workspace of two projects (see `serving_ground.py`; --home keeps
it).
Requests go to the compiled one at --rate a second and to the one with a process at --beside; every --every minutes the
other version of one of them is made live by the verb. Each minute has a line; the table of memory at the end is by
process that lived from the first minute to the last. It ends with 1 where a request failed, was answered by the old
version or mixed, where a worker died, or where a process that lived to the end grew by more than a tenth and
16 MiB after its first tenth (ten minutes at least).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import serving_ground as ground  # noqa: E402

MOST_GROWTH, MOST_MORE = 1.1, 16 << 20
SETTLED = 10  # looks after which a process has what it needs: modules, pools, the first blocks of the log


@dataclass
class Seen:
    """A process over the hour: ``rss`` and ``own`` bytes at each look, ``files`` and ``threads`` at the last."""

    name: str
    rss: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    files: int = 0
    threads: int = 0

    def look(self, process: psutil.Process) -> None:
        about = process.memory_full_info()
        self.rss.append(about.rss)
        self.own.append(about.uss)
        self.files, self.threads = process.num_fds(), process.num_threads()

    @property
    def settled(self) -> int:
        """Bytes of its own once it had what it needs."""
        return self.own[min(len(self.own) - 1, max(SETTLED, len(self.own) // 10))]

    @property
    def too_much(self) -> bool:
        return self.own[-1] - self.settled > MOST_MORE and self.own[-1] > MOST_GROWTH * self.settled


def looked(seen: dict[int, Seen], roots: dict[str, int]) -> None:
    """Look at every process below ``roots``."""
    for name, root in roots.items():
        for pid, called in ground.tree(name, root).items():
            try:
                seen.setdefault(pid, Seen(called)).look(psutil.Process(pid))
            except psutil.Error:
                continue


class Minutes:
    """What came of each minute, a line each."""

    def __init__(self, loads: Sequence[ground.Load]) -> None:
        self._loads, self._told = loads, [(0, 0, 0)] * len(loads)

    def line(self, minute: float) -> str:
        parts = []
        for place, load in enumerate(self._loads):
            asked, answered, failed = self._told[place]
            now = load.counts["asked"], len(load.seconds), load.failed
            self._told[place] = now
            found = sorted(load.seconds[answered : now[1]])
            p50, p99, worst = (ground.percentile(found, share) * 1e3 for share in (0.5, 0.99, 1.0))
            parts.append(
                f"{load.asking.project} {now[0] - asked:,} asked, {now[2] - failed} failed, "
                f"p50 {p50:.1f} p99 {p99:.1f} most {worst:.0f} ms"
            )
        return f"minute {minute:4.1f}: {'; '.join(parts)}"


def swapped(home: Path, load: ground.Load) -> str:
    """Make the other version live; a line of it."""
    live = load.moves[-1]
    to = next(each for each in load.asking.expected if each != live)
    load.moves.append(to)
    began = time.monotonic()
    why = ground.moved(home, load.asking.project, to)
    if why:
        load.failures[f"move: {why}"] += 1
        load.moves.append(live)
    load.done = len(load.moves) - 1
    return f"swap to {to}: {why or f'{time.monotonic() - began:.1f} s'}"


def hour(given: argparse.Namespace, home: Path, folder: Path) -> int:
    ground.made(home)
    askings = [ground.asking(home, each, folder) for each in (ground.DIAMONDS, ground.MOODY)]
    loads = [
        ground.Load(given.port, askings[0], given.rate),
        ground.Load(given.port, askings[1], given.beside, connections=4),
    ]
    words = ("serve", "--port", str(given.port), "--workers", str(given.workers))
    with ground.verb(home, *words, log=given.log) as server, ground.verb(home, "engine", log=given.log) as engine:
        ground.ready(home, (ground.DIAMONDS, ground.MOODY), given.workers)
        roots = {"server": server.pid, "engine": engine.pid}
        seen: dict[int, Seen] = {}
        at_first = {pid for pid, name in ground.tree("server", server.pid).items() if name == "worker"}
        looked(seen, roots)
        threads = [threading.Thread(target=lambda load=load: asyncio.run(load.run())) for load in loads]
        for each in threads:
            each.start()
        minutes, began, moves = Minutes(loads), time.monotonic(), 0
        log_before = _kept(home)
        while (past := (time.monotonic() - began) / 60) < given.minutes:
            time.sleep(max(0.0, min(60 * (1 - past % 1), 60 * (given.minutes - past))))
            past = (time.monotonic() - began) / 60
            looked(seen, roots)
            print(minutes.line(past), flush=True)
            if past + 0.5 < given.minutes and past >= (moves + 1) * given.every:
                print(swapped(home, loads[moves % 2]), flush=True)
                moves += 1
        for load in loads:
            load.over = True
        for each in threads:
            each.join()
        looked(seen, roots)
        there = {pid for pid, name in ground.tree("server", server.pid).items() if name == "worker"}
        alerts = json.loads(ground.said_by(home, "alerts", "--json").stdout)
        print(f"the request log: {log_before / 2**20:.1f} MiB before, {_kept(home) / 2**20:.1f} MiB now")
        return told(loads, seen, {server.pid, engine.pid, *there} & seen.keys(), moves, len(at_first - there), alerts)


def _kept(home: Path) -> int:
    return sum(each.stat().st_size for each in (home / "requests").rglob("*") if each.is_file())


def told(
    loads: Sequence[ground.Load], seen: dict[int, Seen], lasting: set[int], moves: int, died: int,
    alerts: list[dict[str, Any]],
) -> int:  # fmt: skip
    wrong = died
    for load in loads:
        found = sorted(load.seconds)
        counts = ", ".join(f"{name} {count:,}" for name, count in sorted(load.counts.items()))
        print(f"{load.asking.project}: {counts}")
        print(f"  failed: {load.failed:,} {dict(load.failures) if load.failures else ''}")
        shares = (0.5, 0.9, 0.99, 0.999, 1.0)
        print("  " + ", ".join(f"p{share * 100:g} {ground.percentile(found, share) * 1e3:.1f} ms" for share in shares))
        wrong += load.failed + load.counts["mixed"] + load.counts["old"]
    print(f"{moves} swaps; {died} workers that began were not there at the end")
    print("process: resident at the start and the end; its own at the start, settled, at the end, most; MiB")
    for pid, each in sorted(seen.items(), key=lambda pair: (pair[1].name, pair[0])):
        if len(each.own) < 3:
            continue
        own = [size / 2**20 for size in (each.own[0], each.settled, each.own[-1], max(each.own))]
        mark = " <- grew" if pid in lasting and each.too_much else ""
        print(
            f"  {each.name:20} {pid:7} {each.rss[0] / 2**20:7.1f} {each.rss[-1] / 2**20:7.1f}; "
            + " ".join(f"{size:7.1f}" for size in own)
            + f"; {each.files} files, {each.threads} threads, {len(each.own)} looks{mark}"
        )
    # What is asked are a few rows again and again, which is drift of its own making.
    print("open alerts: " + "; ".join(each["why"] for each in alerts if not each["why"].startswith("requests: ")))
    grew = [pid for pid in lasting if seen[pid].too_much]
    return 1 if wrong or grew else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--beside", type=float, default=10.0)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--workers", type=int, default=ground.cores())
    parser.add_argument("--port", type=int, default=8497)
    parser.add_argument("--home", type=Path, help="a workspace that an earlier call left, or where to leave one")
    parser.add_argument("--log", type=Path, help="where what the server and the engine say is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-hour-") as name:
        return hour(given, (given.home or Path(name) / "home").resolve(), Path(name))


if __name__ == "__main__":
    sys.exit(main())
