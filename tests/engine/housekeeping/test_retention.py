"""The rules of retention as tables of cases: what goes, what stays, and the sentence that says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.housekeeping import retention
from engine.housekeeping.retention import EnvironmentFacts, Rules, RunFacts, VersionFacts
from engine.records import RunState, VersionState

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = Rules(rollback_points=2, rollback_days=100, failed_days=30, logs_total=1000)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def judged(*versions: VersionFacts) -> dict[str, tuple[bool, str]]:
    found = retention.judge_versions(versions, RULES, NOW)
    return {label: (verdict.goes, verdict.why) for label, verdict in found.items()}


@pytest.mark.parametrize(
    ("state", "days", "goes", "why"),
    [
        ("live", 4000, False, "it is live"),
        ("candidate", 4000, False, "it waits for a decision"),
        ("failed", 29, False, "it failed its gates 29 days ago; kept for 30 days"),
        ("failed", 30, True, "it failed its gates on 25 Oct 2026, more than 30 days ago"),
        ("rejected", 1, False, "it was rejected 24 hours ago; kept for 30 days"),
        ("rejected", 31, True, "it was rejected on 24 Oct 2026, more than 30 days ago"),
        ("expired", 31, True, "it expired on 24 Oct 2026, more than 30 days ago"),
        ("barred", 10, False, "it was rolled back from 10 days ago; kept for 30 days"),
        ("barred", 40, True, "it was rolled back from on 15 Oct 2026, more than 30 days ago"),
    ],
)
def test_a_version_goes_by_its_state_and_age(state: VersionState, days: float, goes: bool, why: str) -> None:
    assert judged(VersionFacts("a@1", state, ago(days=days))) == {"a@1": (goes, why)}


def test_the_newest_that_were_live_are_rollback_points_whatever_their_age_and_older_ones_have_their_days() -> None:
    retired = [
        VersionFacts(f"a@{number}", "retired", ago(days=days), live_until=ago(days=days))
        for number, days in ((1, 500), (2, 450), (3, 90), (4, 400))
    ]
    assert judged(*retired) == {
        "a@3": (False, "rollback point 1 of 2"),
        "a@4": (False, "rollback point 2 of 2"),
        "a@2": (True, "it was replaced on 31 Aug 2025, more than 100 days ago"),
        "a@1": (True, "it was replaced on 12 Jul 2025, more than 100 days ago"),
    }
    young = [VersionFacts(f"a@{n}", "retired", ago(days=n), live_until=ago(days=n)) for n in (1, 2, 3)]
    assert judged(*young)["a@3"] == (False, "it was replaced 3 days ago; kept for 100 days")


def test_a_legal_hold_is_stronger_than_any_age() -> None:
    held = VersionFacts("a@1", "failed", ago(days=4000), held="ada since 2026-01-01: the court asks")
    assert judged(held) == {"a@1": (False, "legal hold: ada since 2026-01-01: the court asks")}


@pytest.mark.parametrize(
    ("state", "hours", "goes", "why"),
    [
        ("running", None, False, "run 7 is running"),
        ("queued", None, False, "run 7 is queued"),
        ("succeeded", 0.0, True, "all that it made is in the store"),
        ("nothing-new", 0.0, True, "all that it made is in the store"),
        ("failed", 0.5, False, "run 7 ended (failed) less than an hour ago; kept for 1 day"),
        ("failed", 23, False, "run 7 ended (failed) 23 hours ago; kept for 1 day"),
        ("interrupted", 25, True, "run 7 ended (interrupted) on 23 Nov 2026, more than 1 day ago"),
    ],
)
def test_the_data_of_a_run_goes_when_it_is_of_no_use_any_more(
    state: RunState, hours: float | None, goes: bool, why: str
) -> None:
    run = RunFacts(7, state, None if hours is None else ago(hours=hours))
    verdict = retention.judge_run_data(run, RULES, NOW)
    assert (verdict.goes, verdict.why) == (goes, why)


def test_logs_go_by_age_and_the_oldest_first_where_all_together_are_too_large() -> None:
    runs = [
        RunFacts(n, "succeeded", ago(days=days), size) for n, days, size in ((1, 91, 10), (2, 80, 400), (3, 2, 700))
    ]
    runs.append(RunFacts(4, "running", None, 200))
    verdicts = retention.judge_logs(runs, RULES, NOW)
    assert {run: verdict.goes for run, verdict in verdicts.items()} == {1: True, 2: True, 3: False, 4: False}
    assert verdicts[1].why == "run 1 ended on 25 Aug 2026, more than 90 days ago"
    assert "these are old" in verdicts[2].why
    roomy = retention.judge_logs(runs, Rules(logs_total=2000), NOW)
    assert {run for run, verdict in roomy.items() if verdict.goes} == {1}


def test_a_log_that_is_larger_than_all_may_be_does_not_take_the_small_ones_with_it() -> None:
    runs = [RunFacts(1, "failed", ago(days=3), 10), RunFacts(2, "failed", ago(days=2), 5000)]
    verdicts = retention.judge_logs(runs, RULES, NOW)
    assert {run for run, verdict in verdicts.items() if verdict.goes} == {2}


@pytest.mark.parametrize(
    ("needed_by", "running", "days", "goes", "why"),
    [
        (("a@2", "a@1"), 0, 400, False, "a@2 and 1 more need it"),
        (("a@2",), 0, 400, False, "a@2 needs it"),
        ((), 1, 400, False, "a run is at work, which may be using it"),
        ((), 0, 13, False, "no version needs it; it was built 13 days ago; kept for 14 days"),
        ((), 0, 15, True, "no version needs it; it was built on 09 Nov 2026, more than 14 days ago"),
    ],
)
def test_an_environment_goes_when_nothing_needs_it(
    needed_by: tuple[str, ...], running: int, days: int, goes: bool, why: str
) -> None:
    facts = EnvironmentFacts("abc", ago(days=days), needed_by)
    verdict = retention.judge_environment(facts, running, RULES, NOW)
    assert (verdict.goes, verdict.why) == (goes, why)


def test_a_release_folder_goes_unless_it_is_live_or_in_the_making() -> None:
    def goes(name: str, **age: float) -> bool:
        return retention.judge_release(name, "3-abc", ago(**age), NOW).goes

    assert not goes("3-abc", days=100)
    assert not goes(".4-def", minutes=5)
    assert goes(".4-def", hours=2)
    assert goes("2-abc", hours=2)


def test_no_object_goes_that_is_younger_than_a_day_or_than_a_run_at_work() -> None:
    assert retention.stored_before(NOW, []) == ago(days=1)
    assert retention.stored_before(NOW, [ago(hours=1)]) == ago(days=1)
    assert retention.stored_before(NOW, [ago(hours=1), ago(days=3)]) == ago(days=3, hours=1)
