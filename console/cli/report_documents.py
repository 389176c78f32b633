"""Kept reports and mails as the JSON documents that scripts rely on. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.clock import stamp

if TYPE_CHECKING:
    from engine.outbox.mails import Mail
    from engine.reports.archive import KeptReport


def kept(report: KeptReport) -> dict[str, Any]:
    return {
        "report": report.id,
        "project": report.project,
        "since": stamp(report.since),
        "until": stamp(report.until),
        "period": report.period,
        "run": report.run,
        "at": stamp(report.at),
        "verdict": report.verdict,
        "sentence": report.sentence,
        "page": report.page,
        "text": report.text,
        "audit_rows": report.audit_rows,
        "audit_head": report.audit_head,
    }


def mail(found: Mail) -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return stamp(at) if at else None

    return {
        "mail": found.id,
        "project": found.project,
        "about": found.key,
        "recipient": found.recipient,
        "subject": found.subject,
        "report": found.report,
        "state": found.state,
        "attempts": found.attempts,
        "queued_at": stamp(found.queued_at),
        "next_try": time(found.next_try),
        "sent_at": time(found.sent_at),
        "why": found.why,
    }
