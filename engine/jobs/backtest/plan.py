"""What a backtest would replay and take, and why it cannot be: asked before one is queued, and shown to who asks."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.backtest import retrain_schedule
from engine.backtest.policies import FEWEST_WEEKS, WEEK, read_policies, window_of
from engine.clock import moment
from engine.errors import Conflict, Damage, Refusal
from engine.projects import registry
from engine.projects.manifest.reader import Manifest
from engine.runs import history
from engine.runs.times import times_history
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents
from engine.vocabulary import steps
from engine.vocabulary.jobs import BACKTEST, RETRAIN

if TYPE_CHECKING:
    from engine.backtest.policies import Window
    from engine.backtest.records import BacktestPlan
    from engine.records import Run

_OF_EACH = {kind.name for kind in (steps.EXTRACT, steps.LABELS, steps.TRAIN, steps.SCORE)}


def plan(
    db: sqlite3.Connection, store: ObjectStore, project: str, weeks: int, every: str, as_of: datetime, now: datetime
) -> BacktestPlan:
    """What it would take. Raises Invalid for what is no policy, Refusal where the past cannot be replayed."""
    from engine.backtest.records import BacktestPlan

    registry.find(db, project)
    refuse_without_time(project, registry.manifest(db, project))
    policies = read_policies(every, weeks)
    window = window_of(as_of, weeks, policies)
    _refuse_beyond(db, store, project, registry.manifest(db, project), window)
    trainings = len(window.trainings(policies))
    schedule = retrain_schedule.in_force(db, project, now)
    return BacktestPlan(project, window, policies, trainings, _seconds(db, project, trainings), schedule)


def refuse_without_time(project: str, manifest: Manifest) -> None:
    """Raise Refusal where nothing says when a row happened, or where nothing is trained."""
    if manifest.train.imported is not None:
        raise Refusal(
            f"{project} takes a model that was trained elsewhere ([train] import), so there is no retraining to replay."
        )
    if manifest.data.time is None:
        raise Refusal(
            f"{project} has no column that says when a row happened, so its past cannot be replayed; name one in "
            "[data] time of leverframe.toml, retrain it and approve what comes of it."
        )


def refuse_second(db: sqlite3.Connection, project: str) -> None:
    """Raise Conflict while another one has not ended."""
    run = under_way(db, project)
    if run is not None:
        ends = "'leverframe cancel RUN' ends it"
        raise Conflict(f"Run {run.id}, a backtest of {project}, is {run.state} already; {ends}.")


def under_way(db: sqlite3.Connection, project: str) -> Run | None:
    """The backtest of ``project`` that has not ended."""
    return next((run for run in history.unfinished(db, [project]) if run.job == BACKTEST.name), None)


def _refuse_beyond(
    db: sqlite3.Connection, store: ObjectStore, project: str, manifest: Manifest, window: Window
) -> None:
    """Raise Refusal where the first training would have nothing to learn from, by the newest version's data."""
    newest = catalog.newest(db, project)
    if newest is None:
        return
    try:
        since = documents.of_version(store, newest.label, newest.digest).data.since
    except Damage:
        return  # It says nothing then, and nothing of it is needed.
    if since is None:
        return
    holdout = manifest.validation.holdout
    first = moment(since) + (holdout if isinstance(holdout, timedelta) else timedelta(0)) + WEEK
    if first <= window.since:
        return
    most = max(0, (window.until - first) // WEEK)
    way = f"replay at most {most}" if most >= FEWEST_WEEKS else "wait until there is more"
    raise Refusal(
        f"{window.weeks} weeks are more than the data of {project} goes back: its first row ({newest.label}) is of "
        f"{moment(since):%d %b %Y}, and before the first training there has to be something to learn from; {way}."
    )


def _seconds(db: sqlite3.Connection, project: str, trainings: int) -> float | None:
    """About how long it would take, by what the steps of its last retrains took."""
    times = times_history.run_times(db, project, RETRAIN.name)
    if not times.n:
        return None
    took = {step.name: step.p50 for step in times.steps if step.name in _OF_EACH}
    return trainings * sum(took.values()) + took.get(steps.EXTRACT.name, 0.0)
