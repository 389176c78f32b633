"""The job ``report``: the report of the period that has ended, composed, kept, queued for whoever gets it."""

from __future__ import annotations

import json
import os

from engine.clock import now
from engine.outbox import outbox, report_mail, webhook
from engine.outbox.events import recipients
from engine.projects.manifest.report import spec_of
from engine.reports import archive, build
from engine.runs import queue
from engine.runs.own_work import measured
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger


def make(ledger: Ledger, context: RunContext) -> None:
    """Make the report, and end the run in one transaction with what is to be mailed of it."""
    project = context.run.project
    with measured("report", context.record):
        with ledger.read() as db:
            row = db.execute("SELECT manifest, owner FROM projects WHERE name = ?", (project,)).fetchone()
            spec = spec_of(json.loads(row["manifest"]))
            period = build.period_of(db, project, spec.period, context.run.as_of)
            report = build.report(db, context.store, project, period)
        digests = archive.store(context.store, report)
    at = now()
    with ledger.write() as db:
        draft = report_mail.draft(report, archive.register(db, report, digests, context.run.id, at))
        outbox.queue(db, draft, spec.to, at)
        outbox.forget(db, project, [*recipients(spec, row["owner"]), *webhook.names(os.environ)], at)
        queue.finish(db, context.run.id, "succeeded", at)
