"""Writes a fitted estimator as plain tables that need no scikit-learn: ``python compile_model.py``. Where it begins
with steps of the project's own, those behind them (``compile_behind``).

Stand-alone: run by the project's own interpreter (3.9 or later) in the folder that holds the project's code. It imports
nothing of Leverframe but the files beside it, and of the project's environment what the model needs, and pandas.

Given:    LEVERFRAME_INPUT/model/model.pickle, .joblib or .skops, and LEVERFRAME_INPUT/data.<LEVERFRAME_FORMAT>: rows of
          the features, a few or none, for the types of their columns.
Writes:   LEVERFRAME_OUTPUT/compiled/, as engine/scoring/compiled/records.py says.

Exit code 3: it cannot be done exactly, and the last line on standard error says why.
Exit code 1: a traceback of what the model or its libraries raised.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035, UP045

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Before anything else is imported: this file's folder has modules named like the library's (queue, process).
    sys.path[0] = __import__("os").getcwd()

import faulthandler
import importlib.util
import json
import os
import pickle
import traceback
import warnings
from array import array
from pathlib import Path
from typing import Any, Dict, List, Optional

REFUSED = 3
FORM = "leverframe-compiled-1"
_MOST_CODES = 1 << 16


class Refused(Exception):
    """It cannot be compiled exactly; the message is the end of a sentence that says why."""


def beside(name: str) -> Any:
    """A module that stands beside this file, whose folder is not on the path."""
    known = sys.modules.get(f"leverframe_{name}")
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[f"leverframe_{name}"] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


class Column:
    """A column on its way through the pipeline: the number in a slot, or a feature that nothing was made of yet.

    ``kind``: "number", "narrow" (of 32 bits), "truth", "text", or a word for what no table can hold.
    ``missing``: what stands for a gap among text. ``gap``: the text that an imputer put in place of it, or None.
    """

    def __init__(
        self, kind: str, slot: Optional[int] = None, feature: Optional[int] = None, name: str = "", missing: Any = None,
        gap: Optional[str] = None, dtype: str = "",
    ) -> None:  # fmt: skip
        self.kind, self.slot, self.feature, self.name = kind, slot, feature, name
        self.missing, self.gap, self.dtype = missing, gap, dtype


class Program:
    """The tables while they are made."""

    def __init__(self, columns: List[Column]) -> None:
        self.features = columns
        self.numbers, self.places = array("d"), array("i")
        self.operations: List[Dict[str, Any]] = []
        self.vocabularies: List[Dict[str, Any]] = []
        self.used: Dict[int, str] = {}
        self._known: Dict[str, int] = {}
        self._tables: Dict[int, Any] = {}

    def number_span(self, values: Any) -> Dict[str, int]:
        at = len(self.numbers)
        if hasattr(values, "tobytes"):
            self.numbers.frombytes(values.astype("=f8").tobytes())
        else:
            self.numbers.extend(float(each) for each in values)
        return {"at": at, "count": len(self.numbers) - at}

    def place_span(self, values: Any) -> Dict[str, int]:
        at = len(self.places)
        if hasattr(values, "tobytes"):
            self.places.frombytes(values.astype("=i4").tobytes())
        else:
            self.places.extend(int(each) for each in values)
        return {"at": at, "count": len(self.places) - at}

    def slot(self, column: Column) -> int:
        """The slot that has the column's number. Raises Refused where it is none."""
        if column.slot is not None:
            return column.slot
        if column.kind not in ("number", "narrow", "truth"):
            raise Refused(f"the column {column.name!r} of {column.kind} reaches a step that needs numbers")
        self.used[column.feature] = "narrow" if column.kind == "narrow" else "number"  # type: ignore[index]
        return self._add({"do": "number", "of": column.feature}, None)

    def apply(self, column: Column, do: str, by: Any = (), **said: Any) -> Column:
        """Another column, each number of which is made of that of ``column``."""
        if column.kind == "narrow" and do not in ("check", "gap"):
            raise Refused(f"the column {column.name!r} of 32-bit numbers is computed with, and tables do it with 64")
        slot = self.slot(column)
        by = [float(each) for each in by]
        table = self._tables.get(slot)
        if table is not None and do == "check" and _passes(table["numbers"], by[0], said.get("refuses", ())):
            return Column(column.kind, slot, name=column.name)
        if table is not None and do != "check":
            done = beside("compile_columns").computed(table["numbers"], do, by, said.get("function"))
            return Column("number", self.table(table["do"], table["of"], done, table["values"], table["refuses"]),
                          name=column.name)  # fmt: skip
        made = self._add({"do": do, "of": slot, "by": by, **said}, self._tables.get(slot) if do == "check" else None)
        return Column(column.kind if do == "check" else "number", made, name=column.name)

    def table(self, do: str, of: int, numbers: Any, values: Any, refuses: List[str]) -> int:
        """A slot whose number is looked up: ``numbers`` has one for each of ``values``, for a gap, for one unseen."""
        numbers = [float(each) for each in numbers]
        said: Dict[str, Any] = {"do": do, "of": of, "refuses": refuses}
        whole = [each for each in numbers if each == each]
        # Where they count from 0 they may be asked for one by one.
        if all(0 <= each < _MOST_CODES and each == int(each) for each in whole):
            said["codes"] = int(max(whole, default=0)) + 1
        key = json.dumps([said, [repr(each) for each in numbers], [repr(each) for each in values or ()]])
        if key not in self._known:
            said["numbers"] = self.number_span(numbers)
            if do == "match":
                said["values"] = self.number_span(values)
            self._known[key] = self._append(said)
            self._tables[self._known[key]] = {"do": do, "of": of, "numbers": numbers, "values": values,
                                              "refuses": refuses}  # fmt: skip
        return self._known[key]

    def vocabulary(self, column: Column, values: List[str]) -> int:
        """The place of a vocabulary of the feature of ``column``."""
        self.used[column.feature] = "text"  # type: ignore[index]
        said = {"feature": column.feature, "values": values}
        if said not in self.vocabularies:
            self.vocabularies.append(said)
        return self.vocabularies.index(said)

    def known(self, slot: int) -> Any:
        """What a slot's numbers are looked up in: ``numbers``, ``values``; None where they are any."""
        return self._tables.get(slot)

    def codes(self, slot: int) -> int:
        """How many codes the slot gives; 0 where it gives any number."""
        return int(self.operations[slot].get("codes", 0))

    def _add(self, said: Dict[str, Any], table: Any) -> int:
        key = json.dumps({**said, "by": [repr(each) for each in said.get("by", ())]})
        if key not in self._known:
            self._known[key] = self._append(said)
            if table is not None:
                self._tables[self._known[key]] = table
        return self._known[key]

    def _append(self, said: Dict[str, Any]) -> int:
        by = [None if each != each or abs(each) == float("inf") else each for each in said.get("by", ())]
        if None in by and said["do"] != "check":
            raise Refused("one of its steps computes with what is no number")
        self.operations.append({**said, "by": by})
        return len(self.operations) - 1


def _passes(numbers: List[float], limit: float, refuses: Any) -> bool:
    """Whether no number of a table would be stopped."""
    return all(abs(each) <= limit if each == each else "gap" not in refuses for each in numbers)


def model(folder: Path) -> Any:
    """The version's estimator. Raises Refused."""
    if (folder / "model.pickle").is_file():
        with (folder / "model.pickle").open("rb") as file:
            return pickle.load(file)
    if (folder / "model.joblib").is_file():
        import joblib

        return joblib.load(folder / "model.joblib")
    path = folder / "model.skops"
    if path.is_file():
        import skops.io

        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    raise Refused("it holds no model.pickle, model.joblib or model.skops, which is what is read here")


def columns(frame: Any) -> List[Column]:
    """The columns of the project's frame, by what they hold."""
    import pandas

    made = []
    for place, name in enumerate(frame.columns):
        column = frame[name]
        dtype = str(column.dtype)
        values = column.dtype.categories if isinstance(column.dtype, pandas.CategoricalDtype) else column
        kind = str(values.dtype).lower()
        found = "no table"
        if kind.startswith(("float32", "float16")):
            found = "narrow" if kind.startswith("float32") else "numbers of 16 bits"
        elif kind in ("bool", "boolean"):
            found = "truth" if dtype == "bool" else "truth values with gaps"
        elif kind.startswith(("int", "uint", "float")):
            found = "number"
        elif kind in ("object", "str", "string") or kind.startswith("string"):
            inferred = pandas.api.types.infer_dtype(values, skipna=True)
            found = "text" if inferred in ("string", "empty") else f"values of the kind {inferred}"
        else:
            found = f"values of the type {dtype}"
        # What stands for a gap: nan for pandas' own types, None among Python's objects.
        missing = None if dtype == "object" else float("nan")
        made.append(Column(found, feature=place, name=str(name), missing=missing, dtype=dtype))
    return made


def described(estimator: Any) -> str:
    """``Pipeline(ColumnTransformer, LogisticRegression)``."""
    steps = getattr(estimator, "steps", None)
    name = type(estimator).__name__
    return name if not steps else f"{name}({', '.join(type(step).__name__ for _, step in steps)})"


def document(estimator: Any, frame: Any, by_name: bool, known: Optional[List[Column]] = None) -> Any:
    """The program, and what stands in model.json. Raises Refused. ``known``: the columns of ``frame``, where more is
    known of them than it says."""
    import sklearn

    given = known or columns(frame)
    program = Program(given)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and [str(each) for each in names] != [each.name for each in given]:
        found = {each.name: each for each in given}
        if not by_name or any(str(each) not in found for each in names):
            raise Refused("it was fitted with other columns than the features, or with them in another order")
        given = [found[str(each)] for each in names]
    said = beside("compile_answers").compiled(program, estimator, given)
    kinds = [program.used.get(place, "unused") for place in range(len(program.features))]
    said = {
        "form": FORM,
        "model": described(estimator),
        "made_with": f"scikit-learn {sklearn.__version__}",
        "features": [{"name": each.name, "kind": kind} for each, kind in zip(program.features, kinds)],  # noqa: B905
        "vocabularies": program.vocabularies,
        "operations": program.operations,
        **said,
    }
    return program, said


def whole_or_behind(estimator: Any, frame: Any, by_name: bool, form: str) -> Any:
    """As ``document``; where that is refused for a step of the project's own, of the steps behind it."""
    try:
        return document(estimator, frame, by_name)
    except Refused as refusal:
        if form != "parquet":  # What stands between goes as Arrow, which such a project need not have.
            raise
        return beside("compile_behind").compiled(estimator, frame, by_name, refusal)


def write(program: Program, said: Dict[str, Any], folder: Path) -> None:
    """Fill ``folder``."""
    folder.mkdir(exist_ok=True)
    for name, values in (("numbers.bin", program.numbers), ("places.bin", program.places)):
        kept = array(values.typecode, values)
        if sys.byteorder == "big":
            kept.byteswap()
        (folder / name).write_bytes(kept.tobytes())
    (folder / "model.json").write_text(json.dumps(said, sort_keys=True, allow_nan=False), "utf-8")


def run() -> None:
    """Read the model, write its tables. Raises Refused, or whatever the model raises."""
    warnings.simplefilter("ignore")
    given, form = Path(os.environ.get("LEVERFRAME_INPUT", ".")), os.environ.get("LEVERFRAME_FORMAT", "parquet")
    estimator = model(given / "model")
    frame = beside("column_types").read(given / f"data.{form}", form)
    by_name = not (given / "model" / "model.pickle").is_file()
    program, said = whole_or_behind(estimator, frame, by_name, form)
    write(program, said, Path(os.environ.get("LEVERFRAME_OUTPUT", ".")) / "compiled")


def main() -> int:
    """Do it, and turn what went wrong into an exit code and a last line on standard error."""
    faulthandler.enable()
    sys.modules["leverframe_compile_model"] = sys.modules[__name__]
    try:
        run()
    except Refused as refusal:
        sys.stdout.flush()
        print(refusal, file=sys.stderr)
        return REFUSED
    except Exception as error:  # noqa: BLE001 - whatever the model or its libraries raise
        sys.stdout.flush()
        traceback.print_exception(type(error), error, error.__traceback__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
