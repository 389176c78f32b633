"""Ten swaps and rollbacks under 200 requests a second: how many failed, were answered by the old version, or mixed.

    benchmarks/swap_under_load.py [--rate 200] [--moves 10] [--workers 2] [--kill]

On a workspace of `serving_ground.py` with the diamonds, two versions of which take turns while `leverframe serve`
answers. Each answer is compared with what the version that it names predicts for the row, asked in this process before.
A request that began after a move had returned and is answered by what was left counts as old. With --kill a worker is
killed (SIGKILL) in the middle of every second move; what was on its way in that worker fails and is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import serving_ground as ground  # noqa: E402
from engine import clock  # noqa: E402
from engine.api import Engine, open_engine  # noqa: E402
from engine.scoring import beats  # noqa: E402

PROJECT = ground.DIAMONDS


def turned(engine: Engine, load: ground.Load, number: int, kill: bool) -> tuple[float, float]:
    """One move; how long it took, and how long after it the last worker said that it answers with the new version."""
    live = engine.status(PROJECT, clock.now()).live
    to = next(label for label in load.asking.expected if label != live)
    load.moves.append(to)
    began = time.monotonic()
    killer = threading.Timer(1.0, _kill_one, (engine,)) if kill and number % 2 else None
    if killer is not None:
        killer.start()
    engine.move(engine.plan_rollback(PROJECT, to, lift=True), "in turn", lambda step: None)
    load.done = len(load.moves) - 1
    moved = time.monotonic()
    late = ground.until(lambda: set(ground.answering(engine.home, PROJECT)) == {to}, 60, f"all answer with {to}")
    if killer is not None:
        killer.join()
    return moved - began, late


def _kill_one(engine: Engine) -> None:
    there = sorted(beats.everybody(engine.home / "locks").values(), key=lambda each: each.worker)
    if there and there[0].pid:
        os.kill(there[0].pid, signal.SIGKILL)
        print(f"killed worker {there[0].pid}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--port", type=int, default=8495)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--home", type=Path, help="a workspace that an earlier call left, or where to leave one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-swaps-") as name:
        home = (asked.home or Path(name) / "home").resolve()
        ground.made(home, (PROJECT,))
        load = ground.Load(asked.port, ground.asking(home, PROJECT, Path(name)), asked.rate)
        engine = open_engine(home)
        try:
            with ground.verb(home, "serve", "--port", str(asked.port), "--workers", str(asked.workers)):
                ground.ready(home, (PROJECT,), asked.workers)
                return told(engine, load, asked.moves, asked.kill)
        finally:
            engine.close()


def told(engine: Engine, load: ground.Load, moves: int, kill: bool) -> int:
    asking = threading.Thread(target=lambda: asyncio.run(load.run()))
    asking.start()
    taken = []
    try:
        time.sleep(2)
        for number in range(moves):
            taken.append(turned(engine, load, number, kill))
            print(f"move {number + 1}: {taken[-1][0]:.2f} s, all workers after {taken[-1][1]:.2f} s more", flush=True)
            time.sleep(1)
    finally:
        load.over = True
        asking.join()
    for name in sorted(load.counts):
        print(f"{name}: {load.counts[name]:,}")
    print(f"failed: {load.failed:,} {dict(load.failures) if load.failures else ''}")
    seconds = sorted(load.seconds)
    for share in (0.5, 0.99, 1.0):
        print(f"p{share * 100:g}: {ground.percentile(seconds, share) * 1e3:.1f} ms")
    print(f"the slowest worker: {max(late for _, late in taken):.2f} s after the commit")
    wrong = load.counts["old"] + load.counts["mixed"] + (0 if kill else load.failed)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
