"""What the door to the engine offers about servers; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.access.acts import Door, changes, checked_reason

if TYPE_CHECKING:
    from engine.requests.capacity import Capacity

Tell = Callable[[str], None]


class ServingCommands(Door):
    """What a server can take. Imports what it needs when it is called."""

    @changes("test what a server can take", least="operator", of="project", machine="it is a service of the machine")
    def load_test(
        self, project: str, reason: str, tell: Tell, *, seconds: float = 3.0, workers: int | None = None
    ) -> Capacity:
        """Start a server of its own on this machine, ask it for predictions of ``project`` as fast as it answers, with
        the golden rows of what is live, and keep what came of it. ``tell`` gets what is done, line by line.

        Nothing of it is written into the request log or its figures; whoever else is served here waits longer
        meanwhile. ``seconds``: of each number of connections. Raises Refusal where nothing is live or served, Invalid.
        """
        from engine.serving.load_test import load_test

        return load_test(
            self._workspace, self._ledger, self._store, self.caller, project, checked_reason(reason), tell,
            seconds=seconds, workers=workers,
        )  # fmt: skip
