"""What the door to the engine offers about servers; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from engine.access.acts import Door, changes, checked_reason, looks

if TYPE_CHECKING:
    from engine.requests.capacity import Capacity
    from engine.shadow.report import ShadowReport

Tell = Callable[[str], None]


class ServingCommands(Door):
    """What a server can take, and what runs beside what it answers with. Imports what it needs when it is called."""

    @looks("see requests", of="label")
    def shadow_of(self, label: str, now: datetime) -> ShadowReport | None:
        """What the version called ``label`` said of requests that the live one answered, in its newest trial as a
        shadow; None where it was none. Raises NotFound, or Damage where what was counted cannot be read."""
        from engine.shadow.report import of_version
        from engine.versions import catalog

        with self._ledger.read() as db:
            catalog.find(db, label)
            return of_version(db, label, now)

    @looks("see requests", of="project")
    def shadow_beside(self, project: str, now: datetime) -> ShadowReport | None:
        """The same of the shadow that runs beside the live version of ``project``; None where none does."""
        from engine.projects import registry
        from engine.shadow.report import of_project

        with self._ledger.read() as db:
            registry.find(db, project)
            return of_project(db, project, now)

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
