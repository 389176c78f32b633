"""What happens to a world's disk and mail: a version cleaned away and given back, a mail queued and sent."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from engine.access.caller import Caller
from engine.clock import stamp
from engine.housekeeping import bin as bins
from engine.housekeeping.records import CleanItem
from engine.outbox import mails, outbox
from engine.outbox.outbox import Draft
from engine.storage.ledger import Ledger
from engine.versions import catalog, contents


class DiskActs:
    """Acts of a ``World``, by the same rules."""

    ledger: Ledger
    ada: Caller
    chance: random.Random
    now: datetime

    def tick(self) -> datetime:
        raise NotImplementedError

    def versions(self, project: str, *states: str) -> str:
        raise NotImplementedError

    def clean(self, project: str) -> None:
        label, at = self.versions(project, "retired", "failed", "rejected"), self.tick()
        item = CleanItem(f"version:{label}", "version", label, 1, True, "old")
        with self.ledger.write() as db:
            if catalog.find(db, label)["cleaned_at"] is None:
                number = bins.open_row(db, item, (), self.ada, "old", 14, at)
                db.execute("UPDATE bin SET state = 'binned' WHERE id = ?", (number,))

    def give_back(self, project: str) -> None:
        with self.ledger.write() as db:
            row = db.execute("SELECT * FROM bin WHERE state = 'binned' LIMIT 1").fetchone()
            if row is not None:
                state, at = self.chance.choice(["restored", "purged"]), stamp(self.tick())
                db.execute("UPDATE bin SET state = ?, ended_at = ? WHERE id = ?", (state, at, row["id"]))
                if state == "restored":
                    contents.set_cleaned(db, row["item"].removeprefix("version:"), None)

    def mail(self, project: str) -> None:
        with self.ledger.write() as db:
            outbox.queue(db, Draft(project, f"k{self.chance.random()}", "subject"), ["a@example.org"], self.tick())

    def send(self, project: str) -> None:
        with self.ledger.read() as db:
            waiting = outbox.due(db, self.now + timedelta(days=1))
        if waiting:
            with self.ledger.read() as db:
                mail = mails.find(db, waiting[0])
            outbox.accepted(self.ledger, mail, self.tick())
