"""Versions that an older engine recorded are proven by the names that it gave their columns."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from engine.release.proof import as_recorded, count_differing
from tests.version_documents import WHOLE

ESTIMATOR = WHOLE
OWN_CODE = replace(WHOLE, settings={"train": {"run": "m:train", "score": "m:score"}})
BEFORE = pa.table({"prediction": ["a", "b"], "score": [-1.0, 2.0]})
NOW = pa.table({"prediction": ["a", "b"], "score_b": [-1.0, 2.0]})


def test_a_score_recorded_without_its_class_is_reproduced_by_one_that_names_it() -> None:
    assert count_differing(BEFORE, as_recorded(NOW, BEFORE, ESTIMATOR), 1e-9) == 0
    assert count_differing(NOW, as_recorded(NOW, NOW, ESTIMATOR), 1e-9) == 0
    moved = NOW.set_column(1, "score_b", pa.array([-1.0, 2.1]))
    assert count_differing(BEFORE, as_recorded(moved, BEFORE, ESTIMATOR), 1e-9) == 1


def test_a_score_that_a_projects_own_code_names_otherwise_than_it_did_is_not_reproduced() -> None:
    assert count_differing(BEFORE, as_recorded(NOW, BEFORE, OWN_CODE), 1e-9) == 2
    assert count_differing(NOW, as_recorded(BEFORE, NOW, ESTIMATOR), 1e-9) == 2
