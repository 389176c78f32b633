"""Rows of the request log as a table that a look can hold against the training data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.errors import Damage, StepFailed
from engine.requests import block
from engine.requests.records import Block
from engine.requests.skew import spread
from engine.runs.run_context import RunContext
from engine.scoring.row_table import row_table

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument

BACK = timedelta(days=7)
MOST_ROWS, MOST_BLOCKS = 20_000, 100


def logged_features(context: RunContext, document: VersionDocument, blocks: Sequence[Block]) -> pa.Table | None:
    """The features of rows spread evenly over ``blocks``, in the version's own types; None where there are none that
    can be read and are of these types."""
    chosen = [blocks[place] for place in spread(len(blocks), MOST_BLOCKS)]
    try:
        rows_as = row_table(context.store, document)
    except Damage:
        return None
    names = [block.FEATURE + name for name in rows_as.features]
    rows = list[tuple[str | float | int | bool | None, ...]]()
    for found in chosen:
        try:
            path = context.workspace.requests / found.project / found.file
            table = block.table_in(block.content_at(path, found.digest))
        except Damage:
            continue  # The check of skew tells it.
        if set(names) <= set(table.column_names):
            taken = table.select(names).take(spread(table.num_rows, math.ceil(MOST_ROWS / len(chosen))))
            rows += zip(*(taken.column(name).to_pylist() for name in names), strict=True)
    try:
        return rows_as.table(rows) if rows else None
    except StepFailed:
        return None
