"""Two real workers of which one answers for both, until it is killed or stopped: no client of the other one sees it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.serving.worker_settings import Settings
from tests.builders import served
from tests.engine.serving.neighbour_fakes import short_folder
from tests.ledger import ledger_of

pytestmark = pytest.mark.slow  # two processes

CLIENTS, REQUESTS = 4, 60
# Each predicts which process it is: as a version's own process it "waits", and rows cost it nothing.
WORKER = """
import os, sys
from engine.serving import worker
from tests.builders import served

class Process(served.Arithmetic):
    together = 10

    def answer(self, rows):
        return [(os.getpid(),)] * len(rows)

    def score(self, features):
        return served.Arithmetic(self.number).score(features)

def opened(workspace, store, label, document, folder, **more):
    folder.mkdir()
    return Process(int(label.rpartition("@")[2]), maker="process", blocks=True)

worker.open_ready = opened
sys.exit(worker.main(sys.argv[1:]))
"""


@contextmanager
def two_workers(engine: Engine, folder: Path) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """The port that they answer at, and their processes."""
    alive, end = os.pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        workers = []
        for number in (1, 2):
            said = Settings(str(engine.home), listening.fileno(), alive, str(folder), number, workers=2).written()
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


class Client:
    """A connection. ``worker``: the number of who is at its other end, once something was asked."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.worker = ""

    def ask(self) -> tuple[int, int]:
        """The status, and the process that answered."""
        body, heads = json.dumps({"records": [{"x": 1.0}]}), {"Content-Type": "application/json"}
        self._connection.request("POST", f"/projects/{served.PROJECT}/score", body, heads)
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        self.worker = (answer.getheader("X-Request-Id") or "").partition("-")[0]
        return answer.status, said["predictions"][0]["prediction"] if answer.status == 200 else 0

    def close(self) -> None:
        self._connection.close()


def of_the_second(port: int) -> list[Client]:
    """Clients that the second worker has let in."""
    found: list[Client] = []
    while len(found) < CLIENTS:
        client = Client(port)
        client.ask()
        if client.worker == "2":
            found.append(client)
        else:
            client.close()
    return found


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_clients_of_the_other_see_nothing_when_the_one_that_answers_is_killed_or_stands_still(
    tmp_path: Path, today: datetime, blow: signal.Signals
) -> None:
    engine = served.made(tmp_path / "home", 1, today)
    with ledger_of(engine) as ledger, short_folder() as folder:
        served.go(engine, ledger, 1)
        with two_workers(engine, folder) as (port, (first, second)):
            clients = of_the_second(port)
            while clients[0].ask() != (200, first.pid):
                pass
            found: list[tuple[int, int]] = []
            under_way = threading.Event()

            def ask(client: Client) -> None:
                for _ in range(REQUESTS):
                    found.append(client.ask())
                    if len(found) > REQUESTS:
                        under_way.set()

            threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
            for thread in threads:
                thread.start()
            assert under_way.wait(60)
            first.send_signal(blow)
            for thread in threads:
                thread.join()
            after = {each.ask() for each in clients}
            for each in clients:
                each.close()
            first.kill()
    engine.close()
    assert len(found) == CLIENTS * REQUESTS
    assert set(found) == {(200, first.pid), (200, second.pid)}
    assert after == {(200, second.pid)}
