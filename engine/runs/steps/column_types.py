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
from numbers import Integral
from pathlib import Path
from typing import Any, Callable

_UNWRITTEN = (TypeError, ValueError, NotImplementedError, OverflowError)


class NotHeld(ValueError):
    """A column that a file cannot hold, or that cannot be made again what it was; says which, and what helps."""


def read(path: Path, form: str) -> Any:
    """The file as a DataFrame, its columns of the types that were kept beside it. Raises NotHeld."""
    kept = _kept(_beside(path))
    return _restored(_read_csv(path, kept) if form == "csv" else _read_parquet(lambda: path, kept), kept)


def write(frame: Any, form: str, path: Path) -> None:
    """Raises NotHeld, with the column that cannot be written."""
    try:
        _write(frame, form, path)
    except _UNWRITTEN as error:
        raise NotHeld(_unwritten(frame, form, error)) from error


def _write(frame: Any, form: str, target: Any) -> None:
    if form == "csv":
        import pandas

        # What ends a line is put into quotes inside of text: a lone carriage return would end one for whoever reads.
        ends = "line_terminator" if re.match(r"1\.[0-4]\.", pandas.__version__) else "lineterminator"
        frame.assign(**_as_moments(frame)).to_csv(target, index=False, **{ends: "\r\n"})
    else:
        plain = frame.copy(deep=False)
        plain.attrs = {}  # Notes of the project's own, which need not be such that a file can hold them.
        plain.to_parquet(target, index=False)


def _unwritten(frame: Any, form: str, error: Exception) -> str:
    """Which column cannot be written, by writing each alone."""
    for name in frame.columns:
        try:
            _write(frame[[name]], form, io.BytesIO())
        except _UNWRITTEN as own:
            return _not_held(frame[name], form, _line(own)[:100])
    return f"data that cannot be written as {form}: {_line(error)}"


def kept_of(frame: Any, form: str) -> dict[str, Any]:
    """What a file cannot hold of the types of ``frame``, by column. Raises NotHeld for a column whose type cannot be
    kept."""
    moments = _as_moments(frame) if form == "csv" else {}
    found = {name: _about(moments.get(name, frame[name]), form) for name in frame.columns}
    return {name: about for name, about in found.items() if about}


def keep(frame: Any, form: str, path: Path) -> None:
    """Write that beside the file at ``path``; nothing where it holds all."""
    kept = kept_of(frame, form)
    if kept:
        _beside(path).write_text(json.dumps(kept), encoding="utf-8")


def _as_moments(frame: Any) -> dict[str, Any]:
    """The columns of Python's own moments and lengths of time as pandas has them: csv knows no other."""
    objects = [name for name in frame.columns if str(frame[name].dtype) == "object"]
    return {name: frame[name].infer_objects() for name in objects if _kind(frame[name]) in _MOMENTS}


def _beside(path: Path) -> Path:
    return path.with_suffix(".types.json")


def _about(column: Any, form: str) -> dict[str, Any]:
    """What is to be kept of a column's type, as the head of this file says; empty where the file holds it.

    Raises NotHeld where it cannot be kept.
    """
    import pandas

    about: dict[str, Any] = {"dtype": str(column.dtype)}
    _refuse_inexact(column, form)
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
        if str(values.dtype).lower().startswith("float") and any(abs(float(each)) == _INFINITE for each in values):
            raise NotHeld(_not_held(column, form).replace("category of numbers", "category with an infinite number"))
        return {**about, "categories": values.tolist(), "of": str(values.dtype), "ordered": bool(dtype.ordered)}
    return about


def _refuse_inexact(column: Any, form: str) -> None:
    """Raise NotHeld for whole numbers that would arrive as other ones, and for a type that its name does not make."""
    import pandas

    dtype = str(column.dtype)
    if dtype.endswith("[pyarrow]"):
        try:
            pandas.api.types.pandas_dtype(dtype)
        except (TypeError, NotImplementedError):
            raise NotHeld(
                f"a column '{column.name}' of the type {dtype}, which its name alone does not make again; let it "
                "return another, such as .astype(object)."
            ) from None
    if dtype != "object" or _kind(column) != "numbers":
        return
    present = column[column.notna()]
    largest = max((abs(int(each)) for each in present if isinstance(each, Integral)), default=0)
    if largest >= 2**63 and form == "csv":
        raise NotHeld(
            f"a column '{column.name}' that holds whole numbers of more than 64 bits, which csv cannot keep; let it "
            "return text, or leave the column out."
        )
    if largest > _EXACT and len(present) < len(column):
        raise NotHeld(
            f"a column '{column.name}' of Python objects with whole numbers and gaps, which arrive as floats: they "
            'cannot hold its largest; let it return .astype("Int64").'
        )


# Up to here each whole number is a float of its own.
_EXACT, _INFINITE = 2**53, float("inf")
# Whole numbers that may have gaps, by the type of a column or of its categories.
_GAPS, _WHOLE = re.compile(r"U?Int\d+"), re.compile(r"[uU]?[iI]nt\d+")
# Types that parquet gives back as they are.
_HELD = re.compile(r"u?int\d+|float\d+|bool|object|str|datetime64\[[mun]s.*\]|timedelta64\[[mun]s\]")
# What csv holds as text that can be read again, and as what.
_MOMENTS = ("moments", "lengths of time")
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
    "text": "text that UTF-8 can write",
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
    category = str(column.dtype) == "category"
    way = _HELP.get(kind, "text") if category or kind not in ("moments", "dates") else "pandas.to_datetime(...) of it"
    a_category = "a category of " if category and kind != "intervals" else ""
    return (
        f"a column '{column.name}' that holds {a_category}{kind}, which {form} cannot keep"
        f"{f' ({why})' if why else ''}; let it return {way}, or leave the column out."
    )


def _kept(path: Path) -> dict[str, Any]:
    """What was kept of the types of a file's columns, by their names."""
    if not path.is_file():
        return {}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def restored(frame: Any, kept: dict[str, Any]) -> Any:
    """``frame``, as something else than a file brought it, with the types that were kept. Raises NotHeld."""
    return _restored(frame, kept)


def exact_by_file_alone(kept: dict[str, Any]) -> bool:
    """Whether a column is one of whole numbers with gaps, that are read twice so as to be exact."""
    return any(_may_have_gaps(about) for about in kept.values())


def _may_have_gaps(about: dict[str, Any]) -> bool:
    return bool(_WHOLE.fullmatch(about["of"]) if "categories" in about else _GAPS.fullmatch(about.get("dtype", "")))


def from_parquet(content: bytes, kept: dict[str, Any]) -> Any:
    """As ``read``, of a file's content. Raises NotHeld."""
    return _restored(_read_parquet(lambda: io.BytesIO(content), kept), kept)


def _read_parquet(source: Callable[[], Any], kept: dict[str, Any]) -> Any:
    """Whole numbers with gaps not by way of floats, which hold 53 bits of them."""
    import pandas

    frame = pandas.read_parquet(source())
    whole = [name for name in frame.columns if frame[name].dtype.kind == "f" and _may_have_gaps(kept.get(name, {}))]
    if whole:
        old = pandas.__version__.startswith("1.")
        how: dict[str, Any] = {"use_nullable_dtypes": True} if old else {"dtype_backend": "numpy_nullable"}
        exact = pandas.read_parquet(source(), columns=whole, **how)
        frame = frame.assign(**{name: exact[name] for name in whole})
    return frame


def _read_csv(path: Path, kept: dict[str, Any]) -> Any:
    """Text as it is written, where it is known to be text; what the file alone says, where nothing was kept."""
    import pandas

    # Every digit counts, as is the default from pandas 3 on; a row that holds nothing is one all the same.
    exact: dict[str, Any] = {"skip_blank_lines": False}
    if int(pandas.__version__.partition(".")[0]) < 3:
        exact["float_precision"] = "round_trip"
    if not kept:
        return pandas.read_csv(path, **exact)
    text = [
        name
        for name, about in kept.items()
        if {"text", "parse"} & {*about} or "[" in about.get("dtype", "") or _may_have_gaps(about)
    ]
    gaps = {name: [""] if name in text else ["", "nan"] for name in pandas.read_csv(path, nrows=0).columns}
    return pandas.read_csv(path, **exact, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=gaps)


def _restored(frame: Any, kept: dict[str, Any]) -> Any:
    """``frame`` with the types that its columns had when they were written."""
    for name in [name for name in frame.columns if name in kept]:
        try:
            frame[name] = _typed(frame[name], kept[name])
        except (TypeError, ValueError, ArithmeticError, LookupError, NotImplementedError) as error:
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
        places = _places(column, values)
        if ((places < 0) & column.notna()).any():
            raise ValueError("it holds values that are none of its categories")
        whole = pandas.Categorical.from_codes(places, values, ordered=about["ordered"])
        return pandas.Series(whole, index=column.index, name=column.name)
    if "parse" in about:
        column = column.map(_PARSED[about["parse"]], na_action="ignore")
        return column if dtype == "object" else column.astype(dtype)
    if _GAPS.fullmatch(dtype) and _of_text(column):
        numbers, found = pandas.factorize(column)
        held = [*(int(each) for each in found), None]
        return pandas.Series(pandas.array([held[n] for n in numbers], dtype=dtype), index=column.index)
    if dtype == "object" or str(column.dtype) == dtype:
        return column
    if dtype.startswith("datetime64") and column.dtype.kind != "M":
        iso = {} if pandas.__version__.startswith("1.") else {"format": "ISO8601"}
        column = pandas.to_datetime(column, utc=", " in dtype, **iso)
    elif dtype.startswith("timedelta64"):
        column = pandas.to_timedelta(column)
    return column.astype(dtype)


def _places(column: Any, values: Any) -> Any:
    """For each row the position of its value among ``values``, -1 for none; each different value is looked up once."""
    import numpy
    import pandas

    numbers, found = pandas.factorize(column)
    if _WHOLE.fullmatch(str(values.dtype)):
        found = [int(each) for each in found]  # the text of csv, or what is nullable
    elif str(values.dtype).lower().startswith("float"):
        found = pandas.Index(found).astype(values.dtype)
    places = values.get_indexer(pandas.Index(found, dtype=values.dtype) if len(found) else values[:0])
    return numpy.append(places, -1)[numbers]


def _of_text(column: Any) -> bool:
    return str(column.dtype) in ("object", "str", "string")


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
