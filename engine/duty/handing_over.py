"""Handing over: what is open and promised is written down, the next one is told, and they take it."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.access import operators
from engine.access.caller import Caller
from engine.access.roles import a_role, enough
from engine.duty.matters import Matter, kept, matters, under_headings
from engine.errors import Invalid
from engine.outbox import outbox, subjects
from engine.outbox.outbox import Draft
from engine.projects import registry
from engine.routing import duty, routes
from engine.routing.duty_records import Handover
from engine.routing.reach import addresses_of
from engine.storage.ledger import Ledger
from engine.text import plain

LONGEST = 4000


def hand_over(ledger: Ledger, to: str, note: str, by: Caller, at: datetime) -> Handover:
    """Offer the duty to ``to`` with all that is open, and tell them. Raises NotFound, Invalid, Refusal, Conflict."""
    note = note.strip()
    if not note:
        raise Invalid(f"A word to {plain(to, 40)} is needed, such as 'all quiet': a list tells not what comes first.")
    if len(note) > LONGEST:
        raise Invalid(f"The note has {len(note):,} characters; keep it under {LONGEST:,}.")
    _check(ledger, to)
    with ledger.write() as db:
        found = matters(db, at)
        offered = duty.offer(db, to, note, kept(found), by, at)
        _tell(db, offered, found, at)
    return offered


def take_over(ledger: Ledger, reason: str, by: Caller, at: datetime) -> Handover:
    """Go on duty. Raises Refusal where somebody else is and has offered nothing, and no ``reason`` was given."""
    with ledger.write() as db:
        return duty.take(db, reason.strip()[:LONGEST], kept(matters(db, at)), by, at)


def _check(ledger: Ledger, to: str) -> None:
    """Whether ``to`` can be on duty: who may only look, or may not work here any more, can take nothing on."""
    with ledger.read() as db:
        found = operators.known(db, to)
    if found.disabled:
        raise Invalid(f"{to} may not work here any more; hand over to somebody who may.")
    if not enough((found.role,), "operator", changes=True):
        raise Invalid(f"{to} is {a_role(found.role)} and could take no alert on; hand over to an operator or an admin.")


def _tell(db: sqlite3.Connection, offered: Handover, found: tuple[Matter, ...], at: datetime) -> None:
    """In the outbox, whose rows are all of a project: of the first that is handed over, or the first there is."""
    names = registry.names(db)
    to = addresses_of(offered.to, routes.everything(db), None)
    if not names or not to:
        return
    first = next((matter.about.partition("@")[0] for matter in found), "")
    draft = Draft(
        first if first in names else names[0], f"handover {offered.id}",
        subjects.of_handover(offered.by, offered.to), "\n\n".join(body(offered, found)),
    )  # fmt: skip
    outbox.queue(db, draft, to, at)


def body(offered: Handover, found: tuple[Matter, ...]) -> list[str]:
    """What the next one is told. Pure."""
    said = [f"{offered.by} says: “{offered.note}”"] if offered.note else []
    for heading, sentences in under_headings(found):
        said += [f"{heading}:", *(f"· {sentence}" for sentence in sentences)]
    still = f"Until then {offered.former} stays on duty." if offered.former else "Nobody is on duty until then."
    return [plain(each, 1000) for each in [*said, f"To take over: leverframe handover take. {still}"]]
