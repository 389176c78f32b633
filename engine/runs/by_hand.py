"""A run that somebody asks for, of a job that is asked for nothing else: of now, and started if it may start."""

from __future__ import annotations

from datetime import datetime

from engine.errors import Refusal
from engine.people import operators
from engine.projects import registry
from engine.records import Operator, Run
from engine.runs import history, queue
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.vocabulary.jobs import Job


def begin(workspace: Workspace, ledger: Ledger, project: str, job: Job, by: Operator, now: datetime) -> Run:
    """Queue a run of ``job``. Raises Forbidden, NotFound, or Refusal where it has nothing to work on."""
    operators.require(by, "operator", job.act)
    with ledger.read() as db:
        registry.find(db, project)
        live = not job.needs_live or catalog.live(db, project) is not None
    if not live:
        raise Refusal(f"Nothing of {project} is live yet; retrain, then approve a candidate.")
    run = queue.enqueue(ledger, project, by, now, now, {}, job=job.name)
    queue.dispatch(workspace, ledger)
    return history.find(ledger, run)
