"""What happens becomes mail: once, to whom it concerns, while it is news."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.clock import stamp
from engine.outbox import events
from engine.runs import queue
from tests.builders.versions import altered
from tests.engine.reports.worlds import MANIFEST, NOW, World, empty

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUSINESS, OWNER = "business@example.org", "ops@example.org"


def world_of(home: Path, **report: Any) -> World:
    return empty(home).project(report={"to": [BUSINESS], **report})


def told(world: World, at: datetime = NOW) -> list[tuple[str, str]]:
    """Take the news and return the subjects with what they say, to the owner."""
    while events.take(world.ledger, at):
        pass
    found = [(mail.subject, mail.body) for mail in world.engine.outbox(limit=100) if mail.recipient == OWNER]
    return list(reversed(found))


def test_a_candidate_a_swap_and_a_rollback_are_told_to_the_business_and_the_owner(home: Path) -> None:
    world = world_of(home)
    world.version(NOW - HOUR, 0.7)
    assert [subject for subject, _ in told(world)] == ["Late arrivals: flights@1 waits for a decision"]
    world.deploy(NOW, 1, by="ada", why="the first")
    world.version(NOW, 0.71, (1, 0.7))
    told(world)
    world.deploy(NOW, 2, by="ada")
    world.deploy(NOW, 1, "rollback", by="bo", why="too many false alarms")
    subjects = [subject for subject, _ in told(world)]
    assert subjects == [
        "Late arrivals: flights@1 waits for a decision",
        "Late arrivals: flights@1 went live",
        "Late arrivals: flights@2 waits for a decision",
        "Late arrivals: flights@2 went live",
        "Late arrivals: flights@1 is back in use",
    ]
    assert "“too many false alarms”" in told(world)[-1][1] and "Taken back by bo" in told(world)[-1][1]
    assert {mail.recipient for mail in world.engine.outbox()} == {BUSINESS, OWNER}
    assert world.engine.count_outbox() == 2 * len(subjects)


def test_news_is_told_once_however_often_somebody_looks(home: Path) -> None:
    world = world_of(home)
    world.version(NOW, 0.7)
    assert events.take(world.ledger, NOW) == 2
    assert events.take(world.ledger, NOW) == 0
    with world.ledger.read() as db:
        assert not events.waiting(db)


def test_a_look_that_is_cut_short_leaves_nothing_half_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(home)
    world.version(NOW, 0.7)
    world.deploy(NOW, 1)
    real, asked = events._take, []

    def cut(*given: Any) -> int:
        asked.append(given)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(events, "_take", cut)
    with pytest.raises(KeyboardInterrupt):
        events.take(world.ledger, NOW)
    assert world.engine.count_outbox() == 0
    monkeypatch.undo()
    assert [subject for subject, _ in told(world)] == ["Late arrivals: flights@1 went live"]


def test_a_candidate_that_was_decided_meanwhile_waits_for_nobody(home: Path) -> None:
    world = world_of(home)
    world.version(NOW, 0.7)
    altered(world.engine, 1, state="rejected")
    assert told(world) == []


def test_red_is_told_when_it_begins_when_it_gets_worse_and_when_nobody_takes_it_on(home: Path) -> None:
    world = world_of(home)
    world.alert(NOW, "watch", "carrier drifts")
    assert told(world) == []
    with world.ledger.write() as db:
        db.execute("UPDATE alerts SET severity = 'failing', why = 'carrier is lost', seen_at = ?", (stamp(NOW),))
    (worse,) = told(world)
    assert worse[0] == "Late arrivals: flights@1 needs action" and "carrier is lost." in worse[1]
    world.alert(NOW, "failing", "recall fell")
    assert len(told(world)) == 2
    with world.ledger.write() as db:
        db.execute("UPDATE alerts SET escalated_at = ? WHERE id = 2", (stamp(NOW + HOUR),))
        db.execute("UPDATE alerts SET seen_at = ?, severity = severity", (stamp(NOW + HOUR),))
    *_, escalated = told(world, NOW + HOUR)
    assert escalated[0] == "Late arrivals: flights@1 still needs action, and nobody has taken it on"
    assert len(told(world, NOW + HOUR)) == 3


def test_that_a_canary_was_ended_asks_for_no_action_on_what_is_live(home: Path) -> None:
    world = world_of(home)
    world.alert(NOW, "failing", "flights@2 errs more often", part="canary")
    ((subject, text),) = told(world)
    assert subject == "Late arrivals: the canary beside flights@1 was ended" and "flights@2 errs more often." in text


def test_red_that_is_over_already_is_told_nobody(home: Path) -> None:
    world = world_of(home)
    world.alert(NOW - HOUR, "failing", "recall fell", NOW)
    assert told(world) == []


def test_a_red_mail_names_what_else_is_open_the_worst_first(home: Path) -> None:
    world = world_of(home)
    world.alert(NOW - HOUR, "watch", "x moved")
    world.alert(NOW, "failing", "recall fell")
    ((_, body),) = told(world)
    assert "Also open: watch: x moved." in body


def test_a_report_that_failed_is_told_and_a_retrain_that_failed_is_not(home: Path) -> None:
    world = world_of(home)
    for job in ("report", "retrain"):
        run = world.run(NOW, job=job, state="running")
        with world.ledger.write() as db:
            queue.finish(db, run, "failed", NOW, why="the disk was full")
    ((subject, body),) = told(world)
    assert subject == "Late arrivals: the report could not be made"
    assert body.startswith("the disk was full")


def test_the_manifest_narrows_what_is_told(home: Path) -> None:
    world = world_of(home, events=["rollback"])
    world.version(NOW, 0.7)
    world.deploy(NOW, 1)
    world.alert(NOW, "failing", "recall fell")
    assert told(world) == []
    world.deploy(NOW, 1, "rollback")
    assert len(told(world)) == 1


@pytest.mark.parametrize(
    ("owner", "to", "expected"),
    [
        ("The operations team", [BUSINESS], {BUSINESS}),
        (OWNER, [], {OWNER}),
        ("The operations team", [], set()),
        (BUSINESS, [BUSINESS], {BUSINESS}),
        ("a@b.org\r\nBcc: c@d.org", [], set()),
    ],
)
def test_only_addresses_get_mail_and_each_once(home: Path, owner: str, to: list[str], expected: set[str]) -> None:
    world = empty(home).project(project={**MANIFEST["project"], "owner": owner}, report={"to": to})
    world.version(NOW, 0.7)
    events.take(world.ledger, NOW)
    assert {mail.recipient for mail in world.engine.outbox()} == expected
    assert world.engine.count_outbox() == len(expected)


def test_what_is_a_week_old_is_news_no_more(home: Path) -> None:
    world = world_of(home)
    world.version(NOW - 8 * DAY, 0.7)
    world.deploy(NOW - 8 * DAY, 1)
    assert told(world) == []


def test_a_removed_project_tells_nothing(home: Path) -> None:
    world = world_of(home)
    world.version(NOW, 0.7)
    with world.ledger.write() as db:
        db.execute("UPDATE projects SET removed_at = ?", (stamp(NOW),))
    assert told(world) == []


def test_a_hostile_reason_is_one_line_of_text(home: Path) -> None:
    world = world_of(home)
    world.version(NOW, 0.7)
    world.deploy(NOW, 1, why="fine\r\nBcc: a@b.org\n\n\x1b[31m<script>")
    ((subject, body),) = [each for each in told(world) if "went live" in each[0]]
    assert "\n" not in subject and "\x1b" not in body
    assert "fine" in body.split("\n\n")[0] and "<script>" in body.split("\n\n")[0]


def test_more_news_than_a_batch_is_told_in_turns(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BATCH", 3)
    world = world_of(home)
    for _ in range(8):
        world.version(NOW, 0.7)
    assert len(told(world)) == 8
