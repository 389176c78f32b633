"""A model that no tables stand for, from its retrain to its answers: as ONNX, or not, and what is then said of it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from engine.release import proof
from engine.scoring import here, makers
from engine.scoring.makers import open_ready
from engine.scoring.ready import ReadyScorer
from engine.storage.workspace import find
from tests.engine.exports.conftest import NOW, Models
from tests.ledger import store_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # What they begin from is made while others wait for it.


def opened(models: Models, name: str, folder: Path) -> ReadyScorer:
    engine, label = models.engine, models.label(name)
    workspace = find(engine.home)
    return open_ready(workspace, store_of(engine), label, engine.show(label), folder, marker="test-onnx-real")


def test_a_network_answers_its_whole_holdout_as_onnx_to_the_last_digits(models: Models) -> None:
    found = models.engine.show(models.label("net")).scorer
    assert (found.maker, [each.path for each in found.files]) == ("onnx", ["model.json", "model.onnx"]), found.reason
    assert found.parity is not None and found.parity.rows == 900 and found.parity.changed == 0
    assert found.parity.largest is not None and found.parity.largest < 1e-12
    assert found.parity.gaps.rows > 50 and found.parity.unseen.rows > 30
    assert "MLPClassifier" in found.tried[0].why
    steps = [each.name for each in models.engine.runs("net")[0].steps]
    assert "compile" in steps and "convert" in steps


def test_it_is_proven_both_ways_goes_live_and_answers(models: Models, tmp_path: Path) -> None:
    told: list[str] = []
    label = models.label("net")
    models.engine.move(models.engine.plan_release(label), "tried", lambda step: told.append(step.what))
    assert "200 of 200 golden rows equal" in told and "200 of 200 golden rows equal by its ONNX too" in told
    assert sorted(each.name for each in (models.engine.home / "live" / "net" / "compiled").iterdir()) == [
        "model.json", "model.onnx",
    ]  # fmt: skip
    inputs, answers = models.golden("net")
    scorer = opened(models, "net", tmp_path / "held")
    try:
        assert scorer.maker == "onnx"
        assert proof.count_differing(answers, scorer.score(inputs), 1e-9) == 0
        row = tuple(inputs.column(name)[0].as_py() for name in scorer.features)
        assert scorer.answer([row])[0][1:] == pytest.approx([answers[each][0].as_py() for each in ("p_0", "p_1")])
    finally:
        scorer.close()


def test_where_the_runtime_is_missing_its_process_answers_and_all_say_so(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (here, makers, proof):
        monkeypatch.setattr(place, "runtime", lambda: False)
    label = models.label("net")
    assert "here a process of its own answers" in models.engine.card(label, NOW).scored_by
    inputs, answers = models.golden("net")
    scorer = opened(models, "net", tmp_path / "held")
    try:
        assert scorer.maker == "process" and proof.count_differing(answers, scorer.score(inputs), 1e-9) == 0
    finally:
        scorer.close()


def test_one_that_skl2onnx_writes_wrongly_keeps_its_process_with_reason_and_evidence(models: Models) -> None:
    found = models.engine.show(models.label("binned")).scorer
    assert (found.maker, found.files) == ("process", ()) and found.why.startswith("it answers otherwise: ")
    assert found.parity is not None and not found.parity.holds and found.parity.changed
    assert len(found.parity.worst) == 10


def test_a_bundle_of_it_says_what_it_holds(models: Models, tmp_path: Path) -> None:
    bundle = tmp_path / "net.zip"
    models.engine.bundle(models.label("net"), bundle)
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
    assert any(each.endswith("compiled/model.onnx") for each in names)

