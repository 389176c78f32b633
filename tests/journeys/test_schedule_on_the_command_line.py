"""An operator without a screen: the engine in the foreground, schedules changed, one engine killed beside another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from engine.schedule.scheduler import STANDBY_SECONDS
from tests import tiny
from tests.cli.calling import Told, call
from tests.people import open_engine

pytestmark = [pytest.mark.slow, pytest.mark.clock]
ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def leverframe(home: Path, tmp_path: Path) -> Callable[..., Told]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    engine.close()
    return lambda *words: call("--home", home, "--operator", "ada", *words)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def one(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "console", "--home", str(home), "--operator", "ada", "engine", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=-1))
        return started[-1]

    yield one
    for each in started:
        each.kill()
        each.wait()


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def test_the_engine_runs_until_it_is_told_to_end(leverframe: Callable[..., Told], start: Start) -> None:
    assert leverframe("status", "--json").json["engine"]["running"] is False
    process = start()
    assert "This is the engine of" in line(process.stdout)
    found = leverframe("status", "--json").json["engine"]
    assert (found["running"], found["pid"], found["fence"]) == (True, process.pid, 1) and found["host"]
    assert f"process {process.pid} on" in leverframe("schedules").out
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert leverframe("status", "--json").json["engine"]["running"] is False


def test_a_second_engine_takes_over_when_the_first_is_dead(
    leverframe: Callable[..., Told], start: Start
) -> None:
    first = start("--json")
    assert "This is the engine" in json.loads(line(first.stdout))["event"]
    second = start()
    assert f"Standing by: the engine is process {first.pid} on" in line(second.stdout)
    first.kill()
    assert "This is the engine of" in line(second.stdout)
    assert STANDBY_SECONDS <= 1, "it asks often enough to be there within five seconds, on a machine that has time"
    assert leverframe("status", "--json").json["engine"]["pid"] == second.pid


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_a_schedule_is_listed_changed_paused_and_run_by_hand(leverframe: Callable[..., Told]) -> None:
    told = leverframe("schedules", "tiny")
    assert told.code == 0 and "tiny retrain: 0 3 * * mon (America/New_York)" in told.out
    retrain = told.out.partition("tiny retrain: ")[2].partition("\ntiny ")[0]  # A rehearsal may be at 3 once a spring.
    assert retrain.count("03:00 E") == 5 and "here 09:00 CE" in retrain
    assert "No engine runs" in told.out
    change = ("--every", "6h", "--catch-up", "skip", "--reason", "more")
    edited = leverframe("schedules", "edit", "tiny", *change, "--json").json
    assert (edited["rule"], edited["catch_up"], edited["origin"]) == ("every 6h", "skip", "operator")
    assert len(edited["next_due"]) == 5
    assert leverframe("schedules", "pause", "tiny", "--reason", "holiday").code == 0
    assert "paused by ada: holiday" in leverframe("schedules").out
    refused = leverframe("schedules", "pause", "tiny", "--reason", "again")
    assert refused.code == 1 and "paused already" in refused.err
    assert leverframe("schedules", "resume", "tiny", "--reason", "back", "--json").json["enabled"] is True
    assert leverframe("schedules", "run", "tiny", "--json").json["job"] == "retrain"
    assert leverframe("schedules", "edit", "tiny", "--cron", "0 0 31 2 *", "--reason", "x").err.count("never due") == 1
    assert leverframe("schedules", "edit", "tiny", "--cron", "x", "--every", "1h", "--reason", "x").code == 2
    assert leverframe("schedules", "pause", "nobody", "--reason", "x").code == 1
    acts = [row["action"] for row in leverframe("audit", "--json").json]
    assert [act for act in acts if act.endswith("-schedule")] == ["resume-schedule", "pause-schedule", "edit-schedule"]
    assert leverframe("schedules", "history", "--json").json == []
