"""Two engines with a real mail server, killed while they escalate: each step has one row, and its mail arrives.

A mail may arrive twice where its engine was killed after the server took it; then it is the same message.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import now
from tests.engine.outbox.mail_server import SENDER, Handler, running
from tests.engine.outbox.routing_world import Desk
from tests.people import open_engine

PEOPLE = ("ada@example.org", "lee@example.org", "chief@example.org")
ALERTS, KILLS = 24, 8


@pytest.mark.slow
def test_each_step_is_made_once_and_its_mail_arrives(home: Path) -> None:
    desk = Desk(home, *(f"escalate {each} 0m" for each in PEOPLE))
    handler, chance = Handler(), random.Random(7)
    with running(handler) as port:
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_FROM": SENDER, "SMTP_TLS": "none"}
        environment = {**os.environ, **{f"LEVERFRAME_{name}": value for name, value in settings.items()}}
        engines = [start(home, environment) for _ in range(2)]
        try:
            for number in range(ALERTS):
                desk.world.alert(now(), "failing", f"column {number} is lost", part=f"p{number}")
                time.sleep(0.1)
                if number % (ALERTS // KILLS) == 2:
                    dead = engines.pop(chance.randrange(2))
                    dead.send_signal(signal.SIGKILL)
                    dead.wait()
                    engines.append(start(home, environment))
            patience = time.monotonic() + 60
            while arrived(handler) < ALERTS * len(PEOPLE) and time.monotonic() < patience:
                desk.change("UPDATE outbox SET next_try = ? WHERE state = 'sending' AND next_try > ?",
                            now() - timedelta(minutes=1), now() + timedelta(minutes=9, seconds=50))  # fmt: skip
                time.sleep(0.2)
        finally:
            for each in engines:
                each.kill()
                each.wait()
    with closing(open_engine(home, "ada")) as engine:
        steps = Counter((each.alert, each.who) for each in engine.routed(limit=1000))
        assert steps == {(alert, who): 1 for alert in range(1, ALERTS + 1) for who in PEOPLE}
        assert len(engine.outbox(limit=1000)) == ALERTS * len(PEOPLE)
    assert arrived(handler) == ALERTS * len(PEOPLE)
    assert len(handler.taken) <= arrived(handler) + KILLS


def arrived(handler: Handler) -> int:
    return len(set(handler.message_ids()))


def start(home: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """An engine, or one that stands by; it looks every tenth of a second."""
    code = (
        "import threading; from pathlib import Path; from engine.api import open_engine\n"
        f"engine = open_engine(Path({str(home)!r}), 'ada'); engine.start_scheduler(tick=0.1)\n"
        "threading.Event().wait()"
    )
    return subprocess.Popen([sys.executable, "-c", code], env=environment)
