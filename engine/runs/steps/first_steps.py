"""What the first steps of a pipeline make of rows, as tables that stand for the steps behind them take it. Stand-alone.

For compile_model.py, which asks it what stands between when a version is made, and for warm_scorer.py, which asks it of
each batch: whatever then is not of the names and types that stood there is refused here (``Otherwise``), and answered
by the whole pipeline. That a value cannot be held by a table as it is, is such a difference:

    numbers    of the same type. Whole numbers of more than 53 bits would be rounded, which whoever asks looks for
    text       nothing but text, and gaps of the one kind (None or nan) that was there when the version was made:
               encoders tell these apart, and a table has one gap
"""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035, UP045

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

NUMBERS = ("float64", "float32", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_WIDE = ("int64", "uint64")
_EXACT = 2**53
SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
_CATEGORY = "category of "


class Otherwise(Exception):
    """It is not what tables can be given; the message is the end of a sentence that says why."""


def pipeline_of(model: Any) -> Any:
    """The pipeline that ``model`` is, or that its search found best; None where it is none of scikit-learn's own."""
    if type(model).__name__ in SEARCHES and type(model).__module__.startswith("sklearn."):
        model = getattr(model, "best_estimator_", None)
    own = type(model).__module__ == "sklearn.pipeline" and type(model).__name__ == "Pipeline"
    return model if own else None


def through(steps: List[Any], rows: Any) -> Any:
    """What ``steps`` make of ``rows``, as the pipeline calls them when it predicts."""
    for step in steps:
        if step is not None and not isinstance(step, str):
            rows = step.transform(rows)
    return rows


def described(made: Any) -> Dict[str, Any]:
    """What ``made`` is: ``array``, and for each of its ``columns`` name, type and what is a gap in it. Raises
    Otherwise."""
    if _is_array(made):
        kind = str(made.dtype)
        if kind not in NUMBERS:
            raise Otherwise(f"it is an array of {'text or objects' if made.dtype.kind in 'OUST' else kind}")
        return {"array": True, "columns": [{"name": str(n), "type": kind, "gap": ""} for n in range(made.shape[1])]}
    if not _is_frame(made):
        raise Otherwise(f"it is a {type(made).__name__}, neither a DataFrame nor an array of rows and columns")
    names = list(made.columns)
    odd = [name for name in names if not isinstance(name, str)]
    if odd or len(set(names)) != len(names):
        raise Otherwise("its columns have names that are no text" if odd else "two of its columns have one name")
    about = []
    for name in names:
        column = made[name]
        kind = _type(column.dtype)
        about.append({"name": name, "type": kind, "gap": _gap(column, kind)})
    return {"array": False, "columns": about}


def arrow(made: Any, said: Dict[str, Any], rows: int, quick: bool = False) -> Any:
    """``made`` of so many rows as an Arrow table: those columns that ``said["columns"]`` says are ``used``. Raises
    Otherwise where it is anything else than what was said. ``quick``: see ``quick_arrays``, which takes a third of the
    time."""
    import pyarrow

    columns = said["columns"]
    if not (_is_array(made) or _is_frame(made)) or len(made) != rows:
        raise Otherwise("it is no DataFrame or array with a row for each")
    if said["array"]:
        kind = columns[0]["type"] if columns else ""
        if not _is_array(made) or made.shape[1] != len(columns) or str(made.dtype) != kind:
            raise Otherwise(f"it is no array of {len(columns)} columns of {kind}")
        given: Any = made.T
    else:
        if not _is_frame(made) or list(made.columns) != [each["name"] for each in columns]:
            raise Otherwise("it has other columns, or in another order")
        given = quick_arrays(made) if quick else (_values(made[each["name"]]) for each in columns)
    found, names = [], []
    for values, about in zip(given, columns):
        if about["used"]:
            found.append(_column(values, about))
            names.append(about["name"])
    return pyarrow.Table.from_arrays(found, names=names)


def quick_arrays(made: Any) -> Any:
    """The values of each column, by a way that pandas does not promise to keep."""
    return made._iter_column_arrays()


def _is_array(made: Any) -> bool:
    import numpy

    return type(made) is numpy.ndarray and made.ndim == 2


def _is_frame(made: Any) -> bool:
    import pandas

    return isinstance(made, pandas.DataFrame)


def _values(column: Any) -> Any:
    import numpy

    return column.to_numpy() if isinstance(column.dtype, numpy.dtype) else column.array


def _type(dtype: Any) -> str:
    values = getattr(dtype, "categories", None)
    return str(dtype) if values is None else f"{_CATEGORY}{values.dtype}"


def _gap(column: Any, kind: str) -> str:
    """What is a gap in a column of text: "nan", "None", "" where none was seen."""
    if kind != "object":
        return "nan" if kind == "str" or kind.startswith(_CATEGORY) else ""
    there = column[column.isna()]
    kinds = {"None" if each is None else "nan" if isinstance(each, float) else "another" for each in there}
    return kinds.pop() if len(kinds) == 1 else "several" if kinds else ""


def _column(values: Any, about: Dict[str, Any]) -> Any:
    """The values of a column, an array of NumPy's or of pandas' own, for Arrow."""
    import numpy
    import pyarrow

    kind, name = about["type"], about["name"]
    if _type(values.dtype) != kind:
        raise Otherwise(f"its column {name!r} is of the type {_type(values.dtype)}, and not {kind}")
    if kind in NUMBERS:
        return pyarrow.array(numpy.asarray(values), from_pandas=False)
    if kind.startswith(_CATEGORY):
        of = kind[len(_CATEGORY) :]
        if of in NUMBERS:
            if of in _WIDE and any(abs(int(each)) > _EXACT for each in values.categories):
                raise Otherwise(f"its column {name!r} holds whole numbers of more than 53 bits")
            return pyarrow.array(numpy.asarray(values, dtype=float), from_pandas=False)
        if not all(type(each) is str for each in values.categories):
            raise Otherwise(f"its column {name!r} holds categories that are no text")
    elif kind == "object":
        _refuse_but_text(values, name, about["gap"])
    try:
        return pyarrow.array(values, type=pyarrow.large_string(), from_pandas=True)
    except (pyarrow.ArrowException, UnicodeError, TypeError, ValueError) as error:
        raise Otherwise(f"its column {name!r} holds text that Arrow cannot: {type(error).__name__}") from None


def _refuse_but_text(values: Any, name: str, gap: str) -> None:
    """Raise Otherwise where one of Python's objects is neither text nor the gap that was there."""
    kinds = set(map(type, values))
    gaps: Dict[str, Any] = {"None": type(None), "nan": float}
    numbers = float in kinds and any(each == each for each in values if type(each) is float)
    if numbers or kinds - {str, gaps.get(gap, str)}:
        raise Otherwise(f"its column {name!r} holds something else than text, or a gap that it had not")


def held(kind: str, gap: str, inferred: str) -> Optional[str]:
    """Why a column of that type cannot go to a table, as the end of a sentence; None where it can. ``inferred``: what
    its values are, by compile_model.py."""
    of = kind[len(_CATEGORY) :] if kind.startswith(_CATEGORY) else kind
    if of in NUMBERS and not (kind != of and of == "bool"):
        return None
    if of not in ("object", "str") or inferred != "text":
        return f"is of the type {kind}"
    return "has gaps of several kinds" if gap not in ("", "None", "nan") else None


class FirstSteps:
    """The first steps of a model, asked for batches. ``rows``: what makes rows that it takes of features. ``said``:
    what stands between, see ``arrow``, and ``steps``: how many they are."""

    def __init__(self, model: Any, rows: Callable[[Any], Any], said: Dict[str, Any]) -> None:
        pipeline = pipeline_of(model)
        if pipeline is None or not 0 < said["steps"] < len(pipeline.steps):
            raise ValueError("the model is no pipeline of so many steps")
        self._steps = [step for _, step in pipeline.steps[: said["steps"]]]
        self._rows, self._said = rows, said
        self._quick: Optional[bool] = None

    def table(self, features: Any) -> Tuple[Any, str]:
        """What they make of ``features`` as an Arrow table; None, and why, where it is not what was said. Raises
        whatever a step raises."""
        made = through(self._steps, self._rows(features))
        try:
            found = arrow(made, self._said, len(features), bool(self._quick))
            if self._quick is None:  # The quick way is gone where it has made the same of the first rows.
                self._quick = self._alike(made, found)
            return found, ""
        except Otherwise as other:
            return None, str(other)
        except Exception as error:  # noqa: BLE001 - a frame may be of any class, of the project's own too
            return None, f"it cannot be looked at ({type(error).__name__})"

    def _alike(self, made: Any, found: Any) -> bool:
        try:
            other = arrow(made, self._said, len(made), quick=True)
            # By what is shown of them: no number that is none is like another.
            return bool(other.schema.equals(found.schema)) and str(other.to_pydict()) == str(found.to_pydict())
        except Exception:  # noqa: BLE001 - another release of pandas has no such way, or another one
            return False
