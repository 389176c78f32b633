"""A worker whose loop stands still while its other threads go on is found out, and where it stands still is kept."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.api import Engine
from engine.scoring import beats
from engine.serving.worker import Pulse
from engine.serving.worker_settings import Settings
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import workspace_of

# The worker of `leverframe serve`, with a version that never comes back from some rows.
WORKER = """
import sys, time
from engine.serving import worker
from tests.builders import served

class Hangs(served.Arithmetic):
    def answer(self, rows):
        if rows and rows[0] and rows[0][0] == 666:
            time.sleep(3600)
        return super().answer(rows)

def opened(workspace, store, label, document, folder, **more):
    folder.mkdir()
    return Hangs(int(label.rpartition("@")[2]))

worker.open_ready = opened
sys.exit(worker.main(sys.argv[1:]))
"""
BODY = b'{"records": [{"x": 666}]}'
ASKS = (
    b"POST /projects/numbers/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def until(what: Callable[[], bool]) -> None:
    over = time.monotonic() + 120
    while not what():
        assert time.monotonic() < over
        time.sleep(0.05)


def test_one_that_waits_or_does_not_come_back_hangs_and_one_that_has_little_of_a_processor_goes_on() -> None:
    for a_second, goes_on in ((0.0, False), (0.0001, False), (0.05, True), (1.0, False)):
        pulse = Pulse(100.0)
        pulse.turned(100.0, 3.0)
        pulse.felt(100.5, 3.0)
        felt = [pulse.felt(100.5 + second, 3.0 + a_second * second) for second in range(1, 11)]
        assert (felt[-1] > 105.0) == goes_on, (a_second, felt)
        pulse.turned(111.0, 3.0 + 10 * a_second)
        assert pulse.felt(111.5, 3.0 + 10 * a_second) == 111.0


@pytest.mark.slow
def test_its_beats_go_on_and_say_that_the_loop_does_not(engine: Engine, ledger: Ledger, tmp_path: Path) -> None:
    served.go(engine, ledger, 1)
    workspace = workspace_of(engine)
    alive, end = os.pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        address = listening.getsockname()
        said = Settings(str(engine.home), listening.fileno(), alive, str(tmp_path), 1).written()
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, said], pass_fds=(listening.fileno(), alive), cwd=Path(__file__).parents[3]
        )
    try:

        def beat() -> beats.Beat:
            there = beats.everybody(workspace.root / "locks").values()
            return next(iter(there), beats.Beat("", 0, None))

        until(lambda: any(each.label == "numbers@1" for each in beat().answers.values()))
        assert beat().hangs is None
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(ASKS)
            until(lambda: beat().hangs is not None)
            failures = workspace.logs / "failures.log"
            until(lambda: failures.exists() and "in answer\n" in failures.read_text())
        assert " worker 1\nIts loop has stood still for 5 s, at\n" in failures.read_text()
        assert beat().pid == worker.pid and worker.poll() is None
    finally:
        worker.kill()
        worker.wait()
        os.close(alive)
        os.close(end)

