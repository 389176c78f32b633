"""The rules of retention at their edges: what goes at the very instant and what stays a microsecond before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.housekeeping import retention
from engine.housekeeping.retention import EnvironmentFacts, Rules, RunFacts, VersionFacts
from engine.records import RunState, VersionState

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
RULES = Rules(
    rollback_points=2, rollback_days=100, failed_days=30, run_days=3, log_days=50, compress_days=5, logs_total=1000,
    environment_days=20, bin_days=7,
)  # fmt: skip


def days(number: float) -> timedelta:
    return timedelta(days=number)


def test_the_rules_that_hold_from_the_first_day() -> None:
    assert Rules() == Rules(
        rollback_points=5, rollback_days=365, failed_days=30, run_days=1, log_days=90, compress_days=7,
        logs_total=1_073_741_824, environment_days=14, bin_days=14,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("failed", "it failed its gates"), ("rejected", "it was rejected"), ("expired", "it expired"),
        ("barred", "it was rolled back from"),
    ],
)  # fmt: skip
def test_what_will_not_be_gone_back_to_goes_at_the_end_of_its_days(state: VersionState, said: str) -> None:
    young, old = VersionFacts("a@1", state, NOW - days(30) + TICK), VersionFacts("a@2", state, NOW - days(30))
    verdicts = retention.judge_versions([young, old], RULES, NOW)
    assert (verdicts["a@1"].goes, verdicts["a@2"].goes) == (False, True)
    assert verdicts["a@1"].why == f"{said} 29 days ago; kept for 30 days"
    assert verdicts["a@2"].why == f"{said} on 25 Oct 2026, more than 30 days ago"


@pytest.mark.parametrize("state", ["live", "candidate", "failed", "rejected", "expired", "barred", "retired"])
def test_nothing_that_is_held_goes_and_the_hold_is_the_reason(state: VersionState) -> None:
    held = VersionFacts("a@1", state, NOW - days(4000), NOW - days(4000), held="")
    others = [VersionFacts(f"a@{n}", "retired", NOW, NOW) for n in (2, 3)]
    assert retention.judge_versions([held, *others], RULES, NOW)["a@1"] == retention.Verdict(False, "legal hold: ")


def test_what_runs_beside_a_live_version_stays_for_as_long_as_it_does() -> None:
    tried = VersionFacts("a@1", "failed", NOW - days(4000), tried=True)
    said = retention.judge_versions([tried], RULES, NOW)["a@1"]
    assert said == retention.Verdict(False, "it runs beside what is live")


def retired(number: int, until: float | None, since: float) -> VersionFacts:
    left = None if until is None else NOW - days(until)
    return VersionFacts(f"a@{number}", "retired", NOW - days(since), left)


def test_beyond_the_rollback_points_a_version_has_its_days_from_when_it_was_replaced() -> None:
    points = [retired(8, 1, 1), retired(9, 2, 2)]

    def goes(one: VersionFacts) -> bool:
        verdicts = retention.judge_versions([one, *points], RULES, NOW)
        assert not verdicts["a@8"].goes and not verdicts["a@9"].goes
        return verdicts[one.label].goes

    assert goes(retired(1, 100, 100)) and not goes(retired(1, 99.999, 99.999))
    assert not goes(retired(1, 200, 3)), "it was restored three days ago"
    assert not goes(retired(1, 3, 200)), "it was replaced three days ago"
    assert goes(retired(1, None, 100)) and not goes(retired(1, None, 99))


def test_rollback_points_are_those_that_were_live_last_also_where_one_does_not_say_until_when() -> None:
    versions = [retired(1, 300, 1), retired(2, None, 200), retired(3, 250, 2), VersionFacts("a@4", "barred", NOW)]
    verdicts = retention.judge_versions(versions, RULES, NOW)
    assert verdicts["a@2"].why == "rollback point 1 of 2" and verdicts["a@3"].why == "rollback point 2 of 2"
    assert verdicts["a@1"].why == "it was replaced 24 hours ago; kept for 100 days", "restored yesterday"
    assert verdicts["a@4"].why.startswith("it was rolled back from"), "a barred version is no rollback point"
    assert list(verdicts) == ["a@1", "a@2", "a@3", "a@4"]


@pytest.mark.parametrize("state", ["failed", "interrupted", "cancelled"])
def test_the_copies_of_a_run_that_did_not_end_well_have_their_days(state: RunState) -> None:
    assert not retention.judge_run_data(RunFacts(7, state, NOW - days(3) + TICK), RULES, NOW).goes
    gone = retention.judge_run_data(RunFacts(7, state, NOW - days(3)), RULES, NOW)
    assert gone == retention.Verdict(True, f"run 7 ended ({state}) on 21 Nov 2026, more than 3 days ago")
    assert not retention.judge_run_data(RunFacts(7, state, None), RULES, NOW).goes


def logs(*runs: RunFacts, total: int = 1000) -> dict[int, bool]:
    rules = Rules(log_days=50, logs_total=total)
    return {run: verdict.goes for run, verdict in retention.judge_logs(runs, rules, NOW).items()}


def ended(number: int, age: float, size: int) -> RunFacts:
    return RunFacts(number, "succeeded", NOW - days(age), size)


def test_logs_go_at_the_end_of_their_days() -> None:
    assert logs(RunFacts(1, "failed", NOW - days(50), 1), RunFacts(2, "failed", NOW - days(50) + TICK, 1)) == {
        1: True, 2: False,
    }  # fmt: skip


def test_logs_that_exactly_fill_their_room_stay_and_one_byte_more_takes_the_oldest() -> None:
    assert logs(ended(1, 3, 400), ended(2, 2, 600)) == {1: False, 2: False}
    assert logs(ended(1, 3, 401), ended(2, 2, 600)) == {1: True, 2: False}
    assert logs(ended(1, 3, 400), ended(2, 2, 300), ended(3, 1, 350)) == {1: True, 2: False, 3: False}


def test_logs_that_go_by_age_take_no_room_from_others() -> None:
    assert logs(ended(1, 60, 5000), ended(2, 2, 1000)) == {1: True, 2: False}
    assert logs(ended(1, 40, 900), ended(2, 60, 900), ended(3, 1, 100)) == {1: False, 2: True, 3: False}


def test_logs_that_go_for_their_size_give_their_room_back() -> None:
    assert logs(ended(1, 3, 400), ended(2, 2, 700), ended(3, 1, 600)) == {1: False, 2: True, 3: False}


def test_the_logs_of_runs_at_work_stay_and_count_first() -> None:
    at_work = RunFacts(9, "running", None, 900)
    assert logs(ended(1, 1, 101), at_work) == {1: True, 9: False}
    assert logs(ended(1, 1, 100), at_work) == {1: False, 9: False}
    assert logs(ended(1, 1, 100), RunFacts(9, "queued", None, 5000)) == {1: True, 9: False}


def test_of_runs_that_ended_at_one_instant_the_later_keeps_its_logs() -> None:
    assert logs(ended(1, 1, 600), ended(2, 1, 600)) == {1: True, 2: False}


def test_why_logs_go_names_the_bound() -> None:
    rules = Rules(logs_total=3 << 29)
    runs = [ended(1, 2, 3 << 29), ended(2, 1, 1)]
    assert retention.judge_logs(runs, rules, NOW)[1].why == "all logs together pass 1.5 GiB, and these are old"


def test_logs_are_compressed_when_nobody_follows_them_any_more() -> None:
    assert not retention.may_be_compressed(RunFacts(1, "failed", NOW - days(5) + TICK), RULES, NOW)
    assert retention.may_be_compressed(RunFacts(1, "failed", NOW - days(5)), RULES, NOW)
    assert not retention.may_be_compressed(RunFacts(1, "running", None), RULES, NOW)


@pytest.mark.parametrize(("needed", "why"), [
    (("a@1",), "a@1 needs it"), (("a@1", "a@2"), "a@1 and 1 more need it"),
    (("a@1", "a@2", "b@1"), "a@1 and 2 more need it"),
])  # fmt: skip
def test_an_environment_that_a_version_needs_stays_whatever_its_age(needed: tuple[str, ...], why: str) -> None:
    facts = EnvironmentFacts("e", NOW - days(4000), needed)
    assert retention.judge_environment(facts, 0, RULES, NOW) == retention.Verdict(False, why)


def test_an_environment_that_nothing_needs_goes_at_the_end_of_its_days_and_not_while_a_run_is_at_work() -> None:
    young, old = (EnvironmentFacts("e", NOW - days(20) + age, ()) for age in (TICK, timedelta(0)))
    assert not retention.judge_environment(young, 0, RULES, NOW).goes
    assert retention.judge_environment(old, 0, RULES, NOW).goes
    for running in (1, 7):
        assert not retention.judge_environment(old, running, RULES, NOW).goes


def test_a_release_folder_goes_an_hour_after_it_was_made_unless_it_is_live() -> None:
    hour = timedelta(hours=1)
    assert retention.judge_release("1-a", "2-b", NOW - hour, NOW).goes
    making = retention.judge_release("1-a", "2-b", NOW - hour + TICK, NOW)
    assert making == retention.Verdict(False, "it may still be in the making")
    assert retention.judge_release("1-a", "1-a", NOW - days(900), NOW) == retention.Verdict(False, "it is live")
    assert retention.judge_release("1-a", None, NOW - hour, NOW).goes


def test_no_object_goes_that_any_run_at_work_may_want() -> None:
    hour = timedelta(hours=1)
    assert retention.stored_before(NOW, []) == NOW - days(1)
    assert retention.stored_before(NOW, [NOW - 23 * hour + TICK]) == NOW - days(1)
    assert retention.stored_before(NOW, [NOW - 24 * hour, NOW]) == NOW - 25 * hour


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (-5, "less than an hour ago"), (0, "less than an hour ago"), (0.99, "less than an hour ago"),
        (1, "1 hour ago"), (1.99, "1 hour ago"), (2, "2 hours ago"), (47.9, "47 hours ago"), (48, "2 days ago"),
        (71.9, "2 days ago"), (72, "3 days ago"),
    ],
)  # fmt: skip
def test_an_age_in_words(hours: float, said: str) -> None:
    verdict = retention.judge_versions([VersionFacts("a@1", "failed", NOW - timedelta(hours=hours))], RULES, NOW)
    assert verdict["a@1"].why == f"it failed its gates {said}; kept for 30 days"


def test_one_day_is_no_plural() -> None:
    rules = Rules(failed_days=1)
    for age, why in ((0.5, "12 hours ago; kept for 1 day"), (2.0, "on 22 Nov 2026, more than 1 day ago")):
        found = retention.judge_versions([VersionFacts("a@1", "failed", NOW - days(age))], rules, NOW)["a@1"]
        assert found.why == f"it failed its gates {why}"
