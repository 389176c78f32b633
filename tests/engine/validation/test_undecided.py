"""``check`` says beforehand when a holdout cannot decide."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from engine.projects.manifest import parse_manifest
from engine.validation.undecided import cannot_decide
from tests.engine.projects.manifests import SMALL

NUMBERS = SMALL.replace("roc_auc", "mae")
ASKING = SMALL + '\n[[gates]]\nmetric = "roc_auc"\nat_least = 0.6\nminimum_rows = 50\n'


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        (SMALL, [0, 1] * 5, None),
        (SMALL, [0, 1] * 4, "8 holdout rows cannot decide"),
        (SMALL, [0] * 96 + [1] * 4, "the rarest class has 4 holdout rows"),
        (SMALL, [0] * 95 + [1] * 5, None),
        (SMALL, ["a"] * 60, "all 60 holdout rows are of one class"),
        (SMALL, ["a"] * 60 + ["b"] * 60 + ["c"], None),  # a rare class among several is no reason
        (NUMBERS, [1.5] * 10, None),
        (NUMBERS, [1.5] * 9, "9 holdout rows cannot decide"),
        (ASKING, [0, 1] * 24, "minimum_rows = 50 and there are 48"),
        (ASKING, [0, 1] * 25, None),
    ],
)
def test_a_holdout_that_cannot_decide_is_told_with_a_way_out(text: str, target: list[Any], says: str | None) -> None:
    said = cannot_decide(pa.chunked_array([pa.array(target)]), parse_manifest(text))
    assert (said is None) == (says is None)
    if says and said:
        assert says in said and "make [validation] holdout larger" in said
