"""What an approval takes, in a workspace whose history is played in a chance order."""

from __future__ import annotations

from datetime import timedelta

from engine.access import addresses
from engine.errors import LeverframeError
from engine.projects import policy
from engine.release import at_its_time, glass, planned_swaps, swap
from engine.release.history import live_deployment
from engine.release.proof import Steps
from engine.release.records import MovePlan
from tests.engine.rewind.routing_acts import RoutingActs


class ApprovalActs(RoutingActs):
    """What a World does besides."""

    def versions(self, project: str, *states: str) -> str:
        raise NotImplementedError

    def policy(self, project: str) -> None:
        """Asked of every project, and not; nothing of it keeps ada from releasing."""
        name, values = self.chance.choice([("expires", ["30d", "40d"]), ("approvers", ["ada", "role:admin"])])
        value = self.chance.choice(["default", *values])
        policy.choose(self.ledger, name, value, self.ada, "so", self.tick())

    def glass(self, project: str) -> None:
        """ada breaks the glass for what waits."""
        label = self.versions(project, "candidate")
        said, hour = glass.sentence_of(label), timedelta(hours=1)
        glass.break_for(self.ledger, label, said, hour, "so", self.ada, self.tick())

    def plan_swap(self, project: str) -> None:
        """What waits is approved for later."""
        label, now = self.versions(project, "candidate"), self.tick()
        with self.ledger.read() as db:
            live = live_deployment(db, project)
            source = f"{project}@{live['number']}" if live else None
        due = now + timedelta(hours=self.chance.randrange(1, 30))
        plan = MovePlan(project, "release", source, label, live["seq"] if live else 0, (), (), (), None, due=due)
        swap.commit(self.ledger, plan, {}, "r", Steps(lambda step: None), "tonight", self.ada, now)

    def end_swap(self, project: str) -> None:
        """A planned swap is looked at, or taken back."""
        with self.ledger.read() as db:
            planned = planned_swaps.of_project(db, project)
        if planned is not None and self.chance.random() < 0.5:
            at_its_time.cancel(self.ledger, planned.label, "so", self.ada, self.tick())
        at_its_time.look(self.ledger, self.tick())

    def address(self, project: str) -> None:
        """An address is ada's, or is not any more."""
        address = f"ada{self.chance.randrange(3)}@example.org"
        try:
            addresses.remove(self.ledger, "ada", address, "so", self.ada, self.tick())
        except LeverframeError:
            addresses.add(self.ledger, "ada", address, "so", self.ada, self.tick())
