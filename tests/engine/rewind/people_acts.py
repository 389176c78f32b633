"""What happens to people in a world: let in, made another, bound, let go."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from engine.access import operators
from engine.access.caller import Caller
from engine.access.roles import ROLES
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
