"""What the steps before a model make of each column, for compile_model.py. Stand-alone, as that is.

What is said of a few values, as of categories, is not worked out here but asked: the fitted encoder itself transforms
each of them, a gap, and a value that it never saw. What computes with a number is written down step by step.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List

import numpy

common: Any = sys.modules["leverframe_compile_model"]
Column, Program, Refused = common.Column, common.Program, common.Refused

FUNCTIONS = (
    "log", "log1p", "log2", "log10", "exp", "expm1", "exp2", "sqrt", "cbrt", "square", "absolute", "negative",
    "reciprocal", "sin", "cos", "tan", "arcsinh", "sinh", "tanh", "floor", "ceil", "sign",
)  # fmt: skip
# Of whole numbers these make whole numbers, which may not fit.
_OF_FRACTIONS = ("square", "negative", "reciprocal", "absolute", "sign", "floor", "ceil")
# Each of the columns that a column of text becomes has a table for all its values.
_MOST_ONE_HOT = 2_000
_NEVER = "\x00 never seen \x00"
LARGEST = sys.float_info.max


def through(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    """The columns that ``step`` makes of ``columns``. Raises Refused."""
    if step is None or isinstance(step, str):
        return [] if step == "drop" else columns
    name = type(step).__name__
    if not type(step).__module__.startswith("sklearn."):
        raise Refused(f"its step {name} is not scikit-learn's own, so that nobody can say what it does")
    if hasattr(step, "get_support") and hasattr(step, "inverse_transform"):
        return [column for column, kept in zip(columns, step.get_support()) if kept]
    if name not in _STEPS:
        raise Refused(f"its step {name} is none of those that tables can stand for")
    return list(_STEPS[name](program, step, columns))


def computed(numbers: List[float], do: str, by: List[float], function: Any) -> List[float]:
    """What an operation makes of the numbers of a table."""
    with numpy.errstate(all="ignore"):
        given = numpy.array(numbers, dtype=float)
        if do == "fill":
            made = numpy.where(numpy.isnan(given), by[0], given)
        elif do == "gap":
            made = numpy.isnan(given).astype(float)
        elif do == "clip":
            made = numpy.clip(given, by[0], by[1])
        elif do == "apply":
            made = getattr(numpy, function)(given)
        else:
            made = getattr(numpy, do)(given, by[0])
    return [float(each) for each in made]


def _pipeline(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    for _, each in step.steps:
        columns = through(program, each, columns)
    return columns


def _column_transformer(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    if getattr(step, "transformer_weights", None):
        raise Refused("its ColumnTransformer has weights")
    found: List[Any] = []
    for name, each, chosen in step.transformers_:
        if isinstance(each, str) and each == "drop":
            continue
        places = step._transformer_to_input_indices.get(name)
        if places is None:
            raise Refused("its ColumnTransformer does not say which columns it takes")
        if isinstance(chosen, str) and not isinstance(each, str) and type(each).__name__ != "FunctionTransformer":
            raise Refused(f"its ColumnTransformer gives {chosen!r} as one row of values, not as a column")
        found += through(program, each, [columns[place] for place in places]) if len(places) else []
    return found


def _union(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    if step.transformer_weights:
        raise Refused("its FeatureUnion has weights")
    return [made for _, each in step.transformer_list for made in through(program, each, columns)]


def _function(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    function = step.func
    if _is_check(function) or function is None:
        return columns
    if own_function(step):
        raise Refused("its FunctionTransformer calls a function of the project's; only NumPy's can be told")
    name = function_name(function)
    for column in columns:
        narrow = column.slot is None and column.dtype not in ("float64", "int64", "int32", "uint32")
        whole = column.slot is None and column.dtype != "float64" and name in _OF_FRACTIONS
        if narrow or whole:
            raise Refused(f"its FunctionTransformer calls {name} of {column.name!r}, of the type {column.dtype}")
    return [program.apply(column, "apply", function=name) for column in columns]


def own_function(step: Any) -> bool:
    """Whether a FunctionTransformer calls something else than one of the functions that are known."""
    function = step.func
    return function is not None and not _is_check(function) and (function_name(function) is None or bool(step.kw_args))


def _is_check(function: Any) -> bool:
    """Whether it is histogram boosting's own, which changes nothing."""
    return getattr(getattr(function, "func", None), "__name__", "") == "check_array"


def function_name(function: Any) -> Any:
    """The name of a function of one number, None where it is none of those that are known."""
    for name in FUNCTIONS:
        if function is getattr(numpy, name):
            return name
    return None


def _standard(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    return _scaled(program, step, columns, [
        ("subtract", step.mean_ if step.with_mean else None), ("divide", step.scale_ if step.with_std else None),
    ])  # fmt: skip


def _robust(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    return _scaled(program, step, columns, [
        ("subtract", step.center_ if step.with_centering else None),
        ("divide", step.scale_ if step.with_scaling else None),
    ])  # fmt: skip


def _min_max(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    made = _scaled(program, step, columns, [("multiply", step.scale_), ("add", step.min_)])
    return [program.apply(each, "clip", step.feature_range) for each in made] if getattr(step, "clip", False) else made


def _max_abs(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    return _scaled(program, step, columns, [("divide", step.scale_)])


def _scaled(program: Any, step: Any, columns: List[Any], how: Any) -> List[Any]:
    made = []
    for place, column in enumerate(columns):
        column = program.apply(column, "check", [LARGEST])
        for do, by in how:
            if by is not None:
                column = program.apply(column, do, [by[place]])
        made.append(column)
    return made


def _imputer(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    if not (step.missing_values is None or step.missing_values != step.missing_values):
        raise Refused("its SimpleImputer takes something else than a gap for one")
    made: List[Any] = []
    for place, _ in enumerate(columns):
        value = step.statistics_[place]
        if isinstance(value, float) and value != value and not getattr(step, "keep_empty_features", False):
            continue  # A column that was empty in training is left out.
        made.append(_filled(program, step, columns, place, value))
    indicator = getattr(step, "indicator_", None)
    return made + (_indicator(program, indicator, columns) if indicator is not None else [])


def _filled(program: Any, step: Any, columns: List[Any], place: int, value: Any) -> Any:
    column = columns[place]
    if column.kind == "text":
        said = Column("text", feature=column.feature, name=column.name, missing=column.missing, gap=column.gap)
        # None among objects is no gap for an imputer that looks for nan, and the other way round.
        gap = (step.missing_values is None) == (column.missing is None)
        if gap and said.gap is None:
            said.gap = str(value)
        return said
    if isinstance(value, str):
        raise Refused(f"its SimpleImputer puts text into {column.name!r}")
    if step.missing_values is None:
        raise Refused("its SimpleImputer looks for None among numbers")
    return program.apply(program.apply(column, "check", [LARGEST]), "fill", [value])


def _indicator(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    if getattr(step, "features", "") == "missing-only" and getattr(step, "error_on_new", False):
        raise Refused("its MissingIndicator stops at a gap in a column that had none")
    if any(columns[place].kind == "text" for place in step.features_):
        raise Refused("its MissingIndicator looks for gaps in text")
    return [program.apply(columns[place], "gap") for place in step.features_]


def _encoder(program: Any, step: Any, columns: List[Any]) -> List[Any]:
    """An encoder of categories: what it makes of each value, of a gap, and of one that it never saw."""
    made: List[Any] = []
    wide = step.n_features_in_
    if wide != len(columns):
        raise Refused(f"its {type(step).__name__} was fitted with another number of columns")
    for place, column in enumerate(columns):
        known = list(step.categories_[place])
        if column.kind == "text":
            made += _of_text(program, step, columns, place, [each for each in known if isinstance(each, str)])
        else:
            if any(isinstance(each, str) for each in known):
                raise Refused(f"its {type(step).__name__} knows text in {column.name!r}, which holds numbers")
            made += _of_numbers(program, step, columns, place, [each for each in known if each == each])
    return made


def _of_text(program: Any, step: Any, columns: List[Any], place: int, values: List[str]) -> List[Any]:
    column = columns[place]
    asked = _asked(step, columns, place)
    rows = [asked(each) for each in values]
    gap, unseen = asked(column.missing if column.gap is None else column.gap), asked(_NEVER)
    vocabulary = program.vocabulary(column, [*values])
    return _tables(program, "look_up", vocabulary, None, rows, gap, unseen, column.name)


def _of_numbers(program: Any, step: Any, columns: List[Any], place: int, known: List[Any]) -> List[Any]:
    column = columns[place]
    asked = _asked(step, columns, place)
    # 0.0 and -0.0 are one number.
    values = sorted({float(each) + 0.0 for each in known})
    never = next(each + 0.5 for each in [*values[::-1], 0.0] if each + 0.5 not in values)
    truth = column.kind == "truth"
    rows = [asked(bool(each) if truth else each) for each in values]
    gap, unseen = (None, None) if truth else (asked(float("nan")), asked(never))
    slot = program.slot(column)
    table = program.known(slot)
    if table is None:
        return _tables(program, "match", slot, values, rows, gap, unseen, column.name)
    by_value = dict(zip(values, rows))
    found = [gap if each != each else by_value.get(each + 0.0, unseen) for each in table["numbers"]]
    found[-2], found[-1] = _but("gap", table, found[-2]), _but("unseen", table, found[-1])
    if any(each is None for each in found[:-2]):
        raise Refused(f"its {type(step).__name__} stops at a value of {column.name!r} that the step before it makes")
    return _tables(program, table["do"], table["of"], table["values"], found[:-2], found[-2], found[-1], column.name)


def _but(what: str, table: Any, found: Any) -> Any:
    """``found``, unless the table before refuses that already."""
    return None if what in table["refuses"] else found


def _tables(
    program: Any, do: str, of: int, values: Any, rows: Any, gap: Any, unseen: Any, name: str
) -> List[Any]:
    """A column for each number of the rows. None stands where the encoder stops."""
    if len(rows) > _MOST_ONE_HOT and any(each and len(each) > 1 for each in rows):
        raise Refused(f"the column {name!r} becomes a column for each of {len(rows):,} values")
    refuses = [what for what, found in (("gap", gap), ("unseen", unseen)) if found is None]
    width = len(next(each for each in [*rows, gap, unseen, []] if each is not None))
    whole = [*rows, *([0.0] * width if each is None else each for each in (gap, unseen))]
    return [
        Column("number", program.table(do, of, [row[at] for row in whole], values, refuses), name=name)
        for at in range(width)
    ]


def _asked(step: Any, columns: List[Any], place: int) -> Callable[[Any], Any]:
    """What the encoder makes of one value in the column at ``place``: a list of numbers, None where it stops."""
    import pandas

    named = hasattr(step, "feature_names_in_")
    names = list(step.feature_names_in_) if named else [f"column{n}" for n in range(len(columns))]
    begin, end = _width(step, place)
    first = [_first(each) for each in step.categories_]
    # Numbers come as objects where truth values or text stood beside them in one array.
    objects = [
        column.kind == "text" or known.dtype == object for column, known in zip(columns, step.categories_)
    ]

    def ask(value: Any) -> Any:
        row: Dict[str, Any] = {}
        for at, column in enumerate(columns):
            given = value if at == place else first[at]
            plain = bool if column.kind == "truth" else float
            row[names[at]] = pandas.Series([given], dtype=object if objects[at] else plain)
        frame = pandas.DataFrame(row)
        try:
            made = step.transform(frame if named else frame.to_numpy(dtype=object if any(objects) else float))
        except (ValueError, TypeError):
            return None
        made = made.toarray() if hasattr(made, "toarray") else numpy.asarray(made)
        return [float(each) for each in made[0, begin:end]]

    return ask


def _first(values: Any) -> Any:
    return next((each for each in values if each is not None and each == each), values[0])


def _width(step: Any, place: int) -> Any:
    """Where among the encoder's columns those of the column at ``place`` are."""
    widths = getattr(step, "_n_features_outs", None)
    if widths is None:
        each = 1
        if type(step).__name__ == "TargetEncoder" and step.target_type_ == "multiclass":
            each = len(step.classes_)
        widths = [each] * step.n_features_in_
    begin = int(sum(widths[:place]))
    return begin, begin + int(widths[place])


_STEPS: Dict[str, Callable[[Any, Any, List[Any]], List[Any]]] = {
    "Pipeline": _pipeline,
    "ColumnTransformer": _column_transformer,
    "FeatureUnion": _union,
    "FunctionTransformer": _function,
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "SimpleImputer": _imputer,
    "MissingIndicator": _indicator,
    "OrdinalEncoder": _encoder,
    "OneHotEncoder": _encoder,
    "TargetEncoder": _encoder,
}
