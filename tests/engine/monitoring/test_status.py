"""The verdict of a project as the worst of its parts: a run that is overdue, among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.monitoring.performance.key_figures import KnownMetric, Source
from engine.monitoring.status import Active, StatusFacts, judge
from engine.projects.manifest.cron import patience
from engine.records import Metric, Reason, Run, RunState
from engine.vocabulary.gates import GateRule

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(state: RunState, minutes: float, phase: str = "", why: str | None = None) -> Run:
    at = NOW - timedelta(minutes=minutes)
    begun = None if state == "queued" else at
    return Run(12, "flights", "retrain", state, at, at, begun, None, "zoe", 0.5, phase, None, why)


def facts(*active: Active, last: Run | None = None, gate: float = 0.6) -> StatusFacts:
    return StatusFacts(
        live="flights@3",
        live_link="3-release",
        release="3-release",
        known=KnownMetric(Metric("roc_auc", 0.7, None, None, 6410), NOW - timedelta(days=1), 9, "retrain"),
        gates=[GateRule("at_least", "roc_auc", gate)],
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
    found = judge(facts(active), NOW)[0]
    assert found.verdict == verdict
    if why:
        assert found.why == why
        assert active.bound is not None
        begun = active.run.started_at or active.run.queued_at
        assert found.since == begun + timedelta(seconds=active.bound)


def test_the_run_that_is_overdue_now_is_named_before_the_last_that_failed() -> None:
    late = Active(run("running", 3, "train"), 48.0, 50.0)
    assert judge(facts(late, last=run("failed", 600, why="no")), NOW)[0].why.startswith("run 12 takes")


def test_what_is_worse_is_named_before_a_run_that_is_overdue() -> None:
    late = Active(run("running", 3, "train"), 48.0, 50.0)
    assert judge(facts(late, gate=0.8), NOW)[0].verdict == "failing"


MOVED = Reason("watch", "x moved", NOW - timedelta(hours=3))
FELL = Reason("failing", "it fell", NOW - timedelta(hours=2))
QUARTER = timedelta(minutes=75)


@pytest.mark.parametrize(
    ("looked", "alerts", "verdict", "why"),
    [
        (5, (), "ok", "the last look: all is well"),
        (5, (MOVED,), "watch", "x moved"),
        (5, (MOVED, FELL), "failing", "it fell"),
        (80, (), "unknown", "nobody has looked at the health of flights@3 for 80 min: is the engine up?"),
        (80, (MOVED,), "unknown", "nobody has looked at the health of flights@3 for 80 min: is the engine up?"),
        (80, (FELL,), "failing", "it fell"),
    ],
)
def test_what_the_last_look_found_counts_as_long_as_it_is_fresh(
    looked: int, alerts: tuple[Reason, ...], verdict: str, why: str
) -> None:
    seen = replace(facts(), looked_at=NOW - timedelta(minutes=looked), patience=QUARTER, alerts=alerts)
    found = judge(seen, NOW)[0]
    assert (found.verdict, found.why) == (verdict, why)


def test_a_version_that_no_look_has_seen_is_as_old_as_its_measurement() -> None:
    found = judge(replace(facts(), patience=QUARTER), NOW)[0]
    assert found.verdict == "unknown"
    assert found.why == "nobody has looked at flights@3 since it went live; it was measured 24 h ago: look now"
    assert judge(facts(), NOW)[0].verdict == "ok", "without looks of its own, a week is fresh"


@pytest.mark.parametrize(
    ("rule", "hours"),
    [
        ("*/15 * * * *", 1.25),
        ("0 */6 * * *", 12),
        ("0 7 * * mon", 9 * 24),
        ("*/30 9-16 * * mon-fri", 64.5 + 48),  # a weekend, and two days more
        ("every 15m", 1.25),
        ("every 30d", 32 * 24),
    ],
)
def test_how_long_a_look_holds_follows_from_how_often_there_is_one(rule: str, hours: float) -> None:
    assert patience(rule, "Europe/Berlin") == timedelta(hours=hours)


UNLUCKY = replace(run("failed", 20, why="extract ended with 1"), job="health")
SEEN = replace(facts(), looked_at=NOW - timedelta(minutes=5), patience=QUARTER)
UNSEEN = replace(SEEN, looked_at=NOW - timedelta(minutes=80))


@pytest.mark.parametrize(
    ("found", "verdict", "why"),
    [
        (replace(SEEN, look=("unknown", "no row came")), "unknown", "the last look could not tell: no row came"),
        (replace(SEEN, look=("watch", "x moved")), "ok", "what the last look found is snoozed: x moved"),
        (replace(SEEN, last_run=UNLUCKY), "watch", "the last health failed: extract ended with 1"),
        (replace(UNSEEN, last_run=UNLUCKY), "unknown",
         "nobody has looked at the health of flights@3 for 80 min; the last look failed: extract ended with 1"),
        (replace(UNSEEN, earlier=(UNLUCKY,)), "unknown",
         "nobody has looked at the health of flights@3 for 80 min; the last look failed: extract ended with 1"),
        (replace(UNSEEN, looks_paused=True), "unknown",
         "nobody has looked at the health of flights@3 for 80 min: looks are paused"),
        (replace(SEEN, last_run=replace(UNLUCKY, state="succeeded"), earlier=(run("failed", 600, why="no"),)), "watch",
         "the last retrain failed: no"),
    ],
)  # fmt: skip
def test_a_look_that_tells_nothing_is_no_green_light(found: StatusFacts, verdict: str, why: str) -> None:
    judged = judge(found, NOW)[0]
    assert (judged.verdict, judged.why) == (verdict, why)


def test_every_reason_is_told_the_worst_first_and_none_hides_another() -> None:
    late = Active(run("running", 6, "train"), 60.0, 180.0)
    waits = Active(replace(run("queued", 12), id=13), None, 600.0)
    failed, report = run("failed", 600, why="no rows"), replace(run("failed", 900, why="no words"), job="report")
    seen = replace(facts(late, waits, last=failed, gate=0.8), alerts=(MOVED, FELL), earlier=(report,))
    found = judge(seen, NOW)
    assert [each.verdict for each in found] == ["failing"] * 2 + ["watch"] * 5
    assert [each.why.split(" ")[0:2] for each in found] == [
        ["roc_auc", "0.7"], ["it", "fell"], ["x", "moved"], ["run", "12"], ["run", "13"], ["the", "last"],
        ["the", "last"],
    ]  # fmt: skip
    assert "usually at most 60 s" in found[3].why
    unknown = judge(replace(seen, known=None, alerts=(MOVED,)), NOW)
    assert [each.verdict for each in unknown] == ["unknown", *["watch"] * 5]


def test_where_all_is_well_the_one_reason_says_why() -> None:
    (only,) = judge(facts(), NOW)
    assert only.verdict == "ok" and "holds its own thresholds" in only.why


@pytest.mark.parametrize(
    ("metric", "source", "verdict"),
    [
        (Metric("roc_auc", 0.047, 0.03, 0.07, 360), "holdout", "failing"),
        (Metric("roc_auc", 0.047, 0.03, 0.07, 360), "look", "failing"),
        (Metric("roc_auc", 0.49, 0.46, 0.52, 360), "holdout", "ok"),
        (Metric("roc_auc", 0.047, None, None, 360), "holdout", "ok"),  # nobody knows how sure
        (Metric("r2", -0.2, -0.3, -0.1, 360), "holdout", "failing"),
        (Metric("r2", 0.1, -0.1, 0.3, 360), "holdout", "ok"),
        (Metric("mae", 0.047, 0.03, 0.07, 360), "holdout", "ok"),
    ],
)
def test_a_live_version_that_is_surely_worse_than_guessing_is_failing(
    metric: Metric, source: Source, verdict: str
) -> None:
    found = judge(replace(facts(), known=KnownMetric(metric, NOW, 9, source), gates=[], looked_at=NOW), NOW)[0]
    assert found.verdict == verdict
    assert ("worse than guessing" in found.why) == (verdict == "failing")


def test_why_nobody_looked_is_the_failed_look_and_not_another_run_that_failed() -> None:
    other, look = run("failed", 600, why="no rows"), replace(run("failed", 90, why="no room"), job="health")
    old = NOW - timedelta(hours=9)
    since = replace(facts(), looked_at=old, look=("ok", "all is well"), patience=QUARTER)
    for last, earlier in ((other, (look,)), (look, (other,))):
        (why, *_) = [each.why for each in judge(replace(since, last_run=last, earlier=earlier), NOW)]
        assert why == "nobody has looked at the health of flights@3 for 9 h; the last look failed: no room"
    (why, *_) = [each.why for each in judge(replace(since, last_run=other), NOW)]
    assert why.endswith("for 9 h: is the engine up?")
    (why, *_) = [each.why for each in judge(replace(since, last_run=look, looks_paused=True), NOW)]
    assert why.endswith("for 9 h: looks are paused")


@pytest.mark.parametrize(
    ("gate", "value", "verdict"),
    [
        (GateRule("at_least", "roc_auc", 0.7), 0.7, "ok"), (GateRule("at_least", "roc_auc", 0.7), 0.699, "failing"),
        (GateRule("at_most", "mae", 3), 3.0, "ok"), (GateRule("at_most", "mae", 3), 3.01, "failing"),
        (GateRule("at_least", "f1", 0.99), 0.1, "ok"), (GateRule("not_above_live_by", "mae", 0.0), 9.0, "ok"),
    ],
)  # fmt: skip
def test_a_threshold_is_kept_at_its_value_and_broken_beyond(gate: GateRule, value: float, verdict: str) -> None:
    name = "mae" if gate.metric == "mae" else "roc_auc"
    known = KnownMetric(Metric(name, value, None, None, 6410), NOW - timedelta(days=1), 9, "retrain")
    assert judge(replace(facts(), known=known, gates=[gate]), NOW)[0].verdict == verdict
    looked: Source = "look"
    seen = replace(facts(), known=replace(known, source=looked), gates=[gate])
    assert judge(seen, NOW)[0].verdict == "ok", "what a look saw it has judged itself"


@pytest.mark.parametrize(("high", "verdict"), [(0.49, "failing"), (0.5, "ok"), (None, "ok")])
def test_what_is_surely_worse_than_guessing_is_failing_whatever_the_manifest_asks(
    high: float | None, verdict: str
) -> None:
    known = KnownMetric(Metric("roc_auc", 0.4, 0.3, high, 6410), NOW - timedelta(days=1), 9, "look")
    found = judge(replace(facts(), known=known, gates=[]), NOW)[0]
    assert found.verdict == verdict
    if verdict == "failing":
        assert found.why.startswith("roc_auc 0.4 of flights@3 is worse than guessing (0.5)")


@pytest.mark.parametrize(("seconds", "verdict"), [(180.0, "ok"), (179.9, "watch")])
def test_a_run_is_late_beyond_its_bound_and_not_at_it(seconds: float, verdict: str) -> None:
    assert judge(facts(Active(run("running", 3), 48.0, seconds)), NOW)[0].verdict == verdict


def test_a_look_is_old_beyond_its_patience_and_not_at_it_and_without_looks_after_nine_days() -> None:
    for age, verdict in ((QUARTER, "ok"), (QUARTER + timedelta(seconds=1), "unknown")):
        since = replace(facts(), looked_at=NOW - age, look=("ok", "all is well"), patience=QUARTER)
        since = replace(since, known=replace(since.known, at=NOW - age) if since.known else None)
        assert judge(since, NOW)[0].verdict == verdict
    for age, verdict in ((timedelta(days=9), "ok"), (timedelta(days=9, seconds=1), "unknown")):
        known = KnownMetric(Metric("roc_auc", 0.7, None, None, 6410), NOW - age, 9, "retrain")
        assert judge(replace(facts(), known=known), NOW)[0].verdict == verdict
