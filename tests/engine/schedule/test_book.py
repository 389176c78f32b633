"""Schedules and occurrences as the ledger has them: what is read, and what an operator may and may not change."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.projects import schedules
from engine.records import Operator
from engine.schedule import book
from engine.schedule.book import ScheduleChanges
from engine.schedule.records import Occurrence
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import SCHEDULED

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
HOUR = timedelta(hours=1)
ADA = Operator("ada", "operator", "ada@box")
HOURLY = {
    "cron": "0 * * * *", "timezone": "Europe/Berlin", "catch_up": "all", "give_up_after": "2h", "cool_down": "30m",
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """The projects one and two with an hourly retrain each, since noon; one has a look every 15 minutes beside."""
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        for name, entries in (("two", {"retrain": HOURLY}), ("one", {"retrain": HOURLY, "health": {"every": "15m"}})):
            db.execute("INSERT INTO projects VALUES (?, 'T', 'o', '/p', '{}', ?, NULL)", (name, stamp(NOON)))
            schedules.sync(db, name, {"schedule": entries}, NOON)
    return ledger


def happened(ledger: Ledger, project: str, number: int, **otherwise: Any) -> None:
    row = {
        "schedule": 1, "project": project, "job": "retrain", "due": stamp(NOON + number * HOUR), "last": None,
        "times": 1, "state": "skipped", "why": "", "run": None, "at": stamp(NOON + number * HOUR), "fence": 1,
        **otherwise,
    }  # fmt: skip
    with ledger.write() as db:
        names = ", ".join(row)
        db.execute(f"INSERT INTO occurrences ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def rows(ledger: Ledger) -> list[dict[str, Any]]:
    with ledger.read() as db:
        return [dict(row) for row in db.execute("SELECT * FROM schedules ORDER BY id")]


def acts(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    return [(r.actor, r.action, r.subject, r.reason) for r in trail.page(ledger, offset=0, limit=99)]


def test_the_rules_in_force_by_project_and_job(ledger: Ledger) -> None:
    with ledger.read() as db:
        assert [(s.project, s.job) for s in book.everything(db, None, NOON)] == [
            ("one", "health"), ("one", "retrain"), ("two", "retrain"),
        ]  # fmt: skip
        assert [(s.project, s.job) for s in book.everything(db, "two", NOON)] == [("two", "retrain")]
        with pytest.raises(NotFound):
            book.everything(db, "three", NOON)


def test_a_rule_as_it_is_told(ledger: Ledger) -> None:
    with ledger.read() as db:
        found = book.one(db, "one", "retrain", LATER + timedelta(minutes=5))
        assert (found.project, found.job, found.rule, found.timezone) == (
            "one", "retrain", "0 * * * *", "Europe/Berlin",
        )  # fmt: skip
        assert (found.catch_up, found.give_up_after, found.cool_down) == ("all", 7200.0, 1800.0)
        assert (found.enabled, found.origin, found.changed_by, found.note) == (True, "manifest", None, "")
        assert found.next_due == tuple(NOON + number * HOUR for number in range(2, 7))
        assert found.last is None
        bare = book.one(db, "one", "health", NOON - 3 * HOUR)
        assert (bare.rule, bare.timezone, bare.catch_up, bare.give_up_after, bare.cool_down) == (
            "every 15m", "UTC", "latest", None, None,
        )  # fmt: skip
        assert bare.next_due[0] == NOON + timedelta(minutes=15), "nothing is due before the rule began"


def test_the_newest_occurrence_of_the_job_stands_beside_it(ledger: Ledger) -> None:
    happened(ledger, "one", 1)
    happened(ledger, "one", 2, why="given up", state="missed", last=stamp(NOON + 9 * HOUR), times=8)
    happened(ledger, "two", 3)
    happened(ledger, "one", 4, job="health", schedule=3)
    with ledger.read() as db:
        assert book.one(db, "one", "retrain", LATER).last == Occurrence(
            "one", "retrain", NOON + 2 * HOUR, "missed", "given up", None, NOON + 2 * HOUR, NOON + 9 * HOUR, 8, 2,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("project", "job", "says"),
    [
        ("three", "retrain", "There is no project 'three'"),
        ("two", "health", "two has no schedule for 'health'; write one into"),
        ("two", "sweep", f"two schedules {', '.join(SCHEDULED)} only; write one into"),
    ],
)
def test_a_rule_that_is_not_there_is_told_with_what_to_do(ledger: Ledger, project: str, job: str, says: str) -> None:
    with ledger.read() as db, pytest.raises(NotFound) as told:
        book.find(db, project, job)
    assert says in str(told.value)


def test_occurrences_newest_first_page_by_page(ledger: Ledger) -> None:
    assert book.count(ledger) == 0 and book.page(ledger, offset=0, limit=9, matching="") == ()
    for number in range(1, 8):
        happened(ledger, "one" if number % 2 else "two", number, why="the DISK is full" if number == 4 else "")
    assert book.count(ledger) == 7

    def hours(offset: int, limit: int, matching: str = "") -> list[int]:
        found = book.page(ledger, offset=offset, limit=limit, matching=matching)
        return [(each.due - NOON) // HOUR for each in found]

    assert hours(0, 3) == [7, 6, 5] and hours(5, 9) == [2, 1] and hours(7, 9) == []
    assert hours(0, 2, "one") == [7, 5] and hours(1, 9, "ONE RETRAIN skip") == [5, 3, 1]
    assert hours(0, 9, "Disk") == [4] and hours(0, 9, "nothing") == []


def test_what_did_not_simply_run_since_then(ledger: Ledger) -> None:
    for number, why in ((1, "late"), (2, ""), (3, "missed"), (4, "skipped"), (5, "busy")):
        happened(ledger, "one", number, why=why)

    def told(after: datetime, limit: int = 1000) -> list[str]:
        return [each.why for each in book.told_since(ledger, after, limit)]

    assert told(NOON) == ["busy", "skipped", "missed", "late"] and told(NOON, 2) == ["busy", "skipped"]
    assert told(NOON + 3 * HOUR) == ["busy", "skipped"] and told(NOON + 5 * HOUR) == []


# Changing


def test_a_paused_rule_is_due_no_more_and_goes_on_from_when_it_is_resumed(ledger: Ledger) -> None:
    paused = book.pause(ledger, "one", "retrain", "holiday", ADA, LATER)
    assert (paused.enabled, paused.next_due, paused.note, paused.changed_by) == (
        False, (), "paused by ada: holiday", "ada",
    )  # fmt: skip
    assert (paused.origin, paused.rule, paused.catch_up, paused.cool_down) == ("manifest", "0 * * * *", "all", 1800.0)
    with pytest.raises(Conflict, match="The schedule of one is paused already: paused by ada: holiday"):
        book.pause(ledger, "one", "retrain", "again", ADA, LATER)
    resumed = book.resume(ledger, "one", "retrain", "back", replace(ADA, name="bob"), LATER + HOUR)
    assert (resumed.enabled, resumed.note, resumed.changed_by) == (True, "back", "bob")
    assert resumed.next_due[0] == LATER + 2 * HOUR
    with pytest.raises(Conflict, match="The schedule of one is not paused"):
        book.resume(ledger, "one", "retrain", "again", ADA, LATER)
    assert acts(ledger) == [
        ("bob", "resume-schedule", "one retrain", "back"), ("ada", "pause-schedule", "one retrain", "holiday"),
    ]  # fmt: skip
    of_one = [row for row in rows(ledger) if (row["project"], row["job"]) == ("one", "retrain")]
    assert [(row["since"], row["until"], row["enabled"]) for row in of_one] == [
        (stamp(NOON), stamp(LATER), 1), (stamp(LATER), stamp(LATER + HOUR), 0), (stamp(LATER + HOUR), None, 1),
    ]  # fmt: skip
    others = [row for row in rows(ledger) if (row["project"], row["job"]) != ("one", "retrain")]
    assert len(others) == 2 and all(row["until"] is None for row in others)


def test_an_edit_changes_what_it_names_and_nothing_else(ledger: Ledger) -> None:
    wanted = ScheduleChanges(rule=" 30  4 * * * ", give_up_after="none", cool_down="1h")
    edited = book.edit(ledger, "one", "retrain", wanted, "at night", ADA, LATER)
    assert (edited.rule, edited.give_up_after, edited.cool_down, edited.timezone, edited.catch_up) == (
        "30 4 * * *", None, 3600.0, "Europe/Berlin", "all",
    )  # fmt: skip
    assert (edited.origin, edited.changed_by, edited.note, edited.enabled) == ("operator", "ada", "at night", True)
    assert edited.next_due[0] == datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert (row.actor, row.action, row.subject, row.reason) == ("ada", "edit-schedule", "one retrain", "at night")
    assert row.details == {
        "before": {"rule": "0 * * * *", "give_up_after": "2h", "cool_down": "30m"},
        "rule": "30 4 * * *", "give_up_after": None, "cool_down": "1h",
    }  # fmt: skip
    again = book.edit(
        ledger, "one", "retrain", ScheduleChanges(timezone="UTC", catch_up="skip"), "so", ADA, LATER + HOUR
    )
    assert (again.timezone, again.catch_up, again.rule) == ("UTC", "skip", "30 4 * * *")


def test_an_edit_of_a_paused_rule_leaves_it_paused_with_its_reason(ledger: Ledger) -> None:
    book.pause(ledger, "one", "retrain", "holiday", ADA, LATER)
    edited = book.edit(ledger, "one", "retrain", ScheduleChanges(rule="every 6h"), "less often", ADA, LATER)
    assert (edited.enabled, edited.rule, edited.note, edited.next_due) == (
        False, "every 6h", "paused by ada: holiday", (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "error", "says"),
    [
        (ScheduleChanges(), Invalid, "Nothing was named to change"),
        (ScheduleChanges(rule="0 * * * *"), Conflict, "says that already; nothing was changed"),
        (ScheduleChanges(rule="0 * * * *", timezone="Europe/Berlin", catch_up="all"), Conflict, "says that already"),
        (ScheduleChanges(rule="61 * * * *"), Invalid, "The rule is '61 \\* \\* \\* \\*'; it has a wrong minute"),
        (ScheduleChanges(rule="every 5s"), Invalid, "it must be from one minute to 10 years"),
        (ScheduleChanges(rule="every soon"), Invalid, "after 'every' it needs"),
        (ScheduleChanges(rule=""), Invalid, "needs five fields"),
        (ScheduleChanges(timezone="Europe/Berlim"), Invalid, "no known time zone; did you mean 'Europe/Berlin'"),
        (ScheduleChanges(catch_up="some"), Invalid, "catch_up is 'some'; it is one of latest, all, skip"),
        (ScheduleChanges(give_up_after="0h"), Invalid, "give_up_after is '0h'; it is .*, or 'none'"),
        (ScheduleChanges(give_up_after="long"), Invalid, "give_up_after is 'long'"),
        (ScheduleChanges(cool_down=""), Invalid, "cool_down is"),
    ],
    ids=[str(number) for number in range(12)],
)
def test_an_edit_that_cannot_be_is_refused_and_nothing_is_written(
    ledger: Ledger, wanted: ScheduleChanges, error: type[Exception], says: str
) -> None:
    before = rows(ledger)
    with pytest.raises(error, match=says):
        book.edit(ledger, "one", "retrain", wanted, "so", ADA, LATER)
    assert rows(ledger) == before and acts(ledger) == []


def test_an_edit_of_one_thing_that_is_so_and_one_that_is_not_is_made(ledger: Ledger) -> None:
    edited = book.edit(ledger, "one", "retrain", ScheduleChanges(rule="0 * * * *", catch_up="skip"), "so", ADA, LATER)
    assert edited.catch_up == "skip"


@pytest.mark.parametrize("act", ["pause", "resume", "edit"])
def test_a_viewer_changes_no_schedule(ledger: Ledger, act: str) -> None:
    eve = Operator("eve", "viewer", "")
    before = rows(ledger)
    with pytest.raises(Forbidden, match="eve is an? viewer and may not .* schedules"):
        if act == "edit":
            book.edit(ledger, "one", "retrain", ScheduleChanges(catch_up="skip"), "so", eve, LATER)
        else:
            (book.pause if act == "pause" else book.resume)(ledger, "one", "retrain", "so", eve, LATER)
    assert rows(ledger) == before and acts(ledger) == []


def test_a_schedule_that_is_written_is_what_the_manifest_said(ledger: Ledger) -> None:
    """What an entry says is kept as it was written, to see when it changes."""
    assert json.loads(next(row["entry"] for row in rows(ledger) if row["project"] == "two")) == HOURLY
    with pytest.raises(sqlite3.IntegrityError), ledger.write() as db:
        db.execute("UPDATE schedules SET rule = '* * * * *'")
