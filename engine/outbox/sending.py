"""What an operator does about mail by hand: send a report now, see what would be sent, try again what was given up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Invalid, Refusal
from engine.outbox import delivery, mails, outbox, subjects
from engine.outbox.channel import Channel, Letter
from engine.outbox.channels import CHANNELS, MAIL, recipients_in, set_up
from engine.outbox.mail_server import Folder
from engine.outbox.mails import Mail
from engine.outbox.outbox import Draft
from engine.projects import registry
from engine.reports import archive, html, text
from engine.reports.records import Report, ReportPeriod
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.withheld import environment


def waits_in_vain(ledger: Ledger) -> str | None:
    """Why mails that wait are not sent by whoever has this environment, and what to set; None when none waits so."""
    with ledger.read() as db:
        waiting = mails.waiting(db)
    if not waiting:
        return None
    try:
        if CHANNELS[MAIL].opened(environment()) is not None:
            return None
    except Invalid as problem:
        return str(problem)
    wait = f"{waiting:,} mails wait" if waiting > 1 else "1 mail waits"
    return (
        f"{wait}, and no mail server is set up here: set LEVERFRAME_SMTP_HOST and LEVERFRAME_SMTP_FROM where the "
        "engine runs (and _PORT, _USER, _PASSWORD and _TLS where they are needed), and start it anew."
    )


def needs_a_way() -> None:
    """Raise Refusal when this machine reaches nobody at all."""
    if not recipients_in(environment()):
        set_up(MAIL)


def send(
    ledger: Ledger, objects: ObjectStore, report: Report, by: Caller, channel: Channel, now: Callable[[], datetime]
) -> tuple[Mail, ...]:
    """Keep a report, queue it for whoever gets it, and try each mail once. Raises Refusal when nobody gets it.

    Whoever has this period's report already, or in whose outbox it waits, is not sent another.
    """
    digests = archive.store(objects, report)
    at = now()
    with ledger.write() as db:
        to = recipients(db, report.project)
        draft = draft_of(report, archive.register(db, report, digests, None, at))
        new = outbox.queue(db, draft, to, at)
        period = f"{stamp(report.period.since)}/{stamp(report.period.until)}"
        # How many, not who: the trail holds nothing of persons but who acted.
        details = {"period": period, "page": digests[0], "mails": len(new)}
        trail.append(db, at=at, actor=by, action="send-report", subject=report.project, details=details)
        rows = db.execute(
            "SELECT id FROM outbox WHERE project = ? AND key = ? ORDER BY id", (report.project, draft.key)
        ).fetchall()
    return _tried(ledger, objects, {row["id"]: channel for row in rows}, now)


def dry_run(ledger: Ledger, report: Report, folder: Path, at: datetime) -> tuple[Path, ...]:
    """Write the mails of a report into ``folder``. Raises Refusal when nobody gets it."""
    with ledger.read() as db:
        to = recipients(db, report.project)
    channel = Folder(folder)
    files = []
    for number, recipient in enumerate(to, 1):
        token = f"{report.project.replace('-', '')}{stamp(report.period.until)[:10].replace('-', '')}n{number}"
        letter = Letter(recipient, subjects.of_report(report), text.text(report), html.page(report), token, at)
        channel.send(letter)
        files.append(channel.file_of(letter))
    return tuple(files)


def retry(
    ledger: Ledger,
    objects: ObjectStore,
    number: int | None,
    by: Caller,
    opened: Callable[[str], Channel],
    now: Callable[[], datetime],
) -> tuple[Mail, ...]:
    """Try one mail, or all that wait or were given up, once and now; ``opened`` gives the channel with a name."""
    at = now()
    with ledger.write() as db:
        again = {mail: opened(mails.find(db, mail).channel) for mail in outbox.again(db, number, at)}
        trail.append(db, at=at, actor=by, action="retry-mail", subject="outbox", details={"mails": len(again)})
    return _tried(ledger, objects, again, now)


def draft_of(report: Report, number: int) -> Draft:
    """What is to be mailed of the report that is kept as ``number``."""
    return Draft(report.project, _matter(report.period), subjects.of_report(report), report=number)


def _matter(period: ReportPeriod) -> str:
    """What nobody is sent twice: the report of a period, or on one day that of the days up to now."""
    if period.rolling:
        return f"report of the days to {period.until.astimezone(ZoneInfo(period.zone)):%Y-%m-%d}"
    return f"report {stamp(period.since)}/{stamp(period.until)}"


def _tried(
    ledger: Ledger, objects: ObjectStore, channels: Mapping[int, Channel], now: Callable[[], datetime]
) -> tuple[Mail, ...]:
    for number, channel in channels.items():
        delivery.deliver(ledger, objects, channel, number, now, by_hand=True)
    with ledger.read() as db:
        return tuple(mails.find(db, number) for number in channels)


def recipients(db: sqlite3.Connection, project: str) -> tuple[str, ...]:
    """Who gets the report of ``project``. Raises Refusal when nobody does."""
    registry.find(db, project)
    to = registry.manifest(db, project).report.to
    if not to:
        raise Refusal(f"Nobody gets the report of {project}; name somebody in [report] to of its leverframe.toml.")
    return to
