"""What the door to the engine offers of routing and duty; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from engine import clock
from engine.access import operators
from engine.access.acts import Door, changes, checked_reason, looks

if TYPE_CHECKING:
    from engine.duty.matters import Matter
    from engine.records import DoctorFinding
    from engine.routing.duty_records import Duty, Handover
    from engine.routing.records import Route, Routed


class DutyCommands(Door):
    """Whom news reaches and when, who is on duty, and handing over."""

    @looks("see routes")
    def routes(self) -> tuple[Route, ...]:
        """The routes that are in force."""
        from engine.routing import routes

        with self._ledger.read() as db:
            return routes.everything(db)

    @looks("see routes")
    def routed(self, route: int | None = None, *, offset: int = 0, limit: int = 50) -> tuple[Routed, ...]:
        """What routes have done, the newest first: digests, and the steps of escalations."""
        from engine.routing import routes

        with self._ledger.read() as db:
            return routes.page(db, offset=offset, limit=limit, route=route)

    @changes("change routes", least="admin")
    def add_route(self, words: str, reason: str) -> Route:
        """Put a route in force, such as ``quiet ada 22:00-07:00 Europe/Berlin``. Raises Invalid, NotFound, Conflict."""
        from engine.projects import registry
        from engine.routing import routes
        from engine.routing.reach import is_operator
        from engine.routing.words import read

        terms, said = read(words), checked_reason(reason)
        with self._ledger.write() as db:
            if is_operator(terms.who):
                operators.known(db, terms.who)
            if terms.project is not None:
                registry.find(db, terms.project)
            return routes.add(db, terms, self.caller, said, clock.now())

    @changes("change routes", least="admin")
    def remove_route(self, route: int, reason: str) -> Route:
        """Put a route out of force. Raises NotFound."""
        from engine.routing import routes

        said = checked_reason(reason)
        with self._ledger.write() as db:
            return routes.end(db, route, self.caller, said, clock.now())

    @changes("choose quiet hours", least="operator")
    def choose_quiet_hours(self, words: str, reason: str) -> Route | None:
        """The caller's own quiet hours from now on, such as ``22:00-07:00 mon-fri Europe/Berlin``; ``none``: none."""
        from engine.routing import routes
        from engine.routing.words import read

        terms = None if words.strip() == "none" else read(f"quiet {self.caller.name} {words}")
        return routes.choose_quiet_hours(self._ledger, terms, self.caller, checked_reason(reason), clock.now())

    @looks("see who is on duty")
    def on_duty(self) -> Duty:
        """Who is on duty, and whom that is offered to."""
        from engine.routing import duty

        with self._ledger.read() as db:
            return duty.on_duty(db)

    @looks("see hand-overs")
    def handovers(self, *, offset: int = 0, limit: int = 50) -> tuple[Handover, ...]:
        """All hand-overs there were, the newest first."""
        from engine.routing import duty

        with self._ledger.read() as db:
            return duty.page(db, offset=offset, limit=limit)

    @looks("see hand-overs")
    def handover(self, number: int) -> tuple[Handover, tuple[Matter, ...]]:
        """One hand-over, with what was open and what was promised then. Raises NotFound."""
        from engine.duty.matters import read
        from engine.routing import duty

        with self._ledger.read() as db:
            found = duty.find(db, number)
        return found, read(found.matters)

    @looks("see what is open")
    def matters(self) -> tuple[Matter, ...]:
        """What is open and what was promised, as a hand-over would say now."""
        from engine.duty.matters import matters

        with self._ledger.read() as db:
            return matters(db, self.now())

    @changes("hand over", least="operator")
    def hand_over(self, to: str, note: str) -> Handover:
        """Offer the duty to the next operator, with what is open and promised. Raises NotFound, Refusal, Conflict."""
        from engine.duty.handing_over import hand_over

        return hand_over(self._ledger, to, note, self.caller, clock.now())

    @changes("take over", least="operator")
    def take_over(self, reason: str = "") -> Handover:
        """Go on duty; from somebody who has not offered it only with a reason. Whoever is on duty takes back what they
        offered: what returns is withdrawn. Raises Refusal, Conflict."""
        from engine.duty.handing_over import take_over

        return take_over(self._ledger, reason, self.caller, clock.now())

    def _route(self, now: datetime) -> None:
        """What routes do when their time has come: digests, and the steps of escalations."""
        from engine.outbox import digest, escalating

        escalating.escalate(self._ledger, now)
        digest.make(self._ledger, now)

    def _routing_findings(self) -> tuple[DoctorFinding, ...]:
        from engine.duty.complaints import findings

        return findings(self._ledger, clock.now())
