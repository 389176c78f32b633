"""Answers over HTTP: how many a second, how fast, at what cost; beside an empty handler of the same server, in turns.

    benchmarks/serving_speed.py HOME PROJECT [--workers 2] [--seconds 5] [--turns 3] [--rows 1 100] [--json FILE]

HOME is a workspace in which PROJECT answers requests; its rows are drawn from the version's own golden rows. ``wrk``
(a Debian package) asks, on the same machine, with 16 connections. Each server's answers are compared with the version's
own before anything is timed. The machine may be busy with other things: what a request costs in time of a processor is
told from that, and how many a second are answered is not.

A peer is one more ``Server``: how it is started, where it is asked, with which body, and what of its answer is the
prediction.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CONNECTIONS = 16
BEFORE = 2.0  # seconds in which every worker comes up; whoever connects before stays with the first
_EMPTY = b'{"empty": true}'
_LUA = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[%s]==]\n'


@dataclass(frozen=True)
class Server:
    """``predictions``: what its answer says, to be compared with the version's; None: it answers nothing."""

    name: str
    argv: tuple[str, ...]
    path: str
    body: Callable[[list[dict[str, Any]]], bytes]
    predictions: Callable[[Any], list[Any]] | None


@dataclass
class Measured:
    """One turn. ``processor``: microseconds of one for a request; ``memory``: of all its processes, bytes."""

    server: str
    rows: int
    a_second: float
    p50: float
    p99: float
    processor: float
    memory: int
    wrong: int


def records(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps({"records": rows}).encode()


def servers(home: Path, project: str, port: int, workers: int) -> tuple[Server, ...]:
    """Ours, and the empty handler of it."""
    path = f"/projects/{project}/score"
    count = ("--port", str(port), "--workers", str(workers))
    console = (sys.executable, "-P", "-m", "console", "--home", str(home))
    return (
        Server("empty handler", (sys.executable, __file__, "--empty", str(port), str(workers)), path, records, None),
        Server("leverframe serve", (*console, "serve", *count), path, records,
               lambda answer: [each["prediction"] for each in answer["predictions"]]),
    )  # fmt: skip


@contextmanager
def running(server: Server, url: str) -> Iterator[psutil.Process]:
    """The server, once it answers anything."""
    process = subprocess.Popen(server.argv, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(url, b"{}", timeout=5)
                break
            except urllib.error.HTTPError as answer:
                if answer.code != 503:
                    break
            except OSError:
                pass
            if process.poll() is not None:
                raise SystemExit(f"{server.name} ended with {process.returncode}.")
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def compared(server: Server, url: str, body: bytes, expected: Sequence[Any]) -> None:
    """Refuse a server whose answers are others."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = json.load(answer)
    if server.predictions is not None and server.predictions(said) != list(expected):
        raise SystemExit(f"{server.name} answers {server.predictions(said)[:3]}…, the version says {expected[:3]}…")


def asked(server: Server, process: psutil.Process, url: str, body: bytes, rows: int, seconds: float) -> Measured:
    """One turn of ``wrk``, behind another that does not count."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA % body.decode())
        script.flush()
        _wrk(script.name, url, BEFORE)
        before = spent(process)
        said = _wrk(script.name, url, seconds)
    found = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found[0] and found[1], said
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    cost = (spent(process) - before) / int(found[0][1]) * 1e6
    memory = sum(each.memory_info().rss for each in whole(process))
    p50, p99 = latency(said, "50%"), latency(said, "99%")
    return Measured(server.name, rows, float(found[1][1]), p50, p99, cost, memory, int(wrong[1]) if wrong else 0)


def _wrk(script: str, url: str, seconds: float) -> str:
    asked = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}", "--latency", "-s", script, url]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def latency(said: str, share: str) -> float:
    """Seconds of ``wrk``'s line for a percentile."""
    found = re.search(rf"\s{share}\s+([\d.]+)(us|ms|s)", said)
    assert found, said
    return float(found[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[found[2]]


def whole(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def spent(process: psutil.Process) -> float:
    """Seconds of a processor that its processes have had."""
    return sum(sum(each.cpu_times()[:2]) for each in whole(process))


def golden(home: Path, project: str, rows: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """So many of the live version's golden rows, as often as need be, and what it predicted for them."""
    from engine.release import history
    from engine.scoring.row_table import row_table, stored_table
    from engine.storage import workspace as workspaces
    from engine.storage.ledger import Ledger
    from engine.storage.objects import ObjectStore
    from engine.versions import catalog
    from engine.versions import document as documents

    workspace = workspaces.find(home)
    ledger, store = Ledger(workspace.ledger, locks=home / "locks"), ObjectStore(workspace.objects)
    with ledger.read() as db:
        live = history.newest(db, project)
        if live is None:
            raise SystemExit(f"Nothing is live of {project}.")
        document = documents.of_version(
            store, f"{project}@{live.number}", str(catalog.find(db, f"{project}@{live.number}")["digest"])
        )
    ledger.close()
    inputs = row_table(store, document).like.to_pylist()
    predicted = stored_table(store, document.golden.predictions).column("prediction").to_pylist()
    pairs = list(itertools.islice(itertools.cycle(zip(inputs, predicted, strict=True)), rows))
    return [row for row, _ in pairs], [prediction for _, prediction in pairs]


def empty(port: int, workers: int) -> None:
    """The same server, socket and processes, with a handler that answers the same always."""
    import uvloop

    from engine import clock
    from engine.serving import balance
    from engine.serving.exchange import Answer, Asked, Unanswered, told
    from engine.serving.http_server import Endpoint, HttpServer

    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    clients = balance.shared(workers)
    mine = next((number for number in range(1, workers) if os.fork() == 0), workers)

    def refused(asked: Asked, problem: Unanswered) -> Answer:
        return told(problem)

    async def run() -> None:
        numbers, always = map("1-{:x}".format, itertools.count(1)), Answer(200, _EMPTY)
        endpoint = Endpoint(lambda asked: always, refused, clock.now, time.monotonic, lambda: next(numbers))
        await HttpServer(endpoint, listening, None, balance.Balance(clients, mine)).serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("project")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--port", type=int, default=8495)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    home = given.home.resolve()
    measured: list[Measured] = []
    for turn, rows in itertools.product(range(given.turns), given.rows):
        inputs, expected = golden(home, given.project, rows)
        for server in servers(home, given.project, given.port, given.workers):
            url, body = f"http://127.0.0.1:{given.port}{server.path}", server.body(inputs)
            with running(server, url) as process:
                compared(server, url, body, expected)
                measured.append(one := asked(server, process, url, body, rows, given.seconds))
            print(
                f"turn {turn + 1}, {rows} rows, {one.server:18} {one.a_second:9,.0f} a second, "
                f"p50 {one.p50 * 1e3:.2f} ms, p99 {one.p99 * 1e3:.1f} ms, {one.processor:6.1f} us of a processor, "
                f"{one.memory >> 20} MiB, {one.wrong} refused",
                flush=True,
            )
    told_of(measured, given.rows)
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in measured], indent=1))


def told_of(measured: Sequence[Measured], rows: Sequence[int]) -> None:
    """The medians, and each server's share of the empty handler's."""
    for count in rows:
        usual: dict[str, tuple[float, float]] = {}
        for name in dict.fromkeys(each.server for each in measured):
            turns = [each for each in measured if (each.server, each.rows) == (name, count)]
            usual[name] = (
                statistics.median(each.a_second for each in turns), statistics.median(each.processor for each in turns)
            )  # fmt: skip
        first = next(iter(usual.values()))
        for name, (a_second, processor) in usual.items():
            print(
                f"{count} rows, {name}: {a_second:,.0f} a second ({a_second / first[0]:.2f} of the empty handler), "
                f"{processor:.1f} us of a processor ({first[1] / processor:.2f})"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--empty"]:
        empty(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
