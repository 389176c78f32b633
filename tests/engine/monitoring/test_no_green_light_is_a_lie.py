"""Something is badly wrong: a look says so, also where nothing can be measured any more just because it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.clock import stamp
from engine.json_records import write
from tests.engine.monitoring.test_measure import DAY, START, current, keys, measured, predictions, replaced

HOLDOUT, TWO_WEEKS, ALL = 700, 1400, 2100  # rows: that of the validation, and where the newest week begins


def since(first: int, name: str, value: Callable[[Any], Any]) -> pa.Table:
    """The rows, with ``name`` changed from the row ``first`` on."""
    rows = current()
    values = rows.column(name).to_pylist()
    return replaced(rows, name, pa.array([v if n < first else value(v) for n, v in enumerate(values)]))


def without(rows: pa.Table, share: float) -> pa.Table:
    """The predictions, of which a share is not there."""
    said, gone = predictions(rows), np.random.default_rng(0).random(rows.num_rows) < share
    return pa.table({name: pa.array(said.column(name).to_numpy(), mask=gone) for name in said.column_names})


def always(rows: pa.Table, chance: float) -> pa.Table:
    n = rows.num_rows
    return pa.table({"prediction": [0] * n, "p_0": [1 - chance] * n, "p_1": [chance] * n})


UNLABELLED = since(HOLDOUT, "late", lambda v: None)


@pytest.mark.parametrize(
    ("rows", "said", "why"),
    [
        (current(), without(current(), 1.0), "100.0 % of 700 rows got no prediction, or an infinite one"),
        (UNLABELLED, without(current(), 1.0), "100.0 % of 700 rows got no prediction, or an infinite one"),
        (current(), without(current(), 0.5), "of 700 rows got no prediction"),
        (UNLABELLED, always(current(), 0.5), "all of 700 rows got the same prediction, 0.5"),
        (current(), pa.table({"prediction": ["what"] * ALL}), "the predictions of tiny@1 have only prediction"),
    ],
    ids=["none", "none and no label", "half of them", "all the same", "of no use"],
)
def test_predictions_that_are_of_no_use_fail(tmp_path: Path, rows: pa.Table, said: pa.Table, why: str) -> None:
    answer = measured(tmp_path, rows, said)
    assert answer["verdict"] == "failing" and "predictions" in keys(answer), answer["why"]
    assert any(why in each["why"] for each in answer["findings"]), answer["findings"]


def test_a_rule_that_gives_few_rows_the_same_by_chance_is_none_of_that(tmp_path: Path) -> None:
    rows = current().slice(0, HOLDOUT + 24)
    chance = np.where(np.arange(rows.num_rows) < 70, 0.2, 0.1)  # one in ten of the holdout is in the other leaf
    said = pa.table({"prediction": np.zeros(len(chance), dtype=np.int64), "p_0": 1 - chance, "p_1": chance})
    answer = measured(tmp_path, rows, said, as_of=stamp(START + 28.3 * DAY), window=86400.0 / 4)
    assert "predictions" not in keys(answer)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (since(HOLDOUT, "late", lambda v: 0), "all 700 labels of the newest period are '0', 49.5 % in training"),
        (since(0, "late", lambda v: 0), "late: all 700 labels of the newest period are '0'"),
        (since(0, "late", lambda v: f"code {v}"), "The label column late was"),
        (current().drop_columns(["late"]), "the label column late is gone"),
    ],
    ids=["one class since", "one class", "other labels", "gone"],
)
def test_labels_that_nothing_can_be_measured_by_are_to_be_watched(tmp_path: Path, rows: pa.Table, why: str) -> None:
    answer = measured(tmp_path, rows, predictions(rows))
    assert answer["verdict"] == "watch" and keys(answer) == ["labels"], answer["why"]
    assert why in answer["why"]


def test_a_class_so_rare_that_it_may_stay_away_is_none_of_that(tmp_path: Path) -> None:
    rare = np.zeros(ALL, dtype=np.int64)
    rare[:2] = 1
    answer = measured(tmp_path, replaced(current(), "late", rare))
    learnt = np.zeros(ALL, dtype=np.int64)
    learnt[:6] = 1
    pa.parquet.write_table(replaced(current(1), "late", learnt), tmp_path / "reference.parquet")
    assert "labels" in keys(answer), "of a training data in which half of the rows have it"
    from engine.monitoring.measure import measure
    from tests.engine.monitoring.test_measure import job

    given = job(tmp_path, replaced(current(), "late", rare), predictions(current()))
    pa.parquet.write_table(replaced(current(1), "late", learnt), tmp_path / "reference.parquet")
    assert "labels" not in keys(write(measure(given)))


def test_a_column_that_broke_into_one_value_is_told_though_nothing_depends_on_it_any_more(tmp_path: Path) -> None:
    rows = current()
    z = np.random.default_rng(7).random(ALL)
    z[TWO_WEEKS:] = 0.5
    x = np.asarray(rows.column("x").to_numpy())
    chance = 0.05 + 0.6 * x + 0.3 * z
    said = pa.table({"prediction": (chance > 0.5).astype(np.int64), "p_0": 1 - chance, "p_1": chance})
    learnt = np.random.default_rng(8).random(ALL)
    from engine.monitoring.measure import measure
    from tests.engine.monitoring.test_measure import job, table

    given = job(tmp_path, rows.append_column("z", pa.array(z)), said, features=["x", "place", "z"])
    pa.parquet.write_table(table(21, START, 1).append_column("z", pa.array(learnt)), tmp_path / "reference.parquet")
    answer = write(measure(given))
    assert "drift:z" in keys(answer), answer["parts"]["drift"]


@pytest.mark.parametrize("count", [1, 19])
def test_a_few_rows_are_unknown_not_well(tmp_path: Path, count: int) -> None:
    rows = current().slice(0, count)
    answer = measured(tmp_path, rows, predictions(rows), as_of=stamp(START + 22 * DAY))
    assert answer["verdict"] == "unknown", answer["why"]
    assert answer["measured"] == []


def test_performance_on_no_rows_but_those_it_was_validated_on_is_not_told_as_well(tmp_path: Path) -> None:
    answer = measured(tmp_path, UNLABELLED)
    assert answer["parts"]["performance"] == {
        "verdict": "cannot tell", "why": "no rows but those it was validated on have labels enough yet",
    }  # fmt: skip
    assert "performance" not in answer["measured"], "so it ends no alert either"


@pytest.mark.parametrize(
    ("unplaced", "found", "verdict"),
    [
        ({"undated": 700}, "missing:at", "failing"),
        ({"undated": 700, "were_undated": 680}, None, "ok"),
        ({"future": 700}, "invalid:at", "failing"),
        ({"future": 700, "were_future": 20}, None, "ok"),
    ],
)
def test_rows_that_no_time_places_are_told_though_no_other_check_sees_them(
    tmp_path: Path, unplaced: dict[str, int], found: str | None, verdict: str
) -> None:
    answer = measured(tmp_path, current(), unplaced=unplaced)
    assert answer["verdict"] == verdict, answer["why"]
    assert keys(answer) == ([found] if found else [])
