"""Requests a second of flights behind Leverframe, MLflow, BentoML and LitServe, with one row each and with a hundred.

    python benchmarks/serving_peers.py [--home FOLDER] [--environments FOLDER] [--seconds 8] [--rounds 3] [--workers 2]
        [--own steps|model]

With ``--own model`` (and a home of its own) the trees are of a class of the project's, which neither tables nor a graph
stand for: then Leverframe asks a process of the project's environment, many requests at once, as the peers do. With
``--own steps`` the pipeline begins with a function of the project's: then that process does the function, and tables
the rest.

Every server has the same fitted pipeline (that of a version of flights), is started on this machine by itself, in
turns, and asked by wrk (a Debian package; one thread, 16 connections) with the version's golden rows one after the
other. Before anything is timed each row's answer is held against what the version recorded: a server that answers
otherwise is not timed. The peers are installed into environments of their own, in a folder that is kept; nothing
depends on them. Each has as many workers, with one thread of OpenMP, and batches where it can. Leverframe's own server
is measured twice: as it is, with its request log and its metrics on, and with a handler that looks at nothing.

The client takes its share of the same cores, for all alike. On a machine that does something else besides, requests a
second say how much of it a server was given, which is more the more processes it has: there the processor time of a
request is what can be compared. The processor time is that of the server's processes
alone; the memory is their proportional share (PSS) at the end. Takes about four minutes with three rounds.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import machine
from benchmarks.flights_workspace import approved, arguments, retrained, week, workspace
from benchmarks.serving_servers import SERVERS, Row, Server, Setting, environment_of, installed, release_of
from engine.api import Engine
from engine.scoring.row_table import stored_table
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.records import VersionDocument

SCRIPT = Path(__file__).with_name("serving_load.lua")
CONNECTIONS = 16
MANY = 100
SAME = 1e-9
STARTS_WITHIN = 120.0


@dataclass(frozen=True)
class Asked:
    """What is asked of every server: ``rows`` with the probability that the version recorded of each. ``packages``:
    what the model was made with."""

    rows: list[Row]
    right: list[float]
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """One measurement. Times in seconds, ``cpu`` of the server a request, ``memory`` in bytes."""

    rate: float
    p50: float
    p99: float
    cpu: float
    memory: float


def live(engine: Engine) -> tuple[str, VersionDocument, ObjectStore]:
    """The live version of flights, made where there is none."""
    ledger, store = Ledger(engine.home / "ledger.db", locks=engine.home / "locks"), ObjectStore(engine.home / "objects")
    try:
        with ledger.read() as db:
            found = catalog.live(db, "flights")
        if found is None:
            label = retrained(engine, week(0)).version
            assert label is not None
            approved(engine, label)
            with ledger.read() as db:
                found = catalog.live(db, "flights")
        assert found is not None
        return found.label, documents.load(store, found.digest), store
    finally:
        ledger.close()


def asked(store: ObjectStore, document: VersionDocument) -> Asked:
    """Its golden rows as a client writes them, with what it recorded of each."""
    inputs, predictions = (stored_table(store, each) for each in (document.golden.inputs, document.golden.predictions))
    rows = [{name: _plain(row[name]) for name in document.model.features} for row in inputs.to_pylist()]
    need = {"scikit-learn", "pandas", "numpy", "scipy"}
    packages = tuple(f"{p.name}=={p.version}" for p in document.environment.packages if p.name in need)
    return Asked(rows, predictions.column("p_1").to_pylist(), packages)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


@contextmanager
def started(server: Server, python: Path, setting: Setting, asked: Asked) -> Iterator[subprocess.Popen[bytes]]:
    """It, once it answers; all of its processes have ended afterwards."""
    with open(setting.scratch / "log", "wb") as log:
        process = subprocess.Popen(
            server.command(python, setting), cwd=setting.scratch, env=environment_of(server, python, setting),
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    # No session of its own: Linux shares the processor out by sessions, and a server that makes more of them gets more.
    tree: list[psutil.Process] = []
    try:
        _wait_until_it_answers(server, setting, asked, process)
        yield process
    finally:
        tree = _tree(process.pid)
        process.terminate()
        _, alive = psutil.wait_procs(tree, timeout=10)
        for each in alive:
            with _ignored():
                each.kill()
        process.wait()


@contextmanager
def _ignored() -> Iterator[None]:
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        yield


def _tree(pid: int) -> list[psutil.Process]:
    with _ignored():
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _wait_until_it_answers(
    server: Server, setting: Setting, asked: Asked, process: subprocess.Popen[bytes]
) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            status, _ = post(setting.port, server, asked.rows[:1])
            if status == 200:
                return
        except OSError:
            pass
        time.sleep(0.25)
    log = (setting.scratch / "log").read_text("utf-8", "replace")
    raise SystemExit(f"{server.name} did not answer:\n{log[-3000:]}")


def post(port: int, server: Server, rows: Sequence[Row]) -> tuple[int, Any]:
    """What it answers to one request with these rows."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", server.path, json.dumps(server.body(rows)), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        return answer.status, json.loads(said) if answer.status == 200 and said else said
    finally:
        connection.close()


def refuse_wrong(server: Server, port: int, asked: Asked) -> None:
    """End it all where an answer is not what the version recorded: a row a request, and a hundred."""
    if server.answers is None:
        return
    cuts = [range(n, n + 1) for n in range(len(asked.rows))]
    cuts += [range(n, min(n + MANY, len(asked.rows))) for n in range(0, len(asked.rows), MANY)]
    for cut in cuts:
        status, said = post(port, server, [asked.rows[n] for n in cut])
        found = server.answers(said) if status == 200 else []
        right = [asked.right[n] for n in cut]
        if len(found) != len(right) or any(abs(a - b) > SAME for a, b in zip(found, right, strict=True)):
            raise SystemExit(f"{server.name} answers {found[:3]} ({status}) for {right[:3]}, rows {cut}: not timed.")


def loaded(server: Server, setting: Setting, process: subprocess.Popen[bytes], bodies: Path, seconds: float) -> Load:
    """Ask it for so long with the bodies of that file; a third of the time before counts for nothing."""
    url = f"http://127.0.0.1:{setting.port}{server.path}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "--timeout", "10s", "-s", str(SCRIPT), url]
    given = ["--", str(bodies)]
    subprocess.run([*command, f"-d{max(1, round(seconds / 3))}s", *given], check=True, capture_output=True)
    before = _cpu(process.pid)
    ran = subprocess.run([*command, f"-d{round(seconds)}s", *given], check=True, capture_output=True, text=True)
    spent = _cpu(process.pid) - before
    found = json.loads(ran.stdout.splitlines()[-1])
    if found["refused"] or found["broken"]:
        raise SystemExit(f"{server.name}: {found['refused']} answers were no success, {found['broken']} broke: {found}")
    rate = found["requests"] / found["seconds"]
    return Load(rate, found["p50"], found["p99"], spent / found["requests"], _memory(process.pid))


def _cpu(pid: int) -> float:
    total = 0.0
    for each in _tree(pid):
        with _ignored():
            times = each.cpu_times()
            total += times.user + times.system
    return total


def _memory(pid: int) -> float:
    total = 0.0
    for each in _tree(pid):
        with _ignored():
            total += each.memory_full_info().pss
    return total


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measured(
    servers: Sequence[Server], environments: Path, asked: Asked, model: Path, home: Path, options: Any
) -> dict[tuple[str, int], list[Load]]:
    """Every server in turns, so many rounds: of each its loads, with a row a request and with many."""
    pythons = {server.name: installed(server, environments, asked.packages) for server in servers}
    found: dict[tuple[str, int], list[Load]] = {}
    for turn in range(options.rounds):
        for server in servers:
            with tempfile.TemporaryDirectory(prefix="leverframe-serving-") as temporary:
                scratch = Path(temporary)
                code = home / "demo-projects" / "flights"
                setting = Setting(model, scratch, _free_port(), options.workers, home, code)
                if server.prepare is not None:
                    server.prepare(pythons[server.name], setting)
                with started(server, pythons[server.name], setting, asked) as process:
                    if turn == 0:
                        refuse_wrong(server, setting.port, asked)
                    for many in (1, MANY):
                        bodies = scratch / f"bodies-{many}"
                        bodies.write_text("".join(f"{each}\n" for each in _bodies(server, asked, many)))
                        load = loaded(server, setting, process, bodies, options.seconds)
                        found.setdefault((server.name, many), []).append(load)
                        print(f"{server.name}, {many} a request: {load.rate:,.0f} a second", file=sys.stderr)
    return found


def _bodies(server: Server, asked: Asked, many: int) -> Iterator[str]:
    for start in range(0, len(asked.rows) - many + 1, many):
        yield json.dumps(server.body(asked.rows[start : start + many]), separators=(",", ":"))


def show(found: dict[tuple[str, int], list[Load]], releases: dict[str, str], options: Any) -> None:
    """The table: medians over the rounds."""
    print(machine())
    rounds = f"{options.rounds} rounds of {options.seconds:g} s"
    print(f"{options.workers} workers each, {CONNECTIONS} connections, {rounds}")
    for many in (1, MANY):
        print(f"\n{'a row' if many == 1 else f'{many} rows'} a request".ljust(36) + (
            f"{'requests/s':>12}{'p50':>12}{'p99':>12}{'CPU/request':>14}{'memory':>12}"))
        for (name, rows), loads in found.items():
            if rows == many:
                said = f"{name} {releases.get(name, '')}".rstrip()
                rate, p50, p99, cpu, memory = (
                    median(getattr(each, what) for each in loads) for what in ("rate", "p50", "p99", "cpu", "memory")
                )  # fmt: skip
                print(f"{said:<35}{rate:>12,.0f}{p50 * 1e3:>9.2f} ms{p99 * 1e3:>9.2f} ms{cpu * 1e6:>11,.0f} µs"
                      f"{memory / 2**20:>9,.0f} MB")  # fmt: skip


def main() -> int:
    parser = arguments(__doc__, own=True)
    kept = Path.home() / ".cache" / "leverframe-benchmarks"
    parser.add_argument("--environments", type=Path, default=kept, help="where the peers are installed, and kept")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", action="append", default=[], help="a part of a server's name")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("There is no wrk on this machine; 'apt-get install wrk' brings it.")
    servers = [each for each in SERVERS if not options.only or any(o in each.name for o in options.only)]
    options.environments.mkdir(parents=True, exist_ok=True)
    home = workspace(options.home, served=True, own=options.own)
    with home as engine, tempfile.TemporaryDirectory(prefix="leverframe-serving-") as temporary:
        label, document, store = live(engine)
        model = Path(temporary) / "model"
        documents.write_folder(store, document.model.files, model)
        questions = asked(store, document)
        print(f"{label} is scored by {document.scorer.sentence}", file=sys.stderr)
        print(f"{label}, {len(questions.rows)} golden rows, {', '.join(questions.packages)}", file=sys.stderr)
        found = measured(servers, options.environments, questions, model, engine.home, options)
    pythons = {each.name: installed(each, options.environments, questions.packages) for each in servers}
    show(found, {each.name: release_of(each, pythons[each.name]) for each in servers}, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
