"""What an approval takes, in a workspace whose history is played in a chance order."""

from __future__ import annotations

from datetime import timedelta

from engine.access import addresses
from engine.errors import LeverframeError
from engine.projects import policy
from engine.release import glass
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

    def address(self, project: str) -> None:
        """An address is ada's, or is not any more."""
        address = f"ada{self.chance.randrange(3)}@example.org"
        try:
            addresses.remove(self.ledger, "ada", address, "so", self.ada, self.tick())
        except LeverframeError:
            addresses.add(self.ledger, "ada", address, "so", self.ada, self.tick())
