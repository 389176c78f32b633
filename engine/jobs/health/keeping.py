"""What a look leaves for the next one. It is only to make that one cheap: where it cannot be kept, everything is asked
for again."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.jobs.health import kept
from engine.jobs.health.kept import Head
from engine.jobs.health.predictions import Predictions
from engine.jobs.health.rows import Rows, with_said
from engine.json_records import write
from engine.monitoring.look_document import LookDocument
from engine.runs.run_context import RunContext

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.jobs.health.look import Memory
    from engine.projects.manifest.reader import Manifest

ANSWERS = "kept.json"  # As the meter leaves it beside its answer.
_OF_A_COLUMN = ("lost-column", "new-column", "changed-type")


def keep_still(context: RunContext, folder: Path, head: Head) -> None:
    """Nothing came: the rows are known until now."""
    with suppress(OSError):
        kept.keep(folder, replace(head, as_of=stamp(context.run.as_of), run=context.run.id, merged=head.merged + 1))


def keep_rows(
    context: RunContext,
    manifest: Manifest,
    memory: Memory,
    folder: Path,
    seen: Rows,
    said: Predictions,
    rival: Predictions,
    answer: LookDocument,
) -> None:
    """Keep the rows with what was said of them, and what was computed. A look at the past keeps nothing."""
    before, as_of = kept.head_of(folder, memory.digest), context.run.as_of
    if seen.table is None or (before is not None and moment(before.as_of) > as_of):
        return
    # What a disk refuses, or what no file can hold.
    with suppress(OSError, ValueError, NotImplementedError):
        computed = json.loads((context.folder / ANSWERS).read_bytes())
        table, ahead, oldest = _table(seen, manifest, as_of, said, rival)
        anew = computed["dear"]["as_of"] == stamp(as_of)
        base = seen.head or _whole(context, manifest, memory, folder, seen, answer)
        head = replace(
            base,
            as_of=stamp(as_of),
            merged=base.merged + (seen.head is not None),
            run=context.run.id,
            rows=kept.put(folder, table),
            labels=seen.labels,
            rival=memory.rival[1] if memory.rival and rival.table is not None else None,
            left_out=seen.left_out,
            oldest=oldest if seen.left_out else None,
            ahead=ahead,
            arrived=seen.new_rows,
            arrived_since=stamp(memory.until) if memory.until else None,
            disagreement=seen.disagreement,
            answers=computed["answers"],
            dear=computed["dear"],
            news=0 if anew else seen.news + base.news,
        )
        kept.keep(folder, head)


def _whole(
    context: RunContext, manifest: Manifest, memory: Memory, folder: Path, seen: Rows, answer: LookDocument
) -> Head:
    """What stays as it is until everything is asked for again."""
    from engine.validation.columns import shown

    hidden = manifest.data.sensitive
    names = {shown(name) for name in hidden}
    assert seen.all_rows is not None
    return Head(
        rules=kept.rules(),
        version=memory.digest,
        as_of="",
        whole_at=stamp(context.run.as_of),
        merged=0,
        run=0,
        rows="",
        reference=kept.put(folder, _without(seen.reference, hidden)),
        learnt=seen.learnt,
        hidden={field.name: str(field.type) for field in seen.all_rows.schema if field.name in hidden},
        unseen=tuple(write(each) for each in answer.quality if each.kind in _OF_A_COLUMN and each.column in names),
    )


def _without(table: pa.Table, hidden: tuple[str, ...]) -> pa.Table:
    return table.select([name for name in table.column_names if name not in hidden])


def _table(
    seen: Rows, manifest: Manifest, as_of: datetime, said: Predictions, rival: Predictions
) -> tuple[pa.Table, str | None, str | None]:
    """The rows to keep: those that were measured, those of the future, and those without a time. And the first moment
    of the future ones, and of the others."""
    import numpy as np
    import pyarrow as pa

    from engine.validation.event_times import instant, microseconds, read_moments

    assert seen.table is not None and seen.at is not None and manifest.data.time is not None
    moments, dated = read_moments(seen.table, manifest.data.time)
    future = dated & (moments > microseconds(as_of))
    stay = ~dated | future
    stay[seen.at] = True

    def first(of: Any) -> str | None:
        found: datetime | None = instant(int(moments[of].min())) if of.any() else None
        return stamp(found) if found is not None else None

    measured = np.zeros(len(stay), dtype=bool)
    measured[seen.at] = True
    return with_said(seen, said.table, rival.table).filter(pa.array(stay)), first(future), first(measured)
