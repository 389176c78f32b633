"""``check`` says beforehand when a holdout cannot decide."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from engine.projects.manifest.reader import parse_manifest
from engine.validation.holdout.undecided import cannot_decide
from tests.engine.projects.manifests import SMALL

NUMBERS = SMALL.replace("roc_auc", "mae")
ASKING = SMALL + '\n[[gates]]\nmetric = "roc_auc"\nat_least = 0.6\nminimum_rows = 50\n'


def told(text: str, target: list[Any], learnt: list[Any]) -> str | None:
    return cannot_decide(
        pa.chunked_array([pa.array(target)]), pa.chunked_array([pa.array(learnt)]), parse_manifest(text)
    )


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        (SMALL, [0, 1] * 5, None),
        (SMALL, [0, 1] * 4, "8 holdout rows cannot decide"),
        (SMALL, [0] * 96 + [1] * 4, "the rarest class has 4 holdout rows"),
        (SMALL, [0] * 95 + [1] * 5, None),
        (SMALL, ["a"] * 60 + ["b"] * 60 + ["c"], None),  # a rare class among several is no reason
        (NUMBERS, [1.5, 2.5] * 5, None),
        (NUMBERS, [1.5, 2.5, 3.5] * 3, "9 holdout rows cannot decide"),
        (ASKING, [0, 1] * 24, "minimum_rows = 50 and there are 48"),
        (ASKING, [0, 1] * 25, None),
    ],
)
def test_a_holdout_that_cannot_decide_is_told_with_a_way_out(text: str, target: list[Any], says: str | None) -> None:
    said = told(text, target, [*target, *target, *reversed(target)] * 5)
    assert (said is None) == (says is None)
    if says and said:
        assert says in said and "make [validation] holdout larger" in said


SHARES = SMALL.replace("roc_auc", "accuracy")
WAIVED = SMALL + '\n[[waivers]]\ngate = "no leaking feature"\nreason = "a trial"\n'


@pytest.mark.parametrize(
    ("text", "target", "learnt", "says"),
    [
        (SMALL, ["a"] * 60, ["a", "b"] * 60, "all 60 holdout rows are of one class"),
        (SMALL, ["a", "b"] * 60, ["a", "b", "c"] * 60, "no holdout row is of the class c, and roc_auc looks at each"),
        (SHARES, ["a", "b"] * 60, ["a", "b", "c"] * 60, None),
        (SHARES, ["a"] * 60 + ["b"] * 4, ["a", "b", "c"] * 60, None),  # of three classes one may be rare
        (SMALL, ["a", "b"] * 60, ["b", "a"] * 9, "18 training rows cannot show a leak; at least 20 are needed"),
        (SMALL, ["a", "b"] * 60, ["a"] * 60 + ["b"] * 4, "4 training rows of the rarer class cannot show a leak"),
        (WAIVED, ["a", "b"] * 60, ["b", "a"] * 9, None),
        (NUMBERS, [1.5, 2.5] * 60, [1.5, 2.5] * 9, "18 training rows cannot show a leak"),
        (NUMBERS, [1.5, 2.5] * 60, [1.5] * 60, "all training rows have one target and teach nothing"),
        (SMALL, [0, 1] * 60, [0] * 60, "all training rows have one target and teach nothing"),
    ],
)
def test_what_the_training_rows_leave_undecided_is_told_too(
    text: str, target: list[Any], learnt: list[Any], says: str | None
) -> None:
    said = told(text, target, learnt)
    assert (said is None) == (says is None)
    assert not says or (said and says in said and "let extract return" in said)
