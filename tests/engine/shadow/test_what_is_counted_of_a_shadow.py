"""Counts of several workers and hours add up, within bounds; what is reported of them says how sure it is."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import Damage
from engine.scoring.trials import Trial
from engine.shadow import counting
from engine.shadow.book import Cell
from engine.shadow.counting import LARGEST, MOST_REASONS, MOST_VALUES, OTHER_REASONS, OTHERS, Difference, Sums
from engine.shadow.report import ShadowReport, report
from engine.validation.intervals import wilson

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TRIAL = Trial(7, "tiny", "tiny@2", "d", "shadow", 0.5, 1, NOON - timedelta(hours=3), "ada", "try it", NOON)


def difference(number: int = 0, **other: object) -> Difference:
    said: dict[str, object] = {
        "agree": False, "size": number / 100, "request": f"r{number}", "at": float(number), "keys": {"id": number},
        "live": {"prediction": 0}, "candidate": {"prediction": 1},
    }  # fmt: skip
    return Difference(**{**said, **other})  # type: ignore[arg-type]


def sums(rows: int = 10, agreed: int = 9, **other: object) -> Sums:
    return replace(Sums(scored=rows, rows=rows, agreed=agreed, apart=0.5, seconds=rows / 1000), **other)  # type: ignore[arg-type]


def told(*cells: Cell, running: Trial | None = TRIAL, now: datetime = NOON) -> ShadowReport:
    return report("tiny", "tiny@2", 7, running, cells, now)


def cell(found: Sums, worker: str = "one", trouble: str = "", said_at: datetime = NOON) -> Cell:
    return Cell(worker, NOON.replace(minute=0), said_at, trouble, found)


@pytest.mark.parametrize("seed", range(5))
def test_counts_add_up_whoever_comes_first(seed: int) -> None:
    chance = random.Random(seed)
    parts = []
    for number in range(6):
        part = sums(chance.randrange(1, 50), 1, histogram={chance.randrange(9): 3})
        part.fail(chance.choice(["a", "b"]), 2)
        part.pass_over(chance.choice(["x", "y"]), 3)
        part.segment("city", chance.choice(["A", "B"]), chance.random() < 0.5)
        part.differ(difference(100 * number + each) for each in range(4))
        parts.append(part)
    first, second = Sums(), Sums()
    for part in parts:
        first.add(part)
    chance.shuffle(parts)
    for part in parts:
        second.add(part)
    first.apart, first.seconds = round(first.apart, 9), round(first.seconds, 9)
    second.apart, second.seconds = round(second.apart, 9), round(second.seconds, 9)
    assert first == second
    assert counting.read(json.loads(json.dumps(counting.written(first)))) == first


def test_the_largest_differences_are_kept_decisions_first_and_each_row_once() -> None:
    found = Sums()
    found.differ(difference(number, agree=True, size=0.9) for number in range(50, 60))
    found.differ(difference(number) for number in range(1, 8))
    found.differ([difference(7, at=99.0, size=0.07, request="again"), difference(3, agree=True, size=0.0)])
    assert len(found.largest) == LARGEST
    assert [each.agree for each in found.largest] == [False] * 7 + [True] * 3
    assert [each.keys["id"] for each in found.largest][:3] == [7, 6, 5]
    assert found.largest[0].request == "again"  # the newest of the same row
    assert all(each.size > 0 for each in found.largest)


def test_rows_without_keys_are_told_apart_by_their_requests() -> None:
    found = Sums()
    found.differ(difference(number, keys={}) for number in (1, 2, 2))
    assert [each.request for each in found.largest] == ["r2", "r1"]


def test_a_flood_of_reasons_and_of_values_is_bounded() -> None:
    found = Sums()
    for number in range(1000):
        found.fail(f"reason {number}", 1)
        found.segment("id", str(number), True)
    assert found.failed == 1000 and len(found.errors) == MOST_REASONS + 1
    assert found.errors[OTHER_REASONS] == 1000 - MOST_REASONS
    assert len(found.segments["id"]) == MOST_VALUES + 1 and found.segments["id"][OTHERS] == [950, 950]
    found.fail("\x1b[31m" + "x" * 500, 1)
    assert all(len(why) <= 200 and "\x1b" not in why for why in found.errors)


@pytest.mark.parametrize("wrong", [None, {}, {"rows": "many"}, {"largest": [1]}, {"segments": {"city": {"A": 1}}}])
def test_what_is_no_count_is_damage(wrong: dict[str, object] | None) -> None:
    said = {**counting.written(Sums()), **wrong} if wrong else wrong
    with pytest.raises(Damage, match="What was counted of a shadow cannot be read"):
        counting.read(said)


def test_the_report_adds_workers_up_and_says_how_sure_it_is() -> None:
    one, other = sums(100, 98, errors={"bad": 2}, passed_over={"busy": 5}), sums(300, 270, histogram={8: 300})
    found = told(cell(one), cell(other, "two", said_at=NOON - timedelta(minutes=1)))
    assert (found.agreement.rows, found.agreement.agreed, found.failed, found.passed_over) == (400, 368, 2, 5)
    assert (found.agreement.low, found.agreement.high) == wilson(368 / 400, 400)
    assert found.failed_share == pytest.approx(2 / 402)
    assert found.apart == pytest.approx(1.0 / 400) and found.mean == pytest.approx(0.001)
    assert found.runs and found.share == 0.5 and found.since == TRIAL.since and found.said_at == NOON


def test_of_no_rows_nothing_is_said() -> None:
    found = told(running=None)
    assert found.agreement.share is None and found.p50 is None and found.apart is None and not found.segments
    assert found.failed_share == 0.0 and not found.runs


def test_segments_that_agree_surely_less_often_come_first_and_few_rows_are_never_sure() -> None:
    part = sums(2000, 1900)
    part.segments = {"city": {"A": [1000, 990], "B": [1000, 910], "C": [29, 0]}}
    found = told(cell(part)).segments
    assert [(each.value, each.lower) for each in found] == [("B", True), ("C", False), ("A", False)]
    assert (found[0].agreement.low, found[0].agreement.high) == wilson(0.91, 1000, 2)  # of the two with rows enough


def test_the_more_segments_are_looked_at_the_wider_their_intervals() -> None:
    low, high = wilson(0.9, 500)
    lower, higher = wilson(0.9, 500, 20)
    assert lower < low < 0.9 < high < higher
    assert wilson(0.9, 500, 1) == (low, high)


def test_trouble_is_what_workers_that_were_heard_of_lately_said_last() -> None:
    before = NOON - timedelta(seconds=50)
    long_ago, lately = NOON - timedelta(minutes=5), NOON - timedelta(seconds=30)
    cells = (
        cell(sums(), "gone", "it was killed", long_ago),
        cell(sums(), "well", "it did not start", before), cell(sums(), "well", "", lately),
        cell(sums(), "ill", "", before), cell(sums(), "ill", "it hangs", lately),
    )  # fmt: skip
    assert told(*cells).trouble == ("it hangs",)
    assert told(*cells, running=None).trouble == ()
