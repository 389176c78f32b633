"""Where a learner begins, and what becomes of it when its errors surely grow: told, or reset to a checkpoint.

A reset moves nothing that is live. It says from which version the learner goes on, and that it leaves the labels of
before the change; what it learns from there is judged beside the live version, and is released, like anything else it
learns. The checkpoint is the newest version of its chain that a person made live, or the one trained from scratch: what
it made live by itself since is what it forgets.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.access.caller import SystemActor
from engine.clock import stamp
from engine.feedback import resetting
from engine.feedback.resetting import Reset
from engine.jobs.learn.chain import Chain, chain_of
from engine.jobs.learn.drift import METHOD, Drift, drift_in, of_history, of_rows, scale_of
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import Alert, HealthFinding
from engine.release import history
from engine.runs.cancelling import refuse_cancelled
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.records import CurvePoint, VersionDocument

POLICY: Literal["the learning policy"] = "the learning policy"
PART, KEY = "learner", "learner:drift"


@dataclass(frozen=True)
class Beginning:
    """The version that the learner goes on from, and its chain; ``live`` is the digest of what is live, which it may
    be. ``since``: labels that became known before that are left, as it was reset."""

    label: str
    digest: str
    document: VersionDocument
    chain: Chain
    live: str
    since: datetime | None

    @property
    def is_live(self) -> bool:
        return self.digest == self.live


def begin(
    db: sqlite3.Connection, store: ObjectStore, project: str, label: str, document: VersionDocument
) -> Beginning:
    """Where the learner of ``project`` begins, whose live version that is. Raises Damage."""
    live = str(catalog.find(db, label)["digest"])
    digest, last = live, resetting.newest(db, project)
    if last is not None and last.live == live and last.checkpoint != live:
        digest = last.checkpoint
        label = labelled(db, project, digest) or label
        document = documents.of_version(store, label, digest)
    chain = chain_of(store, digest, document)
    # Of a version that was trained from scratch since, nothing was forgotten.
    since = last.since if last is not None and last.checkpoint in chain.versions else None
    return Beginning(label, digest, document, chain, live, since)


def labelled(db: sqlite3.Connection, project: str, digest: str) -> str | None:
    """What the version with ``digest`` is called in that project."""
    return next((each.label for each in catalog.with_digest(db, digest) if each.project == project), None)


def drift_of(
    begun: Beginning, errors: Sequence[float], times: Sequence[datetime], *, numbers: bool
) -> Drift | None:
    """Whether ``errors``, of each row before it was learnt, have surely grown, beside those of the runs before."""
    points = [point for lesson in reversed(begun.chain.lessons) for point in lesson.curve]
    points = [point for point in points if begun.since is None or point.until >= stamp(begun.since)]
    scale = scale_of(errors, points, numbers=numbers)
    before = of_history(points, scale, numbers=numbers)
    return drift_in([*before, *of_rows(errors, times, scale)], known=len(before))


def why(drift: Drift) -> str:
    """Such as ``errors grew from 7.8% to 43.0% of 60 labels since 24 Nov 12:00 UTC (ADWIN)``."""
    return (
        f"errors of the learner grew from {drift.before:.1%} to {drift.after:.1%} on {drift.rows:,} labels since "
        f"{drift.since:%d %b %H:%M} UTC ({METHOD})"
    )


def reset(
    ledger: Ledger,
    project: str,
    run: int,
    begun: Beginning,
    live: str,
    drift: Drift,
    metric: str,
    curve: Sequence[CurvePoint],
    now: datetime,
) -> str:
    """Reset the learner, with its mark in the trail and its alert. ``live``: the label of what is live. Returns what
    was done, as a sentence. Raises Conflict where the run was cancelled before."""
    by = SystemActor(POLICY)
    with ledger.write() as db:
        refuse_cancelled(db, run)
        # What acts by itself has a space in its name, and no person has.
        decided = {
            digest
            for each in history.since(db, None, project)
            if " " not in each.actor and (digest := _digest(db, each.project, each.number)) is not None
        }
        checkpoint = begun.chain.checkpoint(decided)
        label = labelled(db, project, checkpoint) or live
        found = Reset(
            project=project,
            at=now,
            by=by.name,
            run=run,
            live=begun.live,
            checkpoint=checkpoint,
            since=drift.since,
            before=drift.before,
            after=drift.after,
            rows=drift.rows,
            metric=metric,
            curve=tuple(curve),
            reason=f"{why(drift)}; [learn] on_drift says reset",
        )
        resetting.keep(db, found, by, label)
        done = f"it was reset to {label} and learns the labels since then alone"
        _tell(db, live, f"{why(drift)}: {done}", now)
    return f"{why(drift)}: {done}."


def tell(ledger: Ledger, live: str, drift: Drift, now: datetime) -> None:
    """Raise the alert, where the learner goes on all the same."""
    with ledger.write() as db:
        _tell(db, live, why(drift), now)


def _tell(db: sqlite3.Connection, live: str, words: str, now: datetime) -> None:
    project, number = catalog.parse_label(live)
    for alert in _open(db, project):
        alert_book.over(db, alert, "they grew once more", now)
    act = "see what the labels since then are (key 9); freeze the learner (key L, f), or retrain if the world changed"
    alert_book.tell(db, project, number, HealthFinding(KEY, PART, "watch", words, act, now), now)


def learnt_well(ledger: Ledger, project: str, now: datetime) -> None:
    """End the alert: a version has learnt what came since, and its errors have not grown."""
    with ledger.read() as db:
        there = _open(db, project)
    if there:
        with ledger.write() as db:
            for alert in _open(db, project):
                alert_book.over(db, alert, "it has learnt since, and its errors have not grown", now)


def _open(db: sqlite3.Connection, project: str) -> list[Alert]:
    return [each for each in alert_book.open_alerts(db, project) if each.key == KEY]


def _digest(db: sqlite3.Connection, project: str, number: int) -> str | None:
    found = catalog.numbered(db, {project: number}).get(project)
    return found.digest if found is not None else None
