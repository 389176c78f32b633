"""What a table is good for: the task, what each column can be, and what somebody should look at again. Pure.

A guess is told with its reason, and whoever disagrees changes one line of the manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.errors import Refusal, StepFailed
from engine.projects.manifest.fields import nearest, shown, text_problem
from engine.vocabulary.metrics import Task

if TYPE_CHECKING:
    import pyarrow as pa

AskedTask = Literal["regression", "classification"]
FEWEST = 50  # rows: of fewer, a fifth bears no judgement
CLASSES = 50  # of text: more are no classes
_NUMBERS_AS_CLASSES = 10
_LEAK_ROWS = 5_000
_SEGMENTS, _VALUES_OF_A_SEGMENT = 2, 12
_TOLERATED = 0.05  # of a regression's error: part of what always saying the median is off by
_YES = ("yes", "true", "y", "t", "1")
_ID = re.compile(r"(?:^|[_\W])(?:id|key|uuid|guid|nr|no|number|index|rowid)$|[a-z]I[dD]$|^Unnamed: 0$", re.IGNORECASE)


@dataclass(frozen=True)
class LeftOut:
    """A column that the model is not given, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Look:
    """``classes``: of a classification, as the engine names them, ``positive`` the one of two that is looked for.

    ``times``: columns that could be the event time, where none was named. ``tolerance``: how much worse than the live
    version the first metric may be. ``gaps``: of the emptiest feature, the part that is missing. ``notes``: what was
    seen, a sentence each.
    """

    rows: int
    task: Task
    target: str
    classes: tuple[str, ...]
    positive: str | None
    time: str | None
    times: tuple[str, ...]
    key: tuple[str, ...]
    features: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    segments: tuple[str, ...]
    tolerance: float
    gaps: float
    notes: tuple[str, ...]


def look(
    table: pa.Table, target: str, time: str | None = None, key: Sequence[str] = (),
    *, every_column: bool = False, task: AskedTask | None = None, named: Sequence[str] | None = None,
) -> Look:  # fmt: skip
    """``every_column``: each column that has no role is a feature, as for a model that exists; ``named``: these are, in
    this order. ``task``: else guessed.

    Raises Refusal for a column that is not there, a target that cannot be learnt, too few rows.
    """
    for option, name in (("--target", target), ("--time", time), *(("--key", each) for each in key)):
        _refuse_absent(option, name, table.column_names)
    if target in (time, *key):
        raise Refusal(f"{shown(target)} is the target; name another column as time or key.")
    rows = _labelled(table, target)
    kind, classes, counts = _task(rows, target, task)
    _refuse_no_times(table, time)
    times = tuple(name for name in table.column_names if name != target and _is_moment(rows, name))
    found = tuple(key) or (() if every_column else _key(rows, {target, time}))
    roles = {target, time, *found}
    others = list(named or (name for name in table.column_names if name not in roles))
    for name in named or ():
        _refuse_absent("the model", name, table.column_names)
        if name in roles:
            raise Refusal(f"The model takes {shown(name)}, which is the target, time or key here; name another column.")
    left_out = () if every_column else tuple(_left_out(rows, others, target, kind))
    features = tuple(name for name in others if name not in {each.name for each in left_out})
    if not features:
        raise Refusal(f"No column is left to learn from: {_said(left_out) or 'each has a role already'}.")
    return Look(
        rows=rows.num_rows,
        task=kind,
        target=target,
        classes=classes,
        positive=_positive(classes, counts) if kind == "binary" else None,
        time=time,
        times=() if time else times,
        key=found,
        features=features,
        left_out=left_out,
        segments=tuple(_segments(rows, features)),
        tolerance=_tolerance(rows, target) if kind == "regression" else 0.02,
        gaps=max(_gaps(rows.column(name)) for name in features),
        notes=tuple(_notes(table, rows, kind, counts, found)),
    )


def _refuse_absent(option: str, name: str | None, columns: Sequence[str]) -> None:
    if name is not None and name not in columns:
        near = nearest(name, columns) or f"; there are {', '.join(map(shown, columns[:8]))}."
        raise Refusal(f"{option} names {shown(name)}, and the data has no such column{near}")


def _labelled(table: pa.Table, target: str) -> pa.Table:
    """The rows with a target."""
    import pyarrow as pa

    from engine.validation.columns import missing

    present = ~missing(table.column(target))
    if table.num_rows and not present.any():
        raise Refusal(f"The target {shown(target)} has no value in any row; name another, or mend the data.")
    if present.sum() < FEWEST:
        raise Refusal(
            f"The data has {int(present.sum()):,} rows with a value in {shown(target)}; "
            f"at least {FEWEST} are needed to learn from and to judge by."
        )
    return table.filter(pa.array(present))


def _task(rows: pa.Table, target: str, asked: AskedTask | None) -> tuple[Task, tuple[str, ...], dict[str, int]]:
    """The task, its classes, and how many rows there are of each value."""
    import numpy as np

    from engine.validation.columns import codes, is_number, is_text, unwrapped

    column = unwrapped(rows.column(target))
    number = is_number(column.type)
    if not number and not is_text(column.type):
        raise Refusal(f"The target {shown(target)} is of the type {column.type}; name a column of numbers or of text.")
    numbers, names = codes(column)
    if len(names) == 1:
        raise Refusal(f"The target {shown(target)} is {shown(names[0])} in every row; there is nothing to learn.")
    many = len(names) > _NUMBERS_AS_CLASSES or any("." in name for name in names)
    if asked == "regression" and (not number or _is_yes_no(column)):
        raise Refusal(f"The target {shown(target)} holds no numbers, which a regression predicts; leave --task away.")
    if asked == "regression" or (asked is None and number and many):
        return "regression", (), {}
    if len(names) > CLASSES:
        raise Refusal(
            f"The target {shown(target)} has {len(names):,} different values, and at most {CLASSES} are taken for "
            f"classes; {'leave --task away' if number else 'name another column'}, or group its values."
        )
    counts = dict(zip(names, np.bincount(numbers, minlength=len(names)).tolist(), strict=True))
    classes = tuple(sorted(names, key=float) if number and not _is_yes_no(column) else sorted(names))
    return ("binary" if len(classes) == 2 else "multiclass"), classes, counts


def _is_yes_no(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_boolean(column.type))


def _positive(classes: tuple[str, ...], counts: dict[str, int]) -> str | None:
    """Of two classes the one that says yes, else the larger number, else the rarer; None where it cannot be written."""
    said = next((name for name in classes if name.lower() in _YES), None)
    if said is None:
        number = all(re.fullmatch(r"-?\d+", name) for name in classes)
        said = classes[1] if number else min(classes, key=lambda name: (counts[name], name))
    return None if text_problem(said, 200) else said


def _refuse_no_times(table: pa.Table, time: str | None) -> None:
    from engine.validation.event_times import read_moments

    if time is None:
        return
    try:
        _, dated = read_moments(table, time)
    except StepFailed:
        raise Refusal(
            f"--time names {shown(time)}, which does not hold times; write them such as 2026-11-03 or "
            "2026-11-03T02:00:00Z, or leave --time away."
        ) from None
    if not dated.any():
        raise Refusal(f"--time names {shown(time)}, which has no value in any row; name another column.")


def _is_moment(rows: pa.Table, name: str) -> bool:
    import pyarrow as pa

    kind = rows.schema.field(name).type
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _key(rows: pa.Table, roles: set[str | None]) -> tuple[str, ...]:
    """The first column that tells each row from every other and reads like an id."""
    import pyarrow as pa

    from engine.validation.columns import is_text, unwrapped

    for name in rows.column_names:
        column = unwrapped(rows.column(name))
        fits = is_text(column.type) or (pa.types.is_integer(column.type) and _ID.search(name))
        if name not in roles and fits and not column.null_count and _distinct(column) == rows.num_rows:
            return (name,)
    return ()


def _distinct(column: pa.ChunkedArray) -> int:
    import pyarrow.compute as pc

    return int(pc.count_distinct(column, mode="only_valid").as_py())


def _left_out(rows: pa.Table, names: Sequence[str], target: str, task: Task) -> Iterator[LeftOut]:
    """The columns that would teach nothing, or too much."""
    from engine.validation.columns import codes, floats

    step = max(1, rows.num_rows // _LEAK_ROWS)
    sample = rows.take(list(range(0, rows.num_rows, step)))
    answer = floats(sample.column(target)) if task == "regression" else codes(sample.column(target))[0].astype(float)
    if task == "binary":
        answer = (answer == answer[0]).astype(float)
    for name in names:
        why = _teaches_nothing(rows.column(name)) or _tells_the_target(sample.column(name), answer, task)
        if why:
            yield LeftOut(name, why)


def _teaches_nothing(column: pa.ChunkedArray) -> str:
    import pyarrow as pa

    from engine.validation.columns import is_number, is_text, is_time, missing, unwrapped

    column = unwrapped(column)
    present = int((~missing(column)).sum())
    if not present:
        return "it is empty"
    if is_time(column.type):
        return "a date or time; turn it into numbers in extract, such as the weekday"
    if pa.types.is_decimal(column.type) or not (is_number(column.type) or is_text(column.type)):
        return f"of the type {shown(str(column.type))[1:-1]}; turn it into numbers or text in extract"
    different = _distinct(column)
    if different == 1 and present == len(column):  # with gaps, having a value says something
        return "it has one value only"
    if is_text(column.type) and different > max(CLASSES, present // 2):
        return "nearly every row has its own text"
    return ""


def _tells_the_target(column: pa.ChunkedArray, answer: object, task: Task) -> str:
    from engine.validation.gates.leakage import LIMIT, strength

    if strength(column, answer, task) > LIMIT:  # type: ignore[arg-type]
        return "it tells the target alone: is it known only afterwards?"
    return ""


def _segments(rows: pa.Table, features: Sequence[str]) -> Iterator[str]:
    """The first columns of a few values, by which people look at performance."""
    from engine.validation.columns import is_text, unwrapped

    found = 0
    for name in features:
        column = unwrapped(rows.column(name))
        if found < _SEGMENTS and is_text(column.type) and 2 <= _distinct(column) <= _VALUES_OF_A_SEGMENT:
            found += 1
            yield name


def _tolerance(rows: pa.Table, target: str) -> float:
    import numpy as np

    from engine.validation.columns import floats

    values = floats(rows.column(target))
    values = values[np.isfinite(values)]
    off = float(np.abs(values - np.median(values)).mean()) * _TOLERATED
    return float(f"{off:.1g}") if np.isfinite(off) and off > 0 else 0.01


def _gaps(column: pa.ChunkedArray) -> float:
    from engine.validation.columns import missing

    return float(missing(column).mean())


def _notes(table: pa.Table, rows: pa.Table, task: Task, counts: dict[str, int], key: Sequence[str]) -> Iterator[str]:
    without = table.num_rows - rows.num_rows
    if without:
        yield f"{without:,} rows have no target; they are left out."
    rarest = min(counts, key=lambda name: counts[name]) if counts else ""
    if counts and counts[rarest] < FEWEST // 2:
        yield f"Only {counts[rarest]:,} rows are {shown(rarest)}; gates may not be able to tell with so few."
    if key and len(rows.group_by(list(key)).aggregate([])) < rows.num_rows:
        yield f"The key {', '.join(map(shown, key))} does not tell each row from every other."


def _said(left_out: Sequence[LeftOut]) -> str:
    return "; ".join(f"{shown(each.name)} ({each.why})" for each in left_out[:5])
