"""Made-up scorings, and the part of the fake engine that answers with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.jobs.score.records import Origin, Release, Scoring, Trace
from engine.records import Deployment, Run
from tests.console.health_records import ago

ORIGIN = Origin(
    "flights@9", "ab" * 32, "live", ago(days=9), 31, "mia", "git 4f2a91c0", "287,186 rows, until 16 Nov 2026 04:00 UTC",
    "cd" * 32, "Python 3.11.7, 12 packages", "ef" * 32,
)  # fmt: skip
RELEASE = Release(Deployment(4, "flights", 9, 7, "release", ago(days=8), "ada", "newer weeks"), ("ada", "bob"), None)
SCORING = Scoring(
    2, 41, 40, "flights@9", "/data/incoming/today.parquet", "12" * 32, "/data/scored/today.parquet", ago(hours=2),
    336_776, "34" * 32, ago(hours=1),
)  # fmt: skip
CUT_SHORT = replace(SCORING, id=1, run=40, at=ago(hours=3), rows=None, digest=None, ended_at=None)
TRACE = Trace("flights@9", ORIGIN, (RELEASE,), (SCORING, CUT_SHORT), 2)


class FakeScores:
    """Scores nothing, and knows of two scorings."""

    _do: Any

    def score(
        self, project: str, source: str, output: str, *, version: str | None, database: str | None, replace: bool,
        workers: bool,
    ) -> Run:  # fmt: skip
        from tests.console.records import run

        self._do("score", project, source, output, version, database, replace, workers)
        return run(46, job="score")

    def trace_version(self, label: str) -> Trace:
        return TRACE

    def trace_run(self, run: int) -> Trace:
        return replace(TRACE, asked=f"run {run}")
