"""The list of exports in the ledger: what was made of which version, whether it answers as that does, who uses it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

from engine.clock import moment, stamp
from engine.exports.records import Export
from engine.json_records import read, write
from engine.versions import catalog
from engine.versions.parity import Parity


def register(db: sqlite3.Connection, made: Export) -> Export:
    """Keep ``made``, inside the caller's transaction; with its number."""
    found = db.execute(
        "INSERT INTO exports (at, by, project, number, kind, dialect, digest, folder, parity, forced, used_by, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stamp(made.at), made.by, made.project, made.number, made.kind, made.dialect, made.digest, made.folder,
            json.dumps(write(made.parity), sort_keys=True), int(made.forced), made.used_by, made.reason,
        ),
    )  # fmt: skip
    return replace(made, id=int(found.lastrowid or 0))


def listed(db: sqlite3.Connection, project: str | None, limit: int) -> tuple[Export, ...]:
    """The newest exports first, each with the state of its version now."""
    where, values = ("", ()) if project is None else ("WHERE project = ?", (project,))
    rows = db.execute(f"SELECT * FROM exports {where} ORDER BY id DESC LIMIT ?", (*values, limit)).fetchall()
    return tuple(replace(each, state=catalog.record(catalog.find(db, each.label)).state) for each in map(_export, rows))



def _export(row: sqlite3.Row) -> Export:
    return Export(
        id=row["id"],
        project=row["project"],
        number=row["number"],
        kind=row["kind"],
        dialect=row["dialect"],
        digest=row["digest"],
        folder=row["folder"],
        parity=read(Parity, json.loads(row["parity"]), f"The parity of export {row['id']}"),
        forced=bool(row["forced"]),
        used_by=row["used_by"],
        reason=row["reason"],
        by=row["by"],
        at=moment(row["at"]),
    )
