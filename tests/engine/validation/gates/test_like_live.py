"""Is it still the same world: classes that are lost or new, features that died, rows that collapsed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.records import Gate
from engine.validation.gates.judges import judge_rule
from engine.validation.gates.like_live import classes_as_before, constant_features, no_dead_feature, rows_as_before
from engine.validation.metrics import Truth
from engine.vocabulary.gates import GateRule
from tests.engine.validation.gates.test_judges import facts
from tests.engine.validation.validation_cases import gate, job, judged, predictions, world

CHANCE = np.random.default_rng(8)


def classes(train: Sequence[str], holdout: Sequence[str], known: Sequence[str] | None, live: str | None) -> Gate:
    every = sorted({*train, *holdout})
    truth = Truth("multiclass", np.array([every.index(each) for each in holdout]), tuple(every))
    return classes_as_before(truth, pa.chunked_array([pa.array(train)]), known, live)


@pytest.mark.parametrize(
    ("train", "holdout", "known", "live", "verdict", "says"),
    [
        ("abc", "abc", None, None, "pass", "3 classes, the reference from now on."),
        ("abc", "abc", "abc", "birds@3", "pass", "3 classes, as birds@3 knows them."),
        ("abc", "abc", None, "birds@3", "pass", "3 classes"),  # a version from before this was recorded
        ("ab", "ab", "abc", "birds@3", "fail", "Lost since birds@3: c; no training row has it."),
        ("a", "ab", "abc", "birds@3", "fail", "Lost since birds@3: b, c; no training row has them."),
        ("abd", "abd", "abc", "birds@3", "fail", "Lost since birds@3: c; no training row has it; new: d."),
        ("abcd", "abc", "abc", "birds@3", "warn", "New since birds@3: d;"),
        ("abc", "abcd", "abc", "birds@3", "warn", "In the holdout and not in the training rows: d."),
    ],
)
def test_a_class_that_is_lost_fails_and_one_that_is_new_is_told(
    train: str, holdout: str, known: str | None, live: str | None, verdict: str, says: str
) -> None:
    found = classes(list(train), list(holdout), list(known) if known else None, live)
    assert (found.verdict, says in found.evidence) == (verdict, True), found.evidence


def test_a_class_of_a_very_long_name_is_the_same_class_as_the_version_wrote_it_down() -> None:
    name = "a class " + "x" * 300
    assert classes([name, "b"], [name, "b"], [name[:80], "b"], "birds@3").verdict == "pass"


def dead(train: Any, holdout: Any, were: Sequence[str] | None = None, live: str | None = None) -> Gate:
    learnt, judged = pa.table({"wind": train}), pa.table({"wind": holdout})
    return no_dead_feature(learnt, judged, ["wind"], constant_features(learnt, ["wind"]), were, live)


MANY = CHANCE.normal(size=2000)
FLAGS = CHANCE.random(2000) < 0.3
RARE = np.arange(2000) % 1000 == 0
MONTHS = np.repeat(np.arange(10.0), 200)
GAPS = np.where(CHANCE.random(2000) < 0.1, np.nan, MANY)


@pytest.mark.parametrize(
    ("train", "holdout", "verdict"),
    [
        (MANY, MANY[:300], "pass"),
        (MANY, np.full(300, 3.0), "fail"),
        (MANY, np.full(300, np.nan), "fail"),
        (MANY, pa.nulls(300), "fail"),
        (GAPS, np.full(300, np.nan), "fail"),
        (GAPS, np.where(np.arange(300) % 2, np.nan, 3.0), "fail"),
        (MANY, np.full(9, 3.0), "pass"),  # a handful
        (FLAGS, np.zeros(300, dtype=bool), "warn"),
        (RARE, np.zeros(300, dtype=bool), "pass"),  # by chance
        (MONTHS, np.full(150, 11.0), "pass"),  # it stood still as long before
        (MONTHS, np.full(300, 11.0), "warn"),
        (pa.array(["a", "b", "c"] * 100), pa.array(["a"] * 300), "warn"),
        (pa.array([f"id {i % 50}" for i in range(600)]), pa.array(["id 1"] * 300), "fail"),
        (pa.array([[i] for i in range(300)]), pa.array([[1]] * 300), "pass"),  # nobody can tell
        (pa.nulls(300), pa.nulls(300), "pass"),
    ],
)
def test_a_feature_that_stops_to_vary_is_told_unless_that_is_nothing_new(
    train: Any, holdout: Any, verdict: str
) -> None:
    found = dead(train, holdout)
    assert found.verdict == verdict, found.evidence
    assert ("wind is" in found.evidence or "wind has" in found.evidence) == (verdict in ("warn", "fail"))


@pytest.mark.parametrize(
    ("were", "live", "verdict"),
    [([], "birds@3", "fail"), (["wind"], "birds@3", "pass"), (None, "birds@3", "pass"), (None, None, "pass")],
)
def test_a_feature_that_varied_for_the_live_version_and_is_constant_in_training_is_dead(
    were: list[str] | None, live: str | None, verdict: str
) -> None:
    found = dead(np.full(500, 7.0), np.full(100, 7.0), were, live)
    assert (found.verdict, "wind" in found.evidence) == (verdict, True)


def test_a_list_is_no_dead_feature_for_nobody_can_tell_whether_it_varies() -> None:
    lists = pa.array([[1]] * 300)
    assert dead(lists, lists, [], "birds@3").verdict == "pass"


@pytest.mark.parametrize(
    ("rows", "before", "verdict"),
    [(1000, 1000, "pass"), (500, 1000, "pass"), (499, 1000, "fail"), (9000, 1000, "pass")],
)
def test_rows_under_half_of_the_live_versions_fail_unless_the_manifest_says_what_is_enough(
    rows: int, before: int, verdict: str
) -> None:
    assert rows_as_before(rows, before, "birds@3").verdict == verdict
    seen = facts(rows=rows // 2, train_rows=rows - rows // 2, live="birds@3", live_rows=before)
    assert judge_rule(GateRule("rows_at_least_of_live", None, 0.25), seen).verdict == "pass"
    assert judge_rule(GateRule("rows_at_least_of_live", None, 9.5), seen).verdict == "fail"
    assert judge_rule(GateRule("rows_at_least_of_live", None, 9.5), facts()).verdict == "pass"  # a first version


def test_the_judge_holds_a_candidate_against_what_the_live_version_was_made_for(tmp_path: Path) -> None:
    train, holdout = world(3000, seed=1), world(1200, seed=2)
    document = job(tmp_path, holdout, train, predictions(holdout), predictions(holdout, 1.0), gates=[])
    same = {"reference_classes": ["0", "1"], "reference_rows": 4200, "reference_constant": []}
    found = judged(document | same)
    assert [gate(found, name)["verdict"] for name in ("classes", "no dead", "rows as")] == ["pass"] * 3
    assert found["constant_features"] == []
    found = judged(document | same | {"reference_classes": ["0", "1", "2"], "reference_rows": 8401})
    assert [gate(found, name)["verdict"] for name in ("classes", "no dead", "rows as")] == ["fail", "pass", "fail"]
    assert found["verdict"] == "fail"
    still = pa.chunked_array([pa.array(np.zeros(3000))])
    document = job(tmp_path, holdout, train.set_column(1, "noise", still), predictions(holdout), gates=[])
    found = judged(document | same | {"live": "flights@9", "live_problem": "gone"})
    assert gate(found, "no dead")["verdict"] == "fail" and found["constant_features"] == ["noise"]
