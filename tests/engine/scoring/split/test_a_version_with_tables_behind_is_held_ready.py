"""A version whose document says that tables stand behind its first steps: held ready by both, by its process alone
where that is asked for, proven both ways, and brought to workers as a process."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn.pipeline import Pipeline

from engine.errors import Damage, Refusal
from engine.jobs.score.score import made_by
from engine.release.proof import Ground, Steps, prove
from engine.runs.steps.launch import Stage
from engine.runs.steps.sweep import sweep
from engine.scoring.away import kit
from engine.scoring.compiled.scorer import CompiledScorer
from engine.scoring.makers import open_ready, whole_pipeline, wholes_of
from engine.scoring.ready import Maker, ReadyScorer
from engine.scoring.scorer import StepScorer
from engine.scoring.split_program import section
from engine.scoring.unpacked import Unpacked
from engine.storage.objects import ObjectStore
from engine.versions.document import store_folder, written
from engine.versions.records import ModelSection, ScorerSection, VersionDocument
from engine.vocabulary.steps import SCORE
from tests.compiled_models import compiler
from tests.engine.scoring.split.splitting import SCHEMA, frame, laid, many, rows
from tests.engine.scoring.staying import MANIFEST
from tests.version_documents import WHOLE

MARKER = f"test-split-{os.getpid()}"
GOLDEN = many(30, 9)


@dataclass(frozen=True)
class Laid:
    stage: Stage
    model: Pipeline
    store: ObjectStore
    document: VersionDocument


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laid]:
    stage, model = laid(tmp_path)
    (stage.code / "leverframe.toml").write_text(MANIFEST.replace("FORMAT", "parquet"))
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
    monkeypatch.setattr("engine.scoring.makers.built", lambda *given: stage.environment)
    (tmp_path / "objects").mkdir()
    store = ObjectStore(tmp_path / "objects")
    yield Laid(stage, model, store, document(tmp_path, store, stage, model, GOLDEN))
    assert sweep(MARKER) == 0, "nothing of it is left"


def document(
    folder: Path, store: ObjectStore, stage: Stage, model: Pipeline, golden: pa.Table, tables: str = "compiled"
) -> VersionDocument:
    """The version's, with ``golden`` and what its model says of them."""

    def kept(table: pa.Table) -> Any:
        content = io.BytesIO()
        pyarrow.parquet.write_table(table, content)
        return store.put_content(content.getvalue())

    chances = model.predict_proba(frame(golden))
    said = {"prediction": model.predict(frame(golden)), "p_0": chances[:, 0], "p_1": chances[:, 1]}
    split = section(CompiledScorer.read(folder / tables, behind=True))
    return replace(
        WHOLE,
        code=replace(WHOLE.code, files=store_folder(store, stage.code)),
        environment=replace(WHOLE.environment, lock=store.put_content(json.dumps(stage.lock.to_json()).encode())),
        model=ModelSection(store_folder(store, folder / "model"), tuple(SCHEMA.names), 0.1),
        golden=replace(WHOLE.golden, rows=golden.num_rows, inputs=kept(golden), predictions=kept(pa.table(said))),
        scorer=ScorerSection("split", files=store_folder(store, folder / tables), split=split),
    )


def opened(version: Laid, folder: Path, maker: Maker | None = None) -> ReadyScorer:
    workspace = cast(Any, SimpleNamespace(root=version.stage.workspace))
    return open_ready(workspace, version.store, "split@1", version.document, folder, marker=MARKER, maker=maker)


def test_it_is_held_ready_by_both_and_by_its_process_alone_where_that_is_asked_for(
    version: Laid, tmp_path: Path
) -> None:
    found = {}
    for maker in (None, "process"):
        scorer = opened(version, tmp_path / f"by {maker}", cast(Any, maker))
        try:
            given = [tuple(row.values()) for row in GOLDEN.to_pylist()]
            assert scorer.blocks and scorer.outputs == ("prediction", "p_0", "p_1")
            found[scorer.maker] = scorer.answer(given)
            assert whole_pipeline(scorer) is None
            scorer.answer([(0.5, 4, "float", "a")])
            once, wholes = whole_pipeline(scorer), wholes_of(scorer)
            assert (wholes.count if wholes is not None else None) == (1 if maker is None else None)
            assert (once or "").startswith("the whole pipeline had to answer 1 time, since ") == (maker is None)
        finally:
            scorer.close()
    assert list(found) == ["split", "process"]
    for ours, theirs in zip(found["split"], found["process"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("what", ["other steps", "lost"])
def test_tables_that_are_not_those_that_its_document_says_are_damage(
    version: Laid, tmp_path: Path, what: str
) -> None:
    said = version.document.scorer
    assert said.split is not None
    lost = tuple(each for each in said.files if each.path != "numbers.bin")
    broken = replace(said, files=lost) if what == "lost" else replace(said, split=replace(said.split, array=True))
    with pytest.raises(Damage, match=r"^split@1 is damaged: "):
        opened(replace(version, document=replace(version.document, scorer=broken)), tmp_path / "held")


def proven(version: Laid, found: VersionDocument, folder: Path) -> list[str]:
    digest = version.store.put_content(json.dumps(written(found)).encode()).digest
    told: list[str] = []
    ground = Ground(lambda lock, supply: version.stage.environment, MARKER)
    workspace = cast(Any, SimpleNamespace(root=version.stage.workspace))
    prove(workspace, version.store, digest, "split@1", folder, Steps(lambda step: told.append(step.what)), ground)
    return told


def test_a_proof_goes_through_its_model_and_through_both(version: Laid, tmp_path: Path) -> None:
    told = proven(version, version.document, tmp_path / "proof")
    assert told[-2:] == [
        "30 of 30 golden rows equal", "30 of 30 golden rows equal by its tables behind its first steps too",
    ]  # fmt: skip
    assert not list(tmp_path.glob("proof.*")), "nothing of it is left"


def test_where_its_tables_say_otherwise_or_the_whole_pipeline_has_to_answer_it_is_not_proven(
    version: Laid, tmp_path: Path
) -> None:
    stage, model, store = version.stage, version.model, version.store
    unsteady = pa.concat_tables([GOLDEN, rows((0.5, 4, "float", "a"))])
    found = document(tmp_path, store, stage, model, unsteady)
    with pytest.raises(Refusal, match="by its tables behind its first steps: the whole pipeline had to answer 2 times"):
        proven(version, found, tmp_path / "unsteady")
    right = document(tmp_path, store, stage, model, GOLDEN)
    model[-1].coef_[:] += 0.01
    program, about = compiler().whole_or_behind(model, frame(GOLDEN), False, "parquet")
    compiler().write(program, about, tmp_path / "other")
    other = replace(right, scorer=replace(right.scorer, files=store_folder(store, tmp_path / "other")))
    with pytest.raises(Refusal, match=r"by its tables behind its first steps: \d+ of 30 golden rows differ"):
        proven(version, other, tmp_path / "otherwise")


def test_runs_that_score_once_and_workers_have_its_process_do_the_whole(
    version: Laid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[str] = []

    class Step:
        def __init__(self, stage: Stage, kind: Any, span: Any, *, warm: bool) -> None:
            launched.append(kind.name)

    taken = Unpacked("split@1", version.document, tmp_path / "model", version.stage)
    run = SimpleNamespace(launch=Step, record=None)
    assert isinstance(taken.scorer(cast(Any, run), SCORE, (0.0, 1.0)), StepScorer) and launched == ["score"]
    monkeypatch.setattr(kit, "unpack", lambda *given: taken)
    monkeypatch.setattr(kit, "of_model", lambda stage, model, folder, label: (stage, model))
    nothing = cast(Any, None)
    assert kit.filled(nothing, "split@1", version.document, nothing, tmp_path) == (version.stage, taken.model)
    assert [made_by(version.document, away=away) for away in (True, False)] == ["process", None]
    assert made_by(replace(version.document, scorer=ScorerSection("compiled")), away=True) is None
