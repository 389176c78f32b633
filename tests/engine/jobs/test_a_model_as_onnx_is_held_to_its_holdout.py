"""A model that no tables stand for is answered as ONNX only where that answers its whole holdout as the model did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from engine.exports.answers import Converted
from engine.exports.records import Input
from engine.jobs.retrain.compiling import Scored
from engine.jobs.retrain.onnx_converting import OnnxForms
from engine.runs.run_context import RunContext
from engine.runs.steps.sweep import sweep
from engine.scoring.onnx_form import read_form
from engine.scoring.onnx_scorer import LACKING
from engine.storage.objects import ObjectStore
from engine.versions.records import ScorerSection, Tried
from tests.onnx_graphs import logit

MARKER = "test-onnx-gate"
draw = np.random.default_rng(5)
ROWS = pa.table({
    "a": draw.normal(size=300), "b": pa.array(draw.integers(0, 3, 300), pa.int64(), mask=draw.random(300) < 0.1),
    "place": draw.choice(["north", "south"], 290).tolist() + ["nowhere"] * 10,
})  # fmt: skip
HOLDOUT = ROWS.slice(100)
DATA = cast(Any, SimpleNamespace(golden_inputs=ROWS.slice(0, 5), holdout_inputs=HOLDOUT, train=ROWS.slice(0, 100)))
TRIED = (Tried("compiled", "an Odd is none of those that tables can stand for"),)
WAY = {"double": (logit(), (Input("a", "double"), Input("b", "double"), Input("place", "string")))}


def recorded() -> pa.Table:
    """What the model said of the holdout. A gap is no number to it, and it takes the first class then."""
    a, b = HOLDOUT.column("a").to_numpy(), HOLDOUT.column("b").cast(pa.float64()).to_numpy()
    second = 1 / (1 + np.exp(-(3 * a - 2 * b - 0.25)))
    return pa.table({"prediction": (second > 0.5).astype(np.int64), "p_0": 1 - second, "p_1": second})


class Given(OnnxForms):
    """Forms that a converter has written."""

    def __init__(self, folder: Path, made: Converted | str) -> None:
        workspace = SimpleNamespace(root=folder / "home", cache=folder / "cache")
        (folder / "home" / "locks").mkdir(parents=True)
        context = SimpleNamespace(
            workspace=workspace, folder=folder, marker=MARKER, held=None, watch=lambda process: None
        )
        super().__init__(cast(RunContext, context), cast(Any, None), DATA, folder)
        self.made = made

    def converted(self) -> Converted | str:
        return self.made


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert sweep(MARKER) == 0


def judged(folder: Path, made: Converted | str, said: pa.Table) -> tuple[ScorerSection, Path | None]:
    return Given(folder, made).judged(TRIED, said, regression=False)


CONVERTED = Converted(cast(Any, WAY), (0, 1), "Odd")


def test_one_that_answers_alike_is_what_the_version_is_scored_by_with_the_evidence(tmp_path: Path) -> None:
    section, folder = judged(tmp_path, CONVERTED, recorded())
    assert (section.maker, section.why, section.tried) == ("onnx", "", TRIED) and folder is not None
    found = section.parity
    assert found is not None and found.rows == 200 and found.changed == 0 and found.largest is not None
    assert found.largest < 1e-12 and found.gaps.rows > 5 and found.unseen.rows == 10
    assert found.measured_by.startswith("skl2onnx 1.20.0, ONNX Runtime ")
    assert section.sentence.startswith("ONNX: 200 holdout rows compared, largest difference ")
    assert read_form(folder).outputs == ("prediction", "p_0", "p_1")
    (tmp_path / "objects").mkdir()
    stored = Scored(section, folder).stored(ObjectStore(tmp_path / "objects"))
    assert [each.path for each in stored.files] == ["model.json", "model.onnx"]


def test_labels_of_fewer_bits_stay_what_they_are(tmp_path: Path) -> None:
    """A model that was fitted to a column of small numbers says such numbers: nothing is wrong with it."""
    said = recorded()
    small = said.set_column(0, "prediction", said.column("prediction").cast(pa.int8()))
    section, folder = judged(tmp_path, CONVERTED, small)
    assert section.maker == "onnx" and folder is not None and read_form(folder).label == "int8"


def test_one_that_changes_labels_is_refused_and_the_evidence_is_kept(tmp_path: Path) -> None:
    """As a forest with gaps does through ONNX: 594 of 4,000 labels."""
    said = recorded()
    labels = said.column("prediction").to_numpy().copy()
    labels[::7] = 1 - labels[::7]
    other = said.set_column(0, "prediction", pa.array(labels))
    section, folder = judged(tmp_path, CONVERTED, other)
    assert (section.maker, folder, section.tried) == ("process", None, TRIED)
    assert section.why.startswith("it answers otherwise: ") and "of 200 decisions change" in section.why
    assert section.parity is not None and section.parity.changed == 29 and len(section.parity.worst) == 10
    assert section.sentence.startswith("a process of its own: an Odd is none") and "as ONNX: it" in section.reason


def test_numbers_that_are_off_by_more_than_the_last_digits_are_refused_too(tmp_path: Path) -> None:
    """As those of 32 bits are: 2e-7."""
    said = recorded()
    off = said.set_column(2, "p_1", pa.array(said.column("p_1").to_numpy() + 2e-7))
    section, _ = judged(tmp_path, CONVERTED, off)
    assert section.maker == "process" and "off by more than 1e-09" in section.why


def test_the_way_that_is_least_off_is_what_is_told(tmp_path: Path) -> None:
    ways = {"double": CONVERTED.ways["double"], "double-whole": (b"\x3a\x00", CONVERTED.ways["double"][1])}
    section, _ = judged(tmp_path, replace(CONVERTED, ways=dict(reversed(ways.items()))), recorded())
    assert section.maker == "onnx", "a way that cannot be used keeps no other from being"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"prediction": pa.array([0.5] * 200)}, "its predictions are double, which ONNX gives otherwise"),
        ({"prediction": pa.array([0] * 200, pa.int64())}, "it cannot be used: "),
    ],
)
def test_a_version_with_other_answers_than_onnx_has_keeps_its_process(
    tmp_path: Path, said: dict[str, pa.Array], why: str
) -> None:
    section, folder = judged(tmp_path, CONVERTED, pa.table(said))
    assert section.maker == "process" and folder is None and section.why.startswith(why)


def test_what_was_not_converted_says_why(tmp_path: Path) -> None:
    section, folder = judged(tmp_path, "skl2onnx 1.20.0 cannot write an Odd", recorded())
    assert (section.tried, section.parity, folder) == (TRIED, None, None)
    assert section.reason.endswith("can stand for; as ONNX: skl2onnx 1.20.0 cannot write an Odd")


def test_without_the_runtime_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.jobs.retrain.onnx_converting.runtime", lambda: False)
    assert OnnxForms(*cast(Any, (None, None, None, tmp_path))).converted() == LACKING
