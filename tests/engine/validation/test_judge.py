"""The judge: a job in, a judgement out; and nothing that data can do makes it fall over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Refusal
from engine.records import Metric
from engine.validation.judge import finite
from engine.validation.schema import infer_schema
from tests.engine.validation import validation_cases
from tests.engine.validation.validation_cases import gate, job, predictions, rule, world

ROOT = Path(__file__).resolve().parents[3]
TRAIN, HOLDOUT = world(3000, seed=1), world(1200, seed=2)


def judged(document: dict[str, Any]) -> dict[str, Any]:
    """The judgement after a trip through JSON, which must take it as it is."""
    found: dict[str, Any] = json.loads(json.dumps(finite(validation_cases.judged(document)), allow_nan=False))
    return found


def test_a_first_version_is_judged_by_itself(tmp_path: Path) -> None:
    found = judged(job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT)))
    assert (found["verdict"], found["comparison"], found["task"]) == ("pass", "first", "binary")
    assert found["sentence"].startswith(
        f"FIRST VERSION. All {len(found['gates'])} gates pass. On 1,200 rows: roc_auc 0."
    )
    assert found["changed_decisions"] is None
    assert {segment["verdict"] for segment in found["segments"]} == {"first"}
    # The ledger keeps a metric as a record of exactly these fields.
    assert Metric(name="roc_auc", **found["metrics"]["roc_auc"]).live is None


def test_a_better_candidate_is_better_on_the_same_rows(tmp_path: Path) -> None:
    gates = [rule("not_below_live_by", "roc_auc", 0.005), rule("not_above_live_by", "log_loss", 0.01)]
    found = judged(job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), predictions(HOLDOUT, 1.5), gates=gates))
    assert (found["verdict"], found["comparison"]) == ("pass", "better")
    assert found["sentence"].startswith("BETTER THAN LIVE. All ")
    assert "On the same 1,200 rows: roc_auc 0." in found["sentence"] and "difference +0." in found["sentence"]
    assert 0 < found["changed_decisions"] < 1
    assert found["metrics"]["log_loss"]["comparison"] == "better"
    assert found["metrics"]["log_loss"]["difference"] < 0


def test_a_worse_candidate_fails_against_live_and_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    gates = [rule("not_below_live_by", "roc_auc", 0.005)]
    found = judged(job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT, 1.5), predictions(HOLDOUT), gates=gates))
    assert (found["verdict"], found["comparison"]) == ("fail", "worse")
    assert found["sentence"].startswith(
        "NOT FIT TO GO LIVE. roc_auc not below live by 0.005: roc_auc is below flights@9"
    )
    assert "leverframe.toml" in found["sentence"]
    assert gate(found, "no segment worse")["verdict"] == "warn"


def test_the_same_predictions_are_the_same_as_live(tmp_path: Path) -> None:
    gates = [rule("not_below_live_by", "roc_auc", 0.0)]
    found = judged(job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), predictions(HOLDOUT), gates=gates))
    assert (found["verdict"], found["comparison"], found["changed_decisions"]) == ("pass", "same", 0.0)


def test_few_rows_are_decided_by_the_interval(tmp_path: Path) -> None:
    few = HOLDOUT.slice(0, 120)
    found = judged(job(tmp_path, few, TRAIN, predictions(few), gates=[rule("at_least", "roc_auc", 0.6)]))
    assert (found["verdict"], gate(found, "rows to judge")["verdict"]) == ("pass", "pass")
    value = found["metrics"]["roc_auc"]
    undecided = [rule("at_least", "roc_auc", round((value["low"] + value["value"]) / 2, 3))]
    found = judged(job(tmp_path, few, TRAIN, predictions(few), gates=undecided))
    assert found["verdict"] == "cannot tell"
    assert "120 rows do not decide it. It takes more rows; or say minimum_rows = 120" in found["sentence"]
    undecided[0]["minimum_rows"] = 120
    assert judged(job(tmp_path, few, TRAIN, predictions(few), gates=undecided))["verdict"] == "pass"


def test_a_handful_of_rows_cannot_tell_and_never_passes(tmp_path: Path) -> None:
    few = HOLDOUT.slice(0, 9)
    gates = [rule("at_least", "roc_auc", 0.5), rule("not_below_live_by", "roc_auc", 0.5)]
    found = judged(job(tmp_path, few, TRAIN, predictions(few), predictions(few, 3.0), gates=gates))
    assert (found["verdict"], found["comparison"]) == ("cannot tell", "cannot tell")
    assert [g["verdict"] for g in found["gates"][:3]] == ["cannot tell"] * 3
    assert "9 holdout rows cannot decide" in found["sentence"]
    assert "no key asks for fewer" in found["sentence"]


def test_a_live_version_that_could_not_be_scored_is_told_and_does_not_stop_the_judge(tmp_path: Path) -> None:
    document = job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), gates=[rule("not_below_live_by", "roc_auc", 0.01)])
    document |= {"live": "flights@9", "live_problem": "the data no longer has wind, which flights@9 needs"}
    found = judged(document)
    assert (found["verdict"], found["comparison"]) == ("cannot tell", "not compared")
    assert "no longer has wind" in found["sentence"]
    assert found["metrics"]["roc_auc"]["comparison"] is None


def test_a_version_that_was_not_compared_is_neither_better_nor_worse_nor_alike(tmp_path: Path) -> None:
    document = job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT))
    document |= {"live": "flights@9", "live_problem": "its model cannot be read"}
    found = judged(document)
    assert (found["verdict"], found["comparison"]) == ("pass", "not compared")
    assert found["sentence"].startswith("NOT COMPARED WITH LIVE. All ")
    assert "flights@9 could not be measured on them: its model cannot be read." in found["sentence"]


def test_live_predictions_that_do_not_fit_are_the_live_versions_problem(tmp_path: Path) -> None:
    wrong = predictions(HOLDOUT).slice(0, 7)
    gates = [rule("not_below_live_by", "roc_auc", 0.01)]
    found = judged(job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), wrong, gates=gates))
    assert gate(found, "roc_auc not below")["verdict"] == "cannot tell"
    assert "7 rows for 1,200" in gate(found, "roc_auc not below")["evidence"]


def test_a_changed_schema_fails_and_is_named(tmp_path: Path) -> None:
    reference = infer_schema(HOLDOUT)
    reference["columns"][1] |= {"type": "text"}
    document = job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), predictions(HOLDOUT))
    found = judged(document | {"reference_schema": reference})
    assert "column 'noise' was text and is number" in gate(found, "schema")["evidence"]
    assert found["verdict"] == "fail"


def test_a_feature_that_is_the_target_fails(tmp_path: Path) -> None:
    def with_leak(table: pa.Table) -> pa.Table:
        return table.append_column("paid_after", table["late"])

    document = job(tmp_path, with_leak(HOLDOUT), with_leak(TRAIN), predictions(HOLDOUT))
    found = judged(document | {"features": ["x", "noise", "paid_after"]})
    assert "paid_after (AUC 1.000)" in gate(found, "no leaking")["evidence"]


def test_a_regression_and_several_classes_are_judged_too(tmp_path: Path) -> None:
    said = pa.table({"prediction": 0.5 * HOLDOUT["noise"].to_numpy()})
    found = judged(
        job(tmp_path, HOLDOUT, TRAIN, said, said, metrics=["rmse", "r2"], gates=[rule("at_most", "rmse", 2.0)])
        | {"features": ["x", "place"]}
        | {"manifest": {"target": "noise", "task": None, "positive": None, "metrics": ["rmse", "r2"], "segments": [],
                        "gates": [rule("at_most", "rmse", 2.0)]}}
    )  # fmt: skip
    assert (found["task"], found["verdict"], found["changed_decisions"]) == ("regression", "pass", None)

    places = HOLDOUT["place"].combine_chunks().dictionary_decode().to_pylist()
    columns = {"prediction": places} | {f"p_{c}": [float(p == c) * 0.8 + 0.2 / 3 for p in places] for c in "ABC"}
    document = job(tmp_path, HOLDOUT, TRAIN, pa.table(columns), target="place", segments=[], gates=[])
    found = judged(document | {"features": ["x", "noise"]})
    assert (found["task"], found["verdict"]) == ("multiclass", "pass")


HOSTILE: dict[str, Any] = {
    "giant values": lambda n: pa.array(["x" * 200_000 + str(i % 3) for i in range(n)]),
    "escape sequences": lambda n: pa.array([f"\x1b[2J\u202e{i % 4}\x07" for i in range(n)]),
    "nothing at all": pa.nulls,
    "only NaN": lambda n: pa.array(np.full(n, np.nan)),
    "infinite": lambda n: pa.array(np.where(np.arange(n) % 2, np.inf, -np.inf)),
    "huge numbers": lambda n: pa.array(np.where(np.arange(n) % 2, 1e308, -1e308)),
    "one value": lambda n: pa.array(["same"] * n),
    "a key": lambda n: pa.array([f"id {i}" for i in range(n)]),
    "numbers by the hundred": lambda n: pa.array(np.arange(n)),
    "lists": lambda n: pa.array([[i] for i in range(n)]),
    "bytes": lambda n: pa.array([b"\xff\xfe"] * n),
    "large text in a dictionary": lambda n: pa.array(["a", "b"] * (n // 2), pa.large_string()).dictionary_encode(),
    "times with a zone": lambda n: pa.array(np.arange(n) * 10**9, pa.timestamp("ns", "America/New_York")),
    "decimals": lambda n: pa.array(np.arange(n)).cast(pa.decimal128(30, 2)),
    "durations": lambda n: pa.array(np.arange(n), pa.duration("ms")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_columns_as_features_and_segments_are_judged(tmp_path: Path, kind: str) -> None:
    def hostile(table: pa.Table) -> pa.Table:
        return table.append_column("odd", HOSTILE[kind](table.num_rows))

    holdout, train = hostile(HOLDOUT.slice(0, 400)), hostile(TRAIN.slice(0, 400))
    document = job(tmp_path, holdout, train, predictions(holdout), predictions(holdout, 0.5), segments=["odd", "place"])
    found = judged(document | {"features": ["x", "noise", "place", "odd"]})
    text = json.dumps(found, ensure_ascii=False)
    assert len(text) < 60_000
    assert not any(sign in text for sign in ("\x1b", "\u202e", "\x07", "\\u001b", "\\u0007"))


@pytest.mark.parametrize("labels", [[0], [1]])
def test_a_holdout_of_one_class_cannot_tell(tmp_path: Path, labels: list[int]) -> None:
    one = HOLDOUT.set_column(3, "late", pa.array(labels * 1200))
    found = judged(job(tmp_path, one, TRAIN, predictions(one), predictions(one, 1.0)))
    assert found["verdict"] == "cannot tell"
    assert found["metrics"]["roc_auc"]["value"] is None
    assert gate(found, "target varies")["verdict"] == "cannot tell"


def test_predictions_that_are_no_numbers_fail_their_gate_and_leave_no_nan_behind(tmp_path: Path) -> None:
    said = predictions(HOLDOUT)
    broken = said.set_column(2, "p_1", pa.array([float("nan")] * 1200))
    found = judged(job(tmp_path, HOLDOUT, TRAIN, broken, said))
    assert found["verdict"] == "fail"
    assert "1,200 rows have a missing or infinite probability" in gate(found, "predictions valid")["evidence"]


def test_columns_that_are_not_there_or_there_twice_are_refused(tmp_path: Path) -> None:
    document = job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT))
    with pytest.raises(Refusal, match="has no column 'wind'"):
        judged(document | {"features": ["wind"]})
    twice = HOLDOUT.append_column("x", HOLDOUT["x"])
    with pytest.raises(Refusal, match="2 columns called 'x'|cannot be read"):
        judged(job(tmp_path, twice, TRAIN, predictions(HOLDOUT)))


def run_judge(path: Path, said: str = "\n") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.validation.judge", str(path)],
        cwd=ROOT, input=said, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_process_judges_the_job_it_is_told_and_says_nothing_else(tmp_path: Path) -> None:
    job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), predictions(HOLDOUT, 0.5))
    ended = run_judge(tmp_path / "job.json")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert json.loads((tmp_path / "judgement.json").read_text("utf-8"))["judgement"]["key_metric"] == "roc_auc"


def test_the_process_that_cannot_judge_ends_with_the_reason_in_its_last_line(tmp_path: Path) -> None:
    job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT))
    (tmp_path / "predictions.parquet").write_bytes(b"no parquet")
    ended = run_judge(tmp_path / "job.json")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("The predictions file cannot be read")
    assert not (tmp_path / "judgement.json").exists()


def test_the_process_that_is_never_asked_ends_well(tmp_path: Path) -> None:
    assert run_judge(tmp_path / "job.json", "").returncode == 0


def test_what_is_written_holds_no_number_that_json_cannot_hold_however_deep_it_lies() -> None:
    odd = {"a": [float("nan"), (np.float64("inf"), np.int64(3))], 4: {"b": [{"c": -float("inf")}, True, None, "nan"]}}
    assert finite(odd) == {"a": [None, [None, 3]], "4": {"b": [{"c": None}, True, None, "nan"]}}
    assert json.dumps(finite({"x": np.float32(0.5)}), allow_nan=False) == '{"x": 0.5}'


def test_segments_of_a_candidate_that_was_not_compared_say_so_and_small_ones_cannot_tell(tmp_path: Path) -> None:
    place = HOLDOUT["place"].cast(pa.string()).to_pylist()
    rare = HOLDOUT.set_column(2, "place", pa.array(["D" if n < 10 else each for n, each in enumerate(place)]))
    document = job(tmp_path, rare, TRAIN, predictions(rare)) | {"live": "flights@1", "live_problem": "it is gone"}
    found = {each["value"]: each["verdict"] for each in judged(document)["segments"]}
    assert found == {"A": "not compared", "B": "not compared", "C": "not compared", "D": "cannot tell"}
    alone = judged(job(tmp_path, rare, TRAIN, predictions(rare)))
    first = {each["value"]: each["verdict"] for each in alone["segments"]}
    assert first == {"A": "first", "B": "first", "C": "first", "D": "cannot tell"}


def test_no_column_is_said_to_have_values_left_out_that_has_few(tmp_path: Path) -> None:
    assert judged(job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT)))["segments_left_out"] == {}
