"""What a look is to know of labels that came for what was answered: the log's answers joined with them, in this
process, which needs no model for it; measured by the meter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.clock import stamp
from engine.feedback import agreement_book
from engine.feedback import book as feedback
from engine.feedback.reading import Come, read
from engine.jobs.agreement import BACK, fresh, judged, without
from engine.jobs.health import meter_job
from engine.json_records import write
from engine.projects.manifest.serve import spec_of
from engine.requests import book
from engine.requests.answers import Listed, logged_answers
from engine.requests.records import Block
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.scoring.unpacked import Unpacked


@dataclass(frozen=True)
class ServedMemory:
    """Of a project that is served: how the blocks of all its versions are ``listed``, the feedback that came, what
    share of its requests is logged, and in which ledger all that is."""

    listed: Listed
    came: Sequence[Come]
    share: float
    since: datetime
    ledger: Ledger


def recall(db: sqlite3.Connection, ledger: Ledger, context: RunContext) -> ServedMemory | None:
    """What the ledger and the store know of it; None where nothing answers requests, or nobody gives labels."""
    assert context.live is not None
    spec = spec_of(context.live[1].settings)
    if not spec.realtime:
        return None
    project, until = context.run.project, context.run.as_of
    since = until - BACK
    came = feedback.came(db, context.store, project, since)

    def listed() -> Sequence[Block]:
        with ledger.read() as again:
            return book.blocks(again, project, since, until)

    return ServedMemory(listed, came, spec.log, since, ledger) if came else None


def job_of(context: RunContext, live: Unpacked, memory: ServedMemory | None, target: pa.DataType) -> dict[str, Any]:
    """What the meter is asked about it; ``target``: the type of labels as the version learnt them."""
    if memory is None:
        return {}
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.monitoring.performance.answered import labelled, labels_of
    from engine.vocabulary.log_columns import AT

    manifest = live.manifest
    features = [name for name in live.features if name not in manifest.data.sensitive]
    logged = logged_answers(context.workspace.requests / context.run.project, memory.listed, features)
    inside = pc.and_(
        pc.greater_equal(logged.table.column(AT), pa.scalar(memory.since)),
        pc.less_equal(logged.table.column(AT), pa.scalar(context.run.as_of)),
    )
    held = judged(memory.ledger, context, logged.table, manifest.data.key).held
    reading = read(without(memory.came, held), None, context.run.as_of)
    with memory.ledger.read() as db:
        waiting = agreement_book.waiting(db, context.run.project)
    joined = labelled(
        logged.table.filter(inside), labels_of(reading.words), reading.counts, manifest.data.key, target,
        fresh=fresh(memory.came, context.run.as_of),
    )  # fmt: skip
    since = memory.since if logged.whole or logged.since is None else max(memory.since, logged.since)
    return {
        "answered": {
            "table": meter_job.put(context, "answered", joined.table),
            "again": [[*whose, count] for whose, count in joined.again.items()],
            "keyless": [[*whose, count] for whose, count in joined.keyless.items()],
            "counts": write(joined.counts),
            "waiting": list(waiting),
            "share": memory.share,
            "since": stamp(since),
            "whole": logged.whole,
            "unread": logged.unread,
        }
    }
