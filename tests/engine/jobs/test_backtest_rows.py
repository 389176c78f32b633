"""Which rows policies are measured on, and whose model is in force for each: nothing is scored by what it may have
learnt from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from engine.backtest.policies import Window, read_policies
from engine.clock import stamp
from engine.errors import StepFailed
from engine.jobs.backtest.step_totals import StepTotals
from engine.jobs.backtest.window_rows import rows_of_window, said_of_policy
from engine.projects.manifest.reader import Manifest, parse_manifest
from engine.runs.steps.step import StepResult
from tests.engine.projects.manifests import DESIGN

UNTIL = datetime(2026, 11, 22, tzinfo=UTC)
WEEK, SECOND = timedelta(weeks=1), timedelta(seconds=1)
WINDOW = Window(UNTIL - 4 * WEEK, UNTIL)
POLICIES = read_policies("1w,2w", 4)
TRAININGS = WINDOW.trainings(POLICIES)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(DESIGN)


def table(manifest: Manifest, rows: list[tuple[datetime | None, int | None]]) -> pa.Table:
    assert manifest.data.time is not None
    return pa.table(
        {
            manifest.data.time: pa.array([at for at, _ in rows], pa.timestamp("us", "UTC")),
            manifest.data.target: pa.array([label for _, label in rows], pa.int64()),
        }
    )


@pytest.mark.parametrize(
    ("after", "week", "weekly", "fortnightly"),
    [
        (SECOND, 0, 0, 0),
        (WEEK - SECOND, 0, 0, 0),
        (WEEK, 0, 0, 0),  # the second training may have learnt from what happened at its very moment
        (WEEK + SECOND, 1, 1, 0),
        (2 * WEEK, 1, 1, 0),
        (2 * WEEK + SECOND, 2, 2, 2),
        (4 * WEEK, 3, 3, 2),
    ],
)
def test_a_row_is_scored_by_the_newest_model_that_was_trained_before_it(
    manifest: Manifest, after: timedelta, week: int, weekly: int, fortnightly: int
) -> None:
    found = rows_of_window(table(manifest, [(WINDOW.since + after, 1)]), manifest, WINDOW, POLICIES, TRAININGS)
    assert found.week.tolist() == [week]
    assert {word: force.tolist() for word, force in found.in_force.items()} == {
        "1w": [weekly], "2w": [fortnightly], "never": [0],
    }  # fmt: skip


def test_no_row_is_scored_by_a_model_of_its_own_moment_or_later(manifest: Manifest) -> None:
    chance = np.random.default_rng(1)
    moments = [WINDOW.since + timedelta(seconds=int(each)) for each in chance.integers(1, 4 * 604_800, 500)]
    found = rows_of_window(table(manifest, [(at, 1) for at in moments]), manifest, WINDOW, POLICIES, TRAININGS)
    for force in found.in_force.values():
        assert all(TRAININGS[number] < at for number, at in zip(force, moments, strict=True))


def test_rows_outside_of_the_window_without_time_or_label_are_left_out_and_counted_by_week(manifest: Manifest) -> None:
    rows: list[tuple[datetime | None, int | None]] = [
        (WINDOW.since, 1), (UNTIL + SECOND, 1), (None, 1),  # before, after, whenever
        (WINDOW.since + SECOND, 1), (WINDOW.since + SECOND, None), (UNTIL, 0), (UNTIL - 2 * WEEK, None),
    ]  # fmt: skip
    found = rows_of_window(table(manifest, rows), manifest, WINDOW, POLICIES, TRAININGS)
    assert found.table.num_rows == 2 and found.week.tolist() == [0, 3]
    assert [(week.rows, week.labelled) for week in found.weeks] == [(2, 1), (1, 0), (0, 0), (1, 1)]
    assert [week.since for week in found.weeks] == [stamp(WINDOW.since + n * WEEK) for n in range(4)]


def test_a_window_without_a_label_is_refused(manifest: Manifest) -> None:
    with pytest.raises(StepFailed, match="Of the 1 rows that extract returned, 1 lie in the 4 weeks before 22 Nov"):
        rows_of_window(table(manifest, [(UNTIL, None)]), manifest, WINDOW, POLICIES, TRAININGS)


def test_what_a_policy_said_is_put_together_from_its_models_in_the_order_of_the_rows(manifest: Manifest) -> None:
    moments = [UNTIL, WINDOW.since + SECOND, UNTIL - WEEK, WINDOW.since + WEEK + SECOND]
    found = rows_of_window(table(manifest, [(at, 1) for at in moments]), manifest, WINDOW, POLICIES, TRAININGS)
    said = {
        number: pa.table({"prediction": [100 * number + int(row) for row in found.of(number)]}) for number in range(4)
    }
    answers = {word: said_of_policy(word, found, said).column(0).to_pylist() for word in found.in_force}
    assert answers == {"1w": [300, 1, 202, 103], "2w": [200, 1, 202, 3], "never": [0, 1, 2, 3]}


def test_a_class_that_one_model_has_not_met_has_no_chance_in_what_it_said(manifest: Manifest) -> None:
    moments = [WINDOW.since + SECOND, UNTIL]
    found = rows_of_window(table(manifest, [(at, 1) for at in moments]), manifest, WINDOW, POLICIES, TRAININGS)
    said = {0: pa.table({"prediction": [1, 1], "p_1": [1.0, 1.0]}), 1: pa.table({"prediction": [], "p_1": []})}
    said |= {2: said[1], 3: pa.table({"prediction": [0], "p_0": [0.6], "p_1": [0.4]})}
    answer = said_of_policy("1w", found, said)
    assert answer.select(["p_0", "p_1"]).to_pylist() == [{"p_0": 0.0, "p_1": 1.0}, {"p_0": 0.6, "p_1": 0.4}]


def result(name: str, seconds: float, state: str = "succeeded", peak: int = 1) -> StepResult:
    return StepResult(name, state, 0, seconds, seconds / 2, peak, None, ())  # type: ignore[arg-type]


def test_the_steps_of_many_trainings_are_told_as_one_of_each_kind() -> None:
    told: list[StepResult] = []
    totals = StepTotals(told.append)
    for seconds in (1.0, 2.0):
        totals.add(result("extract", seconds, peak=int(seconds) * 10))
        totals.add(result("train", 3.0))
        totals.add(result("score", 5.0))
    assert told == [] and (totals.spent().seconds, totals.spent().cpu) == (9.0, 4.5)
    totals.tell()
    assert [(each.name, each.seconds, each.peak_memory) for each in told] == [
        ("extract", 3.0, 20), ("train", 6.0, 1), ("score", 10.0, 1),
    ]  # fmt: skip


def test_a_step_that_fails_is_told_as_it_is_behind_what_went_well() -> None:
    told: list[StepResult] = []
    totals = StepTotals(told.append)
    totals.add(result("extract", 1.0))
    totals.add(result("train", 2.0, state="failed"))
    assert [(each.name, each.state) for each in told] == [("extract", "succeeded"), ("train", "failed")]
