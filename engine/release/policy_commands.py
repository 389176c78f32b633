"""What the door to the engine offers about the policy of releases, and whose commits are whose.

``engine.api.Engine`` inherits it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from engine import clock
from engine.access import addresses
from engine.access.acts import Door, changes, checked_reason, looks

if TYPE_CHECKING:
    from engine.access.addresses import Address
    from engine.projects.policy import PolicyLine
    from engine.release.glass import BrokenGlass


class PolicyCommands(Door):
    """What a release takes, by whom that is said, and the workspace's part of it."""

    @looks("see the policy", of="project")
    def policy(self, project: str | None = None) -> tuple[PolicyLine, ...]:
        """What holds for ``project``; without one what the workspace asks of all, then what some ask beyond that."""
        from engine.projects import policy

        with self._ledger.read() as db:
            found = policy.lines(db, project)
            return found if project is not None else (*found, *policy.beyond_the_workspace(db))

    @looks("see the policy")
    def policy_complaints(self) -> tuple[str, ...]:
        """What nobody could meet of what is asked, in sentences."""
        from engine.projects import policy

        with self._ledger.read() as db:
            return policy.complaints(db, self.now())

    @changes("change the policy", least="admin")
    def set_policy(self, name: str, value: str, reason: str) -> tuple[str, ...]:
        """Ask something else of every project; ``default``: nothing. Returns what nobody can meet now."""
        from engine.projects import policy

        return policy.choose(self._ledger, name, value, self.caller, checked_reason(reason), clock.now())

    @changes("break the glass", least="admin", dangerous=True)  # An admin of one project passes not over the workspace.
    def break_glass(self, label: str, confirmed: str, lasts: timedelta, reason: str) -> BrokenGlass:
        """Let the caller release a candidate past the policy, but for gates and proof; everybody is told."""
        from engine.release import glass

        why, now = checked_reason(reason), clock.now()
        return glass.break_for(self._ledger, label, confirmed, lasts, why, self.caller, now)

    @looks("list operators")
    def addresses(self) -> tuple[Address, ...]:
        """Under which addresses operators commit."""
        with self._ledger.read() as db:
            return addresses.everything(db)

    @changes("change operators' addresses", least="admin")
    def add_address(self, operator: str, address: str, reason: str) -> Address:
        """What is committed under ``address`` is ``operator``'s."""
        return addresses.add(self._ledger, operator, address, checked_reason(reason), self.caller, clock.now())

    @changes("change operators' addresses", least="admin")
    def remove_address(self, operator: str, address: str, reason: str) -> None:
        """``address`` is nobody's any more."""
        addresses.remove(self._ledger, operator, address, checked_reason(reason), self.caller, clock.now())
