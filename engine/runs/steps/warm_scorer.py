"""Scores with one model, again and again: ``python warm_scorer.py NAME [MODULE:CALLABLE]``.

Stand-alone: run by the project's own interpreter (3.9 or later), held and watched like a step. It loads the model once
and then answers, one after the other, what stands in the pipe LEVERFRAME_REQUESTS, until that ends; its answers go to
the pipe LEVERFRAME_ANSWERS. What it predicts is what python_runner.py predicts as ``score``: the functions are its.

Both ways go a JSON object and bytes, each with its length of 8 bytes before it. A request has ``form``: "arrow" (the
bytes are an Arrow stream of the features; ``kept`` as column_types.py keeps it) or "files" (they lie in
LEVERFRAME_INPUT as for a step, where the project has no pyarrow). An answer has the same ``form``, or ``problem``: a
sentence, or a traceback of the project's own; the next request is answered all the same. Before an answer comes one
byte, once the request was read: until then it may be asked of another process, and not be what this one died of.

With ``first``, a number of bytes, it is asked what the first steps of its pipeline make of the rows, for tables that
stand for the rest; that may be so long. LEVERFRAME_BETWEEN is a file that says what it has to be (see first_steps.py).
The answer's ``form`` is then "between". Where they make anything else, the whole pipeline answers as if it had been
asked, and ``whole`` says why.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035, UP045

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Before anything else is imported: this file's folder has modules named like the library's (queue, process).
    sys.path[0] = __import__("os").getcwd()

import faulthandler
import functools
import gc
import importlib.util
import io
import json
import os
import traceback
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Optional, Tuple

REFUSED = 3
READ = b"+"
MANY = 1000  # rows, of which a few take less than another pass of all


def _beside(name: str) -> Any:
    """A module that stands beside this file, whose folder is not on the path."""
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


runner = _beside("python_runner")
column_types = runner.column_types


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


class Arrow:
    """Features and predictions as Arrow streams, read as the runner would read them out of a file.

    A quick way, straight from Arrow, is gone only where it has made the same of the first rows as the file did: which
    type pandas gives a column depends on its release and on what the table says of itself. To read that takes as long
    as all the rest, so it is left out where nothing depends on it.
    """

    def __init__(self) -> None:
        self._way: Optional[Callable[[Any, Dict[str, Any]], Any]] = None

    def features(self, body: bytes, kept: Dict[str, Any]) -> Any:
        import pyarrow

        table = pyarrow.ipc.open_stream(body).read_all().unify_dictionaries()
        if column_types.exact_by_file_alone(kept):
            return self._by_file(table, kept)
        if self._way is None:
            found = self._by_file(table, kept)
            tables = (table, table.slice(0, 0), _gaps(table))
            ways = (way for way in (_bare, _straight) if all(self._alike(way, each, kept) for each in tables))
            self._way = next(ways, self._by_file)
            return found
        return self._way(table, kept)

    def _alike(self, quick: Callable[[Any, Dict[str, Any]], Any], table: Any, kept: Dict[str, Any]) -> bool:
        made = []
        for way in (quick, self._by_file):
            try:
                made.append(way(table, kept))
            except Exception:  # noqa: BLE001 - such as a gap that a column's type cannot hold
                made.append(None)
        one, other = made
        if one is None or other is None:
            return one is other
        return list(one.dtypes) == list(other.dtypes) and bool(one.equals(other))

    @staticmethod
    def _by_file(table: Any, kept: Dict[str, Any]) -> Any:
        import pyarrow.parquet

        file = io.BytesIO()
        pyarrow.parquet.write_table(table, file, compression="lz4")
        return column_types.from_parquet(file.getvalue(), kept)

    @staticmethod
    def predictions(frame: Any, *, keeps_types: bool) -> Tuple[Dict[str, Any], bytes]:
        import pyarrow

        kept = column_types.kept_of(frame, "parquet") if keeps_types else {}
        plain = frame.copy(deep=False)
        plain.attrs = {}
        return {"form": "arrow", "kept": kept}, streamed(pyarrow.Table.from_pandas(plain, preserve_index=False))


def streamed(table: Any) -> bytes:
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _straight(table: Any, kept: Dict[str, Any]) -> Any:
    return column_types.restored(table.to_pandas(use_threads=False), kept)  # A batch is small.


def _bare(table: Any, kept: Dict[str, Any]) -> Any:
    return _straight(table.replace_schema_metadata(None), kept)


def _gaps(table: Any) -> Any:
    """As many rows of nothing, for what a gap makes of the type of a column."""
    import pyarrow

    rows = min(len(table), 1)
    return pyarrow.table([pyarrow.nulls(rows, field.type) for field in table.schema], schema=table.schema)


def model_in(folder: Path) -> Tuple[Any, Callable[[Any], Any]]:
    """The estimator in ``folder``, loaded once, and what makes the rows that it takes of features."""
    name = next(each for each in ("model.joblib", "model.skops", "model.pickle") if (folder / each).is_file())
    model = runner._load(folder / name)
    rows: Callable[[Any], Any] = functools.partial(runner._as_fitted, model)
    return model, (lambda found: found) if name == "model.pickle" else rows


class Scorer:
    """The model, and the ways in which it is asked."""

    def __init__(self, name: str, callable_name: Optional[str]) -> None:
        self._name, self._paths, self._arrow = callable_name or name, runner.Paths(), Arrow()
        function: Optional[Callable[..., Any]] = runner.resolve(callable_name) if callable_name else None
        between, self._first = os.environ.get("LEVERFRAME_BETWEEN", ""), None
        self._predictor: Callable[..., Any]
        if between:  # Only where a model predicts by itself.
            model, rows = model_in(self._paths.input / "model")
            self._predictor = lambda features, told=None: runner._predictions(model, rows(features), told)
            said = json.loads(Path(between).read_text("utf-8"))
            self._first = _beside("first_steps").FirstSteps(model, rows, said)
        else:
            self._predictor = runner.predictor_of(self._paths.input / "model", function, self._name)
        self._nearest, self._borne_out = os.environ.get("LEVERFRAME_NEAREST", ""), False

    def answer(self, head: Dict[str, Any], body: bytes) -> Tuple[Dict[str, Any], bytes]:
        if head["form"] == "files":
            self._paths.write(self._predictions(self._paths.read()), "predictions", self._name)
            return {"form": "files"}, b""
        features, said = self._arrow.features(body, head["kept"]), {}
        if self._first is not None and head.get("first"):
            made, other = self._first.table(features)
            data = streamed(made) if made is not None else b""
            if made is not None and len(data) <= head["first"]:
                return {"form": "between"}, data
            other = other or "it is longer than an answer may be"  # as of a row with a text of megabytes
            # A step may have changed its rows in their place.
            features, said = self._arrow.features(body, head["kept"]), {"whole": other[:300]}
        found, data = self._arrow.predictions(self._predictions(features), keeps_types=self._paths.keeps_types)
        return {**found, **said}, data

    def _predictions(self, features: Any) -> Any:
        """Of a model whose labels are its likeliest classes in one pass, once the first rows have borne that out."""
        if self._borne_out:
            return self._once(features, float(self._nearest))
        found = runner.scored(self._predictor, features, self._name)
        if self._nearest:
            self._borne_out = bool(self._once(features, 0.0).equals(found))  # of the same types, too
            self._nearest = self._nearest if self._borne_out else ""
        return found

    def _once(self, features: Any, nearest: float) -> Any:
        told = functools.partial(likeliest, nearest, lambda near: self._predictor(features.loc[near])["prediction"])
        return runner.scored(lambda rows: self._predictor(rows, told), features, self._name)


def likeliest(nearest: float, labels_of: Callable[[Any], Any], chances: Any, classes: Any) -> Any:
    """The likeliest class of each row. Where for one of them another class comes nearer than ``nearest`` its label is
    asked for: of many rows by ``labels_of``, for those alone; of few for all, which is None."""
    import numpy

    if chances.shape[1] < 2:
        return None
    ordered = numpy.partition(chances, -2, axis=1)
    near = ~(ordered[:, -1] - ordered[:, -2] >= nearest)  # also where one of them is no number
    labels = numpy.asarray(classes)[chances.argmax(axis=1)]
    if near.any():
        if len(near) < MANY or near.mean() > 0.25:
            return None
        own = numpy.asarray(labels_of(near))
        if own.dtype.kind != labels.dtype.kind or not numpy.isin(own, labels).all():
            return None
        labels[near] = own
    return labels


def serve(scorer: Scorer, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until whoever asks is gone."""
    while True:
        try:
            head, body = received(requests)
        except EOFError:
            return
        answers.write(READ)
        try:
            said, data = scorer.answer(head, body)
        except (runner.Refused, column_types.NotHeld) as refusal:
            said, data = {"problem": str(refusal)}, b""
        except SystemExit as ended:
            said, data = {"problem": f"it ended the process itself (sys.exit({ended.code!r})); it must return"}, b""
        except Exception as error:  # noqa: BLE001 - whatever the project raises
            traceback.print_exc()
            lines = str(error).strip().splitlines()
            said, data = {"problem": f"{type(error).__name__}: {lines[0][:300] if lines else ''}".rstrip(": ")}, b""
        sys.stdout.flush()
        send(answers, said, data)


def main(arguments: list[str]) -> int:
    faulthandler.enable()
    with open(os.environ["LEVERFRAME_REQUESTS"], "rb", buffering=0) as requests, open(
        os.environ["LEVERFRAME_ANSWERS"], "wb", buffering=0
    ) as answers:
        try:
            scorer = Scorer(arguments[0], arguments[1] if len(arguments) > 1 else None)
        except runner.Refused as refusal:
            print(refusal, file=sys.stderr)
            return REFUSED
        gc.collect()
        gc.freeze()  # The model is no garbage, and looking through it would hold up an answer.
        send(answers, {"ready": True})
        serve(scorer, requests, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
