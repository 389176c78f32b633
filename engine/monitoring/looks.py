"""Looks at health in the ledger: the newest, the figures over time, and letting go of documents that have grown old."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.monitoring.records import Look, Signal
from engine.records import Run
from engine.storage.ledger import Ledger

if TYPE_CHECKING:
    from engine.monitoring.look_document import LookDocument

# A look every quarter of an hour is 35,000 a year, of 10 to 20 KB each. Of older ones one a day stays whole, a year.
WHOLE_FOR = timedelta(days=14)
DAILY_FOR = timedelta(days=366)
_BATCH = 1_000
OLD = """
SELECT run FROM health WHERE document IS NOT NULL AND at < ?1 AND (at < ?2 OR run NOT IN (
    SELECT max(run) FROM health WHERE document IS NOT NULL AND at < ?1 GROUP BY project, substr(at, 1, 10)))
"""


@dataclass(frozen=True)
class KeptLook:
    """What a look found, by its run; read when somebody wants to know."""

    run: int
    packed: bytes

    @cached_property
    def document(self) -> LookDocument:
        from engine.monitoring.look_document import unpacked

        return unpacked(self.packed)


# It is as old as what it saw. What is of a later time than now was written while the clock was ahead: it would count as
# new until then.
_NEWEST = """
SELECT h.run, h.project, h.number, h.as_of, h.at, h.verdict, h.why, h.rows, h.labelled, NULL AS document
FROM json_each(:projects) given JOIN health h ON h.run = (
    SELECT run FROM health WHERE project = given.value AND as_of <= :now ORDER BY as_of DESC, run DESC LIMIT 1)
"""
_FIGURES = f"""
SELECT s.project, s.name, s.value FROM ({_NEWEST}) h
JOIN signals s ON s.project = h.project AND s.name IN (SELECT value FROM json_each(:names))
    AND s.as_of = h.as_of AND s.run = h.run
"""
_END = "9999"


def newest_of(db: sqlite3.Connection, projects: Collection[str], now: datetime | None = None) -> dict[str, Look]:
    """The newest look at each project, which may have been at a version that was live before; without its document."""
    given = {"projects": json.dumps(list(projects)), "now": stamp(now) if now else _END}
    return {row["project"]: look(row) for row in db.execute(_NEWEST, given)}


def newest_figures(
    db: sqlite3.Connection, projects: Collection[str], names: Collection[str]
) -> list[tuple[str, str, float | None]]:
    """What the newest look at each project says, by the ``names`` of the figures: project, name, value."""
    given = {"projects": json.dumps(list(projects)), "now": _END, "names": json.dumps(list(names))}
    return [(row["project"], row["name"], row["value"]) for row in db.execute(_FIGURES, given)]


def last_run(db: sqlite3.Connection, project: str) -> int | None:
    """Changes when somebody has looked."""
    found: int | None = db.execute("SELECT max(run) FROM health WHERE project = ?", (project,)).fetchone()[0]
    return found


def newest(db: sqlite3.Connection, project: str, now: datetime) -> Look | None:
    """The look that saw the latest data, whole; not one of later than ``now``, from while the clock was ahead."""
    row = db.execute(
        "SELECT * FROM health WHERE project = ? AND as_of <= ? ORDER BY as_of DESC, run DESC LIMIT 1",
        (project, stamp(now)),
    ).fetchone()
    return look(row) if row else None


def look(row: sqlite3.Row) -> Look:
    """A row of the table as a record."""
    return Look(
        run=row["run"],
        project=row["project"],
        version=f"{row['project']}@{row['number']}",
        as_of=moment(row["as_of"]),
        at=moment(row["at"]),
        verdict=row["verdict"],
        why=row["why"],
        rows=row["rows"],
        labelled=row["labelled"],
        kept=row["document"],
    )


def signals(db: sqlite3.Connection, project: str, name: str, limit: int) -> tuple[Signal, ...]:
    """The newest ``limit`` values of one figure, the oldest first."""
    rows = db.execute(
        "SELECT * FROM signals WHERE project = ? AND name = ? ORDER BY as_of DESC, id DESC LIMIT ?",
        (project, name, limit),
    ).fetchall()
    return tuple(
        Signal(
            f"{project}@{row['number']}", name, moment(row["as_of"]), row["value"], row["low"], row["high"], row["n"]
        )
        for row in reversed(rows)
    )


def last_document(
    db: sqlite3.Connection, project: str, until: datetime, *, number: int | None = None, before: bool = False
) -> LookDocument | None:
    """What the newest look up to ``until`` found whose details were kept; of one version, or of whichever was live.
    With ``before`` none of that very moment."""
    found = last_detailed(db, project, until, number=number, before=before)
    return found.document if found else None


def last_detailed(
    db: sqlite3.Connection, project: str, until: datetime, *, number: int | None = None, before: bool = False
) -> KeptLook | None:
    """The same, with the run that found it."""
    row = db.execute(
        "SELECT run, document FROM health WHERE project = ? AND number = coalesce(?, number) AND document IS NOT NULL"
        f" AND as_of {'<' if before else '<='} ? ORDER BY as_of DESC, run DESC LIMIT 1",
        (project, number, stamp(until)),
    ).fetchone()
    return KeptLook(row["run"], row["document"]) if row is not None else None


def saw_later(db: sqlite3.Connection, project: str, than: datetime, until: datetime) -> bool:
    """Whether a look saw later data ``than`` that, but not later than ``until``."""
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM health WHERE project = ? AND as_of > ? AND as_of <= ?)",
        (project, stamp(than), stamp(until)),
    )
    return bool(found.fetchone()[0])


def keep(db: sqlite3.Connection, run: Run, number: int, answer: LookDocument, at: datetime) -> None:
    """Write down what ``run`` found about the version with that number, inside the caller's transaction."""
    from engine.monitoring.look_document import packed

    db.execute(
        "INSERT INTO health (run, project, number, as_of, at, verdict, why, rows, labelled, document)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run.id, run.project, number, stamp(run.as_of), stamp(at), answer.verdict, answer.why, answer.rows,
            answer.labelled, packed(answer),
        ),
    )  # fmt: skip


def keep_figures(db: sqlite3.Connection, run: Run, number: int, figures: Iterable[Sequence[Any]]) -> None:
    """Write down its figures: name, value, low, high and n of each."""
    db.executemany(
        "INSERT INTO signals (run, project, number, name, as_of, value, low, high, n)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(run.id, run.project, number, name, stamp(run.as_of), *values) for name, *values in figures],
    )


def thin(ledger: Ledger, now: datetime) -> int:
    """Let go of the documents of old looks; their rows and figures stay. Returns how many were let go.

    They are found by reading, and let go a batch at a time: nobody waits for the ledger meanwhile.
    """
    with ledger.read() as db:
        old = [row["run"] for row in db.execute(OLD, (stamp(now - WHOLE_FOR), stamp(now - DAILY_FOR)))]
    for start in range(0, len(old), _BATCH):
        with ledger.write() as db:
            db.execute(
                "UPDATE health SET document = NULL WHERE run IN (SELECT value FROM json_each(?))",
                (json.dumps(old[start : start + _BATCH]),),
            )
    return len(old)
