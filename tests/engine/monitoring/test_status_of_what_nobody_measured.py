"""No status is green that nobody has measured lately, and none is better than the worst of its parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from engine.monitoring.performance.key_figures import KnownMetric
from engine.monitoring.quality.freshness import follow, freshness
from engine.monitoring.status import OLDEST, StatusFacts, judge
from engine.records import Metric, Reason, Run, RunState, Verdict
from engine.vocabulary.gates import GateRule

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def known(age: timedelta, value: float = 0.7, name: str = "roc_auc") -> KnownMetric:
    return KnownMetric(Metric(name, value, None, None, 6410), NOW - age, 9, "retrain")


WELL = StatusFacts(
    live="flights@3", live_link="3-release", release="3-release", known=known(timedelta(days=1)),
    gates=[GateRule("at_least", "roc_auc", 0.6)], last_run=None,
)  # fmt: skip


def test_what_holds_its_thresholds_on_fresh_rows_is_ok_since_they_were_seen() -> None:
    found = judge(WELL, NOW)[0]
    assert found == Reason("ok", f"it holds its own thresholds on {WELL.known.rows}", NOW - timedelta(days=1))  # type: ignore[union-attr]


@pytest.mark.parametrize("verdicts", list(permutations(["ok", "watch", "unknown", "failing"], 2)))
def test_of_two_parts_the_worse_is_told_whichever_comes_first(verdicts: tuple[Verdict, Verdict]) -> None:
    order = ["ok", "watch", "unknown", "failing"]
    parts = [Reason(verdict, f"it is {verdict}", NOW) for verdict in verdicts]
    worst = max(verdicts, key=order.index)
    assert judge(replace(WELL, alerts=parts), NOW)[0] == Reason(worst, f"it is {worst}", NOW)


def test_of_parts_that_are_as_bad_the_first_is_told() -> None:
    alerts = [Reason("watch", "one", None), Reason("watch", "other", None)]
    assert judge(replace(WELL, alerts=alerts), NOW)[0].why == "one"


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(timedelta(0), "ok"), (OLDEST, "ok"), (OLDEST + TICK, "unknown"), (timedelta(days=400), "unknown")],
)
def test_what_was_measured_longer_ago_than_a_missed_week_is_unknown(age: timedelta, verdict: str) -> None:
    assert timedelta(days=9) == OLDEST
    found = judge(replace(WELL, known=known(age)), NOW)[0]
    assert found.verdict == verdict
    if verdict == "unknown":
        assert found.since == NOW - age
        assert "retrain measures flights@3" in found.why


@pytest.mark.parametrize(("late", "verdict"), [(timedelta(0), "ok"), (TICK, "unknown")])
def test_a_look_holds_for_as_long_as_its_schedule_says(late: timedelta, verdict: str) -> None:
    hour = timedelta(hours=1)
    assert judge(replace(WELL, looked_at=NOW - hour - late, patience=hour, known=None), NOW)[0].verdict == verdict


def test_the_newer_of_look_and_measurement_counts() -> None:
    hour, old = timedelta(hours=1), timedelta(days=3)
    both = replace(WELL, patience=hour)
    assert judge(replace(both, looked_at=NOW - old, known=known(TICK)), NOW)[0].verdict == "ok"
    assert judge(replace(both, looked_at=NOW - TICK, known=known(old)), NOW)[0].verdict == "ok"
    assert judge(replace(both, looked_at=NOW - old, known=known(old)), NOW)[0].verdict == "unknown"


def test_what_nothing_is_known_of_is_unknown() -> None:
    assert judge(replace(WELL, live=None), NOW)[0].why == "nothing is live yet: retrain, then approve a candidate"
    waits = judge(replace(WELL, live=None, waiting="flights@4"), NOW)[0]
    assert waits.why == "nothing is live yet: flights@4 waits for a decision"
    found = judge(replace(WELL, known=None), NOW)[0]
    assert (found.verdict, found.since) == ("unknown", None)
    assert found.why == "flights@3 was never measured on newer rows: retrain measures it"
    assert judge(replace(WELL, live=None), NOW)[0].verdict == "unknown"


def test_a_look_that_could_not_tell_is_unknown_only_while_it_is_the_newest_thing_known() -> None:
    blind = replace(WELL, look=("unknown", "no row came"), looked_at=NOW - timedelta(hours=2), patience=OLDEST)
    assert judge(replace(blind, known=known(timedelta(hours=3))), NOW)[0].verdict == "unknown"
    assert judge(replace(blind, known=known(timedelta(hours=1))), NOW)[0].verdict == "ok"


@pytest.mark.parametrize("link", [None, "2-release", ""])
def test_a_live_folder_that_is_not_what_the_ledger_says_fails_with_both_values(link: str | None) -> None:
    found = judge(replace(WELL, live_link=link), NOW)[0]
    assert found.verdict == "failing"
    assert found.why.startswith(f"the ledger says 3-release is live, the live folder leads to {link or 'nothing'}: run")


@pytest.mark.parametrize(
    ("gate", "value", "why"),
    [
        (GateRule("at_least", "roc_auc", 0.7), 0.7, None),
        (GateRule("at_least", "roc_auc", 0.7), 0.69, "roc_auc 0.69 of flights@3 is below 0.7 on"),
        (GateRule("at_most", "roc_auc", 0.7), 0.7, None),
        (GateRule("at_most", "roc_auc", 0.7), 0.71, "roc_auc 0.71 of flights@3 is above 0.7 on"),
        (GateRule("at_least", "log_loss", 0.9), 0.1, None),
        (GateRule("not_below_live_by", "roc_auc", 0.9), 0.1, None),
        (GateRule("rows_at_least", None, 10), 0.1, None),
    ],
)
def test_a_threshold_of_its_own_that_it_breaks_fails(gate: GateRule, value: float, why: str | None) -> None:
    gates = [GateRule("at_least", "brier", 9.0), gate]
    found = judge(replace(WELL, gates=gates, known=known(timedelta(days=1), value)), NOW)[0]
    assert found.verdict == ("ok" if why is None else "failing")
    if why:
        assert found.why.startswith(why) and found.since == NOW - timedelta(days=1)


def run(state: RunState, job: str = "retrain") -> Run:
    return Run(12, "flights", job, state, NOW, NOW, NOW, NOW, "zoe", 1.0, "", None, "no room")


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("succeeded", "ok"), ("nothing-new", "ok"), ("cancelled", "ok"), ("failed", "watch"), ("interrupted", "watch"),
    ],
)  # fmt: skip
def test_a_newest_run_that_did_not_end_well_is_watched_of_whatever_job(state: RunState, verdict: str) -> None:
    assert judge(replace(WELL, last_run=run(state)), NOW)[0].verdict == verdict
    other = replace(WELL, last_run=run("succeeded"), earlier=[run(state, "report")])
    found = judge(other, NOW)[0]
    assert found.verdict == verdict
    if verdict == "watch":
        said = "was interrupted" if state == "interrupted" else "failed"
        assert found == Reason("watch", f"the last report {said}: no room", NOW)


# Data without times


def test_rows_that_stand_still_for_longer_than_is_expected_are_told() -> None:
    still = timedelta(days=10)
    first = follow(None, "a", 100, NOW)
    assert (first.looks, first.changed) == (1, False)
    later = follow(first, "a", 100, NOW + still)
    assert (later.since, later.looks, later.changed) == (first.since, 2, False)
    assert freshness(later, NOW + still, still)[0].verdict == "cannot tell", "it was never seen to change"
    part, found = freshness(later, NOW + still + TICK, still)
    assert part.verdict == "watch" and found is not None and found.key == "same-rows"
    other = follow(later, "b", 101, NOW + still)
    assert (other.looks, other.changed) == (1, True)
    part, nothing = freshness(other, NOW + still, still)
    assert (part.verdict, nothing) == ("ok", None) and "other rows came with this look" in part.why
    again = follow(other, "b", 101, NOW + 2 * still)
    part, nothing = freshness(again, NOW + 2 * still, still)
    assert (part.verdict, nothing) == ("ok", None) and "other rows came 10 d ago" in part.why
