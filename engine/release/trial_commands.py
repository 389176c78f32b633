"""What the door to the engine offers about trials; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks
from engine.projects import registry

if TYPE_CHECKING:
    from engine.release.records import ProofStep
    from engine.release.trials import TrialPlan
    from engine.scoring.trials import Kind, Trial, TrialRow

TRY = "put candidates on trial"


class TrialCommands(Door):
    """A candidate that runs beside what is live. Imports what it needs when it is called."""

    @looks(TRY, least="operator", of="label", in_past=False)
    def plan_trial(self, label: str, kind: Kind, share: float) -> TrialPlan:
        """What putting ``label`` on trial would do, or changing its share, or why that cannot be."""
        from engine.release.trials import plan_trial

        with self._ledger.read() as db:
            return plan_trial(db, self._store, label, kind, share, self.caller, clock.now())

    @changes(TRY, least="operator", of="plan", dangerous=True)
    def put_on_trial(self, plan: TrialPlan, reason: str, on_step: Callable[[ProofStep], None]) -> Trial:
        """Carry out a plan exactly as it was shown: every worker gets ready and confirms, then one commit."""
        from engine.release.trials import put_on_trial

        return put_on_trial(
            self._workspace, self._ledger, self._store, plan, checked_reason(reason), self.caller, on_step
        )

    @changes("end trials", least="operator", of="project")
    def end_trial(self, project: str, reason: str, meant: str | None = None) -> Trial:
        """End what runs beside the live version of ``project``; ``meant``: the version that is meant."""
        from engine.release.trials import end_trial

        return end_trial(self._ledger, project, checked_reason(reason), self.caller, clock.now(), meant)

    @looks("see trials", of="project")
    def trial(self, project: str) -> Trial | None:
        """What runs beside the live version of ``project``."""
        from engine.scoring import trials

        with self._ledger.read() as db:
            registry.find(db, project)
            return trials.trial(db, project)

    @looks("see trials", of="project")
    def trial_history(self, project: str, limit: int = 20) -> tuple[TrialRow, ...]:
        """What became of the trials of ``project``: each start, change and end, the newest first."""
        from engine.scoring import trials

        with self._ledger.read() as db:
            registry.find(db, project)
            return trials.rows(db, project, limit)
