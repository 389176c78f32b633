"""The verdict of a project as the worst of its parts: a run that is overdue, among them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.monitoring.status import Active, Facts, judge
from engine.records import Metric, Run, RunState

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(state: RunState, minutes: float, phase: str = "", why: str | None = None) -> Run:
    at = NOW - timedelta(minutes=minutes)
    begun = None if state == "queued" else at
    return Run(12, "flights", "retrain", state, at, at, begun, None, "zoe", 0.5, phase, None, why)


def facts(*active: Active, last: Run | None = None, gate: float = 0.6) -> Facts:
    return Facts(
        live="flights@3",
        live_link="3-release",
        release="3-release",
        metric=Metric("roc_auc", 0.7, None, None, 6410),
        measured_at=NOW - timedelta(days=1),
        gates=[{"metric": "roc_auc", "at_least": gate}],
        last_run=last,
        active=active,
    )


@pytest.mark.parametrize(
    ("active", "verdict", "why"),
    [
        (Active(run("running", 3, "train"), 48.0, 50.0), "watch",
         "run 12 takes 3 min by now, usually at most 48 s, now at train"),
        (Active(run("running", 3), 48.0, 50.0), "watch", "run 12 takes 3 min by now, usually at most 48 s"),
        (Active(run("running", 0.5, "train"), 48.0, 50.0), "ok", ""),
        (Active(run("running", 300, "train"), None, None), "ok", ""),  # too little history to say
        (Active(run("queued", 12), None, 600.0), "watch", "run 12 has not started and waits for 12 min"),
        (Active(run("queued", 12), 2.0, 60.0), "watch",
         "run 12 has not started and waits for 12 min, usually at most 2.0 s"),
    ],
)  # fmt: skip
def test_a_run_beyond_its_bound_is_to_be_watched(active: Active, verdict: str, why: str) -> None:
    found = judge(facts(active), NOW)
    assert found.verdict == verdict
    if why:
        assert found.why == why
        assert active.bound is not None
        begun = active.run.started_at or active.run.queued_at
        assert found.since == begun + timedelta(seconds=active.bound)


def test_the_run_that_is_overdue_now_is_named_before_the_last_that_failed() -> None:
    late = Active(run("running", 3, "train"), 48.0, 50.0)
    assert judge(facts(late, last=run("failed", 600, why="no")), NOW).why.startswith("run 12 takes")


def test_what_is_worse_is_named_before_a_run_that_is_overdue() -> None:
    late = Active(run("running", 3, "train"), 48.0, 50.0)
    assert judge(facts(late, gate=0.8), NOW).verdict == "failing"
