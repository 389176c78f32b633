"""Where versions came from that were not made here: which workspaces they passed, and whose key vouches for that."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment, stamp
from engine.json_records import read, write
from engine.versions.catalog import parse_label


@dataclass(frozen=True)
class StationDecision:
    """What somebody decided about a version there: ``approve``, ``reject``, ``rollback`` to it, ``lift``."""

    kind: str
    at: str
    actor: str
    reason: str


@dataclass(frozen=True)
class Station:
    """A workspace that a version passed, and what it was there when it left. Times are texts in ISO 8601.

    ``workspace``: the first digest of its trail. ``run``: what made the version there, or took it in. ``against``: the
    digest of the version that was live there when it was judged or came in.
    """

    workspace: str
    label: str
    state: str
    why: str | None
    made_at: str
    run: int
    requested_by: str
    decisions: tuple[StationDecision, ...] = ()
    against: str | None = None

    @property
    def approved_by(self) -> tuple[str, ...]:
        """Whoever approved it there, each once."""
        return tuple(dict.fromkeys(each.actor for each in self.decisions if each.kind == "approve"))


@dataclass(frozen=True)
class Origin:
    """Where a version came from: its ``stations``, the first of which made it and the last of which sent it here.

    ``source``: what that workspace is called here; ``key``: the fingerprint of the key that signed it; ``by`` took it
    in at ``at``. ``same_ground``: it was judged there against the very version that was live here then. ``despite``:
    what was known against it, where an admin took it in all the same.
    """

    project: str
    number: int
    at: datetime
    by: str
    source: str
    key: str
    stations: tuple[Station, ...]
    same_ground: bool
    despite: str | None = None

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"

    @property
    def sentence(self) -> str:
        """Where it is from, in one sentence without an end."""
        made, sent = self.stations[0], self.stations[-1]
        who = f", approved there by {' and '.join(sent.approved_by)}" if sent.approved_by else ", not approved there"
        way = f" by way of {len(self.stations) - 1} more" if len(self.stations) > 1 else ""
        return f"{sent.label} of {self.source}{who}; made by run {made.run} for {made.requested_by}{way}"


def keep(db: sqlite3.Connection, origin: Origin) -> None:
    """Write one down, in the transaction that registers the version."""
    stations = json.dumps([write(each) for each in origin.stations])
    db.execute(
        "INSERT INTO origins (project, number, at, by, source, key, stations, same_ground, despite)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            origin.project, origin.number, stamp(origin.at), origin.by, origin.source, origin.key, stations,
            origin.same_ground, origin.despite,
        ),
    )  # fmt: skip


def of_version(db: sqlite3.Connection, label: str) -> Origin | None:
    """Where the version called ``label`` came from; None when it was made here."""
    row = db.execute("SELECT * FROM origins WHERE project = ? AND number = ?", parse_label(label)).fetchone()
    return _record(row) if row is not None else None


def of_project(db: sqlite3.Connection, project: str) -> dict[int, Origin]:
    """The same of every version of ``project`` that came from elsewhere, by its number."""
    rows = db.execute("SELECT * FROM origins WHERE project = ?", (project,))
    return {row["number"]: _record(row) for row in rows}


def everything(db: sqlite3.Connection, limit: int) -> tuple[Origin, ...]:
    """The newest ``limit`` that came in, the last one first."""
    return tuple(map(_record, db.execute("SELECT * FROM origins ORDER BY at DESC, number DESC LIMIT ?", (limit,))))


def _record(row: sqlite3.Row) -> Origin:
    return Origin(
        project=row["project"],
        number=row["number"],
        at=moment(row["at"]),
        by=row["by"],
        source=row["source"],
        key=row["key"],
        stations=stations_in(json.loads(row["stations"])),
        same_ground=bool(row["same_ground"]),
        despite=row["despite"],
    )


def stations_in(told: Sequence[object]) -> tuple[Station, ...]:
    """The stations that JSON tells. Raises Damage."""
    return tuple(read(Station, each, "A station of a version") for each in told)
