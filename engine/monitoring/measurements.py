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
    """What ``run`` said of one version and metric, as of ``at``, with its 95 % interval where it has one."""

    run: int
    at: datetime
    number: int
    value: float | None
    low: float | None
    high: float | None
    n: int


def keep(
    db: sqlite3.Connection, project: str, run: int, as_of: str,
    measured: Iterable[tuple[int, str, float | None, float | None, float | None, int]], at: datetime,
) -> None:  # fmt: skip
    """Write down what ``run`` measured ``as_of`` then, inside the caller's transaction: of each the version's number,
    the metric, its value with the interval, and of how many rows. The time as text: a look names the end of a period to
    the second."""
    db.executemany(
        "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(project, number, run, metric, as_of, stamp(at), *figures) for number, metric, *figures in measured],
    )


def by_moment(
    db: sqlite3.Connection, project: str, metric: str, until: datetime, limit: int
) -> list[list[Measurement]]:
    """The newest ``limit`` of one metric, of whatever version, as of before ``until``: those of each moment together,
    the newest first."""
    found: dict[str, list[Measurement]] = defaultdict(list)
    for row in db.execute(
        "SELECT run, as_of, number, value, low, high, n FROM measurements"
        " WHERE project = ? AND metric = ? AND as_of < ? ORDER BY as_of DESC, id DESC LIMIT ?",
        (project, metric, stamp(until), limit),
    ):
        found[row["as_of"]].append(Measurement(row["run"], moment(row["as_of"]), *tuple(row)[2:]))
    return list(found.values())


def newest_as_of(db: sqlite3.Connection, project: str, number: int, metric: str) -> str | None:
    """As of when a version's metric was measured last, as it was written."""
    found: str | None = db.execute(
        "SELECT max(as_of) FROM measurements WHERE project = ? AND number = ? AND metric = ?", (project, number, metric)
    ).fetchone()[0]
    return found


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
