"""A thousand occurrences while engines, runs and steps are killed, engines compete and hang, and the clock jumps."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import moment
from engine.projects import schedules
from engine.schedule.due import rule_of
from tests import tiny
from tests.engine.schedule.engines import Hall, wait_until
from tests.ledger import writing
from tests.people import open_engine

pytestmark = pytest.mark.slow
WANTED = 1000
MOST_TURNS = 5000  # what was wanted has come about after some 300
RULES = {
    "ant": ("* * * * *", "latest"),
    "bee": ("* * * * *", "all"),
    "cat": ("every 1m", "skip"),
    "dog": ("*/2 * * * *", "all"),
}


def prepared(home: Path, folder: Path, at: datetime) -> Engine:
    engine = open_engine(home, "ada", create=True)
    for name, (rule, catch_up) in RULES.items():
        engine.add(tiny.make(folder / name, name=name))
        with writing(engine) as db:
            row = schedules.in_force(db, name, "retrain")
            assert row is not None
            schedules.replace(db, row, at, rule=rule, catch_up=catch_up, timezone="America/New_York")
    return engine


def rows(home: Path, query: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(home / "ledger.db", timeout=20)) as db:
        db.row_factory = sqlite3.Row
        return db.execute(query).fetchall()


def times(home: Path) -> int:
    return int(rows(home, "SELECT coalesce(sum(times), 0) FROM occurrences")[0][0])


def test_every_occurrence_is_accounted_for_and_none_runs_twice(tmp_path: Path, home: Path) -> None:
    hall = Hall(tmp_path, home)
    prepared(home, tmp_path, hall.clock.at).close()
    seed = int(os.environ.get("LEVERFRAME_TEST_SEED", "3"))
    done = torture(hall, random.Random(seed))
    assert min(done.values()) > 0, done
    check_whole(home)
    check_fences(home)
    check_runs(hall)
    print(f"\nseed {seed}: {dict(done)}; {dict(check_periods(home))}, fence {fence(home)}")


def torture(hall: Hall, chance: random.Random) -> Counter[str]:
    """Two engines, and something bad about every tenth of a second, until enough has been due."""
    done: Counter[str] = Counter()
    engines = [hall.start(), hall.start()]
    wait_until(lambda: fence(hall.home) > 0)
    turns = itertools.count()
    try:
        while times(hall.home) < WANTED or min(done[what] for what in DEEDS) < 3:
            assert next(turns) < MOST_TURNS, (times(hall.home), done)
            hall.clock.move(timedelta(seconds=chance.choice([20, 40, 59])))
            time.sleep(chance.choice([0.02, 0.05, 0.1]))
            what = chance.choice([*DEEDS, "kill a step", "kill a run", "peace"])
            if DEEDS.get(what, lambda *_: False)(hall, engines, chance):
                done[what] += 1
        # Peace, until the last run has ended and nothing that was due is left over.
        wait_until(lambda: is_settled(hall) and not rows(hall.home, UNENDED))
    finally:
        for each in engines:
            each.send_signal(signal.SIGCONT)
            each.terminate()
        for each in engines:
            each.wait(60)
    return done


UNENDED = "SELECT id FROM runs WHERE state IN ('queued', 'running')"


def is_settled(hall: Hall) -> bool:
    """Whether no rule in force has made anything due that no engine has looked at, and may still queue."""
    periods = rows(hall.home, "SELECT * FROM schedules WHERE until IS NULL")
    return all(next(iter(rule_of(each).after(moment(each["settled"])))) > hall.clock.at for each in periods)


def kill_engine(hall: Hall, engines: list[subprocess.Popen[bytes]], chance: random.Random) -> bool:
    which = chance.randrange(2)
    engines[which].kill()
    engines[which].wait()
    engines[which] = hall.start()
    return True


def at_work(hall: Hall, engines: list[subprocess.Popen[bytes]]) -> int | None:
    """Which of the two is the engine, as far as the ledger knows."""
    pid = rows(hall.home, "SELECT pid FROM engine")[0]["pid"]
    return next((number for number, each in enumerate(engines) if each.pid == pid), None)


def kill_the_engine_at_work(hall: Hall, engines: list[subprocess.Popen[bytes]], chance: random.Random) -> bool:
    which = at_work(hall, engines)
    if which is None:
        return False
    hall.clock.move(timedelta(seconds=61))  # something is due this very moment
    time.sleep(chance.random() * 0.06)
    engines[which].kill()
    engines[which].wait()
    engines[which] = hall.start()
    return True


def hang_engine(hall: Hall, engines: list[subprocess.Popen[bytes]], chance: random.Random) -> bool:
    """Stop it in the middle of whatever it does until the other has taken over, and wake it when something is due."""
    which, before = at_work(hall, engines), fence(hall.home)
    if which is None:
        return False
    hall.clock.move(timedelta(seconds=61))
    time.sleep(chance.random() * 0.06)
    engines[which].send_signal(signal.SIGSTOP)
    end = time.monotonic() + 60
    while fence(hall.home) == before and time.monotonic() < end:
        hall.clock.move(timedelta(seconds=10))
        time.sleep(0.05)
    engines[which].send_signal(signal.SIGCONT)
    for _ in range(5):
        hall.clock.move(timedelta(seconds=61))
        time.sleep(0.03)
    return fence(hall.home) > before


def kill_newest(hall: Hall, what: str) -> bool:
    """Kill one that is still at work, and nobody who was given the number of one that was."""
    for _, pid in reversed(hall.begun(what)[-4:]):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if (b"/bin/sleep" if what == "step" else bytes(hall.home)) in words:
                os.kill(pid, signal.SIGKILL)
                return True
    return False


def set_clock(hall: Hall, minutes: int) -> bool:
    hall.clock.move(timedelta(minutes=minutes))
    return True


DEEDS = {
    "kill an engine": kill_engine,
    "kill the engine at work": kill_the_engine_at_work,
    "hang an engine": hang_engine,
    "kill a run": lambda hall, engines, chance: kill_newest(hall, "run"),
    "kill a step": lambda hall, engines, chance: kill_newest(hall, "step"),
    "clock forward": lambda hall, engines, chance: set_clock(hall, chance.choice([5, 30, 45])),
    "clock back": lambda hall, engines, chance: set_clock(hall, -chance.choice([2, 10])),
}


def fence(home: Path) -> int:
    return int(rows(home, "SELECT fence FROM engine")[0]["fence"])


def check_whole(home: Path) -> None:
    assert rows(home, "PRAGMA integrity_check")[0][0] == "ok"
    engine = open_engine(home, "ada")
    assert engine.verify_audit().ok
    engine.close()


def check_fences(home: Path) -> None:
    """An engine that was taken over from has written nothing afterwards."""
    fences = [row["fence"] for row in rows(home, "SELECT fence FROM occurrences ORDER BY id")]
    assert fences == sorted(fences)
    assert len(set(fences)) > 3


def check_periods(home: Path) -> Counter[str]:
    """The rows of each rule are its due times up to where it is settled: each once, none besides, none left out."""
    states: Counter[str] = Counter()
    for period in rows(home, "SELECT * FROM schedules"):
        rule, settled = rule_of(period), moment(period["settled"])
        expected = list(takewhile(lambda due, end=settled: due <= end, rule.after(moment(period["since"]))))  # type: ignore[misc]
        found: list[datetime] = []
        for row in rows(home, f"SELECT * FROM occurrences WHERE schedule = {period['id']} ORDER BY due"):
            first, last = moment(row["due"]), moment(row["last"] or row["due"])
            stretch = [due for due in expected if first <= due <= last]
            assert len(stretch) == row["times"]
            assert row["state"] == "ran" or row["why"]
            found += stretch
            states[row["state"]] += row["times"]
        assert found == expected
    assert sum(states.values()) >= WANTED and all(states[each] for each in ("ran", "missed", "skipped"))
    return states


def check_runs(hall: Hall) -> None:
    """One run for each occurrence that ran, one occurrence for each run; each was begun at most once and has ended."""
    ran = rows(hall.home, "SELECT project, due, run FROM occurrences WHERE state = 'ran'")
    assert len({row["run"] for row in ran}) == len({(row["project"], row["due"]) for row in ran}) == len(ran)
    runs = {row["id"]: row["state"] for row in rows(hall.home, "SELECT id, state FROM runs")}
    assert set(runs) == {row["run"] for row in ran}
    assert not set(runs.values()) - {"succeeded", "failed", "interrupted"}, Counter(runs.values())
    begun = Counter(run for run, _ in hall.begun("run"))
    assert max(begun.values()) == 1
    # A run may be killed between its claim and its line in the journal; one that succeeded was begun.
    assert {run for run, state in runs.items() if state == "succeeded"} <= set(begun)
