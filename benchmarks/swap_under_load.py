"""Ten swaps and rollbacks under 200 requests a second: how many failed, were answered by the old version, or mixed.

    benchmarks/swap_under_load.py [--rate 200] [--moves 10] [--workers 2] [--kill]

A workspace of its own with the diamonds, two versions of which are made; then `leverframe serve` answers while they
take turns. Each answer is compared with what the version that it names predicts for the row, asked in this process
before. A request that began after a move had returned and is answered by what was left counts as old. With --kill a
worker is killed (SIGKILL) in the middle of every second move; what was on its way in that worker fails and is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine import clock  # noqa: E402
from engine.api import Engine, open_engine  # noqa: E402
from engine.scoring import beats  # noqa: E402

PROJECT, CONNECTIONS, ROWS = "diamonds", 16, 20
Records = list[dict[str, Any]]


@dataclass
class Load:
    """What is asked, what each version predicts for it, and what came of it."""

    port: int
    records: Records
    expected: dict[str, list[Any]]
    rate: float
    moves: list[str] = field(default_factory=list)  # what was live first, and what each move since makes live
    done: int = 0  # the last of them that had returned
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    over: bool = False

    async def run(self) -> None:
        number, begin = itertools.count(), time.monotonic()
        await asyncio.gather(*(self._connection(number, begin) for _ in range(CONNECTIONS)))

    async def _connection(self, number: itertools.count[int], begin: float) -> None:
        streams = None
        while not self.over:
            mine = next(number)
            await asyncio.sleep(max(0.0, begin + mine / self.rate - time.monotonic()))
            row, done, began = mine % len(self.records), self.done, time.monotonic()
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
                status, said = await asyncio.wait_for(_ask(*streams, self.records[row]), 10)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
                self.counts["asked"] += 1
                self.failures[type(error).__name__] += 1
                if streams is not None:
                    streams[1].close()
                streams = None
                continue
            self._take(row, done, began, status, said)

    def _take(self, row: int, done: int, began: float, status: int, said: dict[str, Any]) -> None:
        self.counts["asked"] += 1
        self.seconds.append(time.monotonic() - began)
        if status != 200:
            self.failures[f"{status}: {said.get('error')}"] += 1
            return
        version = said["version"]
        self.counts[f"answered by {version}"] += 1
        self.counts["by a fallback"] += said["fallback"] is not None
        self.counts["mixed"] += said["predictions"][0]["prediction"] != self.expected[version][row]
        # What was live when it began, or a move made so that had begun before it was answered.
        self.counts["old"] += version not in self.moves[done:]


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"records": [record]}).encode()
    head = (
        f"POST /projects/{PROJECT}/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    said = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    length = next(int(line.partition(":")[2]) for line in said if line.lower().startswith("content-length:"))
    return int(said[0].split()[1]), json.loads(await reader.readexactly(length))


def made(home: Path, folder: Path) -> Engine:
    """Two versions of the diamonds, the first of which was live and the second is."""
    subprocess.run(["cp", "-r", str(ROOT / "sample_projects" / PROJECT), str(folder)], check=True)
    manifest = folder / "leverframe.toml"
    if "[serve]" not in manifest.read_text():
        manifest.write_text(manifest.read_text() + "\n[serve]\nrealtime = true\n")
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "it")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    engine = open_engine(home, create=True)
    engine.add(folder)
    for weeks in (2, 1):
        run = engine.wait(engine.retrain(PROJECT, as_of=clock.now() - timedelta(weeks=weeks)).id, lambda run: None)
        if run.version is None:
            raise SystemExit(f"run {run.id} {run.state}: {run.why}")
        engine.move(engine.plan_release(run.version), "newer data", lambda step: None)
        print(f"{run.version} is live", flush=True)
    return engine


def predicted(engine: Engine, folder: Path) -> tuple[Records, dict[str, list[Any]]]:
    """Rows of the golden ones, and what each version predicts for them."""
    import pyarrow as pa
    import pyarrow.parquet

    from engine.scoring.makers import open_ready
    from engine.storage.objects import ObjectStore
    from engine.storage.workspace import Workspace
    from engine.versions import document as documents

    workspace = Workspace(engine.home)
    store = ObjectStore(workspace.objects)
    records: Records = []
    expected = {}
    for version in engine.versions(PROJECT, offset=0, limit=10):
        document = documents.of_version(store, version.label, version.digest)
        if not records:
            table = pyarrow.parquet.read_table(pa.BufferReader(store.read(document.golden.inputs)))
            records = table.slice(0, ROWS).to_pylist()
        scorer = open_ready(workspace, store, version.label, document, folder / version.label, marker="benchmark")
        rows = [[record[name] for name in scorer.features] for record in records]
        expected[version.label] = [answer[0] for answer in scorer.answer(rows)]
        print(f"{version.label} is scored by its {scorer.maker}", flush=True)
        scorer.close()
    assert len({tuple(each) for each in expected.values()}) == len(expected), "the versions predict alike"
    return records, expected


def turned(engine: Engine, load: Load, number: int, kill: bool) -> tuple[float, float]:
    """One move; how long it took, and how long after it the last worker said that it answers with the new version."""
    live = engine.status(PROJECT, clock.now()).live
    to = next(label for label in load.expected if label != live)
    load.moves.append(to)
    began = time.monotonic()
    killer = threading.Timer(1.0, _kill_one, (engine,)) if kill and number % 2 else None
    if killer is not None:
        killer.start()
    engine.move(engine.plan_rollback(PROJECT, to, lift=True), "in turn", lambda step: None)
    load.done = len(load.moves) - 1
    moved = time.monotonic()
    while not _all_answer_with(engine, to):
        time.sleep(0.02)
    if killer is not None:
        killer.join()
    return moved - began, time.monotonic() - moved


def _all_answer_with(engine: Engine, label: str) -> bool:
    there = beats.everybody(engine.home / "locks").values()
    return all(PROJECT in each.answers and each.answers[PROJECT].label == label for each in there)


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
        folder = Path(name)
        home = asked.home or folder / "home"
        engine = open_engine(home) if home.exists() else made(home, home.with_name(f"{home.name}-{PROJECT}"))
        records, expected = predicted(engine, folder)
        words = [sys.executable, "-m", "console", "serve", "--home", str(home), "--port", str(asked.port)]
        server = subprocess.Popen([*words, "--workers", str(asked.workers)], cwd=ROOT)
        try:
            while len(beats.everybody(home / "locks")) < asked.workers or not _all_answer_with(
                engine, str(engine.status(PROJECT, clock.now()).live)
            ):
                time.sleep(0.1)
            return told(engine, Load(asked.port, records, expected, asked.rate), asked.moves, asked.kill)
        finally:
            server.terminate()
            server.wait()
            engine.close()


def told(engine: Engine, load: Load, moves: int, kill: bool) -> int:
    load.moves.append(str(engine.status(PROJECT, clock.now()).live))
    asking = threading.Thread(target=lambda: asyncio.run(load.run()))
    asking.start()
    time.sleep(2)
    taken = []
    for number in range(moves):
        taken.append(turned(engine, load, number, kill))
        print(f"move {number + 1}: {taken[-1][0]:.2f} s, all workers after {taken[-1][1]:.2f} s more", flush=True)
        time.sleep(1)
    load.over = True
    asking.join()
    load.seconds.sort()
    for name in sorted(load.counts):
        print(f"{name}: {load.counts[name]:,}")
    print(f"failed: {sum(load.failures.values()):,} {dict(load.failures) if load.failures else ''}")
    for share in (0.5, 0.99, 1.0):
        place = min(len(load.seconds) - 1, int(share * len(load.seconds)))
        print(f"p{share * 100:g}: {load.seconds[place] * 1e3:.1f} ms")
    print(f"the slowest worker: {max(late for _, late in taken):.2f} s after the commit")
    wrong = load.counts["old"] + load.counts["mixed"] + (0 if kill else sum(load.failures.values()))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
