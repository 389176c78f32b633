"""What a contained process left, read as what strangers wrote: the model that it loaded may have written it.

Names are held against those that are asked for, files are read without following a link, and nothing is longer than it
has to be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.exports.records import Input
from engine.storage.atomic import read_file
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

# The ways that a converter may find, by kind; and the types of inputs.
WAYS: Mapping[str, tuple[str, ...]] = {
    "onnx": ("double", "double-whole", "float", "float-whole"),
    "sql": ("double", "whole"),
}
_TYPES = ("double", "float", "int64", "string")
_MOST_CLASSES = 200
_LARGEST = 1 << 24  # of an answer
LARGEST_FILE = 1 << 30  # of a model, or a table of answers


@dataclass(frozen=True)
class Converted:
    """Every way that could be written, by name: its bytes and its inputs; and what the model is."""

    ways: dict[str, tuple[bytes, tuple[Input, ...]]]
    classes: tuple[str | int, ...] | None
    model: str


def content(path: Path, doing: str, most: int = LARGEST_FILE) -> bytes:
    """The bytes of a file that a process left. Raises StepFailed where it is none, or larger than any real one."""
    try:
        return read_file(path, most)
    except OSError as error:
        raise StepFailed(f"{doing} left a {plain(path.name, 60)} that cannot be read: {error.strerror}.") from None


def document(path: Path, doing: str) -> dict[str, Any]:
    """Its answer. Raises StepFailed where it is no JSON object."""
    said = content(path, doing, _LARGEST)
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StepFailed(f"{doing} left an answer that is no JSON object; the model, or the converter, wrote over it.")
    return found


def converted(said: dict[str, Any], output: Path, kind: str, features: list[str], doing: str) -> Converted:
    """What a converter answered, with the files that it wrote. Raises StepFailed for anything that does not fit."""
    suffix = "onnx" if kind == "onnx" else "sql"
    named, classes, model = said.get("ways"), said.get("classes"), said.get("model")
    known = isinstance(named, dict) and named and all(way in WAYS[kind] for way in named)
    if not known or not isinstance(model, str) or not _are_classes(classes):
        raise StepFailed(f"{doing} left an answer that does not fit; the model, or the converter, wrote over it.")
    assert isinstance(named, dict)
    ways = {}
    for way in WAYS[kind]:
        if way in named:
            inputs = _inputs(named[way], features, doing)
            ways[way] = (content(output / f"{way}.{suffix}", doing), inputs)
    return Converted(ways, None if classes is None else tuple(classes), plain(model, 200))


def _are_classes(classes: Any) -> bool:
    if classes is None:
        return True
    return isinstance(classes, list) and 0 < len(classes) <= _MOST_CLASSES and all(map(_is_class, classes))


def _is_class(value: Any) -> bool:
    """Half a letter, which JSON can tell and no file can hold, is none."""
    return isinstance(value, int) or (isinstance(value, str) and value.encode("utf-8", "replace").decode() == value)


def _inputs(told: Any, features: list[str], doing: str) -> tuple[Input, ...]:
    pairs = told if isinstance(told, list) else []
    fits = all(isinstance(each, list) and len(each) == 2 and each[1] in _TYPES for each in pairs)
    if not fits or [each[0] for each in pairs] != features:
        raise StepFailed(f"{doing} names other inputs than the features; the model, or the converter, wrote over it.")
    return tuple(Input(name, kind) for name, kind in pairs)


def table(path: Path, doing: str, rows: int) -> pa.Table | None:
    """The answers for ``rows`` rows that were left as ``path``; None where there are none, or for another number: those
    are not read, for a small file may say that it is of any. Raises StepFailed for others than such."""
    import pyarrow as pa
    import pyarrow.parquet

    if not path.exists() and not path.is_symlink():
        return None
    try:
        said = pyarrow.parquet.ParquetFile(pa.BufferReader(content(path, doing)))
        if said.metadata.num_rows != rows:
            return None
        found = said.read()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise StepFailed(f"{doing} left answers that cannot be read: {plain(str(error), 160)}.") from None
    if "prediction" not in found.column_names or len(set(found.column_names)) != found.num_columns:
        raise StepFailed(f"{doing} left answers without one column 'prediction'.")
    return found
