"""What happens to people in a world: let in, made another, bound, let go."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from engine.access import operators, token_table
from engine.access.caller import Caller
from engine.access.roles import ROLES
from engine.access.token_records import Token
from engine.errors import LeverframeError
from engine.storage.ledger import Ledger
from tests.people import key_of


class PeopleActs:
    """An act; what the engine refuses has simply not happened."""

    ledger: Ledger
    ada: Caller
    chance: random.Random

    def tick(self) -> datetime:
        raise NotImplementedError

    def hire(self, project: str) -> None:
        """Somebody is let in with a key; somebody who is there is made another, or their key proves them no more."""
        name = f"p{self.chance.randrange(2)}"
        at, ledger, ada = self.tick(), self.ledger, self.ada
        try:
            operators.add(ledger, ada, name, "viewer", "new", at, keys=[key_of(name)])
            return
        except LeverframeError:
            pass
        acts: list[Callable[[], object]] = [
            lambda: operators.set_role(ledger, ada, name, self.chance.choice(ROLES), "so", at),
            lambda: operators.set_project_role(ledger, ada, name, project, self.chance.choice(ROLES), "so", at),
            lambda: operators.set_project_role(ledger, ada, name, project, None, "so", at),
            lambda: operators.set_disabled(ledger, ada, name, self.chance.random() < 0.5, "so", at),
            lambda: operators.remove_way(ledger, ada, name, key_of(name).fingerprint, "lost", at),
            lambda: operators.add_way(ledger, ada, name, key_of(name), "found", at),
        ]
        self.chance.choice(acts)()

    def token(self, project: str) -> None:
        """A token is made, replaced, revoked, or seen in use."""
        name, at, ledger, ada = f"t{self.chance.randrange(2)}", self.tick(), self.ledger, self.ada
        try:
            end = at + timedelta(hours=self.chance.choice([20, 2000]))
            token_table.make(ledger, ada, name, ("score",), (project,), end, "new", at)
            return
        except LeverframeError:
            pass
        acts: list[Callable[[], object]] = [
            lambda: token_table.rotate(ledger, ada, name, timedelta(hours=1), None, "so", at),
            lambda: token_table.revoke(ledger, ada, name, "lost", at),
            lambda: self._use(name, project, at),
        ]
        self.chance.choice(acts)()

    def _use(self, name: str, project: str, at: datetime) -> None:
        with self.ledger.write() as db:
            held: list[Token] = [each for each in token_table.called(db, name) if each.holds(at)]
            token_table.note_uses(db, [(each.mark, project, at) for each in held])
