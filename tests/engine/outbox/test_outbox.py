"""The outbox: one row for each recipient and matter, sent once, tried with patience, given up with an alert."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import NotFound, Refusal
from engine.outbox import delivery, outbox, sending
from engine.outbox.channel import Letter, Undelivered
from engine.outbox.mails import Mail
from engine.outbox.outbox import LEASE, MOST, Draft, back_off
from tests.callers import caller
from tests.engine.outbox.mail_server import Handler, here, running
from tests.engine.reports.worlds import NOW, World, empty, lived_in

A, B = "a@example.org", "b@example.org"
MINUTE = timedelta(minutes=1)


class Post:
    """A channel that takes mail, or does as it was told."""

    about = "a test"

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.taken: list[tuple[str, str]] = []

    def send(self, letter: Letter) -> None:
        if self.problem is not None:
            raise self.problem
        self.taken.append((letter.recipient, letter.token))


def queue(world: World, key: str = "swap 1", to: tuple[str, ...] = (A,), at: datetime = NOW) -> list[int]:
    with world.ledger.write() as db:
        return outbox.queue(db, Draft("flights", key, "It went live", "Approved by ada"), to, at)


def deliver(world: World, post: Post, number: int, at: datetime) -> Mail | None:
    return delivery.deliver(world.ledger, world.store, post, number, lambda: at)


def alerts(world: World) -> list[tuple[str, str, bool]]:
    found = reversed(world.engine.past_alerts())
    return [(each.part, each.severity, each.resolved_at is None) for each in found if each.part.startswith("mail ")]


@pytest.fixture
def world(home: Path) -> World:
    return empty(home).project()


def test_a_matter_is_queued_once_for_each_recipient_however_often_it_is_asked_for(world: World) -> None:
    assert len(queue(world, to=(A, B, A))) == 2
    assert queue(world, to=(A, B), at=NOW + MINUTE) == []
    assert len(queue(world, "swap 2")) == 1
    assert [(each.key, each.recipient) for each in world.engine.outbox()] == [
        ("swap 2", A), ("swap 1", B), ("swap 1", A),
    ]  # fmt: skip


def test_a_mail_that_is_taken_is_sent_and_never_again(world: World) -> None:
    post, (number,) = Post(), queue(world)
    sent = deliver(world, post, number, NOW)
    assert sent is not None and (sent.state, sent.sent_at, sent.attempts) == ("sent", NOW, 1)
    assert deliver(world, post, number, NOW + timedelta(days=9)) is None
    with world.ledger.read() as db:
        assert outbox.due(db, NOW + timedelta(days=9)) == []
    with world.ledger.write() as db, pytest.raises(sqlite3.IntegrityError, match="sent is sent"):
        db.execute("UPDATE outbox SET state = 'queued', next_try = 'x', sent_at = NULL")
    with world.ledger.write() as db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM outbox")
    assert len(post.taken) == 1


def test_what_is_not_taken_is_tried_again_later_and_later_then_given_up_with_an_alert(world: World) -> None:
    post, (number,), at = Post(Undelivered("The server did not answer.")), queue(world), NOW
    waits = []
    for attempt in range(1, MOST):
        found = deliver(world, post, number, at)
        assert found is not None and (found.state, found.attempts) == ("queued", attempt)
        assert found.next_try is not None and deliver(world, post, number, found.next_try - MINUTE / 2) is None
        waits.append(found.next_try - at)
        at = found.next_try
    assert waits == [back_off(attempt) for attempt in range(1, MOST)]
    assert waits[:3] == [MINUTE, 2 * MINUTE, 4 * MINUTE] and max(waits) <= timedelta(days=1)
    assert alerts(world) == []
    found = deliver(world, post, number, at)
    assert found is not None and (found.state, found.why) == ("failed", "The server did not answer.")
    assert alerts(world) == [(f"mail {A}", "watch", True)]


def test_what_was_queued_or_tried_while_the_clock_was_ahead_is_tried_when_it_is_right_again(world: World) -> None:
    ahead = NOW + timedelta(days=730)
    (queued,), (tried,) = queue(world, at=ahead), queue(world, "swap 2", at=ahead)
    deliver(world, Post(Undelivered("The server did not answer.")), tried, ahead)
    with world.ledger.read() as db:
        assert outbox.due(db, NOW) == [queued, tried]
    for number in (queued, tried):
        sent = deliver(world, Post(), number, NOW)
        assert sent is not None and sent.state == "sent"


def test_a_wait_is_at_most_a_day() -> None:
    assert [back_off(each) for each in (1, 5, 11, 12, 500)] == [
        MINUTE, 16 * MINUTE, 1024 * MINUTE, timedelta(days=1), timedelta(days=1),
    ]  # fmt: skip


def test_a_refusal_for_good_is_given_up_at_once_and_the_alert_ends_when_that_person_gets_mail(world: World) -> None:
    first, second = queue(world, to=(A, B))
    refused = Undelivered("It refused the recipient (550: no such user).", for_good=True)
    assert deliver(world, Post(refused), first, NOW).state == "failed"  # type: ignore[union-attr]
    deliver(world, Post(), second, NOW)
    assert alerts(world) == [(f"mail {A}", "watch", True)]
    (later,) = queue(world, "swap 2")
    deliver(world, Post(), later, NOW + MINUTE)
    assert alerts(world) == [(f"mail {A}", "watch", False)]


def test_the_alert_about_somebody_who_gets_no_mail_any_more_ends(world: World) -> None:
    (number,) = queue(world)
    deliver(world, Post(Undelivered("No.", for_good=True)), number, NOW)
    with world.ledger.write() as db:
        outbox.forget(db, "flights", [A, B], NOW)
    assert alerts(world)[0][2]
    with world.ledger.write() as db:
        outbox.forget(db, "flights", [B], NOW)
    assert not alerts(world)[0][2]


def test_two_processes_never_send_the_same_mail(world: World) -> None:
    (number,) = queue(world)
    assert outbox.claim(world.ledger, number, NOW) is not None
    assert outbox.claim(world.ledger, number, NOW) is None
    assert outbox.claim(world.ledger, number, NOW + LEASE - MINUTE) is None


def test_a_mail_whose_sender_was_killed_is_tried_again_under_the_same_message_id(world: World) -> None:
    (number,) = queue(world)

    class Killed(BaseException):
        pass

    class Cut(Post):
        def send(self, letter: Letter) -> None:
            super().send(letter)
            raise Killed

    cut, post = Cut(), Post()
    with pytest.raises(Killed):
        deliver(world, cut, number, NOW)
    assert world.engine.outbox()[0].state == "sending"
    assert deliver(world, post, number, NOW + MINUTE) is None
    again = deliver(world, post, number, NOW + LEASE)
    assert again is not None and (again.state, again.attempts) == ("sent", 2)
    assert cut.taken == post.taken


def test_a_mail_that_kills_whoever_sends_it_is_given_up_too(world: World) -> None:
    (number,), at = queue(world), NOW
    for _ in range(MOST):
        assert outbox.claim(world.ledger, number, at) is not None
        at += LEASE
    assert outbox.claim(world.ledger, number, at) is None
    assert world.engine.outbox()[0].state == "failed"


def test_what_waited_a_week_for_a_server_is_given_up_and_said(world: World) -> None:
    queue(world)
    outbox.give_up_old(world.ledger, NOW + timedelta(days=6))
    assert world.engine.outbox()[0].state == "queued"
    outbox.give_up_old(world.ledger, NOW + timedelta(days=7))
    assert "no mail server was set up" in str(world.engine.outbox()[0].why)
    assert alerts(world) == [(f"mail {A}", "watch", True)]


def test_a_damaged_report_is_given_up_and_the_others_go_out(home: Path) -> None:
    world = lived_in(home)
    report = world.report()
    sending.send(world.ledger, world.store, report, ADA, Post(Undelivered("Later.")), lambda: NOW)
    world.store.path(world.engine.reports("flights")[0].page).unlink()
    found = deliver(world, Post(), 1, NOW + MINUTE)
    assert found is not None and found.state == "failed" and "gone from the store" in str(found.why)


ADA = caller(role="operator")


def clock(at: datetime) -> Callable[[], datetime]:
    return lambda: at


def test_a_report_is_sent_once_for_a_period_whoever_asks(home: Path) -> None:
    world, post = lived_in(home, report={"to": [A, B]}), Post()
    ledger, store = world.ledger, world.store
    first = sending.send(ledger, store, world.report(), ADA, post, clock(NOW))
    again = sending.send(ledger, store, world.report(), ADA, post, clock(NOW + MINUTE))
    assert [mail.state for mail in first] == [mail.state for mail in again] == ["sent", "sent"]
    assert [recipient for recipient, _ in post.taken] == [A, B]
    assert len(set(post.taken)) == 2
    acts = [row for row in world.engine.audit() if row.action == "send-report"]
    assert [row.details["mails"] for row in acts] == [0, 2]
    assert not any("@example" in str(row.details) for row in acts)


def test_a_report_that_nobody_gets_is_refused_before_anything_is_kept(home: Path) -> None:
    world = lived_in(home, report={})
    with pytest.raises(Refusal, match=r"name somebody in \[report\] to"):
        sending.send(world.ledger, world.store, world.report(), ADA, Post(), clock(NOW))
    assert world.engine.reports("flights") == ()


def test_a_server_that_refuses_one_of_two_gets_the_other_and_both_are_told_apart(home: Path) -> None:
    world, handler = lived_in(home, report={"to": [A, B]}), Handler()
    handler.refuse[A] = "550 no such user"
    ledger, store = world.ledger, world.store
    with running(handler) as port:
        found = sending.send(ledger, store, world.report(), ADA, here(port), clock(NOW))
    assert [(mail.recipient, mail.state) for mail in found] == [(A, "failed"), (B, "sent")]
    ((recipient, message),) = handler.taken
    assert recipient == B and message["To"] == B
    html = message.get_body(("html",))
    assert html is not None and "<svg" in html.get_content() and "Late arrivals" in html.get_content()
    handler.refuse.clear()
    with running(handler) as port:
        again = sending.retry(ledger, store, None, ADA, lambda _: here(port), clock(NOW + MINUTE))
    assert [(mail.recipient, mail.state) for mail in again] == [(A, "sent")]
    assert alerts(world) == [(f"mail {A}", "watch", False)]


def test_what_a_server_took_and_then_dropped_is_tried_again_as_the_same_mail(home: Path) -> None:
    world, handler = lived_in(home, report={"to": [A]}), Handler()
    handler.on_data = "take and drop"
    ledger, store = world.ledger, world.store
    with running(handler) as port:
        (mail,) = sending.send(ledger, store, world.report(), ADA, here(port), clock(NOW))
        assert mail.state == "queued"
        handler.on_data = ""
        (mail,) = sending.retry(ledger, store, mail.id, ADA, lambda _: here(port), clock(NOW + MINUTE))
    assert mail.state == "sent"
    first, second = handler.message_ids()
    assert first == second


def test_a_mail_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(NotFound, match="no mail 7"):
        sending.retry(world.ledger, world.store, 7, ADA, lambda _: Post(), clock(NOW))


def test_a_dry_run_writes_a_file_for_each_recipient_and_keeps_nothing(home: Path, tmp_path: Path) -> None:
    world = lived_in(home, report={"to": [A, B]})
    before = world.engine.change_marker()
    files = world.engine.dry_run_report(world.report(), tmp_path / "mails")
    assert [path.suffix for path in files] == [".eml", ".eml"] and len(set(files)) == 2
    assert all(path.read_bytes().startswith(b"Subject: Late arrivals: worth watching") for path in files)
    assert world.engine.change_marker() == before
    assert world.engine.outbox() == () and world.engine.reports("flights") == ()


def test_times_of_mail_are_utc(world: World) -> None:
    queue(world)
    assert world.engine.outbox()[0].queued_at.tzinfo is UTC
