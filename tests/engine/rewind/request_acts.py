"""Requests that are logged, and blocks of them that end, in a workspace with a history of a chance order."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from engine.requests import book, capacity, skew_book
from engine.requests.capacity import Capacity
from engine.requests.counting import Count, CountKey
from engine.requests.records import Block
from engine.requests.skew import SkewCheck
from engine.storage.ledger import Ledger


class RequestActs:
    """An act: a worker writes what it counted, with a block, or a block ends; now and then a load is tested."""

    ledger: Ledger
    chance: random.Random
    now: datetime

    def tick(self) -> datetime:
        raise NotImplementedError

    def begin(self, project: str) -> int:
        raise NotImplementedError

    def answer(self, project: str) -> None:
        """Requests of a minute that has just begun."""
        minute = int(self.tick().timestamp()) // 60 + 1
        at = self.now = datetime.fromtimestamp(minute * 60, UTC)
        name = f"{self.chance.random()}"
        with self.ledger.write() as db:
            book.put(db, Block(0, project, name, f"{project}@1", name, "d", 1, 1, 1, at, at, at))
            cell = CountKey(project, minute, f"{project}@1", "d", "", 200)
            book.add(db, name, {cell: Count(1, 1, 1, 0, 0.1, {9: 1})})
        if self.chance.random() < 0.3:
            run = self.begin(project)
            with self.ledger.write() as db:
                found = SkewCheck(f"{project}@1", self.tick(), 9, 0, 0, 0.0, 0, ())
                skew_book.keep(db, project, run, found)
        if self.chance.random() < 0.3:
            with self.ledger.write() as db:
                capacity.keep(db, Capacity(project, f"{project}@1", "d", self.tick(), 2, 2.0, (), "ada", "so"))
        if self.chance.random() < 0.5:
            with self.ledger.write() as db:
                book.end(db, book.blocks(db, project)[-1:], "old", self.tick())
