"""A version as ONNX, held ready: ONNX Runtime in a process of Leverframe's own, which holds the graph and nothing else.

A graph is data, and is looked through before any library reads it (``onnx_graph``). Even so it was written where a
project's code ran, and ONNX Runtime is a large library in C++: what it does with a graph, or a row, that somebody chose
may end the process it is in, or never end. So that process answers nobody but us, reads no file but the graph, has no
network, and is ended and begun anew like any that stays. See decision 0079.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.runs.steps.limits import Limits
from engine.runs.steps.sandbox import ONNX_PROCESS
from engine.runs.steps.step import StepSpec, clean_environment
from engine.scoring.onnx_form import GRAPH, OnnxForm, read_form
from engine.scoring.warm_process import WarmProcess
from engine.scoring.warm_program import FOR_EVER, NoAnswer
from engine.text import plain

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_NEEDS = ("numpy", "onnxruntime")
LACKING = "this Leverframe has no onnxruntime (pip install 'leverframe[onnx]' brings it)"
MEMORY = 4 << 30
SECONDS = 60.0  # to load the graph and answer the first rows, and for each answer unless somebody says otherwise


def runtime() -> bool:
    """Whether Leverframe's own environment has what answers as ONNX. Nothing is loaded for it."""
    return all(importlib.util.find_spec(name) is not None for name in _NEEDS)


@dataclass(frozen=True)
class OnnxProgram:
    """Fills ``Program`` with ``onnx_process.py`` in Leverframe's own environment. ``folder``: of the form."""

    form: OnnxForm
    folder: Path
    workspace: Path
    marker: str
    held: int | None = None
    threads: int = 1
    seconds: float = SECONDS

    def check(self, title: str) -> None:
        """See ``Program``."""
        if not runtime():
            raise StepFailed(f"{title} was not started: {LACKING}.")

    def fill(self, folder: Path) -> None:
        """See ``Program``."""
        (folder / "code").mkdir()
        shutil.copyfile(self.folder / GRAPH, folder / "input" / GRAPH)

    def spec(self, folder: Path, title: str, pipes: Mapping[str, str]) -> StepSpec:
        """See ``Program``."""
        packages = [str(each) for each in _packages()]
        temporary = str(folder / "tmp")
        extra = {
            "LEVERFRAME_INPUT": str(folder / "input"), "LEVERFRAME_OUTPUT": str(folder / "output"),
            "LEVERFRAME_THREADS": str(self.threads), "LEVERFRAME_PACKAGES": "\n".join(packages),
            "TMPDIR": temporary, "HOME": temporary, **pipes,
        }  # fmt: skip
        return StepSpec(
            name=title,
            argv=(sys.executable, "-I", "-S", str(ONNX_PROCESS)),
            cwd=folder / "code",
            environment=clean_environment((), extra, self.threads),
            log=folder / "step.log",
            limits=Limits(FOR_EVER, MEMORY),
            marker=self.marker,
            held=self.held,
            containment={
                "read": packages,
                "own": [str(folder / "input"), str(ONNX_PROCESS)],
                "environment": sys.prefix,
                "write": [str(folder / each) for each in ("output", "tmp", "code")],
                "apart": [str(self.workspace)],
                "network": False,
                "emptied": [str(self.workspace / "locks")],
            },
        )

    def asked(self, folder: Path, features: pa.Table, *, whole: bool = False) -> tuple[dict[str, Any], bytes]:
        """See ``Program``. Raises StepFailed for a row that the graph has no input for, with its column."""
        inputs, parts = [], []
        for each in self.form.features:
            values, texts = _column(features.column(each.name), each.kind, each.name)
            inputs.append([each.name, each.kind, texts])
            parts.append(values.tobytes())
        return {"rows": features.num_rows, "inputs": inputs}, b"".join(parts)

    def answered(self, folder: Path, rows: int, head: dict[str, Any], body: bytes, title: str) -> pa.Table:
        """See ``Program``."""
        import numpy as np
        import pyarrow as pa

        columns = len(self.form.outputs) - 1
        texts = head.get("texts", [])
        fits = head.get("rows") == rows and head.get("columns") == columns and len(body) == 8 * rows * (1 + columns)
        if not fits or not isinstance(texts, list):
            raise NoAnswer("of another size than the rows")
        kind = "float64" if head.get("label") == "number" else "int64"
        labels = np.frombuffer(body, kind, rows)
        chances = np.frombuffer(body, "float64", rows * columns, labels.nbytes).reshape(rows, columns)
        found = {"prediction": self._labels(labels, head.get("label"), texts)}
        for place, name in enumerate(self.form.outputs[1:]):
            found[name] = pa.array(np.ascontiguousarray(chances[:, place]))
        return pa.table(found)

    def _labels(self, labels: NDArray[Any], kind: object, texts: list[Any]) -> pa.Array:
        import pyarrow as pa

        wanted = self.form.label
        if kind != {"text": "text", "number": "number"}.get(wanted, "whole"):
            raise NoAnswer("with labels of another type than the version's")
        if wanted == "text":
            if len(labels) and not (int(labels.min()) >= 0 and int(labels.max()) < len(texts)):
                raise NoAnswer("with a label that it does not name")
            try:
                return pa.array(texts, pa.string()).take(pa.array(labels))
            except pa.ArrowException:
                raise NoAnswer("with a label that is no text") from None
        if wanted in ("truth", "number", "whole"):
            return pa.array(labels.astype(bool) if wanted == "truth" else labels)
        try:
            return pa.array(labels).cast(wanted)
        except pa.ArrowException:
            raise NoAnswer("with a label that is too large for the version's type") from None


def onnx_process(
    program: OnnxProgram, folder: Path, title: str, like: pa.Table, patience: float | None, now: Callable[[], datetime]
) -> WarmProcess:
    """The process that answers, begun; see ``WarmProcess``. Raises StepFailed where it does not come up."""
    process = WarmProcess(program, folder, title, like, SECONDS if patience is None else patience, now)
    process.start()
    return process


def program_in(folder: Path, workspace: Path, marker: str, held: int | None = None) -> OnnxProgram:
    """The program of the form that lies in ``folder``. Raises Damage."""
    return OnnxProgram(read_form(folder), folder, workspace, marker, held)


def _packages() -> tuple[Path, ...]:
    """The folders that what it imports lies in."""
    found = dict.fromkeys(
        Path(spec.origin).parents[1]
        for name in _NEEDS
        if (spec := importlib.util.find_spec(name)) is not None and spec.origin is not None
    )
    return tuple(found)


def _column(column: pa.ChunkedArray, kind: str, name: str) -> tuple[NDArray[np.generic], list[str]]:
    """A column as the process reads it: its bytes, and for texts what they stand for."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if kind == "string":
            coded = pc.fill_null(column.cast(pa.string()), "").combine_chunks().dictionary_encode()
            coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
            return coded.indices.to_numpy(zero_copy_only=False).astype(np.int32), coded.dictionary.to_pylist()
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if kind == "int64":
            if column.null_count:
                raise StepFailed(f"The column {plain(name, 60)} takes whole numbers, and a row has none.")
            return column.cast(pa.int64()).to_numpy(), []
        return column.cast(pa.float64(), safe=False).to_numpy(), []
    except pa.ArrowException as error:
        raise StepFailed(
            f"The column {plain(name, 60)} takes {kind}, and a row has something else ({plain(str(error), 120)})."
        ) from None
