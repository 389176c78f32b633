"""Ten swaps and rollbacks while two real workers answer 200 requests a second over HTTP: none fails, none is mixed."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.scoring import beats
from engine.serving.worker_settings import Settings
from tests.builders import served
from tests.ledger import ledger_of, workspace_of

pytestmark = pytest.mark.slow  # two processes, and some seconds of load

CLIENTS, A_SECOND = 8, 200
# The workers of `leverframe serve`, with versions that are arithmetic, so that what answered can be told.
WORKER = """
import sys
from engine.serving import worker
from tests.builders import served
scorers = served.Scorers()
worker.open_ready = lambda workspace, store, label, document, folder, **more: scorers.open(label, document, folder)
sys.exit(worker.main(sys.argv[1:]))
"""
MOVES = ((2, "release"), (1, "rollback"), (3, "release"), (1, "rollback"), (2, "release")) * 2


@contextmanager
def two_workers(engine: Engine, folder: Path) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """The port that they answer at, and their processes."""
    folder.mkdir()
    alive, end = os.pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        workers = []
        for number in (1, 2):
            said = Settings(str(engine.home), listening.fileno(), alive, str(folder), number).written()
            workers.append(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER, said], pass_fds=(listening.fileno(), alive),
                    cwd=Path(__file__).parents[2],
                )
            )  # fmt: skip
        try:
            yield listening.getsockname()[1], workers
        finally:
            os.close(end)
            os.close(alive)
            for each in workers:
                each.wait(60)


def answering(engine: Engine) -> set[str]:
    there = beats.everybody(workspace_of(engine).root / "locks").values()
    return {each.answers[served.PROJECT].label if each.answers else "" for each in there}


class Clients:
    """Ask until it is over; each answer is held against what was live when it was asked."""

    def __init__(self, port: int) -> None:
        self.port, self.over, self.seq = port, threading.Event(), 0
        self.live: dict[int, str] = {}
        self.counts: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._ask, args=(place,)) for place in range(CLIENTS)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        due = time.monotonic() + place / A_SECOND
        while not self.over.wait(max(0.0, due - time.monotonic())):
            due += CLIENTS / A_SECOND
            least = self.seq
            self.counts["asked"] += 1
            try:
                body, heads = json.dumps({"records": [{"x": 1.0}]}), {"Content-Type": "application/json"}
                connection.request("POST", f"/projects/{served.PROJECT}/score", body, heads)
                answer = connection.getresponse()
                said = json.loads(answer.read())
            except (OSError, http.client.HTTPException) as error:
                self.counts[type(error).__name__] += 1
                continue
            if answer.status != 200:
                self.counts[f"{answer.status} {said}"] += 1
                continue
            version = said["version"]
            self.counts["mixed"] += version != f"numbers@{said['predictions'][0]['prediction']}"
            # What was live when it was asked, or whatever has been made so since, or is just being.
            self.counts["old"] += version not in {label for seq, label in self.live.items() if seq >= least}
            self.counts["good"] += 1


def test_no_request_fails_and_none_is_answered_by_the_old_version_or_mixed(tmp_path: Path, today: datetime) -> None:
    engine = served.made(tmp_path / "home", 3, today)
    with ledger_of(engine) as ledger:
        served.go(engine, ledger, 1)
        with two_workers(engine, tmp_path / "figures") as (port, _):
            wait_for(engine, "numbers@1", 60)
            clients = Clients(port)
            clients.live = {0: "numbers@1"}
            clients.begin()
            for move, (number, kind) in enumerate(MOVES, 1):
                clients.live[move] = f"numbers@{number}"
                served.go(engine, ledger, number, kind=kind)
                clients.seq = move
                wait_for(engine, f"numbers@{number}", 30)
            clients.end()
    engine.close()
    asked = clients.counts.pop("asked")
    assert clients.counts == Counter(good=asked, old=0, mixed=0)
    assert asked > CLIENTS * len(MOVES)


def wait_for(engine: Engine, label: str, most: float) -> None:
    """Until both workers have said that they answer with ``label``. Raises TimeoutError."""
    began = time.monotonic()
    while answering(engine) != {label}:
        if time.monotonic() - began > most:
            raise TimeoutError(f"{answering(engine)} after {most} s")
        threading.Event().wait(0.02)
