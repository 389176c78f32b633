"""Whatever instant a clean-up, a restore or a purge is killed at, nothing is lost and it can be done again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.api import Engine
from engine.housekeeping import moving
from tests.journeys.cleaning import assert_all_kept, cleaned, goes, later, planned
from tests.killing import forget, killed_at
from tests.ledger import reading, workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow

OPENED = """
from pathlib import Path
from datetime import datetime
from engine.api import open_engine
from engine.housekeeping import bin as bins
from tests.journeys.cleaning import cleaned
engine = open_engine(Path({home!r}), "ada")
at = datetime.fromisoformat({at!r})
"""


def kill_everywhere(saved: Path, start: Path, act: str, then: Callable[[Engine], None]) -> int:
    """Kill ``act`` at one change after the other, each time on a copy of ``start``; returns how many there are."""
    home, number = saved / "home", 1
    while True:
        if home.exists():
            moving.delete(home)
        shutil.copytree(start, home, symlinks=True)
        killed = killed_at(number, OPENED.format(home=str(home), at=later().isoformat()), act)
        engine = open_engine(home, "ada")
        with reading(engine) as db:
            unsettled = db.execute("SELECT state FROM bin WHERE state LIKE '%ing'").fetchall()
        assert unsettled == []
        assert_all_kept(engine)
        then(engine)
        engine.close()
        if not killed:
            return number
        # Every change of the beginning; further on they repeat themselves for each file.
        number += 1 if number < 30 else 4


def all_comes_back(engine: Engine) -> None:
    for item in engine.bin_items():
        engine.restore(item.id, "all of it")
    assert engine.bin_items() == ()
    assert all(version.cleaned_at is None for version in engine.versions("tiny"))
    assert_all_kept(engine)


def test_a_clean_up_that_is_killed_is_finished_by_the_next_and_all_of_it_can_come_back(saved: Path) -> None:
    def then(engine: Engine) -> None:
        cleaned(engine, later())
        assert goes(planned(engine, later())) == set()
        assert_all_kept(engine)
        all_comes_back(engine)

    assert kill_everywhere(saved, saved / "saved", "cleaned(engine, at)", then) > 30


def cleaned_at(place: Path) -> Path:
    """The workspace that was saved beside ``place``, cleaned up and put there."""
    home = place.with_name("home")
    forget(home)
    shutil.copytree(place.with_name("saved"), home, symlinks=True)
    engine = open_engine(home, "ada")
    cleaned(engine, later())
    engine.close()
    return home.rename(place)


def test_a_restore_that_is_killed_is_finished_by_the_next_look(saved: Path) -> None:
    start = cleaned_at(saved / "cleaned")
    act = "for item in engine.bin_items(): engine.restore(item.id, 'back')"
    assert kill_everywhere(saved, start, act, all_comes_back) > 20


def test_a_purge_that_is_killed_is_finished_by_the_next_look(saved: Path) -> None:
    start = cleaned_at(saved / "to-purge")

    def then(engine: Engine) -> None:
        engine.empty_bin("again", engine.home.name, all=True)
        assert engine.bin_items() == () and list(workspace_of(engine).bin.iterdir()) == []

    assert kill_everywhere(saved, start, "engine.empty_bin('no room', engine.home.name, all=True)", then) > 20
