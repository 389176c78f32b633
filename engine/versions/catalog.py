"""The list of versions in the ledger: register one, find one, page through them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from engine.clock import moment, stamp
from engine.errors import Invalid, NotFound
from engine.records import Comparison, GateVerdict, Metric, Version, VersionState
from engine.storage.ledger import Ledger

_BACK = """
FROM versions WHERE project = given.value AND state = 'retired' AND cleaned_at IS NULL
ORDER BY live_until DESC, number DESC LIMIT 1
"""
_IN_BRIEF = f"""
SELECT given.value AS name,
    (SELECT data_until FROM versions WHERE project = given.value ORDER BY number DESC LIMIT 1) AS data_until,
    (SELECT number {_BACK}) AS back, (SELECT damage IS NOT NULL {_BACK}) AS back_damaged
FROM json_each(?) given
"""
_LABEL = re.compile(r"([a-z0-9][a-z0-9-]*)@([1-9][0-9]{0,8})")


def parse_label(label: str) -> tuple[str, int]:
    """``flights@12`` as its project and number. Raises Invalid."""
    match = _LABEL.fullmatch(label)
    if not match:
        raise Invalid(f"{label[:60]!a} is not a version; write it like flights@12.")
    return match[1], int(match[2])


def register(
    db: sqlite3.Connection,
    *,
    project: str,
    digest: str,
    made_at: datetime,
    as_of: datetime,
    run: int,
    verdict: GateVerdict,
    comparison: Comparison,
    sentence: str,
    against: int | None,
    metric: Metric | None,
    data_until: datetime | None,
    expires_at: datetime,
    authors: str = "[]",
    offered: bool | None = None,
) -> int:
    """Give a packaged version its number, inside the caller's transaction; a passed one becomes a candidate.

    ``offered``: whether it does, where the verdict alone does not say.
    ``authors``: who committed its code since ``against``, as ``release.eyes`` reads it.
    """
    number = int(
        db.execute("SELECT coalesce(max(number), 0) + 1 FROM versions WHERE project = ?", (project,)).fetchone()[0]
    )
    passed = verdict in ("pass", "warn") if offered is None else offered
    state = "candidate" if passed else "failed"
    db.execute(
        "INSERT INTO versions (project, number, digest, made_at, as_of, run, verdict, comparison, sentence, against,"
        " metric, data_until, expires_at, state, authors) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            project, number, digest, stamp(made_at), stamp(as_of), run, verdict, comparison, sentence, against,
            json.dumps(asdict(metric) if metric else None), stamp(data_until) if data_until else None,
            stamp(expires_at), state, authors,
        ),
    )  # fmt: skip
    return number


def find(db: sqlite3.Connection, label: str) -> sqlite3.Row:
    """The row of the version called ``label``. Raises NotFound."""
    project, number = parse_label(label)
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM versions WHERE project = ? AND number = ?", (project, number)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no version {label}; {_those_there(db, project)}.")
    return row


def _those_there(db: sqlite3.Connection, project: str) -> str:
    """Where to look instead, as a clause: a project of which there is none has no list."""
    if db.execute("SELECT 1 FROM versions WHERE project = ?", (project,)).fetchone() is None:
        return f"nothing was made of {project} here; 'leverframe status' lists the projects"
    return f"'leverframe versions {project}' lists what there is"


def record(row: sqlite3.Row) -> Version:
    """A row of the table as the record that every screen speaks."""
    metric: dict[str, Any] | None = json.loads(row["metric"])
    return Version(
        project=row["project"],
        number=row["number"],
        digest=row["digest"],
        state=row["state"],
        made_at=moment(row["made_at"]),
        as_of=moment(row["as_of"]),
        run=row["run"],
        verdict=row["verdict"],
        comparison=row["comparison"],
        sentence=row["sentence"],
        against=f"{row['project']}@{row['against']}" if row["against"] else None,
        metric=Metric(**metric) if metric else None,
        live_from=moment(row["live_from"]) if row["live_from"] else None,
        live_until=moment(row["live_until"]) if row["live_until"] else None,
        reason=row["reason"],
        cleaned_at=moment(row["cleaned_at"]) if row["cleaned_at"] else None,
        damage=row["damage"],
    )


def live(db: sqlite3.Connection, project: str) -> Version | None:
    """The version of ``project`` that is live."""
    row = db.execute("SELECT * FROM versions WHERE project = ? AND state = 'live'", (project,)).fetchone()
    return record(row) if row is not None else None


def newest(db: sqlite3.Connection, project: str) -> Version | None:
    """The newest version of ``project``, whatever became of it."""
    row = db.execute("SELECT * FROM versions WHERE project = ? ORDER BY number DESC LIMIT 1", (project,)).fetchone()
    return record(row) if row is not None else None


def everything(db: sqlite3.Connection, project: str) -> tuple[Version, ...]:
    """Every version of ``project`` that there ever was, the oldest first."""
    rows = db.execute("SELECT * FROM versions WHERE project = ? ORDER BY number", (project,))
    return tuple(map(record, rows))


def with_digest(db: sqlite3.Connection, digest: str) -> tuple[Version, ...]:
    """Every version that is this very one, the oldest first: one that came in again has a number for each time."""
    return tuple(map(record, db.execute("SELECT * FROM versions WHERE digest = ? ORDER BY id", (digest,))))


def made_by(db: sqlite3.Connection, project: str, limit: int) -> dict[int, tuple[int, str]]:
    """Number and digest of the newest ``limit`` versions of ``project``, by the run that made each."""
    rows = db.execute(
        "SELECT run, number, digest FROM versions WHERE project = ? ORDER BY number DESC LIMIT ?", (project, limit)
    )
    return {row["run"]: (row["number"], row["digest"]) for row in rows}


def numbered(db: sqlite3.Connection, numbers: Mapping[str, int]) -> dict[str, Version]:
    """Of each project the version with that number."""
    rows = db.execute(
        "SELECT v.* FROM json_each(?) given JOIN versions v ON v.project = given.key AND v.number = given.value",
        (json.dumps(dict(numbers)),),
    )
    return {row["project"]: record(row) for row in rows}


def runs_of(db: sqlite3.Connection, numbers: Mapping[str, int]) -> dict[str, int]:
    """Of each project the run that made the version with that number."""
    rows = db.execute(
        "SELECT v.project, v.run FROM json_each(?) given"
        " JOIN versions v ON v.project = given.key AND v.number = given.value",
        (json.dumps(dict(numbers)),),
    )
    return {row["project"]: row["run"] for row in rows}


@dataclass(frozen=True)
class VersionsInBrief:
    """Of one project: up to when the data of the newest version reach, the number of the version that a rollback would
    go to, and whether that is known to be damaged."""

    data_until: datetime | None
    back: int | None
    back_damaged: bool


def in_brief(db: sqlite3.Connection, projects: Collection[str]) -> dict[str, VersionsInBrief]:
    """The versions of each of ``projects``, as one line of the overview has them."""
    return {
        row["name"]: VersionsInBrief(
            moment(row["data_until"]) if row["data_until"] else None, row["back"], bool(row["back_damaged"])
        )
        for row in db.execute(_IN_BRIEF, (json.dumps(list(projects)),))
    }


def count(ledger: Ledger, project: str | None) -> int:
    """How many versions there are; numbers count them without a gap."""
    with ledger.read() as db:
        if project is None:
            return last_id(db)
        return int(
            db.execute("SELECT coalesce(max(number), 0) FROM versions WHERE project = ?", (project,)).fetchone()[0]
        )


def page(ledger: Ledger, project: str | None, *, offset: int, limit: int, matching: str = "") -> tuple[Version, ...]:
    """Versions newest first. Without ``matching`` this costs the same anywhere in the list."""
    # Neither numbers nor ids have gaps, so an offset is a key and needs no skipping of rows.
    key = "id" if project is None else "number"
    where, values = ("1", []) if project is None else ("project = ?", [project])
    with ledger.read() as db:
        if matching:
            like = "instr(lower(project || '@' || number || ' ' || state || ' ' || sentence), ?)"
            rows = db.execute(
                f"SELECT * FROM versions WHERE {where} AND {like} ORDER BY {key} DESC LIMIT ? OFFSET ?",
                (*values, matching.lower(), limit, offset),
            ).fetchall()
        else:
            last = db.execute(f"SELECT coalesce(max({key}), 0) FROM versions WHERE {where}", values).fetchone()[0]
            rows = db.execute(
                f"SELECT * FROM versions WHERE {where} AND {key} <= ? ORDER BY {key} DESC LIMIT ?",
                (*values, last - offset, limit),
            ).fetchall()
    return tuple(record(r) for r in rows)


def last_id(db: sqlite3.Connection) -> int:
    """Grows with every version that is registered; 0 before any."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM versions").fetchone()[0])


def candidates(db: sqlite3.Connection, project: str | None = None) -> tuple[Version, ...]:
    """What waits for a decision, newest first."""
    if project is None:
        rows = db.execute("SELECT * FROM versions WHERE state = 'candidate' ORDER BY id DESC").fetchall()
    else:
        rows = db.execute(
            "SELECT * FROM versions WHERE project = ? AND state = 'candidate' ORDER BY number DESC", (project,)
        ).fetchall()
    return tuple(record(r) for r in rows)


def were_live(db: sqlite3.Connection, project: str) -> tuple[Version, ...]:
    """Versions that were live before the present one, are not barred and have their content, the latest first."""
    rows = db.execute(
        "SELECT * FROM versions WHERE project = ? AND state = 'retired' AND cleaned_at IS NULL"
        " ORDER BY live_until DESC, number DESC LIMIT 50",
        (project,),
    ).fetchall()
    return tuple(record(r) for r in rows)


def barred(db: sqlite3.Connection, project: str) -> str | None:
    """The version that was rolled back from last and has its content, by its label."""
    row = db.execute(
        "SELECT number FROM versions WHERE project = ? AND state = 'barred' AND cleaned_at IS NULL"
        " ORDER BY live_until DESC, number DESC LIMIT 1",
        (project,),
    ).fetchone()
    return f"{project}@{row['number']}" if row else None


def waiting(db: sqlite3.Connection, project: str, until: datetime) -> tuple[tuple[Version, datetime | None], ...]:
    """What was made before ``until`` and waits for a decision, the newest first, each with when it expires."""
    rows = db.execute(
        "SELECT * FROM versions WHERE project = ? AND state = 'candidate' AND made_at < ? ORDER BY number DESC",
        (project, stamp(until)),
    ).fetchall()
    return tuple((record(row), moment(row["expires_at"]) if row["expires_at"] else None) for row in rows)


# What becomes of a version. Each is part of somebody's decision, inside the transaction of that.


def go_live(db: sqlite3.Connection, label: str, why: str, at: datetime) -> None:
    """From ``at`` on it is live."""
    db.execute(
        "UPDATE versions SET state = 'live', live_from = ?, live_until = NULL, reason = ?"
        " WHERE project = ? AND number = ?",
        (stamp(at), why, *parse_label(label)),
    )


def leave(
    db: sqlite3.Connection, label: str, state: Literal["barred", "retired"], why: str | None, at: datetime
) -> None:
    """From ``at`` on it is live no more."""
    db.execute(
        "UPDATE versions SET state = ?, live_until = ?, reason = ? WHERE project = ? AND number = ?",
        (state, stamp(at), why, *parse_label(label)),
    )


def become(db: sqlite3.Connection, label: str, state: VersionState, why: str) -> None:
    """It was decided on, or nobody did in time."""
    db.execute(
        "UPDATE versions SET state = ?, reason = ? WHERE project = ? AND number = ?", (state, why, *parse_label(label))
    )


def expire_waiting(db: sqlite3.Connection, project: str, why: str) -> None:
    """What waits is expired."""
    db.execute(
        "UPDATE versions SET state = 'expired', reason = ? WHERE project = ? AND state = 'candidate'", (why, project)
    )


def too_old(db: sqlite3.Connection, by: datetime) -> tuple[tuple[str, str], ...]:
    """The candidates that are to expire by then: label, and when."""
    rows = db.execute(
        "SELECT project, number, expires_at FROM versions WHERE state = 'candidate' AND expires_at <= ?", (stamp(by),)
    )
    return tuple((f"{row['project']}@{row['number']}", row["expires_at"]) for row in rows)
