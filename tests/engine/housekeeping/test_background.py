"""The engine's own rounds: when they begin, that they are made once, and that they end when the engine does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import stamp
from engine.housekeeping.background import Housekeeper
from engine.storage.ledger import Ledger
from tests.ledger import reading, workspace_of, writing
from tests.people import open_engine

NOW = datetime.now(UTC)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    yield engine
    engine.close()


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def scans(engine: Engine) -> int:
    with reading(engine) as db:
        return int(db.execute("SELECT count(*) FROM scans").fetchone()[0])


def rounds_of(engine: Engine, ledger: Ledger, clock: Clock, told: list[str]) -> Housekeeper:
    return Housekeeper(workspace_of(engine), ledger, told.append, told.append, seconds=clock)


def looked(rounds: Housekeeper, now: datetime) -> None:
    rounds.look(now)
    if rounds._thread is not None:
        rounds._thread.join()


def scanned(engine: Engine, at: datetime) -> None:
    """Somebody scanned it at that moment."""
    with writing(engine) as db:
        db.execute("INSERT INTO scans (at, free, shares) VALUES (?, 1, '{}')", (stamp(at),))


def test_a_disk_that_nobody_scanned_for_a_day_is_scanned_within_seconds_and_its_round_comes_later(
    engine: Engine,
    ledger: Ledger,
) -> None:
    kept: list[datetime] = []

    def also(workspace: object, ledger: object, now: datetime, tell: object) -> tuple[str, ...]:
        kept.append(now)
        return ()

    for last, soon in ((None, 1), (timedelta(hours=25), 1), (timedelta(hours=23), 0)):
        with writing(engine) as db:
            db.execute("DELETE FROM scans")
        if last is not None:
            scanned(engine, NOW - last)
        before, clock, told = scans(engine), Clock(), list[str]()
        rounds = Housekeeper(workspace_of(engine), ledger, told.append, told.append, also=also, seconds=clock)
        looked(rounds, NOW)
        assert (scans(engine), kept) == (before, [])
        clock.seconds += 11
        looked(rounds, NOW)
        looked(rounds, NOW)
        assert (scans(engine), kept) == (before + soon, []), last
        clock.seconds += 50
        looked(rounds, NOW + timedelta(seconds=61))
        looked(rounds, NOW + timedelta(seconds=61))
        assert (scans(engine), len(kept), told) == (before + 1, 1, []), last
        rounds.stop()
        kept.clear()


def test_a_scan_that_fails_soon_after_the_start_is_made_with_the_round(engine: Engine, ledger: Ledger) -> None:
    clock, told = Clock(), list[str]()
    rounds = rounds_of(engine, ledger, clock, told)
    clock.seconds += 11
    with workspace_of(engine).lock("scan"):
        assert engine.is_disk_scanned()
        looked(rounds, NOW)
        looked(rounds, NOW)
    assert (len(told), scans(engine), engine.is_disk_scanned()) == (1, 0, False)
    clock.seconds += 50
    looked(rounds, NOW)
    assert (len(told), scans(engine)) == (1, 1)
    rounds.stop()


def test_a_round_is_made_once_an_hour_and_not_in_the_first_minute(engine: Engine, ledger: Ledger) -> None:
    clock, told = Clock(), list[str]()
    rounds = rounds_of(engine, ledger, clock, told)
    looked(rounds, NOW)
    assert scans(engine) == 0
    clock.seconds += 61
    looked(rounds, NOW)
    looked(rounds, NOW + timedelta(minutes=59))
    assert scans(engine) == 1 and engine.disk() is not None
    clock.seconds += 61
    looked(rounds, NOW + timedelta(minutes=59))
    assert scans(engine) == 1
    looked(rounds, NOW + timedelta(minutes=61))
    assert (scans(engine), told) == (2, [])
    rounds.stop()


def test_what_goes_wrong_in_a_round_is_told_and_not_tried_again_at_once(engine: Engine, ledger: Ledger) -> None:
    clock, told = Clock(), list[str]()
    rounds = rounds_of(engine, ledger, clock, told)
    clock.seconds += 61
    with workspace_of(engine).lock("scan"):
        looked(rounds, NOW)
        looked(rounds, NOW)
    assert told == ["Another process is already at work on 'scan'; wait for it and try again."]


def test_a_round_ends_when_the_engine_does(engine: Engine, ledger: Ledger) -> None:
    clock, told = Clock(), list[str]()
    rounds = rounds_of(engine, ledger, clock, told)
    clock.seconds += 61
    rounds._stopping.set()
    for number in range(200):
        (engine.home / "cache" / f"{number}").mkdir()
    looked(rounds, NOW)
    rounds.stop()
    assert told == []
    assert not [thread for thread in threading.enumerate() if thread.name == "housekeeping"]


def test_a_scan_of_a_time_to_come_does_not_have_it_scan_all_the_time(engine: Engine, ledger: Ledger) -> None:
    clock, told = Clock(), list[str]()
    rounds = rounds_of(engine, ledger, clock, told)
    with writing(engine) as db:
        later = stamp(NOW + timedelta(days=730))
        db.execute("INSERT INTO scans (at, free, shares) VALUES (?, 1, '{}')", (later,))
    for minute in range(5):
        clock.seconds += 61
        looked(rounds, NOW + timedelta(minutes=minute))
    assert (scans(engine), told) == (2, [])
    rounds.stop()
