"""What a shadow costs whoever is answered: the same server with one and without, in turns, in one run.

    python benchmarks/shadow_cost.py [--home FOLDER] [--rounds 4] [--seconds 6] [--rate 200] [--workers 2] [--kill]

Two versions of flights, the first live, served by ``leverframe serve`` with its request log and metrics on. Each round
asks without a shadow, then with the second version as a shadow, once its processes are ready: at a fixed ``--rate``
over 16 connections, and as fast as 16 connections are answered. Each answer is held against what the live version
answered to the same row before anything ran beside it; one that failed, names another version or says anything else is
counted. Printed are the medians over the rounds, the ratios, and what the shadow came to. With ``--kill`` its processes
are killed (SIGKILL) once a second while it is measured.

The client and the shadow take their shares of the same cores. Rounds differ by more than the two sides of one do where
the machine does something else besides: look at the ratios of each round, too.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.figures import machine  # noqa: E402
from benchmarks.flights_workspace import approved, arguments, retrained, week, workspace  # noqa: E402
from benchmarks.serving_peers import asked as golden  # noqa: E402
from engine import clock  # noqa: E402
from engine.api import Engine  # noqa: E402
from engine.shadow.report import ShadowReport  # noqa: E402
from engine.storage.objects import ObjectStore  # noqa: E402
from engine.versions import document as documents  # noqa: E402

CONNECTIONS, WITHIN = 16, 300.0
Loads = dict[tuple[str, bool], list["Load"]]
SHADOW = "engine.serving.shadow_process"


@dataclass
class Load:
    """What one asking came to; ``wrong``: answers that were none, or other ones, by what was wrong with them;
    ``cpu``: seconds of the processor that the workers took for it, without their shadows."""

    seconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    took: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.took

    @property
    def each(self) -> float:
        """Microseconds of the workers' processor a request."""
        return self.cpu / len(self.seconds) * 1e6

    def at(self, share: float) -> float:
        found = sorted(self.seconds)
        return found[min(len(found) - 1, int(share * len(found)))] * 1000


class Client:
    """Asks with the golden rows in turn; ``right``: what was answered to each, once it is known."""

    def __init__(self, port: int, bodies: Sequence[bytes]) -> None:
        self._port, self._bodies = port, bodies
        self._right: dict[int, bytes] = {}

    def learn(self) -> None:
        """Remember what is answered to each row now, once it is: a worker on a busy machine takes a while to begin."""
        until = time.monotonic() + WITHIN
        while (load := asyncio.run(self._asked(None, 0.0, len(self._bodies), learn=True))).wrong:
            assert time.monotonic() < until, load.wrong
            clock.pause(1.0)
        assert len(self._right) == len(self._bodies)

    def ask(self, seconds: float, rate: float | None) -> Load:
        """For so long, at that rate, or as fast as it is answered."""
        return asyncio.run(self._asked(rate, seconds, 1 << 60))

    async def _asked(self, rate: float | None, seconds: float, most: int, *, learn: bool = False) -> Load:
        load, numbers, begun = Load(), itertools.count(), time.monotonic()
        until = begun + seconds if seconds else float("inf")

        async def connection() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            while (number := next(numbers)) < most:
                if rate is not None:
                    await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
                if time.monotonic() >= until:
                    break
                await self._one(reader, writer, number % len(self._bodies), load, learn)
            writer.close()

        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
        load.took = time.monotonic() - begun
        return load

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, row: int, load: Load, learn: bool
    ) -> None:
        body = self._bodies[row]
        began = time.monotonic()
        writer.write(
            b"POST /projects/flights/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        load.seconds.append(time.monotonic() - began)
        if not head.startswith(b"HTTP/1.1 200"):
            load.wrong[head[:12].decode()] += 1
        elif learn:
            self._right[row] = answer
        elif answer != self._right[row]:
            load.wrong["another answer"] += 1


def two_versions(engine: Engine) -> str:
    """A candidate of flights beside a live version, made where there are none."""
    if not engine.versions("flights"):
        label = retrained(engine, week(0)).version
        assert label is not None
        approved(engine, label)
    found = [each.label for each in engine.candidates("flights")]
    return found[0] if found else str(retrained(engine, week(1)).version)


@contextmanager
def served(home: Path, workers: int) -> Iterator[tuple[int, int]]:
    """The server's process and its port."""
    command = [sys.executable, "-m", "console", "--home", str(home), "--operator", "bench", "serve", "--port", "0"]
    process = subprocess.Popen([*command, "--workers", str(workers)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process.pid, int(line.split("http://127.0.0.1:")[1].split("/")[0])
    finally:
        process.terminate()
        process.wait()


def shadows(server: int) -> list[psutil.Process]:
    return [
        each for each in psutil.Process(server).children(recursive=True)
        if each.is_running() and SHADOW in " ".join(_command(each))
    ]  # fmt: skip


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


@contextmanager
def beside(engine: Engine, label: str, client: Client, options: Namespace, server: int) -> Iterator[None]:
    """The shadow, from when it scores until its trial is over."""
    engine.put_on_trial(engine.plan_trial(label, "shadow", 1.0), "to measure it", lambda step: None)
    until = time.monotonic() + WITHIN
    while (found := engine.shadow_of(label, clock.now())) is None or not found.scored:
        assert time.monotonic() < until, found
        client.ask(1.0, 50.0)
    over = threading.Event()
    killing = threading.Thread(target=_kill, args=(server, over), daemon=True)
    if options.kill:
        killing.start()
    try:
        yield
    finally:
        over.set()
        clock.pause(12.0)  # Workers write what they counted every ten seconds.
        engine.end_trial("flights", "it was measured")


def _kill(server: int, over: threading.Event) -> None:
    while not over.wait(1.0):
        for each in shadows(server):
            os.kill(each.pid, signal.SIGKILL)


def main() -> int:
    said = arguments(__doc__)
    said.add_argument("--rounds", type=int, default=4)
    said.add_argument("--seconds", type=float, default=6.0)
    said.add_argument("--rate", type=float, default=200.0)
    said.add_argument("--workers", type=int, default=2)
    said.add_argument("--kill", action="store_true")
    options = said.parse_args()
    loads: Loads = {}
    with workspace(options.home, served=True) as engine:
        label = two_versions(engine)
        store = ObjectStore(engine.home / "objects")
        rows = golden(store, documents.of_version(store, label, engine.version(label).digest)).rows
        bodies = [json.dumps({"records": [{**row, "flight_id": f"f{n}"}]}).encode() for n, row in enumerate(rows)]
        with served(engine.home, options.workers) as (server, port):
            client = Client(port, bodies)
            client.learn()
            for number in range(options.rounds):
                measured(loads, client, options, server, False)
                with beside(engine, label, client, options, server):
                    measured(loads, client, options, server, True)
                    memory = [each.memory_full_info().pss for each in shadows(server)]
                print(f"round {number + 1}: {_ratios(loads, -1)}", flush=True)
            found = engine.shadow_of(label, clock.now())
    show(loads, found, memory)
    return 1 if any(load.wrong for each in loads.values() for load in each) else 0


def measured(loads: Loads, client: Client, options: Namespace, server: int, shadowed: bool) -> None:
    for how, rate in (("paced", options.rate), ("full", None)):
        client.ask(1.0, rate)
        before = _worker_seconds(server)
        load = client.ask(options.seconds, rate)
        load.cpu = _worker_seconds(server) - before
        loads.setdefault((how, shadowed), []).append(load)


def _worker_seconds(server: int) -> float:
    """Of the processor, by the workers themselves."""
    return sum(sum(each.cpu_times()[:2]) for each in psutil.Process(server).children())


def _ratios(loads: Loads, number: int) -> str:
    said = []
    for how in ("paced", "full"):
        without, beside = loads[how, False][number], loads[how, True][number]
        of = [(each.at(0.5), each.at(0.99), each.rate, each.each) for each in (without, beside)]
        p50, p99, rate, each = (other / one for one, other in zip(*of, strict=True))
        said.append(f"{how} p50 {p50:.2f}, p99 {p99:.2f}, rate {rate:.2f}, processor {each:.2f}")
    return "; ".join(said)


MEASURES: dict[str, Callable[[Load], float]] = {
    "p50, ms": lambda load: load.at(0.5),
    "p99, ms": lambda load: load.at(0.99),
    "a second": lambda load: load.rate,
    "µs of processor each": lambda load: load.each,
}


def show(loads: Loads, found: ShadowReport | None, memory: list[int]) -> None:
    """The table: medians over the rounds."""
    print(machine())
    print(f"{'':<28}{'without':>12}{'with':>12}{'ratio':>8}")
    for how in ("paced", "full"):
        for name, of in MEASURES.items():
            one, other = (median(of(load) for load in loads[how, shadowed]) for shadowed in (False, True))
            print(f"{f'{how}: {name}':<28}{one:>12,.3f}{other:>12,.3f}{other / one:>8.2f}")
    every = [load for each in loads.values() for load in each]
    wrong = sum((load.wrong for load in every), Counter[str]())
    print(f"answers: {sum(len(load.seconds) for load in every):,}, wrong: {dict(wrong) or 'none'}")
    if found is not None:
        agreement = found.agreement
        print(
            f"the last trial: {agreement.rows:,} rows compared, {agreement.agreed:,} agree, {found.failed:,} failed"
            f" {dict(found.errors)}, {found.passed_over:,} passed over {dict(found.passed_over_by)}"
        )
    print(f"memory of the shadows: {', '.join(f'{each / 2**20:.0f} MB' for each in memory) or 'none was there'}")


if __name__ == "__main__":
    sys.exit(main())
