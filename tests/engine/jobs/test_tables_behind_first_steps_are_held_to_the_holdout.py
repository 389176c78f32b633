"""Tables behind a project's own first steps answer in a version's place only where they and the process together answer
the holdout as its model did, and never by the whole pipeline instead."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from engine.jobs.retrain.compiling import Forms, Scored
from engine.jobs.retrain.onnx_converting import OnnxForms
from engine.runs.run_context import RunContext
from engine.runs.steps.step import StepResult
from engine.runs.steps.sweep import sweep
from engine.storage.objects import ObjectStore
from engine.versions.records import ScorerSection, Tried
from engine.versions.split import BetweenColumn, SplitSection
from tests.engine.scoring.split.splitting import frame, laid, many, rows

WHY = "its step FromNothing is not scikit-learn's own, so that nobody can say what it does"
HOLDOUT = many(150, 5)


@pytest.fixture(autouse=True)
def _an_environment_that_nobody_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
    monkeypatch.setattr(
        OnnxForms, "judged", lambda self, tried, said, regression: (ScorerSection(why="no ONNX", tried=tried), None)
    )
    monkeypatch.setattr(OnnxForms, "converted", lambda self: "no ONNX")


class Run:
    """A run that made a model whose first step is its own. ``held``: the rows held out."""

    def __init__(self, folder: Path, held: pa.Table = HOLDOUT, **model: Any) -> None:
        self.stage, self.model = laid(folder, **model)
        nothing = cast(Any, None)
        self.recorded = list[StepResult]()
        self.context = RunContext(
            nothing, nothing, nothing, folder / "run", f"test-{os.getpid()}", nothing, folder, False, False, False,
            None, (), lambda done, text: None, self.recorded.append, lambda **known: None, lambda step: None,
        )  # fmt: skip
        self.data = cast(Any, SimpleNamespace(
            golden_inputs=many(20, 2), holdout_inputs=held, train=many(100, 3), schema={"columns": []},
        ))  # fmt: skip
        self.folder = folder

    def said(self, table: pa.Table) -> pa.Table:
        """What the model says of it, as a step records it."""
        given = frame(table)
        chances = self.model.predict_proba(given)
        return pa.table({"prediction": self.model.predict(given), "p_0": chances[:, 0], "p_1": chances[:, 1]})

    def scored(self, said: pa.Table) -> Scored:
        forms = Forms(self.context, self.stage, self.data, self.folder / "model").begin()
        found = forms.scored(said, regression=False)
        assert sweep(f"test-{os.getpid()}") == 0, "its process has ended"
        return found


def test_where_both_together_answer_alike_the_version_is_scored_by_them_and_says_where_it_is_cut(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path)
    scored = run.scored(run.said(HOLDOUT))
    (tmp_path / "objects").mkdir()
    section = scored.stored(ObjectStore(tmp_path / "objects"))
    assert [each.state for each in run.recorded] == ["succeeded"]
    assert (section.maker, section.why, len(section.files)) == ("split", "", 3)
    assert section.tried == (Tried("compiled", WHY),) and section.parity is not None and section.parity.rows == 150
    columns = [("x", "float64"), ("count", "int64"), ("deed", "object"), ("kind", "str"), ("many", "bool")]
    found = section.split
    assert found is not None and (found.steps, found.array) == (("FromNothing",), False)
    assert [(each.name, each.type) for each in found.columns if each.name != "deed"] == [
        each for each in columns if each[0] != "deed"
    ]
    assert section.sentence.startswith(
        "compiled tables behind its own first steps (FromNothing): 150 holdout rows compared"
    )


def refused(found: Scored) -> tuple[str, tuple[Tried, ...]]:
    """Why tables behind its first steps may not answer; each that was tried before a process."""
    section = found.section
    assert (section.maker, section.split, found.folder) == ("process", None, None)
    assert [each.maker for each in section.tried] == ["compiled", "split"] and section.tried[0].why == WHY
    assert section.why == "no ONNX"
    return section.tried[1].why, section.tried


def test_where_they_answer_otherwise_the_whole_pipeline_stays_with_the_evidence(tmp_path: Path) -> None:
    run = Run(tmp_path)
    said = run.said(HOLDOUT)
    other = said.set_column(0, "prediction", pa.array(1 - said.column("prediction").to_numpy()))
    why, tried = refused(run.scored(other))
    assert why.startswith("its tables behind its first steps answer otherwise: ")
    assert tried[1].parity is not None and tried[1].parity.changed == 150


def test_where_the_types_between_are_not_steady_the_whole_pipeline_stays(tmp_path: Path) -> None:
    held = pa.concat_tables([HOLDOUT, rows((0.5, 4, "float", "a"))])
    run = Run(tmp_path, held)
    why, _ = refused(run.scored(run.said(held)))
    # Once for all of the holdout, and for that row alone.
    assert why == (
        "its tables behind its first steps answer otherwise: the whole pipeline had to answer 2 times, since "
        "what its first steps made is otherwise: its column 'count' is of the type float64, and not int64"
    )


def test_where_a_rows_answer_hangs_on_the_others_the_whole_pipeline_stays(tmp_path: Path) -> None:
    run = Run(tmp_path, wide=True)
    why, _ = refused(run.scored(run.said(HOLDOUT)))
    assert "rows otherwise alone than in a table" in why


def test_where_its_first_steps_die_the_whole_pipeline_stays(tmp_path: Path) -> None:
    held = pa.concat_tables([HOLDOUT, rows((0.5, 4, "die", "a"))])
    run = Run(tmp_path, held)
    said = run.said(HOLDOUT)
    why, _ = refused(run.scored(pa.concat_tables([said, said.slice(0, 1)])))
    assert why.startswith("its tables behind its first steps cannot be used: ") and "SIGABRT" in why


def test_the_section_is_written_and_read_as_it_is_and_left_out_where_there_is_none() -> None:
    from engine.json_records import read, write

    split = SplitSection(("FromNothing", "PCA"), True, (BetweenColumn("0", "float64"),))
    section = ScorerSection("split", tried=(Tried("compiled", WHY),), split=split)
    assert read(ScorerSection, write(section), "it") == section and "split" not in write(ScorerSection("compiled"))
    assert section.words == "compiled tables behind its own first steps"
    odd = ScorerSection("split", split=SplitSection(("\x1b[31m", *["Long"] * 100), False, ()))
    assert "\x1b" not in odd.sentence and len(odd.sentence) < 200
