"""What versions were measured to be worth, in the ledger: each metric of each version, by whom and as of when."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment, stamp
from engine.records import Point

# A retrain measures the live version and the candidate on the same rows; the lower number is the live one, and a first
# version stands for itself.
_TREND = """
SELECT m.project, m.as_of, m.value FROM json_each(:keys) given
JOIN measurements m ON m.id IN (
    SELECT id FROM (
        SELECT id, as_of, min(number) FROM (
            SELECT id, as_of, number FROM measurements
            WHERE project = given.key AND metric = given.value AND value IS NOT NULL
            ORDER BY as_of DESC, id DESC LIMIT 4 * :moments)
        GROUP BY as_of ORDER BY as_of DESC LIMIT :moments))
ORDER BY m.project, m.as_of
"""


@dataclass(frozen=True)
class Measurement:
    """One metric of one version, seen ``as_of`` then, with its 95 % interval where it has one."""

    number: int
    metric: str
    as_of: datetime
    value: float | None
    low: float | None
    high: float | None
    n: int
    run: int


def keep(db: sqlite3.Connection, project: str, measured: Iterable[Measurement], at: datetime) -> None:
    """Write down what was measured, inside the caller's transaction."""
    db.executemany(
        "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (project, m.number, m.run, m.metric, stamp(m.as_of), stamp(at), m.value, m.low, m.high, m.n)
            for m in measured
        ],
    )


def before(db: sqlite3.Connection, project: str, metric: str, until: datetime, limit: int) -> tuple[Measurement, ...]:
    """The newest ``limit`` of one metric, of whatever version, as of before ``until``; the newest first."""
    rows = db.execute(
        "SELECT number, metric, as_of, value, low, high, n, run FROM measurements"
        " WHERE project = ? AND metric = ? AND as_of < ? ORDER BY as_of DESC, id DESC LIMIT ?",
        (project, metric, stamp(until), limit),
    )
    return tuple(Measurement(row[0], row[1], moment(row[2]), *row[3:]) for row in rows)


def newest_as_of(db: sqlite3.Connection, project: str, number: int, metric: str) -> datetime | None:
    """As of when a version's metric was measured last."""
    found = db.execute(
        "SELECT max(as_of) FROM measurements WHERE project = ? AND number = ? AND metric = ?", (project, number, metric)
    ).fetchone()[0]
    return moment(found) if found else None


def trends(db: sqlite3.Connection, keys: Mapping[str, str], moments: int) -> dict[str, list[Point]]:
    """The metric named in ``keys`` of what was live, by project, at each of the last ``moments`` it was measured at."""
    found: dict[str, list[Point]] = defaultdict(list)
    for row in db.execute(_TREND, {"keys": json.dumps(dict(keys)), "moments": moments}):
        found[row["project"]].append(Point(moment(row["as_of"]), row["value"]))
    return found


def last_id(db: sqlite3.Connection, project: str) -> int | None:
    """Changes when something of ``project`` is measured."""
    found: int | None = db.execute("SELECT max(id) FROM measurements WHERE project = ?", (project,)).fetchone()[0]
    return found
