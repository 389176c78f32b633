"""Data files of a project's steps, with the types of their columns: what train gets is what extract returned.

Stand-alone, as the runner that it is part of: Python 3.9 or later, the standard library and the project's own pandas.

Parquet loses categories of numbers, csv nearly everything. What a file cannot hold of the type of a column is kept
beside it, in ``<stem>.types.json``: ``{column: {"dtype": ...}}``, with

    text        csv must not take the column for numbers; a command may leave ``{"code": {"text": true}}`` for its own
    blank       an empty text is one, and not missing
    parse       what the objects of a column are
    categories  the values of a category in their order; ``of``: their type; ``ordered``

A column of plain Python objects is of the type of its values: whole numbers with gaps are floats, lists come as arrays.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP035

from __future__ import annotations

import io
import json
import re
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable

_UNWRITTEN = (TypeError, ValueError, NotImplementedError, OverflowError)


class NotHeld(ValueError):
    """A column that a file cannot hold, or that cannot be made again what it was; says which, and what helps."""


def read(path: Path, form: str) -> Any:
    """The file as a DataFrame, its columns of the types that were kept beside it. Raises NotHeld."""
    import pandas

    kept = _kept(_beside(path))
    return _restored(_read_csv(path, kept) if form == "csv" else pandas.read_parquet(path), kept)


def write(frame: Any, form: str, path: Path) -> None:
    """Raises NotHeld, with the column that cannot be written."""
    try:
        _write(frame, form, path)
    except _UNWRITTEN as error:
        raise NotHeld(_unwritten(frame, form, error)) from error


def _write(frame: Any, form: str, target: Any) -> None:
    if form == "csv":
        frame.to_csv(target, index=False)
    else:
        frame.to_parquet(target, index=False)


def _unwritten(frame: Any, form: str, error: Exception) -> str:
    """Which column cannot be written, by writing each alone."""
    for name in frame.columns:
        try:
            _write(frame[[name]], form, io.BytesIO())
        except _UNWRITTEN as own:
            return _not_held(frame[name], form, _line(own)[:100])
    return f"data that cannot be written as {form}: {_line(error)}"


def keep(frame: Any, form: str, path: Path) -> None:
    """Write beside the file at ``path`` what it cannot hold of the types of ``frame``; nothing where it holds all.

    Raises NotHeld for a column whose type cannot be kept.
    """
    found = {name: _about(frame[name], form) for name in frame.columns}
    kept = {name: about for name, about in found.items() if about}
    if kept:
        _beside(path).write_text(json.dumps(kept), encoding="utf-8")


def _beside(path: Path) -> Path:
    return path.with_suffix(".types.json")


def _about(column: Any, form: str) -> dict[str, Any]:
    """What is to be kept of a column's type, as the head of this file says; empty where the file holds it.

    Raises NotHeld where it cannot be kept.
    """
    import pandas

    about: dict[str, Any] = {"dtype": str(column.dtype)}
    if form == "parquet" and _HELD.fullmatch(about["dtype"]):
        return {}
    dtype, kind = column.dtype, _kind(column)
    if form == "csv":
        if kind not in (*_WRITTEN, *_PARSED):
            raise NotHeld(_not_held(column, form))
        about.update({"parse": kind} if kind in _PARSED else {"text": True} if kind == "text" else {})
        if kind == "text" and (column == "").any():
            about["blank"] = True
            if column.isna().any():
                raise NotHeld(
                    f"a column '{column.name}' with both empty and missing text, which csv cannot tell "
                    'apart; let it return one of them, or set format = "parquet" in [data].'
                )
    if isinstance(dtype, pandas.CategoricalDtype):
        if kind == "text" and form == "parquet" and str(dtype.categories.dtype) in ("object", "str"):
            return {}
        if kind not in ("text", "numbers", "yes and no"):
            raise NotHeld(_not_held(column, form))
        values = dtype.categories
        return {**about, "categories": values.tolist(), "of": str(values.dtype), "ordered": bool(dtype.ordered)}
    return about


# Types that parquet gives back as they are.
_HELD = re.compile(r"u?int\d+|float\d+|bool|object|str|datetime64\[[mun]s.*\]|timedelta64\[[mun]s\]")
# What csv holds as text that can be read again, and as what.
_WRITTEN = ("text", "numbers", "yes and no", "moments", "lengths of time", "periods", "nothing")
_PARSED: dict[str, Callable[[str], Any]] = {
    "dates": date.fromisoformat,
    "times of day": time.fromisoformat,
    "decimals": Decimal,
}
_KINDS = {
    "string": "text", "integer": "numbers", "floating": "numbers", "mixed-integer-float": "numbers",
    "boolean": "yes and no", "datetime64": "moments", "datetime": "moments", "timedelta64": "lengths of time",
    "timedelta": "lengths of time", "period": "periods", "interval": "intervals", "complex": "complex numbers",
    "decimal": "decimals", "date": "dates", "time": "times of day", "bytes": "bytes", "empty": "nothing",
}  # fmt: skip
_OBJECTS = {"list": "lists", "tuple": "lists", "ndarray": "lists", "dict": "dictionaries", "set": "sets"}
_HELP = {
    "complex numbers": "the real and the imaginary part as two columns",
    "sparse values": "them dense (.sparse.to_dense())",
    "moments": "the moments themselves instead of a category",
    "dates": "the dates themselves instead of a category",
}


def _kind(column: Any) -> str:
    """What the values of a column, or of its categories, are."""
    import pandas

    dtype = column.dtype
    if isinstance(dtype, pandas.SparseDtype):
        return "sparse values"
    values = dtype.categories if isinstance(dtype, pandas.CategoricalDtype) else column
    kind = pandas.api.types.infer_dtype(values, skipna=True)
    if kind in _KINDS:
        return _KINDS[kind]
    types = sorted({type(value).__name__ for value in values[~values.isna()]})
    if len(types) == 1:
        return _OBJECTS.get(types[0], f"objects of the type {types[0]}")
    return f"values of several types ({', '.join(types[:4])})"


def _not_held(column: Any, form: str, why: str = "") -> str:
    """Why a column is refused, and what helps."""
    kind = _kind(column)
    why = why if kind in ("numbers", "text") else ""  # Else it only says the same, with somebody's data.
    a_category = "a category of " if str(column.dtype) == "category" and kind != "intervals" else ""
    return (
        f"a column '{column.name}' that holds {a_category}{kind}, which {form} cannot keep"
        f"{f' ({why})' if why else ''}; let it return {_HELP.get(kind, 'text')}, or leave the column out."
    )


def _kept(path: Path) -> dict[str, Any]:
    """What was kept of the types of a file's columns, by their names."""
    if not path.is_file():
        return {}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _read_csv(path: Path, kept: dict[str, Any]) -> Any:
    """Text as it is written, where it is known to be text; what the file alone says, where nothing was kept."""
    import pandas

    # Every digit counts, as is the default from pandas 3 on; a row that holds nothing is one all the same.
    exact: dict[str, Any] = {"skip_blank_lines": False}
    if int(pandas.__version__.partition(".")[0]) < 3:
        exact["float_precision"] = "round_trip"
    if not kept:
        return pandas.read_csv(path, **exact)
    text = [name for name, about in kept.items() if {"text", "parse"} & {*about} or "[" in about.get("dtype", "")]
    gaps = {name: [""] if name in text else ["", "nan"] for name in pandas.read_csv(path, nrows=0).columns}
    return pandas.read_csv(path, **exact, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=gaps)


def _restored(frame: Any, kept: dict[str, Any]) -> Any:
    """``frame`` with the types that its columns had when they were written."""
    for name in [name for name in frame.columns if name in kept]:
        try:
            frame[name] = _typed(frame[name], kept[name])
        except (TypeError, ValueError, ArithmeticError, NotImplementedError) as error:
            raise NotHeld(
                f"The column '{name}' was of the type {kept[name].get('dtype')} and cannot be made that again "
                f"({_line(error)}); let extract return another type."
            ) from error
    return frame


def _typed(column: Any, about: dict[str, Any]) -> Any:
    import pandas

    dtype = about.get("dtype", "object")
    if "blank" in about:
        column = column.fillna("")
    if "categories" in about:
        values = pandas.Index(about["categories"], dtype=about["of"])
        places = values.get_indexer(column.astype(about["of"]) if about["of"].startswith("float") else column)
        if ((places < 0) & column.notna()).any():
            raise ValueError("it holds values that are none of its categories")
        whole = pandas.Categorical.from_codes(places, values, ordered=about["ordered"])
        return pandas.Series(whole, index=column.index, name=column.name)
    if "parse" in about:
        return column.map(_PARSED[about["parse"]], na_action="ignore")
    if dtype == "object" or str(column.dtype) == dtype:
        return column
    if dtype.startswith("datetime64") and column.dtype.kind != "M":
        iso = {} if pandas.__version__.startswith("1.") else {"format": "ISO8601"}
        column = pandas.to_datetime(column, utc=", " in dtype, **iso)
    elif dtype.startswith("timedelta64"):
        column = pandas.to_timedelta(column)
    return column.astype(dtype)


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
