"""A version as ONNX is answered by a process of Leverframe's own: what it says, and what becomes of it."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest

from engine.errors import Damage, StepFailed
from engine.runs.steps.sweep import sweep
from engine.scoring.makers import ProcessScorer
from engine.scoring.onnx_form import Feature, OnnxForm, read_form, write_form
from engine.scoring.onnx_scorer import onnx_process, program_in
from engine.scoring.row_table import RowTable
from engine.scoring.warm_process import WarmProcess
from engine.scoring.warm_program import NoAnswer
from tests.onnx_graphs import endless, field, graph, logit, model, node

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
INPUTS = (Feature("a", "double"), Feature("b", "double"), Feature("place", "string"))
CHANCES = ("prediction", "p_0", "p_1")
ROWS = pa.table({"a": [0.5, None, -1.0], "b": [1, 2, None], "place": ["north", None, "south"]})


def form(folder: Path, content: bytes | None = None, **other: Any) -> Path:
    said = {"features": INPUTS, "outputs": CHANCES, "label": "whole", "model": "a logit", "made_with": "by hand"}
    write_form(OnnxForm(**(said | other)), content or logit(), folder / "form")
    return folder / "form"


class Held:
    """A scorer of a form, and the mark of its processes."""

    def __init__(self, folder: Path, place: Path, outputs: tuple[str, ...] = CHANCES) -> None:
        self.marker = f"test-onnx-{os.getpid()}-{folder.name}"
        (folder / "home" / "locks").mkdir(parents=True)
        program = program_in(place, folder / "home", self.marker)
        like = ROWS.select(list(program.form.names))
        process = onnx_process(program, folder / "process", "scoring tiny@1", like.slice(0, 0), 60.0, lambda: AT)
        self.scorer = ProcessScorer(RowTable(like, outputs), process.ask, process, "scoring tiny@1", "onnx")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    found = Held(tmp_path, form(tmp_path))
    yield found
    found.scorer.close()
    assert sweep(found.marker) == 0, "nothing of it is left"


def graphs(marker: str) -> list[int]:
    """The processes that hold the graph."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            if each.environ().get("LEVERFRAME_RUN") == marker:
                found.append(each.pid)
    assert found
    return found


def chance(a: float, b: float) -> float:
    return 1 / (1 + math.exp(-(3 * a - 2 * b - 0.25)))


def test_rows_and_tables_are_answered_alike_and_a_gap_is_no_number(held: Held) -> None:
    found = held.scorer.score(ROWS)
    assert found.column_names == list(CHANCES) and found.column("prediction").type == pa.int64()
    first = chance(0.5, 1)
    assert found.column("p_1").to_pylist()[0] == pytest.approx(first, abs=1e-15)
    assert all(each != each for each in found.column("p_0").to_pylist()[1:]), "ONNX has NaN for it, as the model has"
    assert held.scorer.answer([(0.5, 1, "north")]) == [(0, pytest.approx(1 - first), pytest.approx(first))]
    assert held.scorer.answer([]) == [] and held.scorer.maker == "onnx" and held.scorer.blocks


def test_a_table_of_many_blocks_is_answered_row_by_row_in_its_order(held: Held) -> None:
    count = 2500
    rows = pa.table({"a": [each / 100 for each in range(count)], "b": [0] * count, "place": ["x"] * count})
    found = held.scorer.score(rows).column("p_1").to_pylist()
    assert len(found) == count and found == sorted(found) and found[-1] > found[0]


@pytest.mark.parametrize(
    ("classes", "label", "wanted"),
    [
        (("early", "late"), "text", pa.array(["early", "late"])), ((0, 1), "truth", pa.array([False, True])),
        ((3, 7), "whole", pa.array([3, 7])), ((0, 1), "int8", pa.array([0, 1], pa.int8())),
        ((3, 40_000), "uint16", pa.array([3, 40_000], pa.uint16())),
    ],
)  # fmt: skip
def test_a_label_is_what_the_version_has_for_one(
    tmp_path: Path, classes: tuple[Any, Any], label: str, wanted: pa.Array
) -> None:
    found = Held(tmp_path, form(tmp_path, logit(classes), label=label))
    try:
        rows = pa.table({"a": [-5.0, 5.0], "b": [0, 0], "place": ["x", "y"]})
        assert found.scorer.score(rows).column("prediction").combine_chunks() == wanted
    finally:
        found.scorer.close()


def test_a_form_that_says_otherwise_than_its_graph_gives_no_answer(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="labels of another type"):
        Held(tmp_path, form(tmp_path, label="text"))
    assert sweep(f"test-onnx-{os.getpid()}-{tmp_path.name}") == 0


def test_whose_end_is_not_ours_the_next_one_is_answered_by_another(held: Held) -> None:
    """As ONNX Runtime does that ends of a graph or a row: a process of its own was ended by it."""
    before = held.scorer.score(ROWS).to_pydict()
    for pid in graphs(held.marker):
        os.kill(pid, signal.SIGKILL)
    assert str(held.scorer.score(ROWS).to_pydict()) == str(before)
    assert len(held.scorer.ends) == 1 and held.scorer.ends[0].at == AT


def test_a_graph_that_never_ends_is_given_up_and_its_process_is_ended(tmp_path: Path) -> None:
    place = form(tmp_path, endless(), features=INPUTS[:1], outputs=("prediction",), label="number")
    (tmp_path / "home" / "locks").mkdir(parents=True)
    marker = f"test-onnx-{os.getpid()}-endless"
    process = WarmProcess(
        program_in(place, tmp_path / "home", marker), tmp_path / "process", "scoring tiny@1", None, 0.5, lambda: AT
    )
    try:
        with pytest.raises(StepFailed, match="did not answer in time"):
            process.ask(ROWS.select(["a"]))
        assert sweep(marker) == 0 and len(process.ends) == 1
    finally:
        process.close()


def test_whole_numbers_without_one_are_refused_by_their_column(tmp_path: Path) -> None:
    features = (INPUTS[0], Feature("b", "int64"), INPUTS[2])
    program = program_in(form(tmp_path, features=features), tmp_path, "")
    with pytest.raises(StepFailed, match="column b takes whole numbers"):
        program.asked(tmp_path, ROWS)
    head, body = program.asked(tmp_path, ROWS.slice(0, 2))
    assert head["inputs"][2] == ["place", "string", ["north", ""]] and len(body) == 2 * (8 + 8 + 4)


FOREIGN = model(graph([node("Odd", ["a"], ["prediction"], domain="com.example")], [], []))


@pytest.mark.parametrize(
    ("other", "content", "why"),
    [
        ({"form": "leverframe-onnx-9"}, None, "another kind"),
        ({"label": "colour"}, None, "another kind"),
        ({"outputs": ("p_0", "p_1")}, None, "no prediction"),
        ({"features": ()}, None, "no features"),
        ({"features": (*INPUTS, INPUTS[0])}, None, "twice"),
        ({"features": (Feature("a", "float"),)}, None, "another kind"),  # type: ignore[arg-type]
        ({}, FOREIGN, "operators of 'com.example'"),
        ({}, field(1, 8), "holds no graph"),
    ],
)
def test_a_form_that_is_not_what_it_has_to_be_is_damage(
    tmp_path: Path, other: dict[str, Any], content: bytes | None, why: str
) -> None:
    with pytest.raises(Damage, match=why):
        read_form(form(tmp_path, content, **other))


def test_a_form_that_lacks_a_file_or_says_no_json_is_damage(tmp_path: Path) -> None:
    place = form(tmp_path)
    (place / "model.json").write_text("{")
    with pytest.raises(Damage, match="no JSON"):
        read_form(place)
    (place / "model.json").unlink()
    (place / "model.json").symlink_to("/etc/hostname")
    with pytest.raises(Damage, match="cannot be read"):
        read_form(place)


HEAD = {"rows": 2, "label": "whole", "columns": 2}


@pytest.mark.parametrize(
    ("other", "size", "why"),
    [
        ({"rows": 3}, 48, "of another size"),
        ({"columns": 1}, 48, "of another size"),
        ({}, 47, "of another size"),
        ({"texts": "early"}, 48, "of another size"),
        ({"label": "text", "texts": ["early"]}, 48, "labels of another type"),
        ({"label": None}, 48, "labels of another type"),
    ],
)
def test_what_is_no_answer_for_the_rows_is_not_believed(
    tmp_path: Path, other: dict[str, Any], size: int, why: str
) -> None:
    program = program_in(form(tmp_path), tmp_path, "")
    assert program.answered(tmp_path, 2, HEAD, bytes(48), "it").num_rows == 2
    with pytest.raises(NoAnswer, match=why):
        program.answered(tmp_path, 2, HEAD | other, bytes(size), "it")


def test_a_label_that_the_version_has_no_room_for_is_none(tmp_path: Path) -> None:
    program = program_in(form(tmp_path, label="int8"), tmp_path, "")
    with pytest.raises(NoAnswer, match="too large for the version's type"):
        program.answered(tmp_path, 2, HEAD, (300).to_bytes(8, "little") * 6, "it")


@pytest.mark.parametrize("texts", [[], ["early", 3], [None, {}]])
def test_a_label_that_is_not_named_is_none(tmp_path: Path, texts: list[Any]) -> None:
    program = program_in(form(tmp_path, logit(("early", "late")), label="text"), tmp_path, "")
    with pytest.raises(NoAnswer, match="a label that"):
        program.answered(tmp_path, 2, HEAD | {"label": "text", "texts": texts}, bytes(48), "it")
