"""A metric without a value says why, in the same words everywhere: lists, cards, status, JSON, pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from console.cli import documents
from console.text import cells
from console.text.card_lines import metric_row
from engine import clock
from engine.records import Metric
from engine.validation import metrics
from engine.validation.metrics import Predicted, Truth
from engine.validation.undefined import sentence, why
from engine.vocabulary.metrics import CLASSIFICATION
from tests import tiny
from tests.builders.versions import candidate, release
from tests.console.records import status
from tests.people import open_engine


def binary(actual: list[int], decided: list[int]) -> tuple[Truth, Predicted]:
    said = np.array(decided, np.float64)
    return (
        Truth("binary", np.array(actual), ("no", "yes")),
        Predicted(np.array(decided), np.stack([1 - said, said], axis=1), said),
    )


NONE_POSITIVE, NONE_SAID = binary([0, 0, 0], [0, 0, 0]), binary([0, 1, 0], [0, 0, 0])
ALIKE = Truth("regression", np.array([3.0, 3.0]), ()), Predicted(np.array([3.0, 2.0]))


@pytest.mark.parametrize(
    ("metric", "case", "short", "reason"),
    [
        ("roc_auc", NONE_POSITIVE, "class gone", "the 3 rows lack one of the classes"),
        ("average_precision", NONE_POSITIVE, "class gone", "the 3 rows lack a class that it looks for"),
        ("recall", NONE_POSITIVE, "class gone", "none of the 3 rows is of the class that is looked for"),
        ("f1", NONE_POSITIVE, "class gone", "and the model gives it to none"),
        ("precision", NONE_SAID, "never said", "the model gives none of the 3 rows the class"),
        ("r2", ALIKE, "one value", "the target has one value in the 2 rows"),
    ],
)
def test_the_reason_is_that_of_the_metric(metric: str, case: tuple[Truth, Predicted], short: str, reason: str) -> None:
    assert np.isnan(metrics.value(metric, *case)), "else there is nothing to explain"
    assert why(metric, len(case[0])).short == short
    assert reason in sentence(metric, len(case[0])) and sentence(metric, 9).startswith(f"{metric} has no value: ")


def test_no_metric_that_can_be_without_a_value_is_without_words_of_its_own() -> None:
    """On rows of one class, none of it said, and of one value; all others have a value whatever the rows are."""
    for metric in CLASSIFICATION:
        for case in (NONE_POSITIVE, NONE_SAID, binary([1, 1], [1, 1]), binary([1], [0])):
            if np.isnan(metrics.value(metric, *case)):
                assert why(metric, 9).short != "not defined", metric
    assert why("roc_auc", 0).short == "no rows" and why("anything", 3).reason == "it is not defined on the 3 rows"


WITHOUT = Metric("roc_auc", None, None, None, 40)


def test_a_narrow_list_has_a_word_and_a_wide_place_the_sentence() -> None:
    assert cells.metric(WITHOUT) == "roc_auc – class gone" and cells.metric(None) == "–"
    assert cells.no_value(WITHOUT).startswith("roc_auc has no value: the 40 rows lack one of the classes")
    assert cells.no_value(None) == cells.no_value(Metric("r2", 0.5, None, None, 40)) == ""
    assert cells.known(status("p", metric=WITHOUT)) == cells.no_value(WITHOUT)
    line = "".join(span.text for line in metric_row(WITHOUT, 10, 140, compared=True) for span in line)
    assert "–" in line and "the 40 rows lack one of the classes" in line and "not compared" not in line


def test_json_says_why_beside_the_null() -> None:
    found = documents.metric(WITHOUT)
    assert found is not None and found["value"] is None and found["why"] == cells.no_value(WITHOUT)
    known = documents.metric(Metric("r2", 0.5, None, None, 40))
    assert known is not None and known["why"] is None and documents.metric(None) is None


def test_status_says_it_of_what_is_live(home: Path, tmp_path: Path) -> None:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    at = clock.now()
    release(engine, candidate(engine, at, metric=WITHOUT), None, 0, at)
    found = engine.status("tiny", clock.now())
    assert found.live == "tiny@1" and found.metric == WITHOUT and found.measured_at is None
    assert documents.status(found)["metric"]["why"] == cells.no_value(WITHOUT)
    assert engine.overview(clock.now()).projects[0].metric == WITHOUT
    engine.close()
