"""A workspace with people who are reached, and a postman whose channel a test holds the hand of."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.access import operators
from engine.clock import stamp
from engine.outbox import delivery, digest, escalating, events, outbox
from engine.outbox.channel import Letter
from engine.outbox.mails import Mail
from engine.routing import duty, routes
from engine.routing.words import read
from tests.callers import caller
from tests.engine.reports.worlds import NOW, World, empty

ADA, LEE, OPS = "ada@example.org", "lee@example.org", "ops@example.org"
HOUR = timedelta(hours=1)
__all__ = ["ADA", "HOUR", "LEE", "NOW", "OPS", "Desk"]


class Desk:
    """``now`` is the time; ``taken`` are the letters that a channel took; ``owner`` hears of events as ever."""

    about = "a test"

    def __init__(self, home: Path, *words: str, on_duty: str | None = None, owner: str = "the team") -> None:
        about = {"name": "flights", "title": "Late arrivals", "owner": owner}
        self.world: World = empty(home).project(project=about, report={"to": []})
        self.ledger, self.objects = self.world.ledger, self.world.store
        self.now, self.taken, self.problem = NOW, list[Letter](), None
        operators.add(self.ledger, caller(), "b.lee", "operator", "a colleague", NOW - 50 * timedelta(days=7))
        for said in (f"reach ada {ADA}", f"reach b.lee {LEE}", *words):
            self.route(said, NOW - timedelta(days=7))
        if on_duty:
            with self.ledger.write() as db:
                duty.take(db, "", "[]", caller(on_duty), NOW - timedelta(days=6))

    def route(self, said: str, at: datetime | None = None) -> int:
        with self.ledger.write() as db:
            return routes.add(db, read(said), caller(), "so", at or self.now).id

    def send(self, letter: Letter) -> None:
        if self.problem is not None:
            raise self.problem
        self.taken.append(letter)

    def engine_looks(self) -> None:
        """What the engine does every few seconds, then its postman."""
        escalating.escalate(self.ledger, self.now)
        digest.make(self.ledger, self.now)
        while events.take(self.ledger, self.now):
            pass
        self.post()

    def post(self) -> None:
        for _ in range(10):
            with self.ledger.read() as db:
                due = outbox.due(db, self.now)
            if not due:
                return
            for number in due:
                delivery.deliver(self.ledger, self.objects, self, number, lambda: self.now)

    def told(self, who: str | None = None) -> list[str]:
        """The subjects that were taken, for one or for all."""
        return [letter.subject for letter in self.taken if who in (None, letter.recipient)]

    def until(self, at: datetime, every: timedelta = timedelta(minutes=5)) -> None:
        """Let the engine run until then."""
        while self.now < at:
            self.now = min(at, self.now + every)
            self.engine_looks()

    @property
    def mails(self) -> list[Mail]:
        return list(reversed(self.world.engine.outbox(limit=200)))

    def change(self, statement: str, *values: Any) -> None:
        with self.ledger.write() as db:
            db.execute(statement, [stamp(each) if isinstance(each, datetime) else each for each in values])
