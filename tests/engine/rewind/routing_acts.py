"""The acts of routing and duty in a workspace whose history is played in a chance order."""

from __future__ import annotations

import random
from datetime import datetime

from engine.access.caller import Caller
from engine.duty.matters import kept, matters
from engine.monitoring.alerts import alert_book
from engine.outbox import holding, mails, outbox
from engine.outbox.outbox import Draft
from engine.routing import duty, routes
from engine.routing.words import read
from engine.storage.ledger import Ledger
from tests.callers import caller


class RoutingActs:
    """What a World does besides."""

    ledger: Ledger
    ada: Caller
    chance: random.Random
    now: datetime

    def tick(self) -> datetime:
        raise NotImplementedError

    def route(self, project: str) -> None:
        """A route comes, or the oldest goes."""
        with self.ledger.write() as db:
            known = routes.everything(db)
            if known and self.chance.random() < 0.4:
                routes.end(db, known[0].id, self.ada, "so", self.tick())
            else:
                words = f"quiet p{self.chance.randrange(99)}@example.org 22:00-07:00 mon-fri"
                routes.add(db, read(words), self.ada, "so", self.tick())

    def duty(self, project: str) -> None:
        """Handed over, taken, or taken without that."""
        name = f"p{self.chance.randrange(3)}"
        with self.ledger.write() as db:
            on_duty = duty.on_duty(db)
            if self.chance.random() < 0.5:
                by = caller(on_duty.operator or "ada")
                duty.offer(db, name, "so", kept(matters(db, self.now)), by, self.tick())
            else:
                duty.take(db, "so", "[]", caller(on_duty.offered_to or name), self.tick())

    def waiting(self, project: str) -> list[mails.Mail]:
        found = mails.page(self.ledger, offset=0, limit=99)
        return [each for each in found if each.project == project and each.state in ("queued", "held")]

    def let_wait(self, project: str) -> None:
        with self.ledger.write() as db:
            for route in routes.everything(db)[-1:]:
                for each in self.waiting(project)[:1]:
                    db.execute("UPDATE outbox SET held = ?, why = 'held' WHERE id = ?", (route.id, each.id))
        self.tick()

    def gather(self, project: str) -> None:
        at = self.tick()
        with self.ledger.write() as db:
            told = self.waiting(project)[:2]
            (number,) = outbox.queue(db, Draft(project, f"held {at}", "two"), ["a@example.org"], at)
            holding.gather(db, told, number)

    def step(self, project: str) -> None:
        with self.ledger.write() as db:
            at = self.tick()
            alert = next((each.id for each in alert_book.open_alerts(db)), None)
            for route in routes.everything(db)[:1]:
                routes.note(db, route, f"{at}", at, at, reached=1, why="", alert=alert)
