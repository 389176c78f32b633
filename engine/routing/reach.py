"""Where somebody is reached, and who it is that an address belongs to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.routing.records import ON_DUTY, Route


def is_operator(who: str, channels: Sequence[str] = ("webhook",)) -> bool:
    """Whether ``who`` is a name that an operator can have, and no address."""
    return who != ON_DUTY and "@" not in who and who.partition(" ")[0] not in channels


def addresses_of(who: str, routes: Sequence[Route], on_duty: str | None) -> tuple[str, ...]:
    """Where ``who`` is reached, as the outbox writes recipients: none, where nobody knows."""
    name = on_duty if who == ON_DUTY else who
    if name is None:
        return ()
    if not is_operator(name):
        return (name,)
    return tuple(dict.fromkeys(route.address for route in routes if route.kind == "reach" and route.who == name))


def names_of(recipient: str, routes: Sequence[Route], on_duty: str | None) -> set[str]:
    """Every ``who`` that ``recipient`` is reached as."""
    owners = {route.who for route in routes if route.kind == "reach" and route.address == recipient}
    return {recipient, *owners, *([ON_DUTY] if on_duty in owners else [])}


def whose(name: str) -> str:
    """``ada's``, ``ops@example.org's``."""
    return "of whoever is on duty" if name == ON_DUTY else f"{name}'s"
