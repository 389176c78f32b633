"""What starts a retrain besides its schedule: a table of cases, then the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import stamp
from engine.jobs import triggers
from engine.jobs.triggers import Firing, TriggerFacts, firings
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.projects.manifest.records import TriggerSpec
from tests.builders.generated import generated
from tests.builders.projects import asks
from tests.builders.versions import altered
from tests.ledger import writing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = TriggerSpec("new-data", 1000, DAY)
DRIFT = TriggerSpec("drift", None, DAY)
FALL = TriggerSpec("performance", None, DAY)
QUIET = TriggerFacts(new_rows=0, alerts={})
ENOUGH = TriggerFacts(new_rows=1000, alerts={})


def asked(facts: TriggerFacts, *specs: TriggerSpec) -> list[Firing]:
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
        ({"again": 8}, "run 8 failed and is tried again"),
    ],
)
def test_what_keeps_it_from_starting_is_said(changes: dict[str, object], said: str) -> None:
    (firing,) = asked(replace(ENOUGH, **changes), NEW)  # type: ignore[arg-type]
    assert firing.skipped == said


def test_after_the_cool_down_it_starts() -> None:
    (firing,) = asked(replace(ENOUGH, last=(6, NOW - DAY)), NEW)
    assert firing.skipped is None


def test_a_run_of_a_time_to_come_cools_nothing_down() -> None:
    (firing,) = asked(replace(ENOUGH, last=(6, NOW + 730 * DAY)), NEW)
    assert firing.skipped is None


def test_an_alert_that_a_version_answers_starts_none() -> None:
    facts = replace(ENOUGH, alerts={"drift": "x moved"}, answered={"drift": "tiny@2 waits for a decision"})
    assert [each.skipped for each in asked(facts, DRIFT, NEW)] == ["tiny@2 waits for a decision", None]


# In the ledger: project-0000 has a live version, and the newest is a candidate made on MADE.

PROJECT = "project-0000"
MADE = datetime(2024, 1, 1, tzinfo=UTC) + 8 * timedelta(days=7)


def prepared(home: Path) -> Engine:
    engine = generated(home, 1, 8)
    with writing(engine) as db:
        asks(db, triggers=[{"on": "drift"}])
    return engine


def raise_alert(engine: Engine, key: str, at: datetime) -> None:
    with writing(engine) as db:
        finding = HealthFinding(key, "drift", "watch", f"{key} moved", "look", at)
        alert_book.record(db, PROJECT, 7, [finding], [], 1, at)


def fired(engine: Engine, at: datetime, seen: int) -> list[tuple[str, str]]:
    with writing(engine) as db:
        triggers.fire(db, PROJECT, seen, 0, None, at)
        found = db.execute("SELECT state, why FROM triggers WHERE seen = ?", (seen,)).fetchall()
    return [(row["state"], row["why"]) for row in found]


def test_drift_starts_no_retrain_each_day_while_a_candidate_made_since_waits(home: Path) -> None:
    engine = prepared(home)
    raise_alert(engine, "drift:x", MADE - DAY)
    for day in range(1, 4):
        said = fired(engine, MADE + day * DAY, day)
        assert said == ([("skipped", f"drift:x moved; {PROJECT}@8 waits for a decision")] if day == 1 else [])
    raise_alert(engine, "drift:y", MADE + 4 * DAY)
    assert [state for state, _ in fired(engine, MADE + 4 * DAY, 4)] == ["ran"], "that is news since the candidate"


def test_drift_after_a_version_that_failed_its_gates_is_tried_again(home: Path) -> None:
    engine = prepared(home)
    raise_alert(engine, "drift:x", MADE - DAY)
    altered(engine, 8, state="failed")
    assert [state for state, _ in fired(engine, MADE + 2 * DAY, 1)] == ["ran"]


def test_what_is_tried_again_is_not_started_a_second_time(home: Path) -> None:
    engine = prepared(home)
    raise_alert(engine, "drift:x", MADE + DAY)
    with writing(engine) as db:
        db.execute("UPDATE runs SET state = 'failed', retry_at = ? WHERE id = 8", (stamp(MADE + 9 * DAY),))
    assert fired(engine, MADE + 8 * DAY, 1) == [("skipped", "drift:x moved; run 8 failed and is tried again")]
