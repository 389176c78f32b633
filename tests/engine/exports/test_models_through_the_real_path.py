"""Models trained in their project's own environment, exported, and held against their versions by running both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refusal
from engine.exports.records import Export
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.exports.conftest import NOW, Models
from tests.engine.exports.models import answers_alike, project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # What they begin from is made while others wait for it.
# Those of test_callers.py are held to the same: "named" in all, "hist" in ONNX, and PostgreSQL.
ALIKE = [("logit", "onnx", ""), ("ridge", "onnx", ""), ("ridge", "sql", "sqlite"), ("boosted", "sql", "duckdb"),
         ("boosted", "onnx", "")]


def exported(models: Models, name: str, kind: str, dialect: str, out: Path) -> Export:
    return models.engine.export(models.label(name), kind, out, dialect=dialect)


@pytest.mark.parametrize(("name", "kind", "dialect"), ALIKE)
def test_linear_models_and_small_trees_answer_alike_everywhere(
    models: Models, name: str, kind: str, dialect: str, tmp_path: Path
) -> None:
    answers_alike(exported(models, name, kind, dialect, tmp_path / "out").parity, dialect or kind)


@pytest.mark.parametrize("name", ["gaps", "prices"])
def test_trees_with_gaps_and_categories_keep_every_row_in_onnx(models: Models, name: str, tmp_path: Path) -> None:
    """skl2onnx alone hangs at the first and knows nothing of the second."""
    found = exported(models, name, "onnx", "", tmp_path / "out").parity
    assert found.holds and found.gaps.rows > 50 and found.unseen.rows > 30 and found.changed in (0, None)


def test_one_that_answers_otherwise_is_refused_with_the_figures_and_leaves_nothing(
    models: Models, tmp_path: Path
) -> None:
    label, before = models.label("forest"), models.engine.count_audit()
    with pytest.raises(Refusal, match=r"does not answer as the version does: \d+ of 900 rows are off .* Nothing was"):
        models.engine.export(label, "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == [] and models.engine.count_audit() == before
    assert [each for each in models.engine.exports() if each.label == label] == []


def test_forced_it_says_so_inside_in_the_list_and_in_the_trail(models: Models, tmp_path: Path) -> None:
    label = models.label("forest")
    with pytest.raises(Refusal, match="A reason is needed"):
        models.engine.export(label, "onnx", tmp_path / "out", force=True)
    made = models.engine.export(
        label, "onnx", tmp_path / "out", force=True, reason="a demo on Friday", used_by="the fair"
    )
    assert made.forced and not made.parity.holds and made.parity.worst
    assert json.loads((tmp_path / "out" / "export.json").read_text())["forced"] == "a demo on Friday"
    assert b"leverframe.forced" in (tmp_path / "out" / "model.onnx").read_bytes()
    newest = models.engine.exports("forest")[0]
    assert (newest.id, newest.forced, newest.used_by, newest.state) == (made.id, True, "the fair", "candidate")
    row = models.engine.audit(limit=1)[0]
    assert (row.action, row.subject, row.reason) == ("export", label, "a demo on Friday")


def test_a_large_forest_is_no_sql_and_the_sentence_says_that_onnx_can(models: Models, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"holds 20 trees with [\d,]+ nodes.*at most 20 trees.*--to onnx"):
        models.engine.export(models.label("forest"), "sql", tmp_path / "out")


@pytest.mark.parametrize(("kind", "word"), [("onnx", "skl2onnx"), ("sql", "orbital")])
def test_what_no_converter_knows_is_named(models: Models, kind: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=rf"{word} .*cannot write a Pipeline\(ColumnTransformer, Odd\)"):
        models.engine.export(models.label("nearest"), kind, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_same_version_gives_the_same_bytes(models: Models, tmp_path: Path) -> None:
    """The first time, when what all begin from was made, it was in another workspace."""
    first = models.engine.exports("hist")[-1]
    assert exported(models, "hist", "onnx", "", tmp_path / "out").digest == first.digest


def test_a_model_that_was_trained_elsewhere_is_exported_like_any_other(models: Models, tmp_path: Path) -> None:
    import joblib

    model = "make_pipeline(filled(), LogisticRegression())"
    folder = project(models.folder / "elsewhere", "elsewhere", model, rows=3000)
    made: dict[str, Any] = {}
    exec((folder / "steps.py").read_text(), made)
    rows = made["extract"](NOW)
    joblib.dump(made["train"](rows[["x", "gap", "count", "place"]], rows["y"]), folder / "model.joblib")
    manifest = (folder / "leverframe.toml").read_text()
    (folder / "leverframe.toml").write_text(manifest.replace('run = "steps:train"', 'import = "model.joblib"'))
    tiny.git(folder, "add", ".")
    tiny.git(folder, "commit", "-q", "-m", "made elsewhere")
    models.engine.add(folder)
    label = retrained(models.engine, NOW, "elsewhere")
    assert models.engine.export(label, "onnx", tmp_path / "out").parity.holds


def test_a_linear_model_that_stands_alone_is_written_too(models: Models, tmp_path: Path) -> None:
    """skl2onnx takes it with one input for all of its columns, and no other."""
    folder = project(models.folder / "alone", "alone", "LogisticRegression()", rows=3000)
    manifest = (folder / "leverframe.toml").read_text()
    chosen = manifest.replace('key = ["id"]', 'key = ["id"]\nfeatures = ["x", "count"]')
    (folder / "leverframe.toml").write_text(chosen)
    tiny.git(folder, "commit", "-qam", "two numbers")
    models.engine.add(folder)
    assert models.engine.export(retrained(models.engine, NOW, "alone"), "onnx", tmp_path / "out").parity.holds


@pytest.mark.parametrize("name", ["logit", "ridge", "boosted", "gaps", "prices", "forest"])
def test_the_same_are_scored_by_tables_that_answered_their_whole_holdout_alike(models: Models, name: str) -> None:
    found = models.engine.show(models.label(name)).scorer
    assert (found.maker, found.why, len(found.files)) == ("compiled", "", 3), found.sentence
    assert found.parity is not None and found.parity.rows == 900 and found.parity.changed in (0, None)
    assert found.parity.gaps.rows > 50 and found.parity.unseen.rows > 30


def test_such_a_version_is_proven_both_ways(models: Models) -> None:
    told: list[str] = []
    models.engine.move(models.engine.plan_release(models.label("gaps")), "tried", lambda step: told.append(step.what))
    assert "200 of 200 golden rows equal by its compiled tables too" in told


def test_one_that_no_table_stands_for_keeps_its_process_and_says_why(models: Models) -> None:
    found = models.engine.show(models.label("nearest")).scorer
    assert (found.maker, found.files, found.parity) == ("process", (), None)
    assert found.sentence.startswith("a process of its own: a Odd of steps is none")
    assert "cannot write a Pipeline" in found.why
    assert [each.maker for each in found.tried] == ["compiled"]
