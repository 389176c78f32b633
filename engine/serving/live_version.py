"""What the ledger says of one project to whoever answers requests: which version, and who else where that cannot."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from engine.projects import in_force, registry
from engine.projects.manifest.records import ServeSpec
from engine.projects.manifest.serve import spec_of
from engine.release import history
from engine.scoring import crashes, trials
from engine.scoring.trials import Trial
from engine.versions import catalog


@dataclass(frozen=True)
class LiveVersion:
    """The version that is live. ``previous``: label and digest of the one that a rollback goes to, if there is one.

    ``out``: why it is not to be asked any more, where it crashed too often; then only others answer in its place.
    ``trial``: the candidate that runs beside it.
    """

    project: str
    label: str
    digest: str
    deployment: int
    spec: ServeSpec
    previous: tuple[str, str] | None
    out: str | None
    trial: Trial | None = None

    @property
    def beside(self) -> tuple[str, str] | None:
        """Label and digest of what answers beside it. A shadow answers nobody and has a process of its own."""
        answers = self.trial is not None and self.trial.kind == "canary"
        return (self.trial.label, self.trial.digest) if self.trial is not None and answers else None


def live_version(db: sqlite3.Connection, project: str) -> LiveVersion | str:
    """What answers requests for ``project``, or why nothing does, as a sentence."""
    if registry.there(db, project) is None:
        return f"There is no project {project} here."
    spec = spec_of(in_force.settings(db, project))
    newest = history.newest(db, project)
    if newest is None:
        return f"Nothing is live of {project} yet."
    if not spec.realtime:
        return f"{project} answers no requests: its live version says nothing of [serve] realtime."
    label = f"{project}@{newest.number}"
    # Not what stood there before: a rollback leaves that barred, because it was not to answer.
    before = catalog.were_live(db, project)
    trial = trials.trial(db, project)
    if trial is not None and crashes.why_out(db, project, crashes.of_trial(trial.seq)) is not None:
        trial = None  # The engine ends it in a moment.
    return LiveVersion(
        project,
        label,
        str(catalog.find(db, label)["digest"]),
        newest.seq,
        spec,
        (before[0].label, before[0].digest) if before else None,
        crashes.why_out(db, project, newest.seq),
        trial if trial is not None and trial.against == newest.seq else None,
    )
