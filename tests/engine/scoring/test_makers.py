"""A version is scored by what its document names: compiled tables out of the store, whoever asks for predictions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn.linear_model import LogisticRegression

from engine.errors import Damage
from engine.scoring.makers import open_ready
from engine.scoring.ready import ReadyScorer
from engine.scoring.unpacked import Unpacked
from engine.storage.objects import ObjectStore
from engine.versions.document import store_folder
from engine.versions.records import ModelSection, ScorerSection, VersionDocument
from engine.vocabulary.steps import SCORE, SCORE_OWN_ROWS
from tests.compiled_models import compiler
from tests.version_documents import WHOLE

ROWS = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.5]})
MODEL = LogisticRegression().fit(ROWS, [0, 0, 1, 1])
TABLE = pa.table({name: ROWS[name].to_numpy() for name in ROWS})
NOTHING = cast(Any, None)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    (tmp_path / "objects").mkdir()
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def version(store: ObjectStore, tmp_path: Path) -> VersionDocument:
    """One whose model is compiled."""
    program, said = compiler().document(MODEL, ROWS, False)
    compiler().write(program, said, tmp_path / "made")

    def kept(table: pa.Table) -> Any:
        content = io.BytesIO()
        pyarrow.parquet.write_table(table, content)
        return store.put_content(content.getvalue())

    chances = MODEL.predict_proba(ROWS)
    said = pa.table({"prediction": MODEL.predict(ROWS), "p_0": chances[:, 0], "p_1": chances[:, 1]})
    return replace(
        WHOLE,
        model=ModelSection((), ("x", "y"), 0.1),
        golden=replace(WHOLE.golden, inputs=kept(TABLE), predictions=kept(said)),
        scorer=ScorerSection("compiled", "", store_folder(store, tmp_path / "made")),
    )


@pytest.fixture
def opened(store: ObjectStore, version: VersionDocument, tmp_path: Path) -> Iterator[ReadyScorer]:
    scorer = open_ready(NOTHING, store, "tiny@3", version, tmp_path / "held", marker="test")
    yield scorer
    scorer.close()


def test_a_compiled_version_is_held_ready_without_its_environment(opened: ReadyScorer) -> None:
    assert (opened.maker, opened.blocks, opened.features) == ("compiled", False, ("x", "y"))
    assert opened.outputs == ("prediction", "p_0", "p_1")
    table = opened.score(TABLE)
    assert table.column("p_1").to_pylist() == pytest.approx(MODEL.predict_proba(ROWS)[:, 1], abs=1e-15)
    rows = list(zip(*(TABLE.column(name).to_pylist() for name in opened.features), strict=True))
    assert opened.answer(rows) == list(zip(*(table.column(name).to_pylist() for name in opened.outputs), strict=True))


def test_what_a_run_asks_of_it_is_answered_by_the_tables_and_starts_no_step(
    store: ObjectStore, version: VersionDocument, tmp_path: Path
) -> None:
    class Run:
        """A run that launches nothing."""

        def __init__(self) -> None:
            self.store = store

        def launch(self, *given: Any, **how: Any) -> None:
            raise AssertionError("a step was launched")

    (tmp_path / "live").mkdir()
    live = Unpacked("tiny@3", version, tmp_path / "live" / "model", NOTHING)
    for kind in (SCORE, SCORE_OWN_ROWS):
        found = live.scorer(cast(Any, Run()), kind, (0.0, 1.0)).score(TABLE)
        assert found.column("prediction").to_pylist() == MODEL.predict(ROWS).tolist()


def test_tables_that_are_not_whole_are_damage_that_names_the_version(
    store: ObjectStore, version: VersionDocument, tmp_path: Path
) -> None:
    lost = tuple(each for each in version.scorer.files if each.path != "numbers.bin")
    broken = replace(version, scorer=replace(version.scorer, files=lost))
    with pytest.raises(Damage, match=r"^tiny@3 is damaged: .*choose another version"):
        open_ready(NOTHING, store, "tiny@3", broken, tmp_path / "held", marker="test")


def test_tables_of_other_features_are_damage(store: ObjectStore, version: VersionDocument, tmp_path: Path) -> None:
    other = replace(version, model=replace(version.model, features=("y", "x")))
    with pytest.raises(Damage, match="its compiled form takes other features than its model"):
        open_ready(NOTHING, store, "tiny@3", other, tmp_path / "held", marker="test")
