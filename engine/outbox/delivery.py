"""A row of the outbox as a letter, and one attempt to hand it over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.errors import LeverframeError
from engine.outbox import events, mail, outbox
from engine.outbox.mail import Letter
from engine.outbox.mail_server import Post, Undelivered
from engine.outbox.outbox import Mail
from engine.outbox.webhook import Webhooks
from engine.reports import archive
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore


def letter(ledger: Ledger, objects: ObjectStore, row: Mail, sender: str) -> Letter:
    """What is sent for a row. Raises Damage when the report is not whole in the store."""
    if row.report is None:
        text, html = mail.note(row.subject, row.body.split("\n\n"))
    else:
        with ledger.read() as db:
            kept = archive.find(db, row.project, row.report)
        text, html = objects.get(kept.text).decode(), objects.get(kept.page).decode()
    return Letter(sender, row.recipient, row.subject, text, html, row.token, row.queued_at)


def deliver(
    ledger: Ledger, objects: ObjectStore, post: Post | Webhooks, number: int, now: Callable[[], datetime]
) -> Mail | None:
    """Try one mail that is due; None when it is not, or another process has it. Returns the row as it is then."""
    row = outbox.claim(ledger, number, now())
    if row is None:
        return None
    with ledger.read() as db:
        over = events.over(db, row)
    if over:
        return outbox.is_over(ledger, row, now())
    try:
        if isinstance(post, Webhooks):
            post.send(row)
        else:
            post.send(mail.message(letter(ledger, objects, row, post.sender)), row.recipient)
    except Undelivered as problem:
        return outbox.not_accepted(ledger, row, str(problem), now(), for_good=problem.for_good)
    except LeverframeError as problem:  # an address that is none, a report that is damaged: a person must mend it
        return outbox.not_accepted(ledger, row, str(problem), now(), for_good=True)
    outbox.accepted(ledger, row, now())
    with ledger.read() as db:
        return outbox.find(db, number)
