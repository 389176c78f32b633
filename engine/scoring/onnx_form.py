"""A version as ONNX, in a folder: the graph, and what its inputs and outputs are. Written at build time, read strictly.

<folder>/model.onnx    the graph, in 64 bits: an input for each feature, the outputs ``prediction`` and for a classifier
                       ``probabilities``, a column for each that the answers have
         model.json    ``form``, ``features`` and their types, ``outputs``, ``label``, ``model``, ``made_with``

Both come out of a process that ran the project's code, so neither is believed: a reader checks all of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from engine.errors import Damage
from engine.json_records import read
from engine.scoring.onnx_graph import LARGEST, check_graph
from engine.storage.atomic import read_file

FORM = "leverframe-onnx-1"
GRAPH, ABOUT = "model.onnx", "model.json"
Kind = Literal["double", "int64", "string"]
# Of whole numbers "whole" has 64 bits; the others are called as Arrow calls their type.
Label = Literal["number", "whole", "text", "truth", "int8", "int16", "int32", "uint8", "uint16", "uint32"]
_LARGEST_ABOUT = 1 << 20
_MOST = 10_000


@dataclass(frozen=True)
class Feature:
    """A feature as the graph takes it: ``double`` has NaN for a gap, ``string`` the empty text, ``int64`` nothing."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class OnnxForm:
    """What the graph takes and gives. ``outputs``: the columns of an answer, the prediction first; ``label``: what a
    prediction is; ``model``: what it was made of, and ``made_with``, for people."""

    features: tuple[Feature, ...]
    outputs: tuple[str, ...]
    label: Label
    model: str
    made_with: str
    form: str = FORM

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.features)


def write_form(form: OnnxForm, graph: bytes, folder: Path) -> None:
    """Fill ``folder``, which is made here."""
    folder.mkdir()
    (folder / GRAPH).write_bytes(graph)
    (folder / ABOUT).write_text(json.dumps(asdict(form), sort_keys=True), "utf-8")


def read_form(folder: Path) -> OnnxForm:
    """What is in ``folder``, with a graph that may be loaded. Raises Damage where it is not whole, or may not."""
    try:
        about, graph = read_file(folder / ABOUT, _LARGEST_ABOUT), read_file(folder / GRAPH, LARGEST)
    except OSError as error:
        raise Damage(f"The ONNX form of a version cannot be read: {error.strerror}.") from None
    try:
        said = json.loads(about)
    except (ValueError, RecursionError):
        raise Damage("What the ONNX form of a version says of itself is no JSON.") from None
    form = read(OnnxForm, said, "The ONNX form of a version")
    known = all(each.kind in ("double", "int64", "string") for each in form.features)
    if form.form != FORM or not known or form.label not in get_args(Label):
        raise Damage("The ONNX form of a version is of another kind than this Leverframe reads.")
    if not 0 < len(form.features) <= _MOST or len(set(form.names)) != len(form.names):
        raise Damage("The ONNX form of a version has no features, too many, or one of them twice.")
    if not 0 < len(form.outputs) <= _MOST or form.outputs[0] != "prediction":
        raise Damage("The ONNX form of a version gives no prediction.")
    check_graph(graph)
    return form
