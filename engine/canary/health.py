"""The health of a canary beside the live version's, read from the ledger and, where that is asked for, from the log."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from engine.canary.judge import measured
from engine.canary.records import CanaryHealth
from engine.canary.sides import sides, window
from engine.errors import LeverframeError
from engine.projects import in_force
from engine.projects.manifest.serve import spec_of
from engine.requests import book
from engine.scoring import beats
from engine.scoring.trials import Trial
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog


def of_requests(db: sqlite3.Connection, trial: Trial, now: datetime) -> CanaryHealth | None:
    """What was counted of both sides since the share is what it is; None where ``trial`` runs beside nothing."""
    live = catalog.live(db, trial.project)
    if live is None:
        return None
    spec = spec_of(in_force.settings(db, trial.project)).canary
    since, until = window(trial.share_since, now)
    counted = book.counts(db, [trial.project], since, until) if since < until else []
    ours, theirs = sides(counted, live.label, trial.label, spec.slow)
    return CanaryHealth(
        trial, since, max(since, until), ours, theirs, measured(ours, theirs, spec, None), spec.end
    )


_kept: dict[tuple[str, int], tuple[tuple[datetime, datetime], CanaryHealth]] = {}


def of_log(workspace: Workspace, ledger: Ledger, store: ObjectStore, found: CanaryHealth) -> CanaryHealth:
    """``with_log``, read once for each minute: a screen that is open asks every few seconds."""
    key, time = (str(workspace.root), found.trial.seq), (found.since, found.until)
    known = _kept.get(key)
    if known is None or known[0] != time:
        _kept[key] = known = time, with_log(workspace, ledger, store, found)
    return replace(known[1], last_error=found.last_error)


def with_log(workspace: Workspace, ledger: Ledger, store: ObjectStore, found: CanaryHealth) -> CanaryHealth:
    """The same with what both predicted, as far as that was logged, and how far it is from the labels that came."""
    from engine.canary import logged
    from engine.feedback import book as feedback
    from engine.feedback.reading import read

    trial = found.trial
    with ledger.read() as db:
        settings = in_force.settings(db, trial.project)
        blocks = book.blocks(db, trial.project, found.since, found.until)
        try:
            came = feedback.came(db, store, trial.project)
        except LeverframeError:  # What cannot be read is told where feedback is looked at.
            came = ()
    labels = {word.key: word.label for word in read(came, None, found.until).words} if came else {}
    key = [str(name) for name in settings.get("data", {}).get("key", ())]
    said = [
        logged.of_side(workspace.requests, blocks, side.label, key, labels, found.since)
        for side in (found.live, found.canary)
    ]
    live, canary = (
        replace(side, predictions=one.predictions, losses=one.losses)
        for side, one in zip((found.live, found.canary), said, strict=True)
    )
    loss = said[0].loss if said[0].loss == said[1].loss else None
    return replace(
        found, live=live, canary=canary, loss=loss, measured=measured(live, canary, spec_of(settings).canary, loss)
    )


def with_errors(workspace: Workspace, found: CanaryHealth) -> CanaryHealth:
    """The same with what it said the last time that it could not answer, as a worker that lives has it."""
    if not found.canary.errors:  # A worker also remembers what an earlier canary said.
        return found
    said = [
        worker.fallbacks[found.trial.project].canary_why
        for worker in beats.everybody(workspace.root / "locks").values()
        if found.trial.project in worker.fallbacks
    ]
    return replace(found, last_error=next((why for why in said if why), ""))
