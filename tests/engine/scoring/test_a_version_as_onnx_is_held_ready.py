"""A version whose document names ONNX is answered by it, whoever asks for predictions, and is damage where it is not
whole."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.errors import Damage
from engine.release.proof import reproduced
from engine.runs.steps.sweep import sweep
from engine.scoring.makers import open_ready
from engine.scoring.onnx_form import Feature, OnnxForm, write_form
from engine.scoring.ready import ReadyScorer
from engine.scoring.unpacked import Unpacked
from engine.storage.objects import ObjectStore
from engine.versions.document import store_folder
from engine.versions.records import ModelSection, ScorerSection, VersionDocument
from engine.vocabulary.steps import SCORE
from tests.onnx_graphs import logit
from tests.version_documents import WHOLE

MARKER = f"test-onnx-held-{os.getpid()}"
ROWS = pa.table({"a": [0.5, 2.0, -1.0], "b": [1.0, 0.0, 3.0], "place": ["x", "y", "z"]})
SAID = pa.table({
    "prediction": [0, 1, 0], "p_0": [0.6791786991753929, 0.003172682844, 0.999904076803],
    "p_1": [0.32082130082460703, 0.996827317156, 0.000095923197],
})  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    (tmp_path / "objects").mkdir()
    (tmp_path / "home" / "locks").mkdir(parents=True)
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def version(store: ObjectStore, tmp_path: Path) -> VersionDocument:
    features = (Feature("a", "double"), Feature("b", "double"), Feature("place", "string"))
    form = OnnxForm(features, ("prediction", "p_0", "p_1"), "whole", "a logit", "by hand")
    write_form(form, logit(), tmp_path / "made")

    def kept(table: pa.Table) -> Any:
        content = io.BytesIO()
        pyarrow.parquet.write_table(table, content)
        return store.put_content(content.getvalue())

    return replace(
        WHOLE,
        model=ModelSection((), ("a", "b", "place"), 0.1),
        code=replace(WHOLE.code, files=()),
        golden=replace(WHOLE.golden, inputs=kept(ROWS), predictions=kept(SAID), tolerance=1e-6),
        scorer=ScorerSection("onnx", "", store_folder(store, tmp_path / "made")),
    )


Open = Callable[[VersionDocument], ReadyScorer]


@pytest.fixture
def opened(store: ObjectStore, tmp_path: Path) -> Iterator[Open]:
    held: list[ReadyScorer] = []

    def open_one(document: VersionDocument) -> ReadyScorer:
        workspace = cast(Any, SimpleNamespace(root=tmp_path / "home"))
        held.append(open_ready(workspace, store, "tiny@3", document, tmp_path / "held" / "one", marker=MARKER))
        return held[-1]

    yield open_one
    for each in held:
        each.close()
    assert sweep(MARKER) == 0


def test_it_is_held_ready_without_its_environment_and_gives_its_golden_rows_again(
    store: ObjectStore, version: VersionDocument, opened: Open
) -> None:
    scorer = opened(version)
    assert (scorer.maker, scorer.blocks, scorer.features) == ("onnx", True, ("a", "b", "place"))
    assert reproduced(store, version, "tiny@3", scorer) == 3
    assert scorer.answer([(2.0, 0.0, "y")])[0] == (1, pytest.approx(0.003172682844), pytest.approx(0.996827317156))


def test_what_a_run_asks_of_it_is_answered_by_a_process_that_ends_and_starts_no_step(
    store: ObjectStore, version: VersionDocument, tmp_path: Path
) -> None:
    watched: list[Any] = []
    run = SimpleNamespace(
        store=store, workspace=SimpleNamespace(root=tmp_path / "home"), marker=MARKER, held=None, watch=watched.append
    )
    (tmp_path / "live").mkdir()
    scorer = Unpacked("tiny@3", version, tmp_path / "live" / "model", cast(Any, None)).scorer(
        cast(Any, run), SCORE, (0.0, 1.0)
    )
    assert watched == [scorer] and scorer.score(ROWS).column("prediction").to_pylist() == [0, 1, 0]
    assert sweep(MARKER) == 0


def test_a_graph_that_is_lost_is_damage_that_names_the_version(version: VersionDocument, opened: Open) -> None:
    lost = tuple(each for each in version.scorer.files if each.path != "model.onnx")
    with pytest.raises(Damage, match=r"^tiny@3 is damaged: .*choose another version"):
        opened(replace(version, scorer=replace(version.scorer, files=lost)))


def test_one_of_other_features_is_damage(version: VersionDocument, opened: Open) -> None:
    with pytest.raises(Damage, match="its ONNX takes other features than its model"):
        opened(replace(version, model=replace(version.model, features=("b", "a", "place"))))
