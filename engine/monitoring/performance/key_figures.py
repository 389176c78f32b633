"""What is known of a live version's metrics: one truth for the overview, a look, a report and the exported figures.

The newest reading counts. That is what the newest look saw, where it was at this version and could measure it; else
what is kept of earlier: a later retrain held it against newer rows, or an earlier look saw a stretch of time to its
end; and where nobody has measured it since, what it was worth on its own holdout. Each says on which rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.clock import moment, stamp
from engine.projects import registry
from engine.records import Metric
from engine.runs import history
from engine.versions import catalog
from engine.vocabulary.jobs import HEALTH

Source = Literal["look", "earlier look", "retrain", "holdout"]

_NEWEST = """
WITH given AS MATERIALIZED (
    SELECT json_extract(value, '$[0]') AS project, json_extract(value, '$[1]') AS number,
        json_extract(value, '$[2]') AS metric
    FROM json_each(:asked))
SELECT given.project, given.metric, m.run, m.as_of, m.value, m.low, m.high, m.n,
    look.run AS look, look.as_of AS looked_at, s.value AS seen, s.low AS seen_low, s.high AS seen_high, s.n AS seen_n
FROM given
LEFT JOIN measurements m ON m.id = (
    SELECT id FROM measurements
    WHERE project = given.project AND metric = given.metric AND number = given.number AND as_of <= :at
        AND value IS NOT NULL
    ORDER BY as_of DESC, id DESC LIMIT 1)
LEFT JOIN health look ON look.number = given.number AND look.run = (
    SELECT run FROM health WHERE project = given.project AND as_of <= :at ORDER BY as_of DESC, run DESC LIMIT 1)
LEFT JOIN signals s
    ON s.project = given.project AND s.name = given.metric AND s.as_of = look.as_of AND s.run = look.run
"""
_SAID: dict[Source, str] = {
    "look": "{n:,} labelled rows that the newest look saw (run {run})",
    "earlier look": "{n:,} labelled rows that an earlier look saw (run {run})",
    "retrain": "{n:,} rows that a later retrain held out (run {run})",
    "holdout": "the {n:,} rows that were held out when it was made (run {run})",
}


@dataclass(frozen=True)
class KnownMetric:
    """A metric of a live version, as of when it was seen, by which run, and on which rows."""

    metric: Metric
    at: datetime
    run: int
    source: Source

    @property
    def looked(self) -> bool:
        """Whether a look saw it, which also judges what it sees, by the interval."""
        return self.source in ("look", "earlier look")

    @property
    def rows(self) -> str:
        """Which rows these are, in words."""
        return _SAID[self.source].format(n=self.metric.n, run=self.run)


def newest(
    db: sqlite3.Connection, live: Mapping[str, int], at: datetime, *, key_only: bool = False
) -> dict[tuple[str, str], KnownMetric]:
    """The newest reading by project and metric, as of ``at``; ``live`` is the number of each project's version.

    ``key_only``: of each project's first metric alone. What was never measured is not in it.
    """
    judged = registry.judged(db, live)
    metrics = {project: judged[project].metrics[: 1 if key_only else None] for project in live if project in judged}
    asked = [(project, live[project], metric) for project, names in metrics.items() for metric in names]
    rows = db.execute(_NEWEST, {"asked": json.dumps(asked), "at": stamp(at)}).fetchall()
    made = catalog.runs_of(db, live)
    jobs = history.jobs_of(db, {row["run"] for row in rows if row["run"] is not None})
    found = ((row["project"], row["metric"], _known(row, made, jobs)) for row in rows)
    return {(project, metric): known for project, metric, known in found if known is not None}


def _known(row: sqlite3.Row, made: Mapping[str, int], jobs: Mapping[int, str]) -> KnownMetric | None:
    if row["seen"] is not None and (row["as_of"] is None or row["looked_at"] >= row["as_of"]):
        seen = Metric(row["metric"], row["seen"], row["seen_low"], row["seen_high"], row["seen_n"])
        return KnownMetric(seen, moment(row["looked_at"]), row["look"], "look")
    if row["as_of"] is None:
        return None
    kept = Metric(row["metric"], row["value"], row["low"], row["high"], row["n"])
    own, looked = made[row["project"]] == row["run"], jobs[row["run"]] == HEALTH.name
    source: Source = "holdout" if own else "earlier look" if looked else "retrain"
    return KnownMetric(kept, moment(row["as_of"]), row["run"], source)
