"""The age of data without a time column: whether extract brings the rows that it brought before."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.monitoring import looks
from engine.monitoring.look_parts import Extract
from engine.monitoring.status import OLDEST
from engine.projects import schedules
from engine.projects.manifest.cron import patience
from engine.vocabulary.jobs import RETRAIN

if TYPE_CHECKING:
    import pyarrow as pa


def recall(db: sqlite3.Connection, project: str, as_of: datetime) -> tuple[Extract | None, timedelta]:
    """What the look before ``as_of`` knew of the rows, whichever version was live then, and how long they may stay."""
    before = looks.last_document(db, project, as_of)
    rule = schedules.in_force(db, project, RETRAIN.name)
    return (
        before.extract if before else None,
        patience(rule["rule"], rule["timezone"]) if rule else OLDEST,
    )


def digest_of(table: pa.Table, key: Sequence[str]) -> str:
    """The digest of the rows, in whatever order they come where they have a key."""
    import pyarrow as pa

    if key and all(name in table.column_names for name in key):
        with suppress(pa.ArrowException):  # By some keys nothing can be put in order; then the order counts.
            table = table.sort_by([(name, "ascending") for name in key])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
        stream.write_table(table.combine_chunks())
    return sha256(memoryview(sink.getvalue())).hexdigest()
