"""What starts a retrain besides its schedule: a table of cases, then the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.jobs.triggers import Facts, Firing, firings
from engine.projects.manifest_records import TriggerSpec

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = TriggerSpec("new-data", 1000, DAY)
DRIFT = TriggerSpec("drift", None, DAY)
FALL = TriggerSpec("performance", None, DAY)
QUIET = Facts(new_rows=0, alerts={})
ENOUGH = Facts(new_rows=1000, alerts={})


def asked(facts: Facts, *specs: TriggerSpec) -> list[Firing]:
    return list(firings(specs, facts, NOW))


def test_nothing_holds_where_nothing_is_new() -> None:
    assert asked(replace(QUIET, new_rows=999), NEW, DRIFT, FALL) == []


def test_enough_new_rows_start_a_retrain() -> None:
    (firing,) = asked(ENOUGH, NEW)
    assert firing.skipped is None and firing.why == "1,000 new rows since the last version, and 1,000 are enough"


def test_an_alert_starts_one_for_the_reason_that_it_was_raised() -> None:
    facts = replace(QUIET, alerts={"performance": "roc_auc fell", "quality": "gaps"})
    assert asked(facts, DRIFT, FALL) == [Firing("performance", "roc_auc fell")]


def test_of_two_that_hold_one_starts_the_run_and_both_are_told() -> None:
    first, second = asked(replace(ENOUGH, alerts={"drift": "x moved"}), NEW, DRIFT)
    assert first.skipped is None and second.skipped == "new-data starts one already"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"busy": 7}, "run 7 is under way"),
        ({"last": (6, NOW - DAY / 2)}, "cool-down: run 6 was 12 h ago, and cool_down is 24 h"),
        ({"refused": "the disk is full"}, "the disk is full"),
    ],
)
def test_what_keeps_it_from_starting_is_said(changes: dict[str, object], said: str) -> None:
    (firing,) = asked(replace(ENOUGH, **changes), NEW)  # type: ignore[arg-type]
    assert firing.skipped == said


def test_after_the_cool_down_it_starts() -> None:
    (firing,) = asked(replace(ENOUGH, last=(6, NOW - DAY)), NEW)
    assert firing.skipped is None
