"""The parity gate of a compiled form: what it says of the holdout, held against what the model itself said of it.

All rows of the holdout count; and for some of them that it answers a row alone as it answers the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.scoring import parity as rules
from engine.scoring.ready import ReadyScorer
from engine.text import plain
from engine.validation.columns import is_text

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.parity import Parity

ALONE = 500  # rows that are asked for alone too
# A matrix of one row is multiplied in another order than one of many: the last bits of what comes out may be others.
NEAR = 1e-12


def compared(
    scorer: ReadyScorer, recorded: pa.Table, rows: pa.Table, train: pa.Table, *, regression: bool
) -> tuple[Parity | None, tuple[str, ...]]:
    """How ``scorer`` answers ``rows`` beside what was ``recorded`` of them, and all that is against it, each the end of
    a sentence: none where it may stand for the model. No parity where there is nothing to compare.

    ``train``: what was learnt from, for what a category never seen is. Raises StepFailed where it does not answer.
    """
    import numpy as np

    if list(scorer.features) != rows.column_names:
        return None, ("it takes other features than the model, or in another order",)
    found = scorer.score(rows)
    apart = _other_columns(recorded, found)
    if apart is not None:
        return None, (apart,)
    texts = [field.name for field in rows.schema if _holds_text(field.type)]
    what = "the ONNX" if scorer.maker == "onnx" else "the tables"
    parity = rules.compare(
        recorded, found, regression=regression, places=np.arange(rows.num_rows), holdout_rows=rows.num_rows,
        gaps=rules.gaps(rows), unseen=rules.unseen(rows, train, texts), thresholds=rules.EXACT, what=what,
    )  # fmt: skip
    alone = answers_alone(scorer, rows, found)
    return parity, (*parity.why, *((alone,) if alone else ()))


def _other_columns(recorded: pa.Table, found: pa.Table) -> str | None:
    """Whether the answers have other names or types: a label 1 is not a label true for whoever gets it."""
    if found.num_rows != recorded.num_rows:
        return f"it gave {found.num_rows:,} answers for {recorded.num_rows:,} rows"
    if found.column_names != recorded.column_names:
        ours, theirs = (plain(", ".join(each.column_names), 120) for each in (recorded, found))
        return f"it gives the columns {theirs}, and the model {ours}"
    for name in recorded.column_names:
        ours, theirs = (_kind(each.schema.field(name).type) for each in (recorded, found))
        if ours != theirs:
            return f"its column {plain(name, 60)} is {theirs}, and that of the model {ours}"
    return None


def _kind(kind: pa.DataType) -> str:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return "text" if is_text(kind) else str(kind)


def _holds_text(kind: pa.DataType) -> bool:
    return _kind(kind) == "text"


def answers_alone(scorer: ReadyScorer, rows: pa.Table, found: pa.Table) -> str | None:
    """Whether a row alone is answered otherwise than in the table: in any bit by tables, else in any label: ONNX, and
    what a project does first, may compute one row otherwise than many."""
    import numpy as np
    import pyarrow as pa

    near = 0.0 if scorer.maker == "compiled" else NEAR

    places = pa.array(np.unique(np.linspace(0, rows.num_rows - 1, min(ALONE, rows.num_rows)).astype(np.int64)))
    asked, wanted = rows.take(places), found.take(places)
    values = [column.to_pylist() for column in asked.columns]
    expected = list(zip(*(wanted.column(name).to_pylist() for name in scorer.outputs), strict=True))
    differing = 0
    for row, answer in zip(zip(*values, strict=True), expected, strict=True):
        try:
            said = scorer.answer([row])
        except StepFailed:
            said = []
        differing += len(said) != 1 or not all(_same(*pair, near) for pair in zip(said[0], answer, strict=True))
    return f"it answers {differing:,} of {len(expected):,} rows otherwise alone than in a table" if differing else None


def _same(one: object, other: object, near: float) -> bool:
    if near and isinstance(one, float) and isinstance(other, float) and abs(one - other) <= near * max(1.0, abs(other)):
        return True
    return one == other or (one != one and other != other)  # no number is like no number
