"""What every candidate would fail is told by ``check``, before anybody retrains; and what may pass is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.projects.manifest.reader import parse_manifest
from engine.validation.gates.beforehand import failing
from engine.validation.rules import rules_of
from tests.engine.projects.manifests import SMALL

RNG = np.random.default_rng(3)
N = 400
LATE = np.arange(N) % 2
NOISE = RNG.normal(size=N)
ROWS = '\n[[gates]]\nrows_at_least = 600\n'
GAPS = '\n[[gates]]\nmissing_at_most = 0.4\n'
WAIVED = '\n[[waivers]]\ngate = "no leaking feature"\nreason = "a trial"\n'


def told(text: str, x: Any, later: Any = None, target: Any = LATE) -> list[str]:
    found, name = parse_manifest(text), parse_manifest(text).data.target
    train = pa.table({"x": x, name: target})
    holdout = pa.table({"x": x if later is None else later, name: LATE}).slice(0, 100)
    gates = failing(train, holdout, ["x"], rules_of(found))
    return [f"{gate.name}: {gate.evidence}" for gate in gates]


HALF = [None if place % 20 < 9 else 1.0 * place for place in range(N)]
MOST = [None if place % 20 < 13 else 1.0 * place for place in range(N)]


@pytest.mark.parametrize(
    ("text", "x", "later", "says"),
    [
        (SMALL, NOISE, None, None),
        (SMALL, LATE + NOISE / 100, None, "no leaking feature: Tells the target alone: x (AUC 1.000). If it is known"),
        (SMALL + WAIVED, LATE + NOISE / 100, None, None),
        (SMALL.replace("[validation]", '[validation]\nknown_before = ["x"]'), LATE + NOISE / 100, None, None),
        (SMALL + ROWS, NOISE, None, "rows at least 600: 500 rows with a target"),
        (SMALL + ROWS.replace("600", "500"), NOISE, None, None),
        (SMALL + GAPS, HALF, None, "missing at most 0.40 of a column: More is missing: x 45.0 %"),
        (SMALL, HALF, None, None),
        (SMALL, HALF, MOST, "missing values: Values went missing since the training rows: x 65 %"),
    ],
)
def test_what_rows_alone_make_fail_is_told_with_a_way_out(text: str, x: Any, later: Any, says: str | None) -> None:
    found = told(text, x, later)
    assert [each[: len(says or "")] for each in found] == ([says] if says else [])


def test_training_rows_of_one_target_teach_nothing() -> None:
    assert told(SMALL, NOISE, target=np.zeros(N, int))[0].startswith("target varies: Every training row has the same")
