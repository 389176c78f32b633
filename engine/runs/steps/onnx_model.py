"""Predictions of an ONNX file, by onnxruntime of the project's environment; see python_runner.py.

Stand-alone: it imports nothing of Leverframe, and of the environment numpy and onnxruntime.

An input is the whole table, as numbers in the order of the features, or one column, by its name. The outputs are read
as skl2onnx writes them: labels and probabilities of a classifier, as maps by class or as a table; or one number a row.

Rows are scored in batches of one size, on one thread: how floating-point numbers are added up can depend on both, and a
proof holds a few rows against what they gave among all the others.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Type

BATCH = 256
_TYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64", "tensor(int32)": "int32",
    "tensor(bool)": "bool", "tensor(string)": "object",
}  # fmt: skip


def opened(path: Path, refused: Type[Exception]) -> Any:
    """The model in the file at ``path``, ready. Raises ``refused`` with a sentence."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise refused("This environment has no onnxruntime, which scores ONNX; add it to the requirements.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise refused(f"onnxruntime cannot load the model: {_line(error)}") from error


def predictions(session: Any, features: Any, refused: Type[Exception]) -> Any:
    """A DataFrame with ``prediction`` and, of a classifier, ``p_<class>``. Raises ``refused`` with a sentence."""
    import pandas

    given = _inputs(session, features, refused)
    shape = session.get_inputs()[0].shape
    size = shape[0] if shape and isinstance(shape[0], int) and shape[0] > 0 else BATCH
    parts = [_batch(session, given, start, size, refused) for start in range(0, len(features), size)]
    if not parts:
        return pandas.DataFrame({"prediction": []})
    return pandas.concat(parts, ignore_index=True)


def _inputs(session: Any, features: Any, refused: Type[Exception]) -> Dict[str, Any]:
    """What each input of the model is given: the table, or a column of it."""
    wanted = session.get_inputs()
    for each in wanted:
        if each.type not in _TYPES:
            raise refused(f"The model's input '{each.name}' is a {each.type}; name a score of your own in [train].")
    if len(wanted) == 1 and wanted[0].name not in features.columns:
        only = wanted[0]
        width = only.shape[1] if len(only.shape) == 2 else None
        if isinstance(width, int) and width != len(features.columns):
            raise refused(
                f"The model takes {width} columns, and this project has {len(features.columns)} features; name them in "
                "[data] features, in the model's order."
            )
        return {only.name: _numbers(features, only, refused)}
    absent = [each.name for each in wanted if each.name not in features.columns]
    if absent:
        raise refused(f"The model's input '{absent[0]}' is no feature of this project; see [data] features.")
    return {each.name: _numbers(features[[each.name]], each, refused) for each in wanted}


def _numbers(table: Any, wanted: Any, refused: Type[Exception]) -> Any:
    kind = _TYPES[wanted.type]
    try:
        if kind == "object":
            return table.astype(str).to_numpy(dtype=object)
        if kind.startswith("float"):
            return table.astype("float64").to_numpy(dtype=kind)
        return table.to_numpy(dtype=kind)
    except (TypeError, ValueError) as error:
        raise refused(
            f"The model's input '{wanted.name}' takes numbers ({wanted.type}), and the features hold something else "
            f"({_line(error)}); see [data] features, or name a score of your own in [train]."
        ) from error


def _batch(session: Any, given: Dict[str, Any], start: int, size: int, refused: Type[Exception]) -> Any:
    import numpy

    rows = min(size, len(next(iter(given.values()))) - start)
    # The last one is filled up with rows of its own.
    taken = numpy.resize(numpy.arange(start, start + rows), size)
    try:
        answers = session.run(None, {name: values[taken] for name, values in given.items()})
    except Exception as error:
        raise refused(f"The model cannot score these rows: {_line(error)}") from error
    return _read(answers, size, refused).iloc[:rows]


def _read(answers: List[Any], size: int, refused: Type[Exception]) -> Any:
    import numpy
    import pandas

    first = numpy.asarray(answers[0])
    values = first.reshape(size) if first.size == size else None
    if values is None:
        raise refused(f"The model's first output has the shape {first.shape}; one number or label per row is expected.")
    columns = {"prediction": values}
    if len(answers) > 1:
        chances = _chances(answers[1], values, refused)
        columns.update({f"p_{name}": chance for name, chance in chances.items()})
    return pandas.DataFrame(columns)


def _chances(answer: Any, labels: Any, refused: Type[Exception]) -> Dict[Any, Any]:
    """The probabilities by class."""
    import numpy

    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        return {name: numpy.asarray([each[name] for each in answer]) for name in answer[0]}
    table = numpy.asarray(answer)
    numbered = labels.dtype.kind in "iu" and table.ndim == 2 and labels.min() >= 0 and labels.max() < table.shape[1]
    # Columns without names are classes by their number if each row's label is its likeliest.
    if not numbered or (table[numpy.arange(len(table)), labels] < table.max(axis=1)).any():
        raise refused(
            "The model gives probabilities without the names of their classes; convert it with ZipMap, or name a score "
            "of your own in [train]."
        )
    return {number: table[:, number] for number in range(table.shape[1])}


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
