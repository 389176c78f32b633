"""Routes, duty and hand-overs in words: the same for screens, dialogs and the command line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import EMPTY, Column, Line, Span, Tone, line, wrapped
from engine.text import plain

if TYPE_CHECKING:
    from engine.duty.matters import Matter
    from engine.routing.duty_records import Duty, Handover
    from engine.routing.records import Route, Routed

STATES: dict[str, Tone] = {"offered": "watch", "taken": "ok", "withdrawn": "dim"}


def _how(route: Route) -> str:
    """As one writes it, without what holds anyway."""
    from engine.routing.words import how  # the first picture does not wait for it

    return how(route).removesuffix(" except failing")


ROUTES: tuple[Column[Route], ...] = (
    Column("ROUTE", 5, lambda r, now: Span(str(r.id)), right=True),
    Column("WHO", 18, lambda r, now: Span(plain(r.who), "strong")),
    Column("DOES", 8, lambda r, now: Span(r.kind)),
    Column("HOW", 34, lambda r, now: Span(plain(_how(r))), grows=True),
    Column("SINCE", 7, lambda r, now: Span(cells.age(r.at, now)), right=True, yields=2),
    Column("BY", 8, lambda r, now: Span(r.by, "dim"), yields=1),
)

HANDOVERS: tuple[Column[Handover], ...] = (
    Column("NO.", 4, lambda h, now: Span(str(h.id)), right=True),
    Column("OFFERED", 7, lambda h, now: Span(cells.age(h.offered_at, now)), right=True),
    Column("STATE", 9, lambda h, now: Span(h.state, STATES[h.state])),
    Column("FROM", 10, lambda h, now: Span(h.former or cells.NOTHING)),
    Column("TO", 10, lambda h, now: Span(h.to, "strong")),
    Column("NOTE", 24, lambda h, now: Span(plain(h.note) or cells.NOTHING, "dim"), grows=True),
)


def in_brief(duty: Duty | None, me: str) -> str:
    """``ada on duty``, and with the key where it is offered to ``me``."""
    if duty is None or (duty.operator is None and duty.offered_to is None):
        return ""
    who = f"{duty.operator} on duty" if duty.operator else "nobody on duty"
    offered = "you" if duty.offered_to == me else duty.offered_to
    return who + (f", offered to {offered}{' (o)' if offered == 'you' else ''}" if offered else "")


def standing(duty: Duty, me: str, now: datetime) -> str:
    """``On duty: ada, for 3 h; offered to b.lee.``"""
    age = cells.age(duty.since, now)
    said = f"On duty: {duty.operator or 'nobody'}" + (f", for {age}" if duty.operator and age != "now" else "")
    if duty.offered_to is None:
        return f"{said}."
    return f"{said}; {duty.offered_by} offers it to {'you' if duty.offered_to == me else duty.offered_to}."


def routed_sentence(each: Routed) -> str:
    """What a route has done once."""
    what = "digest" if each.kind == "digest" else f"step about alert {each.alert}"
    reached = f"to {each.reached} {'address' if each.reached == 1 else 'addresses'}" if each.reached else "to nobody"
    return f"{what}, {reached}" + (f": {each.why}" if each.why else "")


def routed_lines(route: Route, done: Sequence[Routed], width: int) -> list[Line]:
    """A route with what it has done, the newest first."""
    head = f"Route {route.id}: {route.who}: {route.sentence}"
    lines: list[Line] = [*wrapped(plain(head), width, tone="strong"), EMPTY]
    if route.kind in ("reach", "quiet"):
        return [*lines, *wrapped("What it holds back, and for whom, stands in the outbox.", width, tone="dim")]
    for each in done:
        lines += wrapped(f"{each.at:%d %b %H:%M} UTC  {plain(routed_sentence(each))}", width, indent="  ", first="")
    return lines if done else [*lines, line(Span("It has done nothing yet.", "dim"))]


def matter_lines(matters: Sequence[Matter], width: int) -> list[Line]:
    """What is open and what was promised."""
    from engine.duty.matters import under_headings

    lines: list[Line] = []
    for heading, sentences in under_headings(tuple(matters)):
        lines += [line(Span(heading, "head")), *(each for said in sentences for each in _point(said, width)), EMPTY]
    return lines[:-1]


def _point(text: str, width: int) -> list[Line]:
    return wrapped(f"· {plain(text, 1000)}", width, indent="  ", first="")


def handover_lines(found: Handover, matters: Sequence[Matter], width: int) -> list[Line]:
    """A hand-over, whole."""
    head = f"Hand-over {found.id}: {found.former or 'nobody'} to {found.to}"
    became = f"{found.state}, {found.taken_at:%d %b %Y %H:%M} UTC" if found.taken_at else found.state
    return [
        line(Span(head, "strong")),
        line(Span(f"offered by {found.by} on {found.offered_at:%d %b %Y %H:%M} UTC; {became}", "dim")),
        *wrapped(f"“{plain(found.note, 4000)}”" if found.note else "", width),
        EMPTY,
        *matter_lines(matters, width),
    ]
