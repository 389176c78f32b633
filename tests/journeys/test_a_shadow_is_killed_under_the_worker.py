"""A real process scores for a shadow what a worker answered; it is killed, and no row is left out of the count."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import clock
from engine.projects import in_force
from engine.release.history import live_deployment
from engine.requests.answered import Answered
from engine.requests.records import LogRules
from engine.scoring import trials
from engine.serving.shadow import Shadows
from engine.serving.shadow_pipe import ShadowProcess
from engine.shadow.report import ShadowReport, of_project
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.ledger import ledger_of, workspace_of, writing
from tests.people import open_engine

NAMES = ("x", "place"), ("prediction", "p_0", "p_1")
WITHIN = 300.0  # seconds that a machine may take which is as busy as can be


def answered(number: int) -> Answered:
    """The live version said 1 of every row."""
    row, about = (number % 40 / 40, "AB"[number % 2]), ("tiny", "tiny@2", "d", None, clock.now(), 0.001, 200)
    return Answered(*about, f"r{number}", *NAMES, (row,), ((1, 0.0, 1.0),), {"id": (number,)})


@pytest.mark.slow
def test_every_row_is_counted_and_another_process_goes_on(history: Path) -> None:
    engine = open_engine(history, "ada")
    with writing(engine) as db:
        manifest = in_force.settings(db, "tiny")
        in_force.put(db, "tiny", {**manifest, "serve": {"realtime": True}}, clock.now())
        live, digest = live_deployment(db, "tiny"), str(catalog.find(db, "tiny@1")["digest"])
        assert live is not None and live["number"] == 2
        trials.start(db, ("tiny", 1), digest, "shadow", 1.0, live["seq"], "try", engine.caller, clock.now(), {})
    begun: list[ShadowProcess] = []

    def spawn(label: str, digest: str) -> ShadowProcess:
        begun.append(ShadowProcess(workspace_of(engine).root, label, digest, idle=False))
        return begun[-1]

    with ledger_of(engine) as ledger:
        shadows = Shadows(ledger, "one", lambda project: LogRules(), b"k" * 32, spawn, cpu=lambda: 0.0)
        given = asked_until(ledger, shadows, 0, lambda found: found.agreement.rows >= 50)
        os.kill(begun[0].pid, signal.SIGSTOP)  # What it is handed from now on is on its way.
        for number in range(given, given + 20):
            shadows.take([answered(number)])
        os.kill(begun[0].pid, signal.SIGKILL)
        before = figures(ledger).agreement.rows
        given = asked_until(ledger, shadows, given + 20, lambda found: found.agreement.rows >= before + 50)
        shadows.close()
        found = figures(ledger)
    assert len(begun) == 2 and begun[1].ended() is not None
    assert found.agreement.rows + found.failed + found.passed_over == given
    assert dict(found.errors)["its process ended by signal 9"] >= 20
    assert 0 < found.agreement.agreed < found.agreement.rows
    assert found.largest and not found.largest[0].agree
    engine.close()


def figures(ledger: Ledger) -> ShadowReport:
    with ledger.read() as db:
        found = of_project(db, "tiny", clock.now())
    assert found is not None
    return found


def asked_until(ledger: Ledger, shadows: Shadows, number: int, enough: Callable[[ShadowReport], bool]) -> int:
    """Hand a row over now and then until there is enough; returns the number of the next."""
    until = time.monotonic() + WITHIN
    while not enough(figures(ledger)):
        assert time.monotonic() < until, figures(ledger)
        shadows.take([answered(number)])
        shadows.flush(clock.now())
        number += 1
        clock.pause(0.02)
    return number
