"""A row of the outbox as a letter, and one attempt to hand it over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.errors import LeverframeError
from engine.outbox import events, holding, mail, mails, outbox
from engine.outbox.channel import Channel, Letter, Undelivered
from engine.outbox.mails import Mail
from engine.reports import archive
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore


def letter(ledger: Ledger, objects: ObjectStore, row: Mail) -> Letter:
    """What is sent for a row. Raises Damage when the report is not whole in the store."""
    if row.report is None:
        text, html = mail.note(row.subject, row.body.split("\n\n"))
    else:
        with ledger.read() as db:
            kept = archive.find(db, row.project, row.report)
        text, html = objects.get(kept.text).decode(), objects.get(kept.page).decode()
    return Letter(row.recipient, row.subject, text, html, row.token, row.queued_at, row.matter, row.body)


def deliver(
    ledger: Ledger,
    objects: ObjectStore,
    channel: Channel,
    number: int,
    now: Callable[[], datetime],
    *,
    by_hand: bool = False,
) -> Mail | None:
    """Try one mail that is due; None when it is not, or another process has it. Returns the row as it is then.

    ``by_hand``: somebody wants it sent now, whatever holds it.
    """
    row = outbox.claim(ledger, number, now())
    if row is None:
        return None
    with ledger.read() as db:
        over = events.over(db, row)
        hold = None if by_hand or over else holding.hold_of(db, row, now())
    if over:
        return outbox.is_over(ledger, row, now())
    if hold is not None:
        return holding.hold(ledger, row, hold, now())
    if row.held and (told := holding.release(ledger, row, events.over, now())) is not None:
        return told
    try:
        channel.send(letter(ledger, objects, row))
    except Undelivered as problem:
        return outbox.not_accepted(ledger, row, str(problem), now(), for_good=problem.for_good)
    except LeverframeError as problem:  # an address that is none, a report that is damaged: a person must mend it
        return outbox.not_accepted(ledger, row, str(problem), now(), for_good=True)
    outbox.accepted(ledger, row, now())
    with ledger.read() as db:
        return mails.find(db, number)
