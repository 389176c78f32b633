"""The postman works in the background: a server that hangs holds up nobody, and what goes wrong is said once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import Invalid
from engine.outbox import outbox
from engine.outbox import postman as postmen
from engine.outbox.channel import Channel, Letter, Undelivered
from engine.outbox.outbox import MOST
from engine.outbox.postman import Postman
from tests.engine.reports.worlds import NOW, World, empty


class Box:
    """A channel that a test holds the hand of."""

    about = "a test"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.problem: Exception | None = None
        self.broken_for = ""
        self.hold: threading.Event | None = None
        self.asked = threading.Event()

    def send(self, letter: Letter) -> None:
        self.asked.set()
        if self.hold is not None:
            assert self.hold.wait(30)
        if letter.recipient == self.broken_for:
            raise ZeroDivisionError
        if self.problem is not None:
            raise self.problem
        self.taken.append(letter.recipient)


class Round:
    """A postman with its clock and what it says."""

    def __init__(self, world: World, opened: Callable[[], Channel | None]) -> None:
        self.now, self.said, self.tracebacks = NOW, list[str](), list[str]()
        self.postman = Postman(
            world.workspace,
            world.ledger,
            self.said.append,
            self.tracebacks.append,
            opened=opened,
            now=lambda: self.now,
        )

    def go(self) -> None:
        """Look, and wait until what was begun has ended."""
        self.postman.look()
        if self.postman._thread is not None:
            self.postman._thread.join(30)
            assert not self.postman._thread.is_alive()


def world_with_news(home: Path, to: tuple[str, ...] = ()) -> World:
    world = empty(home).project(report={"to": list(to)})
    world.version(NOW, 0.7)
    return world


def test_news_is_told_by_the_first_round_and_nothing_happens_after_that(home: Path) -> None:
    box = Box()
    round = Round(world_with_news(home), lambda: box)
    round.go()
    assert box.taken == ["ops@example.org"]
    assert round.said == ["Mail 1 (Late arrivals: flights@1 waits for a decision) was taken for ops@example.org."]
    thread = round.postman._thread
    round.go()
    assert round.postman._thread is thread


def test_looking_does_not_wait_for_a_server_that_hangs(home: Path) -> None:
    box = Box()
    box.hold = threading.Event()
    world = world_with_news(home)
    round = Round(world, lambda: box)
    round.postman.look()
    assert box.asked.wait(30)
    round.postman.look()
    world.run(NOW)  # the ledger is free meanwhile
    assert world.engine.outbox()[0].state == "sending"
    box.hold.set()
    round.go()
    assert box.taken == ["ops@example.org"]


def test_stopping_does_not_wait_for_a_server_that_hangs_either(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmen, "PATIENCE_SECONDS", 0.05)
    box = Box()
    box.hold = threading.Event()
    round = Round(world_with_news(home, ("a@example.org",)), lambda: box)
    round.postman.look()
    assert box.asked.wait(30)
    round.postman.stop()
    box.hold.set()
    round.go()
    assert len(box.taken) == 1


def test_what_is_not_taken_is_said_the_first_time_and_when_it_is_given_up(home: Path) -> None:
    box = Box()
    box.problem = Undelivered("The server did not answer.")
    round = Round(world_with_news(home), lambda: box)
    for _ in range(MOST + 3):
        round.go()
        round.now += timedelta(days=1, seconds=1)
    assert [line.rpartition("decision) ")[2] for line in round.said] == [
        "was not taken and is tried again: The server did not answer.",
        "is given up: The server did not answer.",
    ]


def test_without_a_server_mail_waits_and_nobody_is_bothered(home: Path) -> None:
    found: list[Channel | None] = [None]
    round = Round(world_with_news(home), lambda: found[0])
    round.go()
    thread = round.postman._thread
    round.go()
    assert round.postman._thread is thread and round.said == []
    box = Box()
    found[0] = box
    round.now += postmen.REST
    round.go()
    assert box.taken == ["ops@example.org"]


def test_settings_with_a_mistake_are_said_once(home: Path) -> None:
    def wrong() -> Channel:
        raise Invalid("LEVERFRAME_SMTP_PORT is 'smtp'; it must be a number from 1 to 65535.")

    round = Round(world_with_news(home), wrong)
    for _ in range(3):
        round.go()
        round.now += postmen.REST
    assert round.said == ["LEVERFRAME_SMTP_PORT is 'smtp'; it must be a number from 1 to 65535."]


def test_a_bug_over_one_mail_does_not_hold_up_the_others_and_is_kept(home: Path) -> None:
    box = Box()
    box.broken_for = "a@example.org"
    round = Round(world_with_news(home, ("a@example.org",)), lambda: box)
    round.go()
    assert box.taken == ["ops@example.org"]
    assert "ZeroDivisionError" in round.tracebacks[0]
    assert "Leverframe itself failed over its mail" in round.said[-1]


OVER = {
    "candidate 3": "UPDATE versions SET state = 'expired' WHERE number = 2",
    "red 4": "UPDATE alerts SET resolved_at = seen_at, resolved_why = 'it is found no more'",
}


@pytest.mark.parametrize("news", sorted(OVER))
def test_what_is_over_when_a_server_is_first_set_up_is_not_mailed(home: Path, news: str) -> None:
    world, box = world_with_news(home, to=("a@example.org",)), Box()
    world.deploy(NOW, 1)
    world.version(NOW, 0.71, (1, 0.7))
    world.alert(NOW, "failing", "recall fell")
    nobody = Round(world, lambda: None)
    nobody.go()
    waiting = {mail.key: mail.state for mail in world.engine.outbox()}
    assert set(waiting.values()) == {"queued"} and len(waiting) == 3
    kind = news.split(" ")[0]
    with world.ledger.write() as db:
        db.execute(OVER[news])
    setup = Round(world, lambda: box)
    setup.now += timedelta(hours=1)
    setup.go()
    over = {mail.key.split(" ")[0] for mail in world.engine.outbox() if mail.state == "over"}
    assert kind in over
    assert all(mail.state in ("sent", "over") for mail in world.engine.outbox())
    assert sum(mail.state == "sent" for mail in world.engine.outbox()) == len(box.taken)
    assert not any("given up" in found.sentence for found in world.engine.doctor(mend=False))
    with world.ledger.write() as db:
        assert outbox.again(db, None, setup.now) == []
