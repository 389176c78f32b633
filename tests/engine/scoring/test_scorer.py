"""The contract of a scorer, at its maker of today: a row for each row in order, else a sentence and nothing running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv
import pytest

from engine.errors import StepFailed
from engine.scoring.scorer import Scorer, StepScorer

FEATURES = pa.table({"x": [0.1, 0.2, 0.3]})


class Step:
    """A step that answers what a test says, or fails."""

    title = "score"

    def __init__(self, folder: Path, answer: Callable[[], pa.Table]) -> None:
        self.stage = SimpleNamespace(manifest=SimpleNamespace(form="csv"), types=False)
        self.input, self.output, self._answer = folder / "input", folder / "output", answer
        self.cancelled: list[str] = []
        for part in (self.input, self.output):
            part.mkdir(parents=True)

    def begin(self) -> None:
        """It reads its input when it is concluded."""

    def conclude(self, record: Any) -> None:
        given = pyarrow.csv.read_csv(self.input / "data.csv")
        assert (given.column_names, (self.input / "model" / "table.json").read_text()) == (["x"], "{}")
        pyarrow.csv.write_csv(self._answer(), self.output / "predictions.csv")

    def cancel(self, why: str) -> None:
        self.cancelled.append(why)


def scorer(folder: Path, answer: Callable[[], pa.Table], text: tuple[str, ...] = ()) -> tuple[Scorer, Step]:
    model = folder / "model"
    model.mkdir()
    (model / "table.json").write_text("{}")
    step = Step(folder / "step", answer)
    return StepScorer(cast(Any, step), model, text), step


def test_a_table_of_features_becomes_a_table_of_predictions(tmp_path: Path) -> None:
    found, step = scorer(tmp_path, lambda: pa.table({"prediction": [1, 0, 1]}))
    assert found.score(FEATURES).to_pydict() == {"prediction": [1, 0, 1]}
    assert step.cancelled == []


def test_what_is_text_stays_text_though_it_looks_like_numbers(tmp_path: Path) -> None:
    found, _ = scorer(tmp_path, lambda: pa.table({"prediction": ["01", "02", "03"]}), ("prediction",))
    assert found.score(FEATURES).to_pydict() == {"prediction": ["01", "02", "03"]}


def test_a_prediction_too_few_is_refused_with_both_numbers(tmp_path: Path) -> None:
    found, _ = scorer(tmp_path, lambda: pa.table({"prediction": [1, 0]}))
    with pytest.raises(StepFailed, match="score gave 2 predictions for 3 rows"):
        found.score(FEATURES)


@pytest.mark.parametrize("problem", [StepFailed("score failed: no such column."), KeyboardInterrupt()])
def test_whatever_goes_wrong_leaves_nothing_running(tmp_path: Path, problem: BaseException) -> None:
    def fails() -> pa.Table:
        raise problem

    found, step = scorer(tmp_path, fails)
    with pytest.raises(type(problem)):
        found.score(FEATURES)
    assert step.cancelled == ["the scoring was broken off"]
