"""Answers with one ONNX graph, again and again: ``python -I -S onnx_process.py``.

Stand-alone: run by Leverframe's own interpreter with nothing but NumPy and ONNX Runtime, whose folders are named in
LEVERFRAME_PACKAGES; held and watched like a step. It runs none of a project's code: a graph is data. What it is asked
and answers goes through the pipes LEVERFRAME_REQUESTS and LEVERFRAME_ANSWERS, written as in warm_scorer.py.

A request is ``rows`` and ``inputs``, each with a name, a kind and, of ``string``, the texts; the bytes are the columns
one after the other, 64-bit numbers, or for texts the 32-bit place of each. An answer is ``label`` and, of ``text``, the
texts; the bytes are 64 bits for the label of each row (for texts its place) and then the rows of ``columns`` numbers.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

import sys

if __name__ == "__main__":
    # With -I -S there are neither this file's folder nor any packages.
    sys.path += [each for each in __import__("os").environ["LEVERFRAME_PACKAGES"].split("\n") if each]

import faulthandler
import gc
import json
import os
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Tuple

READ = b"+"
BLOCK = 1024  # rows that a graph is given at a time: what it works with may be a matrix of them and of rows it learnt
_TYPES = {"double": "float64", "int64": "int64", "string": "int32"}


def exactly(pipe: BinaryIO, count: int) -> bytes:
    """Raises EOFError where whoever asks is gone."""
    parts = []
    while count:
        part = pipe.read(min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def received(pipe: BinaryIO) -> Tuple[Dict[str, Any], bytes]:
    head = json.loads(exactly(pipe, int.from_bytes(exactly(pipe, 8), "big")))
    return head, exactly(pipe, int.from_bytes(exactly(pipe, 8), "big"))


def send(pipe: BinaryIO, head: Dict[str, Any], body: bytes = b"") -> None:
    said = json.dumps(head).encode()
    data = memoryview(b"".join((len(said).to_bytes(8, "big"), said, len(body).to_bytes(8, "big"), body)))
    while data:
        data = data[pipe.write(data) :]


def opened(path: Path, threads: int) -> Any:
    """The graph, ready. Read into memory first, so that it finds no other file beside it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


class Graph:
    """The graph, and how it is asked."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._wanted = {each.name for each in session.get_inputs()}

    def answer(self, head: Dict[str, Any], body: bytes) -> Tuple[Dict[str, Any], bytes]:
        import numpy

        rows, given = int(head["rows"]), self._inputs(head, body)
        parts = [self._run(given, start, min(start + BLOCK, rows)) for start in range(0, max(rows, 1), BLOCK)]
        labels = numpy.concatenate([part[0].ravel() for part in parts])
        said: Dict[str, Any] = {"rows": rows, "label": "number", "columns": 0}
        if labels.dtype.kind in "OUS":
            texts, places = numpy.unique(labels.astype(str), return_inverse=True)
            labels, said["label"], said["texts"] = places.astype("int64"), "text", texts.tolist()
        elif labels.dtype.kind in "iub":
            labels, said["label"] = labels.astype("int64"), "whole"
        else:
            labels = labels.astype("float64")
        if len(parts[0]) == 1:
            return said, labels.tobytes()
        shaped = [part[1] if part[1].ndim == 2 else part[1].reshape(-1, 1) for part in parts]
        chances = numpy.concatenate(shaped).astype("float64")
        said["columns"] = int(chances.shape[1])
        return said, labels.tobytes() + chances.tobytes()

    def _inputs(self, head: Dict[str, Any], body: bytes) -> Dict[str, Any]:
        import numpy

        rows, at, found = int(head["rows"]), 0, {}
        for name, kind, texts in head["inputs"]:
            values = numpy.frombuffer(body, _TYPES[kind], rows, at)
            at += values.nbytes
            if name in self._wanted:
                values = numpy.array(texts, dtype=object)[values] if kind == "string" else values
                found[name] = values.reshape(-1, 1)
        return found

    def _run(self, given: Dict[str, Any], start: int, end: int) -> List[Any]:
        made: List[Any] = self._session.run(None, {name: values[start:end] for name, values in given.items()})
        return made


def serve(graph: Graph, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until whoever asks is gone."""
    while True:
        try:
            head, body = received(requests)
        except EOFError:
            return
        answers.write(READ)
        try:
            said, data = graph.answer(head, body)
        except Exception as error:  # noqa: BLE001 - whatever the runtime has against these rows
            lines = str(error).strip().splitlines()
            said, data = {"problem": f"{type(error).__name__}: {lines[0][:300] if lines else ''}".rstrip(": ")}, b""
        send(answers, said, data)


def main() -> int:
    faulthandler.enable()
    with open(os.environ["LEVERFRAME_REQUESTS"], "rb", buffering=0) as requests, open(
        os.environ["LEVERFRAME_ANSWERS"], "wb", buffering=0
    ) as answers:
        path, threads = Path(os.environ["LEVERFRAME_INPUT"]) / "model.onnx", int(os.environ["LEVERFRAME_THREADS"])
        graph = Graph(opened(path, threads))
        gc.collect()
        gc.freeze()  # The graph is no garbage, and looking through it would hold up an answer.
        send(answers, {"ready": True})
        serve(graph, requests, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
