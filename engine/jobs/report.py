"""The job ``report``: the report of the period that has ended, composed, kept, queued for whoever gets it."""

from __future__ import annotations

import os

from engine.clock import now
from engine.outbox import outbox
from engine.outbox.channels import recipients_in
from engine.outbox.events import recipients
from engine.outbox.sending import draft_of
from engine.projects import registry
from engine.reports import archive, build
from engine.runs import queue
from engine.runs.own_work import measured
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger
from engine.vocabulary.steps import REPORT


def make(ledger: Ledger, context: RunContext) -> None:
    """Make the report, and end the run in one transaction with what is to be mailed of it."""
    project = context.run.project
    with measured(REPORT, context.record):
        with ledger.read() as db:
            owner, spec = registry.find(db, project).owner, registry.manifest(db, project).report
            period = build.period_of(db, project, spec.period, context.run.as_of)
            report = build.report(db, context.store, project, period)
        digests = archive.store(context.store, report)
    at = now()
    with ledger.write() as db:
        draft = draft_of(report, archive.register(db, report, digests, context.run.id, at))
        outbox.queue(db, draft, spec.to, at)
        outbox.forget(db, project, [*recipients(spec, owner), *recipients_in(os.environ)], at)
        queue.finish(db, context.run.id, "succeeded", at)
