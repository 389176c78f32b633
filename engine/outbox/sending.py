"""What an operator does about mail by hand: send a report now, see what would be sent, try again what was given up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from engine.audit import trail
from engine.clock import stamp
from engine.errors import Invalid, Refusal
from engine.outbox import delivery, mail, outbox, report_mail, webhook
from engine.outbox.mail import Letter
from engine.outbox.mail_server import Folder, Post, from_environment
from engine.outbox.outbox import Mail
from engine.outbox.webhook import Webhooks
from engine.people.operators import require
from engine.projects import registry
from engine.projects.manifest.report import spec_of
from engine.records import Operator
from engine.reports import archive, html, text
from engine.reports.records import Report
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.withheld import environment


def server() -> Post:
    """The server of this machine's environment. Raises Refusal when none is set up, Invalid when it cannot be."""
    found = from_environment(environment())
    if found is None:
        raise Refusal(
            "No mail server is set up: LEVERFRAME_SMTP_HOST and LEVERFRAME_SMTP_FROM name one, and "
            "'leverframe report PROJECT --dry-run FOLDER' shows what would be sent."
        )
    return found


def waits_in_vain(ledger: Ledger) -> str | None:
    """Why mails that wait are not sent by whoever has this environment, and what to set; None when none waits so."""
    with ledger.read() as db:
        mails = outbox.waiting(db)
    if not mails:
        return None
    try:
        if from_environment(environment()) is not None:
            return None
    except Invalid as problem:
        return str(problem)
    wait = f"{mails:,} mails wait" if mails > 1 else "1 mail waits"
    return (
        f"{wait}, and no mail server is set up here: set LEVERFRAME_SMTP_HOST and LEVERFRAME_SMTP_FROM where the "
        "engine runs (and _PORT, _USER, _PASSWORD and _TLS where they are needed), and start it anew."
    )


def needs_a_way() -> None:
    """Raise Refusal when this machine reaches nobody at all."""
    if not webhook.names(environment()):
        server()


def way_to(recipient: str) -> Post | Webhooks:
    """How ``recipient`` is reached from this machine. Raises Refusal when it is not, Invalid when it cannot be."""
    if not recipient.startswith(outbox.WEBHOOK):
        return server()
    found = webhook.from_environment(environment())
    if found is None:
        raise Refusal(f"No webhook is set up: {webhook.VARIABLE} holds the addresses of those who are notified.")
    return found


def send(
    ledger: Ledger, objects: ObjectStore, report: Report, by: Operator, post: Post, now: Callable[[], datetime]
) -> tuple[Mail, ...]:
    """Keep a report, queue it for whoever gets it, and try each mail once. Raises Refusal when nobody gets it.

    Whoever has this period's report already, or in whose outbox it waits, is not sent another.
    """
    require(by, "operator", "send reports")
    digests = archive.store(objects, report)
    at = now()
    with ledger.write() as db:
        to = _recipients(db, report.project)
        draft = report_mail.draft(report, archive.register(db, report, digests, None, at))
        new = outbox.queue(db, draft, to, at)
        period = f"{stamp(report.period.since)}/{stamp(report.period.until)}"
        # How many, not who: the trail holds nothing of persons but who acted.
        details = {"period": period, "page": digests[0], "mails": len(new)}
        trail.append(db, at=at, actor=by, action="send-report", subject=report.project, details=details)
        rows = db.execute(
            "SELECT id FROM outbox WHERE project = ? AND key = ? ORDER BY id", (report.project, draft.key)
        ).fetchall()
    return _tried(ledger, objects, {row["id"]: post for row in rows}, now)


def dry_run(ledger: Ledger, report: Report, folder: Path, at: datetime) -> tuple[Path, ...]:
    """Write the mails of a report into ``folder``. Raises Refusal when nobody gets it."""
    with ledger.read() as db:
        to = _recipients(db, report.project)
    post = Folder(folder)
    files = []
    for number, recipient in enumerate(to, 1):
        token = f"{report.project.replace('-', '')}{stamp(report.period.until)[:10].replace('-', '')}n{number}"
        letter = Letter(
            post.sender, recipient, report_mail.subject(report), text.text(report), html.page(report), token, at
        )
        message = mail.message(letter)
        post.send(message, recipient)
        files.append(post.file_of(message))
    return tuple(files)


def retry(
    ledger: Ledger,
    objects: ObjectStore,
    number: int | None,
    by: Operator,
    way: Callable[[str], Post | Webhooks],
    now: Callable[[], datetime],
) -> tuple[Mail, ...]:
    """Try one mail, or all that wait or were given up, once and now; ``way`` says how a recipient is reached."""
    require(by, "operator", "send mail again")
    at = now()
    with ledger.write() as db:
        again = {mail: way(outbox.find(db, mail).recipient) for mail in outbox.again(db, number, at)}
        trail.append(db, at=at, actor=by, action="retry-mail", subject="outbox", details={"mails": len(again)})
    return _tried(ledger, objects, again, now)


def _tried(
    ledger: Ledger, objects: ObjectStore, posts: Mapping[int, Post | Webhooks], now: Callable[[], datetime]
) -> tuple[Mail, ...]:
    for number, post in posts.items():
        delivery.deliver(ledger, objects, post, number, now)
    with ledger.read() as db:
        return tuple(outbox.find(db, number) for number in posts)


def _recipients(db: sqlite3.Connection, project: str) -> tuple[str, ...]:
    registry.find(db, project)
    row = db.execute("SELECT manifest FROM projects WHERE name = ?", (project,)).fetchone()
    to = spec_of(json.loads(row["manifest"])).to
    if not to:
        raise Refusal(f"Nobody gets the report of {project}; name somebody in [report] to of its leverframe.toml.")
    return to
