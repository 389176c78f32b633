"""Where the estimator would stop, no answer is made up: row and column are named, however the rows come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.errors import StepFailed
from engine.scoring.compiled.scorer import CompiledScorer
from tests.compiled_models import NUMBERS, compiled, held_to, rows_of, table_of, target, training


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, CompiledScorer]:
    """A model that takes no gap, no value that it never saw, and nothing endless."""
    frame = training(False)
    columns = ColumnTransformer([("text", OneHotEncoder(), ["kind", "shop"]), ("plain", StandardScaler(), NUMBERS)])
    estimator = make_pipeline(columns, Ridge()).fit(frame, target(frame))
    return estimator, compiled(estimator, frame, tmp_path_factory.mktemp("strict") / "compiled")


def test_what_it_takes_is_answered(strict: tuple[Any, CompiledScorer]) -> None:
    held_to(*strict, training(False), exact=False)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("kind", "never seen", "Row 2 cannot be scored: its column kind has a value that it never had in training"),
        ("shop", None, "Row 2 cannot be scored: its column shop has a gap"),
        ("size", np.nan, "Row 2 cannot be scored: its column size has a gap"),
        ("size", np.inf, "Row 2 cannot be scored: its column size holds a number that is too large"),
        ("wide", -np.inf, "Row 2 cannot be scored: its column wide holds a number that is too large"),
    ],
)
def test_a_row_that_scikit_learn_stops_at_is_named(
    strict: tuple[Any, CompiledScorer], column: str, value: Any, why: str
) -> None:
    estimator, scorer = strict
    frame = training(False).head(5).copy()
    frame.loc[2, column] = value
    with pytest.raises(ValueError, match=r"unknown categories|NaN|infinity"):
        estimator.predict(frame)
    with pytest.raises(StepFailed, match=why):
        scorer.score(table_of(frame))
    with pytest.raises(StepFailed, match=why):
        scorer.answer(rows_of(frame))


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("kind", 7, "its column kind holds what is no text"),
        ("size", "7", "its column size holds what is no number"),
        ("size", 10**400, "its column size holds what is no number"),
        ("kind", ["oak"], "a value that is neither text nor number"),
    ],
)
def test_a_value_of_another_type_is_named(
    strict: tuple[Any, CompiledScorer], column: str, value: Any, why: str
) -> None:
    _, scorer = strict
    rows = [list(row) for row in rows_of(training(False).head(3))]
    rows[1][list(training(False).columns).index(column)] = value
    with pytest.raises(StepFailed, match=why):
        scorer.answer(rows)


@pytest.mark.parametrize("short", [0, 1, 5, 7, 40])
def test_a_row_of_another_length_is_named(strict: tuple[Any, CompiledScorer], short: int) -> None:
    with pytest.raises(StepFailed, match=f"Row 0 cannot be scored: it holds {short} values; 6 are"):
        strict[1].answer([("oak",) * short])


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"kind": pa.array([1])}, "its column kind holds what is no text"),
        ({"size": pa.array(["7"])}, "its column size holds what is no number"),
        ({"size": pa.array([None], pa.null())}, "its column size has a gap"),
        ({"kind": pa.array([None], pa.null())}, "its column kind has a gap"),
    ],
)
def test_a_column_of_another_type_is_named(
    strict: tuple[Any, CompiledScorer], table: dict[str, pa.Array], why: str
) -> None:
    whole = table_of(training(False).head(1))
    for name, column in table.items():
        whole = whole.set_column(whole.column_names.index(name), name, column)
    with pytest.raises(StepFailed, match=why):
        strict[1].score(whole)


def test_a_table_without_a_column_or_with_two_of_it_is_refused(strict: tuple[Any, CompiledScorer]) -> None:
    whole = table_of(training(False).head(2))
    for table in (whole.drop_columns("size"), whole.append_column("size", whole.column("size"))):
        with pytest.raises(StepFailed, match="it has no column size, or two"):
            strict[1].score(table)


def test_columns_may_come_in_another_order_and_in_more_chunks(strict: tuple[Any, CompiledScorer]) -> None:
    whole = table_of(training(False))
    parts = pa.concat_tables([whole.slice(0, 7), whole.slice(7, 0), whole.slice(7)])
    wanted = strict[1].score(whole)
    assert strict[1].score(parts.select(parts.column_names[::-1])).equals(wanted)
    assert strict[1].score(parts.set_column(0, "kind", parts.column("kind").dictionary_encode())).equals(wanted)


def test_a_row_far_down_a_long_table_is_found(strict: tuple[Any, CompiledScorer]) -> None:
    frame = pd.concat([training(False)] * 200, ignore_index=True)
    wanted = strict[1].score(table_of(training(False)))
    found = strict[1].score(table_of(frame))
    assert found.num_rows == 80_000 and found.slice(400 * 199).equals(wanted)
    frame.loc[70_001, "kind"] = "never seen"
    with pytest.raises(StepFailed, match="Row 70,001 cannot be scored: its column kind"):
        strict[1].score(table_of(frame))


def test_no_rows_have_no_answers(strict: tuple[Any, CompiledScorer]) -> None:
    assert strict[1].answer([]) == []
    empty = strict[1].score(table_of(training(False)).slice(0, 0))
    assert empty.num_rows == 0 and tuple(empty.column_names) == strict[1].outputs


def test_what_was_let_go_answers_no_more(strict: tuple[Any, CompiledScorer], tmp_path: Path) -> None:
    scorer = compiled(strict[0], training(False), tmp_path / "compiled")
    scorer.close()
    with pytest.raises(StepFailed, match="not held ready any more"):
        scorer.answer(rows_of(training(False).head(1)))
