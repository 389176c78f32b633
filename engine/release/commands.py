"""What the door to the engine offers about versions and decisions; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import changes, checked_reason, looks
from engine.projects import registry
from engine.records import Change, Deployment, Gate, Version
from engine.release import history, rehearsals
from engine.release.trial_commands import TrialCommands
from engine.storage import reserve
from engine.versions import catalog, holds
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.release.plan import Swaps
    from engine.release.records import DecisionCard, Moved, MovePlan, PlannedSwap, ProofStep, Remark, Remarks
    from engine.versions.records import VersionDocument


class ReleaseCommands(TrialCommands):
    """Versions, what waits for a decision, and the decisions."""

    if TYPE_CHECKING:  # Schedules stand above this room; the door knows them.

        def engine_state(self) -> Swaps: ...

    @looks("list versions", of="project")
    def count_versions(self, project: str | None = None) -> int:
        """How many versions there are."""
        return catalog.count(self._ledger, project)

    @looks("list versions", of="project")
    def versions(
        self, project: str | None = None, *, offset: int = 0, limit: int = 50, matching: str = ""
    ) -> tuple[Version, ...]:
        """Versions, newest first, each with its legal hold and its last rehearsal."""
        found = catalog.page(self._ledger, project, offset=offset, limit=limit, matching=matching)
        return rehearsals.told(self._ledger, holds.told(self._ledger, found))

    @looks("see versions", of="label")
    def version(self, label: str) -> Version:
        """One version."""
        with self._ledger.read() as db:
            found = catalog.record(catalog.find(db, label))
        return rehearsals.told(self._ledger, (found,))[0]

    @looks("see versions", of="label")
    def show(self, label: str) -> VersionDocument:
        """The version document."""
        return documents.of_version(self._store, label, self.version(label).digest)

    @looks("see versions", of="label")
    def gates(self, label: str) -> tuple[Gate, ...]:
        """The gates of a version as they count here: of one that came in those of the judgement here, if any."""
        from engine.versions.judged_here import gates_of

        document = self.show(label)
        with self._ledger.read() as db:
            return gates_of(db, label, document)

    @looks("compare versions", of="new")
    def diff(self, old: str, new: str) -> tuple[Change, ...]:
        """What differs between two versions."""
        from engine.release.card import difference

        with self._ledger.read() as db:
            return difference(db, self._store, old, new)

    @looks("list candidates", of="project")
    def candidates(self, project: str | None = None) -> tuple[Version, ...]:
        """What waits for a decision, newest first, each with how much was said of it."""
        from engine.release import remarks

        with self._ledger.read() as db:
            if project is not None:
                registry.find(db, project)
            return remarks.told(db, catalog.candidates(db, project))

    @looks("see decision cards", of="label")
    def card(self, label: str, now: datetime) -> DecisionCard:
        """The decision card of a version."""
        from engine.release.card import card

        with self._ledger.read() as db:
            return card(db, self._store, label, self.caller, now)

    @looks("approve", least="operator", of="label", in_past=False)
    def plan_release(self, label: str, due: datetime | None = None) -> MovePlan:
        """What approving ``label`` would do, or why it cannot be; ``due``: when it is to go live, if not at once."""
        from engine.release.plan import plan_release, who_swaps

        with self._ledger.read() as db:
            plan = plan_release(db, self._store, label, self.caller, clock.now(), due)
        told = who_swaps(self.engine_state()) if due is not None else ()
        return replace(plan, sentences=(*plan.sentences, *told))

    @looks("roll back", least="operator", of="project", in_past=False)
    def plan_rollback(
        self, project: str, to: str | None = None, *, lift: bool = False, meant: str | None = None, seen: bool = True
    ) -> MovePlan:
        """What rolling back would do, or why it cannot be; ``lift`` takes the bar of the target away with it.

        ``meant`` is the version that is to be left, for whoever has not ``seen`` which one is live.
        """
        from engine.release.plan import plan_rollback

        with self._ledger.read() as db:
            registry.find(db, project)
            now = clock.now()
            return plan_rollback(db, self._store, project, to, self.caller, now, lift=lift, meant=meant, seen=seen)

    @changes("approve", least="operator", of="plan", dangerous=True, kind="plan.kind", kinds={"rollback": "roll back"})
    def move(self, plan: MovePlan, reason: str, on_step: Callable[[ProofStep], None]) -> Moved:
        """Carry out a plan exactly as it was shown: proof, one commit, switch. A way back may use what is set aside."""
        from engine.release.swap import move

        with reserve.drawn_on(self._workspace) if plan.kind == "rollback" else nullcontext():
            moved = move(self._workspace, self._ledger, self._store, plan, reason, self.caller, on_step)
        reserve.keep_for_way_back(self._workspace)
        return moved

    @changes("reject", least="operator", of="label", dangerous=True)
    def reject(self, label: str, reason: str) -> Version:
        """Turn a candidate down."""
        from engine.release.swap import reject

        reject(self._ledger, label, reason, self.caller, clock.now())
        return self.version(label)

    @changes("cancel planned swaps", least="operator", of="label")
    def cancel_swap(self, label: str, reason: str) -> PlannedSwap:
        """Take back that an approved version goes live at its time; what approved it counts no more."""
        from engine.release.at_its_time import cancel

        return cancel(self._ledger, label, checked_reason(reason), self.caller, clock.now())

    @looks("see decision cards", of="label")
    def remarks(self, label: str) -> Remarks:
        """Who approved a version so far, with their reasons, and what was said of it."""
        from engine.release.remarks import of_version

        with self._ledger.read() as db:
            return of_version(db, catalog.find(db, label))

    @changes("comment on candidates", least="viewer", of="label")
    def comment(self, label: str, text: str) -> Remark:
        """Say something of a version, which stays on its card and in the trail."""
        from engine.release.remarks import comment

        return comment(self._ledger, label, text, self.caller, clock.now())

    @changes("lift a bar", least="operator", of="label", dangerous=True)
    def lift(self, label: str, reason: str) -> Version:
        """Lift the bar from a version that was rolled back from."""
        from engine.release.swap import lift

        lift(self._ledger, label, reason, self.caller, clock.now())
        return self.version(label)

    @looks("see what can be gone back to", of="project")
    def rollback_targets(self, project: str) -> tuple[Version, ...]:
        """Versions that were live and may be gone back to, the latest first."""
        with self._ledger.read() as db:
            registry.find(db, project)
            return catalog.were_live(db, project)

    @looks("see what was live", of="project")
    def at(self, moment: datetime, project: str | None = None) -> tuple[Deployment, ...]:
        """What was live at ``moment``, and who made it so."""
        with self._ledger.read() as db:
            return history.at(db, moment, project)
