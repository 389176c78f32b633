"""What the door to the engine offers about the health of canaries; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from engine.access.acts import Door, looks
from engine.projects import registry

if TYPE_CHECKING:
    from engine.canary.records import CanaryHealth


class CanaryCommands(Door):
    """A canary held against the live version. Imports what it needs when it is called."""

    @looks("see trials", of="project")
    def canary_health(self, project: str, now: datetime, *, log: bool = True) -> CanaryHealth | None:
        """The canary of ``project`` beside the live version, since its share is what it is; None where there is none.

        ``log``: with what both predicted and how that compares with the labels that came, which reads files.
        """
        from engine.canary import health
        from engine.scoring import trials

        with self._ledger.read() as db:
            registry.find(db, project)
            trial = trials.trial(db, project)
            if trial is None or trial.kind != "canary":
                return None
            found = health.of_requests(db, trial, now)
        if found is None or self.past is not None:
            return found
        found = health.with_errors(self._workspace, found)
        return health.of_log(self._workspace, self._ledger, self._store, found) if log else found
