"""Figures of shadows in the ledger: by hour and worker, days for hours later, differences no longer than requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.clock import stamp
from engine.requests.records import LogRules
from engine.shadow import book
from engine.shadow.book import Whose
from engine.shadow.counting import Difference, Sums
from engine.shadow.report import of_version
from engine.storage.ledger import Ledger
from tests.engine.requests.noted import made

NOON = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)
ONE, TWO = Whose("tiny", 3, "tiny@2", "one"), Whose("tiny", 3, "tiny@2", "two")
RULES = {"tiny": LogRules(keep=timedelta(days=30))}


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    _, ledger = made(home, "tiny", "other")
    yield ledger
    ledger.close()


def add(ledger: Ledger, whose: Whose, at: datetime, rows: int = 1, trouble: str = "") -> None:
    sums = Sums(scored=rows, rows=rows, agreed=rows)
    keys = {"id": stamp(at)}
    sums.differ([Difference(False, 0.5, "r", at.timestamp(), keys, {"prediction": 0}, {"prediction": 1})])
    with ledger.write() as db:
        book.add(db, whose, sums, trouble, at)


def cells(ledger: Ledger, trial: int = 3) -> list[tuple[str, str, int, int, str]]:
    with ledger.read() as db:
        return [
            (each.worker, f"{each.since:%d %H:%M}", each.sums.rows, len(each.sums.largest), each.trouble)
            for each in book.cells(db, "tiny", trial)
        ]


def keep(ledger: Ledger, certain: datetime, rules: dict[str, LogRules] | None = None) -> None:
    with ledger.write() as db:
        book.keep(db, RULES if rules is None else rules, certain)


def test_a_worker_has_a_cell_an_hour_and_says_last_what_is_the_matter(ledger: Ledger) -> None:
    add(ledger, ONE, NOON, 5, "it did not start")
    add(ledger, TWO, NOON, 7)
    add(ledger, ONE, NOON + timedelta(minutes=20), 6)
    add(ledger, ONE, NOON + timedelta(minutes=50), 1)
    assert cells(ledger) == [
        ("two", "24 12:00", 7, 1, ""), ("one", "24 12:00", 11, 2, ""), ("one", "24 13:00", 1, 1, ""),
    ]  # fmt: skip


def test_of_a_version_its_newest_trial_is_told(ledger: Ledger) -> None:
    add(ledger, ONE, NOON, 5)
    add(ledger, Whose("tiny", 8, "tiny@2", "one"), NOON, 9)
    add(ledger, Whose("tiny", 9, "tiny@3", "one"), NOON, 4)
    with ledger.read() as db:
        found = of_version(db, "tiny@2", NOON)
        assert found is not None and (found.trial, found.agreement.rows, found.runs) == (8, 9, False)
        assert of_version(db, "tiny@1", NOON) is None


def test_days_are_kept_for_hours_whoever_counted_and_all_rows_stay_counted(ledger: Ledger) -> None:
    for hour in range(4):
        add(ledger, ONE, NOON + timedelta(hours=hour), 2)
        add(ledger, TWO, NOON + timedelta(hours=hour), 3)
    add(ledger, ONE, NOON + timedelta(days=2, hours=8), 1)
    for _ in range(2):  # Whatever is folded stays folded.
        keep(ledger, NOON + timedelta(days=4))
        assert cells(ledger) == [("", "24 00:00", 20, 4, ""), ("one", "26 20:00", 1, 1, "")]
    add(ledger, ONE, NOON + timedelta(hours=9), 4)  # of a worker whose clock was behind
    keep(ledger, NOON + timedelta(days=4))
    assert cells(ledger)[0] == ("", "24 00:00", 24, 5, "")


def test_a_difference_is_kept_as_long_as_its_request_and_the_counts_for_longer(ledger: Ledger) -> None:
    add(ledger, ONE, NOON, 2)
    add(ledger, ONE, NOON + timedelta(hours=6), 3)
    keep(ledger, NOON + timedelta(days=30, hours=3))
    assert cells(ledger) == [("", "24 00:00", 5, 1, "")]
    keep(ledger, NOON + timedelta(days=31))
    assert cells(ledger) == [("", "24 00:00", 5, 0, "")]
    keep(ledger, NOON + timedelta(days=402))
    assert cells(ledger) == []


def test_of_a_project_that_was_removed_nothing_is_kept(ledger: Ledger) -> None:
    add(ledger, ONE, NOON, 2)
    keep(ledger, NOON, {})
    assert cells(ledger) == []


def test_a_row_that_somebody_wrote_keeps_nobody_from_keeping_house(ledger: Ledger) -> None:
    add(ledger, ONE, NOON)
    other = Whose("other", 4, "other@1", "one")
    add(ledger, other, NOON)
    add(ledger, other, NOON + timedelta(hours=1))
    with ledger.write() as db:
        db.execute("UPDATE shadow_figures SET figures = '{}' WHERE project = 'other' AND hour LIKE '%T12%'")
    keep(ledger, NOON + timedelta(days=4), {**RULES, "other": LogRules()})
    assert cells(ledger) == [("", "24 00:00", 1, 1, "")]
    with ledger.read() as db:
        assert db.execute("SELECT count(*) FROM shadow_figures WHERE project = 'other'").fetchone()[0] == 2
