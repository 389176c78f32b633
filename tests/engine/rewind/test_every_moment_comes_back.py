"""Whatever was done, in whatever order: the copy says of each moment what the ledger said then, row by row."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.audit import trail
from engine.errors import LeverframeError, Refusal
from engine.monitoring.alerts import alert_book
from engine.projects import registry
from engine.rewind.past_ledger import FOLDER, stand
from engine.rewind.rules import RULES, WITHOUT_A_RULE
from engine.storage.ledger import Ledger
from tests.engine.rewind.worlds import World, seen, tables


@pytest.mark.parametrize("seed", range(4))
def test_each_moment_of_a_chance_history_comes_back(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    world.play(150)
    assert len(world.kept) > 40
    for at, said in world.kept:
        then = stand(world.workspace, world.ledger, at, world.now)
        told = seen(then, world.ada, at)
        for table, rows in said.pop("tables").items():
            assert told["tables"][table] == rows, (table, at)
        del told["tables"]
        assert told == said
        assert trail.verify(then).ok
        with then.read() as db:
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        then.close()


# Statements for what the world does not do: ledgers from before the table `past`, what is unknown anyhow, and speed.
IDLE = (
    "removed_at = NULL", "resolved_at = NULL", "acknowledged_at = NULL", "escalated_at = NULL", "CREATE UNIQUE INDEX",
    "nobody decided in time' WHERE state = 'candidate'", "state = 'queued') OR", "settled = :at", "UPDATE engine",
    "UPDATE cursors", "held = NULL", "UPDATE planned_swaps SET run", "UPDATE workers SET answers",
)  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    worlds = [World(tmp_path_factory.mktemp("worlds") / str(seed), seed) for seed in range(7)]
    for world in worlds:
        world.play(200)
    return worlds


@pytest.mark.slow
@pytest.mark.parametrize("table", [rule.table for rule in RULES])
def test_each_statement_is_missed_when_it_is_left_out(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """A table each: what one of them takes is a few statements' work, on a busy machine too.

    Worlds with most rows of the table come first: there something differs soon.
    """
    rule = next(rule for rule in RULES if rule.table == table)
    telling = sorted(worlds, key=lambda world: -rows_of(world, table))
    for left_out in rule.statements:
        if any(known in left_out for known in IDLE):
            continue
        rest = tuple(statement for statement in rule.statements if statement != left_out)
        rules = tuple(replace(rule, statements=rest) if each is rule else each for each in RULES)
        monkeypatch.setattr("engine.rewind.past_ledger.RULES", rules)
        assert any(differs(world) for world in telling), left_out


def rows_of(world: World, table: str) -> int:
    with world.ledger.read() as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def differs(world: World) -> bool:
    """Whether any moment is not as it was: in a chance order, for those side by side are much alike."""
    for at, said in random.Random(world.seed).sample(world.kept, len(world.kept)):
        try:
            then = stand(world.workspace, world.ledger, at, world.now)
        except (LeverframeError, sqlite3.IntegrityError):
            return True
        with contextlib.closing(then):
            if seen(then, world.ada, at) != said:
                return True
    return False


def test_every_table_has_a_rule_or_a_reason_to_have_none(home: Path) -> None:
    home.mkdir()
    ledger = Ledger(home / "ledger.db", locks=home)
    with ledger.read() as db:
        there = set(tables(db))
    ledger.close()
    ruled = [rule.table for rule in RULES]
    assert len(ruled) == len(set(ruled))
    assert set(ruled) | set(WITHOUT_A_RULE) == there, "engine/rewind/rules.py says how each table is taken back"


def test_between_two_acts_the_first_of_them_stands(tmp_path: Path) -> None:
    world = World(tmp_path, 99)
    world.pack("one")
    world.keep()
    at = world.now
    world.now += timedelta(hours=1)
    world.pack("one")
    then = stand(world.workspace, world.ledger, at + timedelta(minutes=30), world.now)
    assert seen(then, world.ada, at) == world.kept[-1][1]
    then.close()


def test_what_was_committed_behind_a_later_row_was_not_there_yet(tmp_path: Path) -> None:
    world = World(tmp_path, 7)
    at = world.now + timedelta(hours=2)
    for moment in (at + timedelta(seconds=1), at - timedelta(seconds=1)):  # the second waited for the first
        registry_note(world, moment)
    then = stand(world.workspace, world.ledger, at, at)
    verdict = trail.verify(then)
    assert (verdict.ok, verdict.rows) == (True, trail.count(world.ledger) - 2)
    then.close()


def registry_note(world: World, at: datetime) -> None:
    with world.ledger.write() as db:
        trail.append(db, at=at, actor=world.ada, action="note", subject="one")


def test_a_ledger_that_kept_no_past_says_at_least_what_its_times_say(tmp_path: Path) -> None:
    world = World(tmp_path, 8)
    world.look_at("one", "watch")
    before = world.now
    with world.ledger.read() as db:
        alert = alert_book.open_alerts(db)[0]
    later = before + timedelta(hours=1)
    alert_book.acknowledge(world.ledger, alert.id, "mine", world.ada, later)
    with world.ledger.write() as db:
        alert_book.record(db, "one", 1, [], {"drift:x"}, None, later)
    registry.remove(world.ledger, "one", "so", "one", world.ada, later)
    with world.ledger.write() as db:
        db.execute("DROP TRIGGER past_no_delete")
        db.execute("DELETE FROM past")
    then = stand(world.workspace, world.ledger, before, later)
    with then.read() as db:
        assert alert_book.open_alerts(db) == (alert,)
        assert [project.name for project in registry.everything(db)] == ["one"]
    then.close()


def test_without_room_for_a_copy_it_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, 9)
    size = world.ledger.path.stat().st_size
    full = SimpleNamespace(total=9 * size, free=size)
    monkeypatch.setattr("engine.rewind.past_ledger.shutil.disk_usage", lambda path: full)
    with pytest.raises(Refusal, match="takes a copy of the ledger"):
        stand(world.workspace, world.ledger, world.now, world.now)
    assert list((world.workspace.cache / FOLDER).iterdir()) == []


def test_a_copy_that_cannot_be_taken_back_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, 10)
    monkeypatch.setattr("engine.rewind.past_ledger.NOTES", ("SELECT * FROM nowhere",))
    with pytest.raises(Refusal, match="could not be copied"):
        stand(world.workspace, world.ledger, world.now, world.now)
    assert list((world.workspace.cache / FOLDER).iterdir()) == []
