"""A run that somebody asks for, of a job that is asked for nothing else: of now, and started if it may start."""

from __future__ import annotations

from datetime import datetime

from engine.access.caller import Caller
from engine.errors import Refusal
from engine.projects import registry
from engine.records import Run
from engine.runs import history, queue
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.vocabulary.jobs import Job


def begin(workspace: Workspace, ledger: Ledger, project: str, job: Job, by: Caller, now: datetime) -> Run:
    """Queue a run of ``job``. Raises NotFound, Refusal where it has nothing to work on, and Conflict where one is under
    way that it would run beside."""
    with ledger.read() as db:
        registry.find(db, project)
        live = not job.needs_live or catalog.live(db, project) is not None
    if not live:
        raise Refusal(f"Nothing of {project} is live yet; retrain, then approve a candidate.")
    if job.alone:
        queue.settle(workspace, ledger, now)  # One whose process was killed is under way no more.
        queue.dispatch(workspace, ledger)  # And who is refused for one that waits has at least set it going.
    run = queue.enqueue(ledger, project, by, now, now, {}, job=job.name)
    queue.dispatch(workspace, ledger)
    return history.find(ledger, run)
