"""What one answer costs a worker in processor time, beside an empty handler of the same server; no network between.

    benchmarks/answer_cost.py HOME PROJECT [--rows 1 100] [--requests 20000] [--turns 5] [--profile]

HOME is a workspace in which PROJECT answers requests; its rows are the live version's golden rows, a different one each
time. One process has what a worker has (what follows the ledger, the request log with its thread, the figures, the
same HTTP server), and 16 connections of it are handed bytes as if they had come from a socket. So all of a request is
counted but the calls of the system that read and write it. The processor time is that of the whole process, the
thread of the log too, until nothing waits for it. Both are asked in turns. ``--profile``: where the time of ours goes,
by function.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import itertools
import json
import pstats
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.figures import machine  # noqa: E402
from benchmarks.serving_speed import golden  # noqa: E402
from engine import clock  # noqa: E402
from engine.projects import in_force  # noqa: E402
from engine.requests import sampling  # noqa: E402
from engine.requests.log import RequestLog  # noqa: E402
from engine.requests.rules import asked_of  # noqa: E402
from engine.scoring.makers import open_ready  # noqa: E402
from engine.serving.app import App, Around  # noqa: E402
from engine.serving.exchange import Answer, Asked, Unanswered, told  # noqa: E402
from engine.serving.figures import Figures  # noqa: E402
from engine.serving.following import Following  # noqa: E402
from engine.serving.http_server import Endpoint, HttpServer  # noqa: E402
from engine.serving.scoring import Scoring  # noqa: E402
from engine.serving.worker import GARBAGE  # noqa: E402
from engine.storage import workspace as workspaces  # noqa: E402
from engine.storage.commits import Commits  # noqa: E402
from engine.storage.ledger import Ledger  # noqa: E402
from engine.storage.objects import ObjectStore  # noqa: E402

CONNECTIONS = 16
GOLDEN = 400  # rows that are asked of, one after the other


class Wire(asyncio.Transport):
    """What a connection writes to: nobody reads it. ``said``: the last that was written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 8485)})
        self.said, self.answers = b"", 0

    def write(self, data: Any) -> None:
        self.said = data
        self.answers += 1

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None:
        raise SystemExit(f"A connection was closed: {self.said[:500]!r}")


@contextmanager
def ours(home: Path) -> Iterator[tuple[Endpoint, Callable[[], bool]]]:
    """What answers in a worker, and whether nothing waits for its log any more."""
    workspace = workspaces.find(home)
    ledger, store = Ledger(workspace.ledger, locks=home / "locks"), ObjectStore(workspace.objects)
    following = Following(
        workspace, ledger, store, partial(open_ready, workspace, store, marker="answer-cost"),
        marker=Commits(ledger).marker,
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=following.run, args=(stop,))
    thread.start()

    def projects() -> Sequence[str]:
        with ledger.read() as db:
            return in_force.served(db)

    log = RequestLog(workspace, ledger, following.worker.name, asked_of(ledger), on_bug=lambda error: print(error))
    counted, key = Figures(), sampling.key_of(workspace)
    scoring = Scoring(following, projects, log, following.fallbacks, counted, key=key)
    app = App(scoring, counted, Around(projects, None, lambda: b"", lambda number, text: print(number, text)))
    numbers = map(f"0-{following.worker.name}-{{:x}}".format, itertools.count(1))
    try:
        while not all(map(following.is_ready, projects())):
            time.sleep(0.02)
        yield (
            Endpoint(app.answer, app.refused_whole, clock.now, time.monotonic, lambda: next(numbers)),
            lambda: log.waiting == 0,
        )
    finally:
        stop.set()
        thread.join()
        scoring.close()
        log.close()
        ledger.close()
        if log.lost:
            raise SystemExit(f"{log.lost} requests were not noted: nothing of this counts.")


def empty() -> Endpoint:
    """A handler that looks at nothing."""

    def refused(asked: Asked, problem: Unanswered) -> Answer:
        return told(problem)

    numbers = map("0-empty-{:x}".format, itertools.count(1))
    return Endpoint(
        lambda asked: Answer(200, b'{"empty": true}'), refused, clock.now, time.monotonic, lambda: next(numbers)
    )  # fmt: skip


def bodies(home: Path, project: str, rows: int) -> list[bytes]:
    """Whole requests, one after the other."""
    inputs, _ = golden(home, project, GOLDEN)
    found = []
    for at in range(0, len(inputs) - rows + 1, max(1, rows // 4)):
        body = json.dumps({"records": inputs[at : at + rows]}, separators=(",", ":")).encode()
        head = (
            f"POST /projects/{project}/score HTTP/1.1\r\nHost: 127.0.0.1:8485\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


class Cost(NamedTuple):
    """Microseconds of a processor for a request: ``whole``, of all threads; ``quiet``, of the server's own thread in
    the quickest tenth of rounds, between which nobody else has used the processor's caches; ``beside``, of all other
    threads."""

    whole: float
    quiet: float
    beside: float


class Place:
    """An endpoint behind connections of a server that never listens."""

    def __init__(self, endpoint: Endpoint, drained: Callable[[], bool]) -> None:
        self._server = HttpServer(endpoint, socket.socket(), None)
        self._drained = drained
        self._wires: list[Wire] = []
        self._connections = []
        for _ in range(CONNECTIONS):
            wire, connection = Wire(), self._server.connection()
            connection.connection_made(wire)
            self._wires.append(wire)
            self._connections.append(connection)

    async def asked(self, requests: Sequence[bytes], count: int) -> Cost:
        """What one of so many requests costs."""
        turn = itertools.cycle(requests)
        gc.collect()
        rounds: list[float] = []
        before, process, own = self._answers(), time.process_time(), time.thread_time()
        answered = before
        for _ in range(count // CONNECTIONS):
            began = time.thread_time()
            for connection in self._connections:
                connection.data_received(next(turn))
            answered += CONNECTIONS
            while self._answers() < answered:  # It takes ours some turns of the loop.
                await asyncio.sleep(0)
            rounds.append(time.thread_time() - began)
        own = time.thread_time() - own
        while not self._drained():
            await asyncio.sleep(0.01)
        whole, answers = time.process_time() - process, self._answers() - before
        if answers != count // CONNECTIONS * CONNECTIONS or not self._wires[0].said.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{answers} answers to {count} requests, the last {self._wires[0].said[-300:]!r}")
        quiet = sorted(rounds)[len(rounds) // 10] / CONNECTIONS
        return Cost(whole / answers * 1e6, quiet * 1e6, (whole - own) / answers * 1e6)

    def _answers(self) -> int:
        return sum(each.answers for each in self._wires)


async def measured(given: argparse.Namespace) -> None:
    """The table, or the profile."""
    with ours(given.home) as (endpoint, drained):
        places = {"empty handler": Place(empty(), lambda: True), "leverframe": Place(endpoint, drained)}
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        for rows in given.rows:
            requests, count = bodies(given.home, given.project, rows), max(320, given.requests // rows)
            if given.profile:
                await profiled(places["leverframe"], requests, count)
                continue
            found: dict[str, list[Cost]] = {name: [] for name in places}
            for turn in range(given.turns + 1):
                for name, place in places.items():
                    cost = await place.asked(requests, count)
                    if turn:  # The first one warms up.
                        found[name].append(cost)
            print(f"{rows} row{'s' if rows > 1 else ''} a request, µs of a processor for each".ljust(48)
                  + "whole   quiet  beside")  # fmt: skip
            for name, costs in found.items():
                print(f"{name:45}" + "".join(f"{statistics.median(each):8.2f}" for each in zip(*costs, strict=True)))


async def profiled(place: Place, requests: Sequence[bytes], count: int) -> None:
    """Where the time of the server's own thread goes, by function; the profiler makes all calls dearer."""
    await place.asked(requests, count)
    profile = cProfile.Profile()
    profile.enable()
    await place.asked(requests, count)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("project")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    given.home = given.home.resolve()
    print(machine())
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measured(given))


if __name__ == "__main__":
    main()
