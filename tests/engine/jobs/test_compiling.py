"""A retrain has its model compiled in a step of its own: what becomes of that is told, and never ends the run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from engine.errors import StepFailed
from engine.jobs.retrain.compiling import Scored, compiled, how_asked, scored_by, why_never
from engine.projects.manifest.records import Program
from engine.runs.run_context import RunContext
from engine.runs.steps.step import StepResult
from engine.scoring.compiled.scorer import CompiledScorer
from engine.storage.objects import ObjectStore
from engine.versions.records import ScorerSection
from tests.engine.scoring.staying import stage

draw = np.random.default_rng(7)
X = pd.DataFrame({
    "x": np.where(draw.random(400) < 0.1, np.nan, draw.normal(size=400)),
    "place": draw.choice(["A", "B", "C"], 400),
})  # fmt: skip
Y = (X["x"].fillna(0.3) + (X["place"] == "A") + draw.normal(size=400) > 0.4).astype(int)
TABLE = pa.Table.from_pandas(X, preserve_index=False).replace_schema_metadata(None)
DATA = cast(
    Any, SimpleNamespace(golden_inputs=TABLE.slice(0, 5), holdout_inputs=TABLE.slice(300), train=TABLE.slice(0, 300))
)
SUCCEEDED = StepResult("compile", "succeeded", 0, 1.0, 1.0, 1, None, ())


def model_of(last: Any) -> Any:
    numbers = ("numbers", SimpleImputer(), ["x"])
    places = ("places", OneHotEncoder(handle_unknown="ignore"), ["place"])
    return make_pipeline(ColumnTransformer([numbers, places]), last).fit(X[:300], Y[:300])


def said_by(model: Any) -> pa.Table:
    chances = model.predict_proba(X[300:])
    return pa.table({"prediction": model.predict(X[300:]), "p_0": chances[:, 0], "p_1": chances[:, 1]})


class Run:
    """A run that compiles ``model``, in the environment of the tests."""

    def __init__(self, folder: Path, model: Any) -> None:
        self.stage, self.recorded = stage(folder), list[StepResult]()
        self.model = folder / "model"
        (self.model / "model.pickle").write_bytes(pickle.dumps(model))
        nothing = cast(Any, None)
        self.context = RunContext(
            nothing, nothing, nothing, folder / "run", "test", nothing, folder, False, False, False, None, (),
            lambda done, text: None, self.recorded.append, lambda **known: None, lambda step: None,
        )  # fmt: skip

    def compiled(self) -> Path | str:
        return compiled(self.context, self.stage, DATA, self.model)


@pytest.fixture(autouse=True)
def _an_environment_that_nobody_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)


def test_a_model_that_tables_can_stand_for_is_scored_by_them_with_the_evidence(tmp_path: Path) -> None:
    model = model_of(LogisticRegression())
    run = Run(tmp_path, model)
    form = run.compiled()
    assert isinstance(form, Path) and [each.state for each in run.recorded] == ["succeeded"]
    scored = scored_by(form, DATA, said_by(model), regression=False)
    (tmp_path / "objects").mkdir()
    section = scored.stored(ObjectStore(tmp_path / "objects"))
    assert (section.maker, section.why, len(section.files)) == ("compiled", "", 3)
    assert section.parity is not None and section.parity.rows == 100 and section.parity.gaps.rows > 0
    assert section.sentence.startswith("compiled tables: 100 holdout rows compared, largest difference ")
    assert section.sentence.endswith(", 0 decisions changed")


def test_what_was_recorded_otherwise_leaves_it_to_the_process_and_keeps_the_evidence(tmp_path: Path) -> None:
    model = model_of(LogisticRegression())
    form = Run(tmp_path, model).compiled()
    other = said_by(model_of(LogisticRegression(C=0.9)))
    scored = scored_by(form, DATA, other, regression=False)
    assert (scored.section.maker, scored.folder) == ("process", None)
    assert scored.section.why.startswith("its tables answer otherwise: ")
    assert scored.section.parity is not None and len(scored.section.parity.worst) == 10


def test_a_model_that_none_can_stand_for_is_refused_in_a_sentence_and_that_is_no_failure(tmp_path: Path) -> None:
    run = Run(tmp_path, model_of(KNeighborsClassifier()))
    why = run.compiled()
    assert isinstance(why, str) and "KNeighborsClassifier" in why
    assert [(each.state, each.why) for each in run.recorded] == [("succeeded", None)]
    assert scored_by(why, DATA, pa.table({}), regression=False) == Scored(ScorerSection(why=why))


def test_a_version_with_a_process_keeps_whether_its_labels_are_the_likeliest_classes(tmp_path: Path) -> None:
    said = said_by(model_of(KNeighborsClassifier(4)))
    found = how_asked(Scored(ScorerSection(why="none")), said).section.one_pass
    assert found is not None and (found.rows, found.changed, found.nearest) == (100, 0, 0.0)
    by_tables = Scored(ScorerSection("compiled"), tmp_path)
    assert how_asked(by_tables, said) is by_tables


class Launched:
    """A step that ends as a test says."""

    def __init__(self, folder: Path, result: StepResult, leaves: Callable[[Path], None] = lambda folder: None) -> None:
        self.input, self.output, self._result, self._leaves = folder / "input", folder / "output", result, leaves
        for place in (self.input, self.output):
            place.mkdir()

    def begin(self) -> None:
        """It does all of it at its end."""

    def conclude(self, record: Callable[[StepResult], None]) -> None:
        record(self._result)
        self._leaves(self.output)
        if self._result.state != "succeeded":
            raise StepFailed(f"{self._result.why}.")


def ended(folder: Path, result: StepResult, leaves: Callable[[Path], None] = lambda folder: None) -> Any:
    """What became of a compilation that ended with ``result``, and what was recorded of it."""
    run = Run(folder, None)
    launched = Launched(folder, result, leaves)
    context = SimpleNamespace(launch=lambda *given, **how: launched, record=run.recorded.append)
    return compiled(cast(Any, context), run.stage, DATA, run.model), run.recorded


def test_a_compilation_that_dies_is_told_and_the_step_has_failed(tmp_path: Path) -> None:
    died = replace(SUCCEEDED, state="failed", exit_code=-9, why="compile was killed by signal 9")
    assert ended(tmp_path, died) == ("compiling it failed: compile was killed by signal 9", [died])


def test_one_that_is_cancelled_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="ada cancelled it"):
        ended(tmp_path, replace(SUCCEEDED, state="cancelled", why="ada cancelled it"))


def _a_link(output: Path) -> None:
    (output / "compiled").mkdir()
    (output / "compiled" / "model.json").symlink_to("/etc/hostname")


def _many(output: Path) -> None:
    (output / "compiled").mkdir()
    for number in range(17):
        (output / "compiled" / f"{number}.bin").touch()


def _a_link_to_all(output: Path) -> None:
    (output / "elsewhere").mkdir()
    (output / "elsewhere" / "model.json").touch()
    (output / "compiled").symlink_to(output / "elsewhere")


@pytest.mark.parametrize("leaves", [lambda output: None, _a_link, _many, _a_link_to_all])
def test_what_is_left_is_files_and_nothing_else(tmp_path: Path, leaves: Callable[[Path], None]) -> None:
    assert ended(tmp_path, SUCCEEDED, leaves)[0] == "compiling it left something else than its tables"


def test_tables_that_are_damaged_or_that_we_cannot_read_leave_it_to_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.json").write_text("{}")
    assert scored_by(tmp_path, DATA, TABLE, regression=False).section.why.startswith("its tables cannot be used: ")

    def broken(folder: Path) -> CompiledScorer:
        raise ZeroDivisionError

    monkeypatch.setattr(CompiledScorer, "read", broken)
    why = scored_by(tmp_path, DATA, TABLE, regression=False).section.why
    assert why == "Leverframe itself could not read its tables (ZeroDivisionError)"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (Program("model:score", None), "model:score, a function of the project's own, makes its predictions"),
        (Program(None, ("sh", "score.sh")), "a command of the project's own makes its predictions"),
    ],
)
def test_what_the_project_scores_itself_is_not_tried(tmp_path: Path, program: Program, why: str) -> None:
    run = Run(tmp_path, None)
    manifest = run.stage.manifest
    own = replace(manifest, train=replace(manifest.train, score=program))
    assert why_never(own) == why and why_never(manifest) is None
    assert compiled(run.context, replace(run.stage, manifest=own), DATA, run.model) == why and not run.recorded
