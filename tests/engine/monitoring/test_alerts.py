"""Alerts are raised once, outlast what cannot be told, and end by themselves; people take them on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import ESCALATE_AFTER, settle, to_escalate
from engine.monitoring.records import LONGEST_SNOOZE, Alert, HealthFinding
from engine.storage.ledger import Ledger
from tests.builders.generated import generated
from tests.ledger import reading, writing
from tests.people import open_engine

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROJECT = "project-0000"
DRIFT = HealthFinding("drift:x", "drift", "watch", "x moved", "look at x", NOW)
FALL = HealthFinding("performance:roc_auc", "performance", "failing", "it fell", "roll back", NOW)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """project-0000 has versions and runs, made by a generator; zoe is admin, eve a viewer."""
    engine = generated(tmp_path / "home", 1, 6)
    engine.add_operator("eve", "viewer", "the business")
    yield engine
    engine.close()


def seen(engine: Engine, *found: HealthFinding, number: int = 1, measured: str = "quality drift performance") -> None:
    with writing(engine) as db:
        alert_book.record(db, PROJECT, number, found, measured.split(), 1, NOW)


def keys(engine: Engine) -> list[str]:
    return [each.key for each in engine.alerts()]


def test_what_every_look_finds_is_one_alert(engine: Engine) -> None:
    seen(engine, DRIFT)
    seen(engine, replace(DRIFT, why="x moved on"))
    (alert,) = engine.past_alerts()
    assert (alert.why, alert.since, alert.resolved_at) == ("x moved on", NOW, None)


def test_all_of_a_projects_trouble_at_one_time_is_one_incident(engine: Engine) -> None:
    seen(engine, DRIFT)
    seen(engine, DRIFT, FALL)
    assert len({each.incident for each in engine.alerts()}) == 1
    assert keys(engine) == [FALL.key, DRIFT.key], "failing comes first"
    seen(engine)
    seen(engine, DRIFT)
    assert len({each.incident for each in engine.past_alerts()}) == 2, "what comes back is news"


def test_what_is_found_no_more_ends_by_itself(engine: Engine) -> None:
    seen(engine, DRIFT, FALL)
    seen(engine, FALL)
    assert keys(engine) == [FALL.key]
    assert engine.past_alerts()[1].resolved_why == "it is found no more"


def test_who_cannot_tell_cannot_say_that_it_is_over(engine: Engine) -> None:
    seen(engine, FALL)
    seen(engine, measured="quality drift")
    assert keys(engine) == [FALL.key]


def test_another_version_has_no_part_in_the_trouble_of_the_one_before(engine: Engine) -> None:
    seen(engine, DRIFT, FALL)
    seen(engine, DRIFT, number=2)
    (alert,) = engine.alerts()
    assert alert.version == f"{PROJECT}@2"
    assert {each.resolved_why for each in engine.past_alerts()} == {None, f"{PROJECT}@1 is no longer live"}


def swap(engine: Engine, live: int) -> None:
    with writing(engine) as db:
        alert_book.swapped(db, f"{PROJECT}@{live}", PROJECT, NOW + HOUR)


def incident_is_open(engine: Engine) -> bool:
    with reading(engine) as db:
        return db.execute("SELECT 1 FROM incidents WHERE closed_at IS NULL").fetchone() is not None


def test_a_swap_ends_what_was_open_about_the_version_before_and_its_incident(engine: Engine) -> None:
    seen(engine, DRIFT, FALL)
    swap(engine, 2)
    assert engine.alerts() == () and not incident_is_open(engine)
    assert {(each.resolved_why, each.resolved_at) for each in engine.past_alerts()} == {
        (f"{PROJECT}@1 is no longer live", NOW + HOUR)
    }


def test_a_swap_to_the_version_that_an_alert_is_about_leaves_it_open(engine: Engine) -> None:
    seen(engine, DRIFT)
    swap(engine, 1)
    assert keys(engine) == [DRIFT.key]


def test_what_no_look_raised_is_about_the_project_and_outlasts_swaps_and_looks(engine: Engine) -> None:
    mail = HealthFinding("mail bo@example.org", "mail bo@example.org", "watch", "no mail reaches bo", "retry", NOW)
    with writing(engine) as db:
        alert_book.record(db, PROJECT, 1, [mail], {mail.part}, None, NOW)
    seen(engine, DRIFT)
    swap(engine, 2)
    assert keys(engine) == [mail.key] and incident_is_open(engine)
    seen(engine, number=2)
    assert keys(engine) == [mail.key]
    with writing(engine) as db:
        alert_book.record(db, PROJECT, 2, [mail], {mail.part}, None, NOW)
    assert len(engine.past_alerts()) == 2, "the same mail is the same alert"
    with writing(engine) as db:
        alert_book.record(db, PROJECT, 2, [], {mail.part}, None, NOW)
    assert engine.alerts() == ()


def test_what_gets_worse_is_news_to_who_had_acknowledged_it(engine: Engine) -> None:
    seen(engine, DRIFT)
    engine.acknowledge(engine.alerts()[0].id, "the season")
    assert engine.alerts()[0].acknowledged_by == "zoe"
    seen(engine, DRIFT)
    assert engine.alerts()[0].acknowledged_by == "zoe"
    seen(engine, replace(DRIFT, severity="failing"))
    assert engine.alerts()[0].acknowledged_by is None


def test_an_alert_is_taken_on_by_one_person_with_a_reason_that_stays(engine: Engine) -> None:
    seen(engine, DRIFT)
    (alert,) = engine.alerts()
    with pytest.raises(Invalid):
        engine.acknowledge(alert.id, "  ")
    engine.acknowledge(alert.id, "the season")
    with pytest.raises(Conflict, match="zoe has acknowledged .* the season"):
        engine.acknowledge(alert.id, "me too")
    assert [(row.action, row.reason) for row in engine.audit(limit=1)] == [("acknowledge-alert", "the season")]


def test_a_viewer_may_look_at_alerts_and_not_touch_them(engine: Engine) -> None:
    seen(engine, DRIFT)
    eve = open_engine(engine.home, "eve")
    with pytest.raises(Forbidden):
        eve.acknowledge(eve.alerts()[0].id, "x")
    with pytest.raises(Forbidden):
        eve.snooze(eve.alerts()[0].id, NOW, "x")
    eve.close()


def test_what_is_over_or_was_never_there_cannot_be_acknowledged(engine: Engine) -> None:
    seen(engine, DRIFT)
    (alert,) = engine.alerts()
    seen(engine)
    with pytest.raises(Conflict, match="is over since"):
        engine.acknowledge(alert.id, "too late")
    with pytest.raises(NotFound):
        engine.acknowledge(999, "x")


@pytest.mark.parametrize("span", [timedelta(0), timedelta(days=31)])
def test_a_snooze_has_an_end_that_is_near(engine: Engine, ledger: Ledger, span: timedelta) -> None:
    seen(engine, DRIFT)
    with pytest.raises(Invalid, match="at most 30 days"):
        alert_book.snooze(ledger, 1, NOW + span, "x", engine.caller, NOW)


def test_a_snoozed_alert_is_quiet_until_it_wakes(engine: Engine, ledger: Ledger) -> None:
    seen(engine, DRIFT)
    alert = alert_book.snooze(ledger, 1, NOW + HOUR, "tomorrow", engine.caller, NOW)
    assert alert.quiet(NOW) and not alert.quiet(NOW + HOUR)


def of(**changes: object) -> Alert:
    base = Alert(1, 1, "p", "p@1", FALL.key, "performance", "failing", "w", "a", NOW, NOW, 1, NOW)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_what_was_snoozed_while_the_clock_was_ahead_does_not_sleep_until_then() -> None:
    assert not of(snoozed_until=NOW + timedelta(days=730)).quiet(NOW)
    assert of(snoozed_until=NOW + LONGEST_SNOOZE).quiet(NOW)


@pytest.mark.parametrize(
    ("changes", "late", "escalated"),
    [
        ({}, ESCALATE_AFTER, True),
        ({}, ESCALATE_AFTER - timedelta(seconds=1), False),
        ({"severity": "watch"}, ESCALATE_AFTER, False),
        ({"acknowledged_at": NOW}, ESCALATE_AFTER, False),
        ({"escalated_at": NOW}, ESCALATE_AFTER, False),
        ({"resolved_at": NOW}, ESCALATE_AFTER, False),
        ({"snoozed_until": NOW + 2 * HOUR}, ESCALATE_AFTER, False),
        ({"snoozed_until": NOW + HOUR / 2}, ESCALATE_AFTER, True),
    ],
)
def test_what_fails_and_nobody_takes_notice_of_is_escalated(
    changes: dict[str, object], late: timedelta, escalated: bool
) -> None:
    assert to_escalate(of(**changes), NOW + late) is escalated


def test_it_is_escalated_once(engine: Engine, ledger: Ledger) -> None:
    seen(engine, FALL, DRIFT)
    alert_book.escalate(ledger, NOW + ESCALATE_AFTER)
    alert_book.escalate(ledger, NOW + 2 * ESCALATE_AFTER)
    assert [each.escalated_at for each in engine.alerts()] == [NOW + ESCALATE_AFTER, None]


def test_the_same_trouble_twice_in_one_look_is_one_alert() -> None:
    assert settle((), (DRIFT, replace(DRIFT, why="again")), (), "p@1").raised == (replace(DRIFT, why="again"),)


def test_alerts_are_never_deleted(engine: Engine) -> None:
    seen(engine, DRIFT)
    with pytest.raises(Exception, match="append-only"), writing(engine) as db:
        db.execute("DELETE FROM alerts")


def test_of_a_removed_project_nothing_is_open(engine: Engine) -> None:
    seen(engine, DRIFT)
    engine.remove(PROJECT, "no longer needed", PROJECT)
    assert engine.alerts() == () and len(engine.past_alerts()) == 1
