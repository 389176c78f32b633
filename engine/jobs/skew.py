"""The job ``skew``: logged requests of the live version go through its own environment again, and must be answered as
they were. What answered them may have been compiled tables, another process, another machine's library.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from engine import clock
from engine.errors import Damage, Refusal
from engine.records import RunState
from engine.requests import block, book, skew_book
from engine.requests.records import Block
from engine.requests.skew import LoggedRow, SkewCheck, compare, spread
from engine.runs import queue
from engine.runs.cancelling import refuse_cancelled
from engine.runs.leftovers import drop_copies
from engine.runs.run_context import RunContext
from engine.scoring.makers import open_ready
from engine.scoring.row_table import RowTable, row_table
from engine.storage.ledger import Ledger

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument

SAMPLE, MOST_BLOCKS = 2000, 60
BACK = timedelta(days=1)


def check(ledger: Ledger, context: RunContext) -> None:
    """Replay a sample of the last day, keep what was found, and end the run: as failed where anything differs.

    Raises Refusal where nothing is live or the log lacks a feature, StepFailed where the version does not score.
    """
    if context.live is None:
        raise Refusal(f"Nothing of {context.run.project} is live, so there is no answer to ask for again.")
    label, document = context.live
    rows_as = row_table(context.store, document)
    context.tell(0.05, "reading the log")
    rows, unread = _sample(ledger, context, label, rows_as)
    found = SkewCheck(label, clock.now(), 0, 0, 0, 0.0, unread, ())
    if rows:
        context.tell(0.3, f"asking {label} again")
        again = _answered_again(context, label, document, rows_as, rows)
        found = compare(label, rows, again, rows_as.features, rows_as.outputs, clock.now(), unread)
    drop_copies(context.folder)
    with ledger.write() as db:
        refuse_cancelled(db, context.run.id)
        skew_book.keep(db, context.run.project, context.run.id, found)
        state: RunState = "failed" if found.differing or found.unread else "succeeded"
        queue.finish(db, context.run.id, state, clock.now(), version=label, why=found.sentence)


def _answered_again(
    context: RunContext, label: str, document: VersionDocument, rows_as: RowTable, rows: list[LoggedRow]
) -> list[tuple[str | float | int | bool | None, ...]]:
    """An answer for each row, by a process of the version's own environment, whatever answered when it was asked."""
    folder = context.folder / "skew"
    scorer = open_ready(
        context.workspace, context.store, label, document, folder, marker=context.marker, held=context.held,
        maker="process",
    )  # fmt: skip
    try:
        return rows_as.answers(scorer.score(rows_as.table([row.features for row in rows])))
    finally:
        scorer.close()


def _sample(ledger: Ledger, context: RunContext, label: str, rows_as: RowTable) -> tuple[list[LoggedRow], int]:
    """Rows that the version itself answered, evenly over the newest blocks, and how many blocks could not be read."""
    project, until = context.run.project, context.run.as_of
    with ledger.read() as db:
        there = [each for each in book.blocks(db, project, until - BACK, until) if each.version == label]
    there = there[:MOST_BLOCKS]
    each_of = math.ceil(SAMPLE / max(1, len(there)))
    rows, unread = list[LoggedRow](), 0
    for found in there:
        try:
            rows += _rows(_table(context, found), rows_as, each_of)
        except Damage:
            with ledger.read() as db:  # One that has just ended made room or was old enough.
                unread += any(each.id == found.id for each in book.blocks(db, project))
    return rows[:SAMPLE], unread


def _table(context: RunContext, found: Block) -> pa.Table:
    path = context.workspace.requests / found.project / found.file
    return block.table_in(block.content_at(path, found.digest))


def _rows(table: pa.Table, rows_as: RowTable, most: int) -> list[LoggedRow]:
    names = [block.FEATURE + name for name in rows_as.features]
    answers = [block.ANSWER + name for name in rows_as.outputs]
    missing = [name for name in (*names, *answers) if name not in table.column_names]
    if missing:
        raise Refusal(f"The request log has no column {missing[0]}, so what was asked cannot be asked again.")
    places = [place for place, by in enumerate(table.column("request.fallback").to_pylist()) if by is None]
    places = [places[place] for place in spread(len(places), most)]
    if not places:  # Arrow takes no places of a list without any.
        return []
    taken = table.take(places)
    features = zip(*(taken.column(name).to_pylist() for name in names), strict=True) if names else [()] * len(places)
    answered = zip(*(taken.column(name).to_pylist() for name in answers), strict=True)
    about = zip(taken.column("request.id").to_pylist(), taken.column("request.at").to_pylist(), strict=True)
    return [
        LoggedRow(request, clock.stamp(at), values, answer)
        for (request, at), values, answer in zip(about, features, answered, strict=True)
    ]
