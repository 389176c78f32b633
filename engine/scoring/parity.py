"""Whether what was made of a version, an export or a compiled form, answers as it does: what both said of the same
rows, compared. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.text import plain
from engine.versions.parity import THRESHOLDS, Group, Parity, Thresholds, WorstRow

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

WORST = 10
# What a compiled form is held to, which answers in the place of the version: no decision changes, at the boundary
# neither; what is left are the last bits of sums that are added up in another order.
EXACT = Thresholds(largest=1e-9, mean=1e-9, changed_there=0.0)


def compare(
    version: pa.Table,
    other: pa.Table,
    *,
    regression: bool,
    places: Any,
    holdout_rows: int,
    gaps: Mask,
    unseen: Mask,
    thresholds: Thresholds = THRESHOLDS,
    what: str = "the export",
) -> Parity:
    """Compare the answers of a version with those of ``what`` was made of it, row by row.

    Both tables have ``prediction`` and, for a classifier that gives them, ``p_<class>`` or a score. ``places``: where
    each row stands in the holdout; ``gaps`` and ``unseen``: which rows lack a value, or have a category that training
    had not.
    Raises ValueError where the two are of different lengths.
    """
    import numpy as np

    rows = version.num_rows
    if other.num_rows != rows:
        raise ValueError(f"{other.num_rows} answers for {rows} rows")
    theirs_of, chances, spread, unanswered = _numbers(version, other, regression)
    changed = None if regression else _labels(version) != _labels(other)
    at_boundary = _at_boundary(version, chances, thresholds) if not regression else None
    largest = None if theirs_of is None else float(np.max(theirs_of, initial=0.0))
    groups = {"boundary": at_boundary, "gaps": gaps, "unseen": unseen}
    found = {name: None if mask is None else _group(mask, theirs_of, changed) for name, mask in groups.items()}
    assert found["gaps"] is not None and found["unseen"] is not None
    mean = None if theirs_of is None else float(np.mean(theirs_of)) if rows else 0.0
    parity = Parity(
        holds=True,
        why=(),
        compared=_compared(regression, chances, theirs_of),
        rows=rows,
        holdout_rows=holdout_rows,
        largest=largest if largest is None or np.isfinite(largest) else None,
        mean=mean if mean is None or np.isfinite(mean) else None,
        spread=spread,
        changed=None if changed is None else int(changed.sum()),
        changed_share=None if changed is None else float(changed.mean()) if rows else 0.0,
        unanswered=unanswered,
        boundary=found["boundary"],
        gaps=found["gaps"],
        unseen=found["unseen"],
        worst=_worst(version, other, theirs_of, changed, places, groups),
        thresholds=thresholds,
    )
    return _judged(parity, theirs_of, what)


def _compared(regression: bool, chances: list[str], differences: Floats | None) -> str:
    if regression:
        return "the predicted number"
    if chances:
        return f"the label and {len(chances)} probabilities"
    return "the label" if differences is None else "the label and the score"


def _numbers(
    version: pa.Table, export: pa.Table, regression: bool
) -> tuple[Floats | None, list[str], float | None, int]:
    """The difference of each row (the largest of its columns), which columns are probabilities, the spread that it is
    a share of, and how many rows the export has no number for."""
    import numpy as np

    chances = [] if regression else [name for name in version.column_names if name.startswith("p_")]
    chances = [name for name in chances if name in export.column_names]
    scored = [name for name in version.column_names if name.partition("_")[0] == "score"]
    scores = [name for name in scored if name in export.column_names]
    columns = ["prediction"] if regression else chances or scores
    if not columns:
        empty = export.column("prediction").null_count
        return None, [], None, int(empty)
    ours = np.stack([_floats(version.column(name)) for name in columns], axis=1)
    theirs = np.stack([_floats(export.column(name)) for name in columns], axis=1)
    lacking = (np.isfinite(ours) & ~np.isfinite(theirs)).any(axis=1)
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs)
    apart[np.isnan(ours) & np.isnan(theirs)] = 0.0
    apart[~np.isfinite(apart)] = np.inf
    spread = None
    if regression:
        finite = ours[np.isfinite(ours)]
        spread = float(np.std(finite)) if len(finite) else 0.0
        spread = spread or float(np.max(np.abs(finite), initial=0.0)) or 1.0
        apart /= spread
    return apart.max(axis=1), chances, spread, int(lacking.sum())


def _floats(column: pa.ChunkedArray) -> Floats:
    import numpy as np
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _labels(table: pa.Table) -> Any:
    """Labels as text: 1, 1.0 and true are one label, whatever a database or a runtime made of it."""
    import numpy as np

    return np.array([label(value) for value in table.column("prediction").to_pylist()], dtype=object)


def label(value: object) -> str:
    """One label as text."""
    if isinstance(value, bool | int):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _at_boundary(version: pa.Table, chances: list[str], thresholds: Thresholds) -> Mask | None:
    import numpy as np

    if len(chances) < 2:
        return None
    ordered = np.sort(np.stack([_floats(version.column(name)) for name in chances], axis=1), axis=1)
    near: Mask = (ordered[:, -1] - ordered[:, -2]) < thresholds.boundary
    return near


def _group(mask: Mask, differences: Floats | None, changed: Mask | None) -> Group:
    import numpy as np

    worst = None if differences is None or not mask.any() else float(differences[mask].max())
    return Group(
        int(mask.sum()),
        worst if worst is None or np.isfinite(worst) else None,
        None if changed is None else int(changed[mask].sum()),
    )


def _worst(
    version: pa.Table, export: pa.Table, differences: Floats | None, changed: Mask | None, places: Any, groups: Any
) -> tuple[WorstRow, ...]:
    """The rows with a changed decision first, then those that are furthest off; none where all agree."""
    import numpy as np

    rows = version.num_rows
    apart = np.zeros(rows) if differences is None else differences
    moved = np.zeros(rows, dtype=bool) if changed is None else changed
    order = [int(row) for row in np.lexsort((np.arange(rows), -apart, ~moved)) if apart[row] or moved[row]]
    return tuple(
        WorstRow(
            row=int(places[row]),
            version=_said(version, row),
            export=_said(export, row),
            difference=float(apart[row]) if differences is not None and np.isfinite(apart[row]) else None,
            of=tuple(name for name, mask in groups.items() if mask is not None and mask[row]),
        )
        for row in order[:WORST]
    )


def _said(table: pa.Table, row: int) -> str:
    """``1 (p_0 0.4812, p_1 0.5188)``."""
    names = [name for name in table.column_names if name.startswith("p_")][:5]
    values = [f"{name} {table.column(name)[row].as_py()!r}" for name in names]
    told = f"{table.column('prediction')[row].as_py()}"
    return plain(f"{told} ({', '.join(values)})" if values else told, 300)


def _judged(parity: Parity, differences: Floats | None, what: str) -> Parity:
    """With the verdict, and each sentence that is against it."""
    from dataclasses import replace

    import numpy as np

    bar, why = parity.thresholds, []
    share = " of the spread of the version's own predictions" if parity.spread is not None else ""
    if not parity.rows:
        why.append("there is no holdout row to compare")
    if parity.unanswered:
        why.append(f"{parity.unanswered:,} rows get no answer from {what} that the version has one for")
    if differences is not None:
        finite = differences[np.isfinite(differences)]
        beyond = int((differences > bar.largest).sum())
        if beyond:
            worst = float(np.max(finite, initial=0.0))
            why.append(
                f"{beyond:,} of {parity.rows:,} rows are off by more than {bar.largest:g}{share}, the worst by "
                f"{worst:.3g}"
            )
        elif parity.mean is not None and parity.mean > bar.mean:
            why.append(f"rows are off by {parity.mean:.3g} on average{share}, and {bar.mean:g} is allowed")
    if parity.changed:
        there = parity.boundary.changed or 0 if parity.boundary else 0
        elsewhere = parity.changed - there
        if elsewhere:
            why.append(f"{elsewhere:,} of {parity.rows:,} decisions change that are not at the boundary")
        if there > bar.changed_there * parity.rows:
            allowed = f"{bar.changed_there:.1%} of all rows may" if bar.changed_there else "none may"
            why.append(f"{there:,} decisions at the boundary change, and {allowed}")
    return replace(parity, holds=not why, why=tuple(why))


def gaps(rows: pa.Table) -> Mask:
    """Which of ``rows`` lack a value."""
    import numpy as np

    from engine.validation.columns import missing

    found: Mask = np.zeros(rows.num_rows, dtype=bool)
    for name in rows.column_names:
        found |= missing(rows.column(name))
    return found


def unseen(rows: pa.Table, train: pa.Table, names: Sequence[str]) -> Mask:
    """Which of ``rows`` have in one of the columns ``names`` a value that ``train`` has not."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    def values(column: pa.ChunkedArray) -> pa.ChunkedArray:
        return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column

    found: Mask = np.zeros(rows.num_rows, dtype=bool)
    for name in names:
        column, known = values(rows.column(name)), pc.unique(values(train.column(name))).drop_null()
        there = pc.or_(pc.is_in(column, value_set=known.cast(column.type)), pc.is_null(column))
        found |= ~np.asarray(there.to_numpy(), dtype=bool)
    return found
