"""Rows of the request log as tables that a look can hold against the training data, and what was said about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engine.clock import stamp
from engine.errors import Damage, StepFailed
from engine.jobs.health import meter_job
from engine.requests import block
from engine.requests.records import Block
from engine.requests.skew import spread
from engine.runs.run_context import RunContext
from engine.scoring.row_table import row_table
from engine.vocabulary.log_columns import AT, FALLBACK

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from engine.versions.records import VersionDocument

BACK = timedelta(days=7)
MOST_ROWS, MOST_BLOCKS = 20_000, 100
_RULE = "rule"
_Values = tuple[str | float | int | bool | None, ...]


@dataclass(frozen=True)
class LoggedRows:
    """``features``: in the version's own types. ``answers``: what it said of the same rows. ``since`` and ``until``:
    when the first and the last of them were asked for."""

    features: pa.Table
    answers: pa.Table
    since: datetime
    until: datetime


def job_of(context: RunContext, document: VersionDocument, blocks: Sequence[Block]) -> dict[str, Any]:
    """What the meter is asked about them."""
    found = logged_rows(context, document, blocks)
    if found is None:
        return {"requests": None}
    return {
        "requests": meter_job.put(context, "requests", found.features),
        "requests_answers": meter_job.put(context, "requests-answers", found.answers),
        "requests_since": stamp(found.since),
        "requests_until": stamp(found.until),
    }


def logged_rows(context: RunContext, document: VersionDocument, blocks: Sequence[Block]) -> LoggedRows | None:
    """Rows spread evenly over ``blocks``, which are of that version; None where there are none that can be read and
    are of its types. What a rule answered is not the version's, and is passed over."""
    chosen = [blocks[place] for place in spread(len(blocks), MOST_BLOCKS)]
    try:
        rows_as = row_table(context.store, document)
    except Damage:
        return None
    names, outputs = ([mark + name for name in of] for mark, of in
                      ((block.FEATURE, rows_as.features), (block.ANSWER, rows_as.outputs)))  # fmt: skip
    rows: list[_Values] = []
    said: list[pa.Table] = []
    times: list[datetime] = []
    for found in chosen:
        try:
            path = context.workspace.requests / found.project / found.file
            table = block.table_in(block.content_at(path, found.digest))
        except Damage:
            continue  # The check of skew tells it.
        if not {*names, *outputs} <= set(table.column_names):
            continue
        own = [place for place, by in enumerate(table.column(FALLBACK).to_pylist()) if by != _RULE]
        if not own:  # Arrow takes no places of a list without any.
            continue
        taken = table.take([own[place] for place in spread(len(own), math.ceil(MOST_ROWS / len(chosen)))])
        rows += zip(*(taken.column(name).to_pylist() for name in names), strict=True)
        said.append(taken.select(outputs).rename_columns(list(rows_as.outputs)))
        times += taken.column(AT).to_pylist()
    try:
        return LoggedRows(rows_as.table(rows), block.joined(said), min(times), max(times)) if rows else None
    except StepFailed:
        return None
