"""How old data is that says nothing of time: since when extract has brought the same rows, look after look.

Without [data] time a source that stands still would stay green for ever. That rows are the same as before says that
nothing has come; how long that may be is what the project itself expects: a retrain that follows its schedule wants new
rows each time, one time may be missed, and a short while more. What never changed while somebody looked cannot be told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.jobs.health import Seen
from engine.monitoring import looks
from engine.monitoring.status import OLDEST
from engine.projects import schedules
from engine.projects.calendar import patience
from engine.runs.room import Room
from engine.runs.tables import read_output
from engine.storage.ledger import Ledger
from engine.text import span

if TYPE_CHECKING:
    import pyarrow as pa

PART = "freshness"


@dataclass(frozen=True)
class Extract:
    """What extract brought: the digest of its rows, since when it has brought these (ISO 8601), and in how many looks.
    ``changed``: earlier looks saw others, so that it was seen to change at all."""

    digest: str
    rows: int
    since: str
    looks: int
    changed: bool


def with_age(ledger: Ledger, room: Room, seen: Seen) -> Seen:
    """What a look came to, with how old its data is where no time column tells that; extract's files must be there."""
    assert room.live is not None
    data = room.live[1]["settings"]["data"]
    if data.get("time"):
        return seen
    table = read_output(room.folder / "steps" / "extract" / "output", "data", data.get("format", "parquet"), "extract")
    with ledger.read() as db:
        before, bound = _before(db, room), _bound(db, room.run.project)
    found = follow(before, digest_of(table, data.get("key", ())), table.num_rows, room.run.as_of)
    return replace(seen, answer=told(seen.answer, found, room.run.as_of, bound))


def _before(db: sqlite3.Connection, room: Room) -> Mapping[str, Any] | None:
    """What the look before this one saw, whichever version was live then."""
    row = db.execute(
        "SELECT document FROM health WHERE project = ? AND document IS NOT NULL AND as_of <= ?"
        " ORDER BY as_of DESC, run DESC LIMIT 1",
        (room.run.project, stamp(room.run.as_of)),
    ).fetchone()
    return looks.unpacked(row["document"]).get("extract") if row else None


def _bound(db: sqlite3.Connection, project: str) -> timedelta:
    rule = schedules.in_force(db, project, "retrain")
    return patience(rule["rule"], rule["timezone"]) if rule else OLDEST


def digest_of(table: pa.Table, key: tuple[str, ...] | list[str]) -> str:
    """The digest of the rows, in whatever order they come where they have a key."""
    import pyarrow as pa

    if key and all(name in table.column_names for name in key):
        with suppress(pa.ArrowException):  # By some keys nothing can be put in order; then the order counts.
            table = table.sort_by([(name, "ascending") for name in key])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
        stream.write_table(table.combine_chunks())
    return sha256(memoryview(sink.getvalue())).hexdigest()


def follow(before: Mapping[str, Any] | None, digest: str, rows: int, as_of: datetime) -> Extract:
    """What is known of these rows, given what the look before knew of its own. Pure."""
    if before is None:
        return Extract(digest, rows, stamp(as_of), 1, False)
    if before["digest"] != digest:
        return Extract(digest, rows, stamp(as_of), 1, True)
    return Extract(digest, rows, before["since"], before["looks"] + 1, before["changed"])


def told(answer: Mapping[str, Any], found: Extract, as_of: datetime, bound: timedelta) -> dict[str, Any]:
    """The look's answer with a part that says how old its data is, and a finding where that is too old. Pure."""
    from engine.monitoring.findings import finding, verdict_of

    age = as_of - moment(found.since)
    same = f"extract has brought the same {found.rows:,} rows since {found.since[:16].replace('T', ' ')} UTC"
    listed, measured = list(answer["findings"]), list(answer["measured"])
    if age > bound:
        why = f"{same}, for {span(age.total_seconds())}, in {found.looks:,} looks"
        act = "look at the data source; name [data] time, so that the age of each row can be told"
        listed.append(finding("same-rows", PART, "watch", why, act, found.since))
        verdict = "watch"
    elif found.changed:
        ago = f"{span(age.total_seconds())} ago" if age else "with this look"
        verdict, why = "ok", f"other rows came {ago}; how old they are, no [data] time tells"
    else:
        verdict, why = "cannot tell", f"{same}, and no [data] time tells how old they are"
    if verdict != "cannot tell":
        measured.append(PART)
    parts = {**answer["parts"], PART: {"verdict": verdict, "why": why}}
    whole, because = verdict_of(listed, parts)
    if answer["verdict"] == "unknown" and not listed:
        whole, because = answer["verdict"], answer["why"]  # That rows came says nothing of how the version does.
    changes = {"findings": listed, "measured": measured, "parts": parts, "extract": asdict(found)}
    return {**answer, **changes, "verdict": whole, "why": because}
