"""Workers that answer requests, and what is prepared in them, in a workspace with a history of a chance order."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime, timedelta

from engine.access.caller import SystemActor
from engine.clock import stamp
from engine.scoring import crashes, fleet, trials
from engine.shadow import book
from engine.shadow.counting import Sums
from engine.storage.ledger import Ledger


class FleetActs:
    """An act; no process is begun for it."""

    ledger: Ledger
    chance: random.Random
    now: datetime

    def tick(self) -> datetime:
        raise NotImplementedError

    def worker(self, project: str) -> None:
        """One comes, or one goes."""
        at, name = stamp(self.tick()), f"{self.chance.random()}"
        with self.ledger.write() as db:
            there = [row["name"] for row in db.execute("SELECT name FROM workers WHERE ended_at IS NULL")]
            if there and self.chance.random() < 0.5:
                ended = "UPDATE workers SET ended_at = ?, why = 'it was told to end' WHERE name = ?"
                db.execute(ended, (at, self.chance.choice(there)))
            else:
                db.execute("INSERT INTO workers VALUES (?, 1, ?, '{}', ?, NULL, NULL)", (name, at, at))

    def prepare(self, project: str) -> None:
        """A version is prepared, one worker confirms it, and it goes live or does not."""
        with self.ledger.write() as db:
            asked = fleet.prepare(db, (project, 1), "d", 0, "ada", self.tick())
        if self.chance.random() < 0.7:
            fleet.confirm(self.ledger, "17-x", asked, "d", None, self.tick())
        if self.chance.random() < 0.7:
            with self.ledger.write() as db:
                fleet.end(db, asked, self.chance.choice(["live", "given up"]), None, self.tick())  # type: ignore[arg-type]

    def crash(self, project: str) -> None:
        """A version is taken out, or put back."""
        with self.ledger.write() as db:
            if not crashes.put_back(db, project, 1, "ada", self.tick()):
                db.execute(
                    "INSERT INTO taken_out VALUES (NULL, ?, 1, 1, ?, 'it crashed', NULL, NULL)",
                    (project, stamp(self.tick())),
                )

    def on_trial(self, project: str) -> None:
        """A candidate begins to run beside what is live, gets another share, or ends."""
        by, at, share = SystemActor("the engine"), self.tick(), self.chance.choice([0.05, 0.1, 0.5])
        with self.ledger.write() as db:
            found = trials.trial(db, project)
            if found is None:
                kind: trials.Kind = self.chance.choice(["shadow", "canary"])
                begun = trials.start(db, (project, 1), "d", kind, share, 1, "try it", by, at, {})
                self._count(db, begun)
            elif self.chance.random() < 0.5:
                trials.change(db, found, share, "more of it", by, at)
            else:
                trials.end(db, project, "by hand", "seen enough", by, at)

    def _count(self, db: sqlite3.Connection, trial: trials.Trial) -> None:
        """What a worker's shadow comes to in the hour that begins now."""
        hour = self.tick().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        self.now = hour
        whose = book.Whose(trial.project, trial.seq, trial.label, f"{self.chance.random()}")
        book.add(db, whose, Sums(scored=1, rows=1, agreed=1), "", hour)
