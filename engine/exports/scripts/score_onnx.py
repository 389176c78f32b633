"""Score rows with each ONNX file that was written, by ONNX Runtime: ``<way>.parquet`` for ``<way>.onnx``."""
# The syntax and names of Python 3.9:
# ruff: noqa: B905

from __future__ import annotations

import sys

if __name__ == "__main__":
    # This folder would shadow a module of the project's.
    sys.path.pop(0)

import importlib.util
from pathlib import Path
from typing import Any


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


common: Any = _beside("export_model")
ROWS = 4096  # at a time


def feed(column: Any, kind: str) -> Any:
    """A column as one input of the model, of shape [rows, 1]: a gap is NaN, and in text the empty text."""
    import numpy
    import pyarrow as pa

    if kind == "string":
        texts = ["" if value is None else str(value) for value in column.to_pylist()]
        return numpy.array(texts, dtype=object).reshape(-1, 1)
    if kind == "int64":
        return column.cast(pa.int64()).to_numpy().reshape(-1, 1)
    values = column.cast(pa.float64()).to_numpy().reshape(-1, 1)
    return values if kind == "double" else values.astype(numpy.float32)


def _scored(path: Path, rows: Any, inputs: Any, classes: Any) -> Any:
    import numpy
    import onnxruntime
    import pyarrow as pa

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {each.name for each in session.get_inputs()}
    feeds = {name: feed(rows.column(name), kind) for name, kind in inputs if name in given}
    parts = [
        session.run(None, {name: values[first : first + ROWS] for name, values in feeds.items()})
        for first in range(0, rows.num_rows, ROWS)
    ]
    outputs = [numpy.concatenate(each) for each in zip(*parts)]
    columns = {"prediction": pa.array(list(outputs[0].ravel()))}
    if classes is not None and len(outputs) > 1 and outputs[1].ndim == 2 and outputs[1].shape[1] == len(classes):
        for place, label in enumerate(classes):
            columns[f"p_{label}"] = pa.array(outputs[1][:, place].astype(numpy.float64))
    return pa.table(columns)


def score() -> None:
    """Score ``rows.parquet`` in every way that the request names."""
    import onnxruntime
    import pyarrow.parquet

    asked, failed = common.request(), {}
    rows = pyarrow.parquet.read_table(common.INPUT / "rows.parquet")
    for way, inputs in asked["ways"].items():
        try:
            table = _scored(common.INPUT / f"{way}.onnx", rows, inputs, asked["classes"])
        except Exception as error:  # noqa: BLE001 - such as a gap in whole numbers; another way may do
            failed[way] = common.line(error)
            continue
        pyarrow.parquet.write_table(table, common.OUTPUT / f"{way}.parquet")
    common.answer({"failed": failed, "by": f"ONNX Runtime {onnxruntime.__version__}"})


if __name__ == "__main__":
    sys.exit(common.main(score))
