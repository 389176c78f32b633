"""Feedback that comes, and what is decided of it and of learners, in a workspace with a history of a chance order."""

from __future__ import annotations

import random
from datetime import datetime

from engine.access.caller import Caller
from engine.clock import stamp
from engine.feedback import book, freezing, resetting
from engine.feedback.resetting import Reset
from engine.storage.ledger import Ledger


class FeedbackActs:
    """An act; what the engine refuses has simply not happened."""

    ledger: Ledger
    ada: Caller
    chance: random.Random

    def tick(self) -> datetime:
        raise NotImplementedError

    def feed(self, project: str) -> None:
        """A batch comes; nothing of it lies in a store."""
        at, held = stamp(self.tick()), self.chance.choice([None, "a flood"])
        with self.ledger.write() as db:
            db.execute(
                "INSERT INTO feedback_batches (project, at, by, source, rows, since, until, digest, tally, held)"
                " VALUES (?, ?, 'ada', '', 1, ?, ?, ?, '{}', ?)", (project, at, at, at, "0" * 64, held),
            )  # fmt: skip

    def judge_feedback(self, project: str) -> None:
        """What was not held against answers yet is, and some of it is held."""
        at, held = stamp(self.tick()), self.chance.choice([None, "they differ"])
        with self.ledger.write() as db:
            new = "SELECT id FROM feedback_batches WHERE id NOT IN (SELECT batch FROM feedback_agreements)"
            for row in db.execute(new).fetchall():
                db.execute("INSERT INTO feedback_agreements VALUES (?, ?, '{}', ?)", (row[0], at, held))

    def learn(self, project: str) -> None:
        at, version = stamp(self.tick()), f"{self.chance.random()}"
        with self.ledger.write() as db:
            db.execute("INSERT INTO learnt_words VALUES (?, ?, ?, 'd', 1)", (version, project, at))

    def pack_feedback(self, project: str) -> None:
        """What lies in no block yet lies in a new one."""
        at = self.tick()
        with self.ledger.write() as db:
            waiting = "SELECT id FROM feedback_batches WHERE id NOT IN (SELECT batch FROM feedback_packed)"
            if found := [row[0] for row in db.execute(waiting)]:
                values = (project, stamp(at), len(found))
                block = db.execute("INSERT INTO feedback_blocks VALUES (NULL, ?, ?, 'd', ?, 1)", values).lastrowid
                db.executemany("INSERT INTO feedback_packed VALUES (?, ?)", [(each, block) for each in found])

    def reset_learner(self, project: str) -> None:
        """Of a run that was there, which is all that a reset hangs on."""
        at = self.tick()
        with self.ledger.write() as db:
            run = db.execute("SELECT max(id) FROM runs WHERE queued_at <= ?", (stamp(at),)).fetchone()[0]
            if run is not None:
                found = Reset(project, at, "ada", run, "l", "c", at, 0.1, 0.4, 60, "accuracy", (), "they grew")
                resetting.keep(db, found, self.ada, f"{project}@1")

    def settle_feedback(self, project: str) -> None:
        with self.ledger.read() as db:
            waiting = [each.id for each in book.listed(db, None, 1000) if each.state == "quarantined"]
        verdict = self.chance.choice([book.LET_IN, book.THROWN_AWAY])
        book.decide(self.ledger, self.chance.choice(waiting or [9999]), verdict, "so", self.ada, self.tick())

    def freeze(self, project: str) -> None:
        frozen = self.chance.random() < 0.5
        freezing.decide(self.ledger, project, "so", self.ada, self.tick(), frozen=frozen)
