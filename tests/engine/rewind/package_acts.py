"""The common package list, and rehearsals of the way back, in a workspace with a history of a chance order."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from engine.access.caller import Caller
from engine.packages import book
from engine.packages.rules import read
from engine.records import Rehearsal
from engine.release import rehearsals
from engine.storage.ledger import Ledger
from engine.versions import catalog


class PackageActs:
    """An act; what the engine refuses has simply not happened."""

    ledger: Ledger
    ada: Caller
    chance: random.Random

    def tick(self) -> datetime:
        raise NotImplementedError

    def constrain(self, project: str) -> None:
        """Another constraint is on the common list."""
        major = self.chance.randrange(1, 9)
        book.change(self.ledger, self.ada, "so", self.tick(), add=read(f"pandas<{major}\n"))

    def except_project(self, project: str) -> None:
        at = self.tick()
        book.except_for(self.ledger, project, "pandas", at + timedelta(days=30), self.ada, "so", at)

    def rehearse(self, project: str) -> None:
        """A version was rebuilt, or was not."""
        at, well = self.tick(), self.chance.random() < 0.5
        with self.ledger.write() as db:
            version = catalog.newest(db, project)
            if version is not None:
                found = Rehearsal(at, 1.0, "rebuilt", None) if well else Rehearsal(at, 1.0, "failed", "a wheel is gone")
                rehearsals.keep(db, version.label, found)
