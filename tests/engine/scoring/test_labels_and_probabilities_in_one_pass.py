"""A model is asked for its labels beside its probabilities, unless they were its likeliest classes all along."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from console.text.scorer_lines import scorer_lines
from engine.errors import StepFailed
from engine.runs.steps.sweep import sweep
from engine.scoring.makers import nearest
from engine.scoring.one_pass import one_pass
from engine.scoring.warm_process import WarmProcess
from engine.versions.parity import OnePass
from engine.versions.records import ScorerSection
from tests.engine.scoring.staying import process, rows
from tests.version_documents import WHOLE

NAN = float("nan")
LABELS = "> 0.5).astype(int)"  # as the model of ``staying`` has them


def said(labels: list[Any], *chances: tuple[float, ...], names: str = "01") -> pa.Table:
    columns = [list(each) for each in zip(*chances, strict=True)]
    named = {f"p_{name}": each for name, each in zip(names, columns, strict=len(columns) > 1)}
    return pa.table({"prediction": labels, **named})


@pytest.mark.parametrize(
    ("predictions", "found"),
    [
        (said([0, 1], (0.75, 0.25), (0.375, 0.625)), OnePass(2, 0, 0.25)),
        (said([0, 1], (0.75, 0.25), (0.625, 0.375)), OnePass(2, 1)),
        (said([0, 0], (0.5, 0.5), (0.5, 0.5)), OnePass(2, 0, 0.0)),
        (said([1], (0.5, 0.5)), OnePass(1, 1)),
        (said(["b", "c"], (0.25, 0.5, 0.25), (0.125, 0.125, 0.75), names="abc"), OnePass(2, 0, 0.25)),
        (said([0.0, 1.0], (0.75, 0.25), (0.25, 0.75)), OnePass(2, 0, 0.5)),
        (said([True], (0.25, 0.75), names=("False", "True")), OnePass(1, 0, 0.5)),  # type: ignore[arg-type]
        (said(["c"], (0.75, 0.25)), OnePass(1, 1)),
        (said([0], (NAN, NAN)), OnePass(1, 1)),
        (said([0], (1.0,)), None),
        (pa.table({"prediction": [1.5]}), None),
        (pa.table({"prediction": [1], "score_1": [0.5]}), None),
    ],
    ids=["its likeliest", "another", "at the boundary, the first", "at the boundary, not the first", "of three",
         "labels that a file made numbers of", "yes and no", "none of its classes", "no numbers", "one class",
         "a regression", "a score"],
)  # fmt: skip
def test_what_the_model_said_of_the_whole_holdout_decides(predictions: pa.Table, found: OnePass | None) -> None:
    assert one_pass(predictions) == found


def test_it_is_said_either_way_with_what_was_counted() -> None:
    together, apart = OnePass(12_544, 0, 0.0004), OnePass(900, 31)
    section = ScorerSection(why="a Thing is none of those", one_pass=together)
    assert section.sentence == (
        "a process of its own: a Thing is none of those; label and probabilities are asked for together: "
        "0 of 12,544 holdout rows have another label than their likeliest class"
    )
    lines = scorer_lines(replace(section, one_pass=apart), 200)
    assert "its process: label and probabilities are asked for apart: 31 of 900 holdout rows" in "\n".join(
        "".join(span.text for span in each) for each in lines
    )


def test_a_process_that_is_asked_for_by_its_name_takes_nothing_for_granted() -> None:
    version = replace(WHOLE, scorer=ScorerSection(why="a Thing", one_pass=OnePass(900, 0, 0.25)))
    assert nearest(version, None) == 0.25
    assert nearest(version, "process") is None
    assert nearest(replace(version, scorer=ScorerSection(why="a Thing", one_pass=OnePass(9, 1))), None) is None
    assert nearest(replace(version, scorer=ScorerSection(why="a Thing")), None) is None


@pytest.fixture(autouse=True)
def _an_environment_that_nobody_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Callable[..., WarmProcess]]:
    there: list[WarmProcess] = []

    def begin(nearest: float | None, labels: str = LABELS) -> WarmProcess:
        found = process(tmp_path, nearest=nearest)
        code = found.program.stage.code / "project.py"  # type: ignore[attr-defined]
        code.write_text(code.read_text().replace(LABELS, labels))
        found.start()
        there.append(found)
        return found

    yield begin
    for each in there:
        each.close()
    assert sweep(f"test-{os.getpid()}") == 0


# Only predict of that model does what a row tells it to.
FAR, NEAR = rows((3.0, 1, "raise", "a")), rows((0.0, 0, "raise", "a"))


def test_labels_are_not_asked_for_but_near_to_the_boundary(begun: Callable[..., WarmProcess]) -> None:
    apart, together = [1], rows((3.0, 1, None, "a"))
    stays = begun(0.1)
    assert stays.ask(FAR).column("prediction").to_pylist() == apart
    assert stays.ask(FAR).to_pydict() == stays.ask(together).to_pydict()
    with pytest.raises(StepFailed, match="no such deed"):
        stays.ask(NEAR)


def test_of_many_rows_those_near_to_the_boundary_alone_are_asked_for(begun: Callable[..., WarmProcess]) -> None:
    near = rows((-0.02, 0, None, "a"), (0.06, 0, None, "b"))  # 0.495 and 0.515
    many = pa.concat_tables([near, *[FAR] * 999])
    stays = begun(0.1, "> 0.52).astype(int)")
    assert stays.ask(many).column("prediction").to_pylist() == [0, 0, *[1] * 999]
    with pytest.raises(StepFailed, match="no such deed"):
        stays.ask(many.slice(1, 2))
    with pytest.raises(StepFailed, match="no such deed"):
        stays.ask(pa.concat_tables([many, NEAR]))


def test_without_the_evidence_both_are_asked_for(begun: Callable[..., WarmProcess]) -> None:
    with pytest.raises(StepFailed, match="no such deed"):
        begun(None).ask(FAR)


@pytest.mark.parametrize("labels", ["> 0.9).astype(int)", "> 0.5).astype(float)"], ids=["a threshold", "another type"])
def test_where_the_first_rows_do_not_bear_it_out_both_are_asked_for(
    begun: Callable[..., WarmProcess], labels: str
) -> None:
    with pytest.raises(StepFailed, match="no such deed"):
        begun(0.1, labels).ask(FAR)
