"""Whether routing can work: what would keep a message from anybody, as findings of ``doctor`` and ``check``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from engine.access import operators
from engine.errors import LeverframeError
from engine.outbox.channels import CHANNELS, MAIL, channel_of, recipients_in
from engine.records import DoctorFinding
from engine.routing import duty, routes
from engine.routing.hours import covers_everything
from engine.routing.reach import addresses_of, is_operator, names_of
from engine.routing.records import ON_DUTY, Route
from engine.routing.words import FORMS
from engine.storage.ledger import Ledger
from engine.withheld import environment


def findings(ledger: Ledger, now: datetime) -> tuple[DoctorFinding, ...]:
    """None where nothing is routed, and nobody is on duty who may not work here."""
    with ledger.read() as db:
        found = routes.everything(db)
        on_duty = duty.on_duty(db).operator
    known = {each.name: not each.disabled for each in operators.everyone(ledger)}
    if not found and (on_duty is None or known.get(on_duty, True)):
        return ()
    wrong = [*complaints(found, known, on_duty, now), *unreachable(found, on_duty)]
    if wrong:
        return tuple(DoctorFinding("routing", "watch", each) for each in wrong)
    return (DoctorFinding("routing", "ok", f"{len(found)} routes, each leads somewhere"),)


def complaints(
    found: Sequence[Route], known: Mapping[str, bool], on_duty: str | None, now: datetime
) -> Iterator[str]:
    """What cannot work, each as a sentence without its end. ``known``: all operators, whether each may work. Pure."""
    if on_duty is not None and not known.get(on_duty, True):
        yield f"{on_duty} is on duty and may not work here any more; leverframe handover take puts another on duty"
    for route in found:
        if is_operator(route.who) and route.who not in known:
            yield f"route {route.id} is for {route.who}, and there is no such operator; leverframe operators lists them"
        elif not known.get(route.who, True):
            yield (
                f"route {route.id} is for {route.who}, who may not work here any more and is told all the same; "
                "leverframe routes remove ends it"
            )
        elif route.kind in ("escalate", "digest") and not addresses_of(route.who, found, on_duty):
            yield f"route {route.id} ({route.kind} {route.who}) reaches nobody: {_why(route, on_duty)}"
    quiet = {route.who: [each for each in found if each.kind == "quiet" and each.who == route.who] for route in found}
    for who, hours in quiet.items():
        if hours and covers_everything(hours, now):
            yield f"the quiet hours of {who} have no end, so news waits for ever; leverframe routes remove ends one"
    told = {to for each in found if each.kind == "escalate" for to in addresses_of(each.who, found, on_duty)}
    for route in found:
        names = {name for to in told for name in names_of(to, found, on_duty)}
        if route.kind == "quiet" and route.lets == "nothing" and route.who in names:
            yield f"the quiet hours of {route.who} let nothing through, and an escalation would tell them"


def _why(route: Route, on_duty: str | None) -> str:
    if route.who == ON_DUTY and on_duty is None:
        return "nobody is on duty; leverframe handover take changes that"
    name = on_duty if route.who == ON_DUTY else route.who
    return f"{name} has no address; an admin gives one: leverframe routes add {FORMS['reach'].partition(',')[0]}"


def unreachable(found: Sequence[Route], on_duty: str | None) -> Iterator[str]:
    """Addresses that no channel of this machine leads to."""
    names = set(recipients_in(environment()))
    for to in dict.fromkeys(to for route in found for to in addresses_of(route.who, found, on_duty)):
        kind = CHANNELS[channel_of(to)]
        if kind.name != MAIL and to not in names:
            yield f"{to} is routed to, and the settings of this machine name no such address"
        elif kind.name == MAIL and not _is_set_up(kind.name):
            yield f"{to} is routed to, and no mail server is set up here"


def _is_set_up(name: str) -> bool:
    try:
        return CHANNELS[name].opened(environment()) is not None
    except LeverframeError:
        return True  # doctor has a finding of its own for that

