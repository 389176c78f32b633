"""The decision card: all that an operator needs to decide on one candidate, on one screen."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from engine.access.approval import what_it_takes
from engine.backtest import archive as backtests
from engine.errors import Damage
from engine.projects import in_force, registry
from engine.projects.manifest.sandbox import spec_of
from engine.records import Actor, Change, Version
from engine.release import decisions, remarks
from engine.release.approvals import approval_of, expiry
from engine.release.history import live_deployment
from engine.release.plan import refusal
from engine.release.records import BacktestLine, DecisionCard
from engine.runs.steps import holding
from engine.scoring.here import said_here
from engine.storage.objects import ObjectStore
from engine.text import plain, short_revision
from engine.versions import absent_data, catalog, code, origins
from engine.versions import document as documents
from engine.versions import judged_here as judgements
from engine.versions.diff import CodeCommit, changes
from engine.versions.ground import without_ground

if TYPE_CHECKING:
    from engine.projects.source.records import Commit
    from engine.shadow.report import ShadowReport
    from engine.versions.records import VersionDocument


def card(db: sqlite3.Connection, store: ObjectStore, label: str, by: Actor, now: datetime) -> DecisionCard:
    """The card of version ``label`` as it stands now. Raises NotFound, or Damage when its document is not whole."""
    row = catalog.find(db, label)
    version = catalog.record(row)
    live = live_deployment(db, version.project)
    approval = approval_of(db, row, live["seq"] if live else 0, by, now)
    live_label = f"{version.project}@{live['number']}" if live else None
    document = documents.of_version(store, label, version.digest)
    origin = origins.of_version(db, label)
    judged_here = origin is None or origin.same_ground
    here = None if judged_here else judgements.of_version(db, label)
    measured = document.metrics if judged_here else without_ground(document.metrics)
    if here is not None:
        measured = here.answer.judgement
    lineage = document.lineage
    run = f"run {version.run}, asked for by {lineage.requested_by}"
    if lineage.learnt is not None:
        run += f": {lineage.learnt.rows:,} labels on top of {lineage.parent}, each predicted before it was learnt"
    return DecisionCard(
        version=version,
        live=live_label,
        live_seq=live["seq"] if live else 0,
        expires_at=expiry(row, approval.policy),
        metrics=tuple(found.called(name) for name, found in measured.metrics.items()),
        gates=document.gates if here is None else here.answer.gates,
        segments=measured.segments,
        changed_decisions=measured.changed_decisions,
        changes=(*_changes(db, store, version), *_into_force(db, version, document)),
        last_rejected=_last_rejected(db, version.project, version.number),
        made_by=run if origin is None else f"{origin.by}, who took it in from {origin.sentence}",
        blocked=refusal(db, row, live, approval, by, now),
        code=code.finding(document.code),
        sandbox=holding.finding(spec_of(document.settings), holding.recorded(document.lineage.sandbox)),
        backtest=_backtest(db, version.project, now),
        takes=what_it_takes(approval) if version.state == "candidate" else (),
        remarks=remarks.of_version(db, row),
        origin=origin,
        judged_here=here,
        judged_there=document.metrics.sentence,
        without=absent_data.sentence(document) if absent_data.is_absent(store, document) else None,
        scored_by=said_here(document.scorer) if document.scorer.asked else "",
        scorer=document.scorer,
        shadow=_shadow(db, label, now),
    )


def _shadow(db: sqlite3.Connection, label: str, now: datetime) -> ShadowReport | None:
    """What it said of live requests. That this is damaged keeps nobody from deciding."""
    from engine.shadow.report import of_version

    try:
        return of_version(db, label, now)
    except Damage:
        return None


def _backtest(db: sqlite3.Connection, project: str, now: datetime) -> BacktestLine | None:
    """What the newest one says of the schedule that is in force now. That it is damaged keeps nobody from deciding."""
    try:
        kept = backtests.newest(db, project)
    except Damage as damage:
        return BacktestLine(None, str(damage))
    if kept is None:
        return None
    from engine.backtest.advice import advice
    from engine.backtest.retrain_schedule import in_force as retrain_schedule

    return BacktestLine(kept.at, advice(kept.document, retrain_schedule(db, project, now)).short)


def _changes(db: sqlite3.Connection, store: ObjectStore, version: Version) -> tuple[Change, ...]:
    """What differs from the version it was judged against. If that one is damaged, all the more is this one wanted."""
    if version.against is None:
        return ()
    try:
        return difference(db, store, version.against, version.label)
    except Damage as damage:
        return (Change("changes", f"they cannot be told: {damage}"),)


def _into_force(db: sqlite3.Connection, version: Version, document: VersionDocument) -> tuple[Change, ...]:
    """What a candidate would put in force otherwise than today; nothing where it changes nothing."""
    if version.state != "candidate":
        return ()
    found = in_force.differences(db, version.project, document.settings)
    if not found:
        return ()
    return (Change("in force", f"{len(found)} {'thing changes' if len(found) == 1 else 'things change'}", found),)


def difference(db: sqlite3.Connection, store: ObjectStore, old: str, new: str) -> tuple[Change, ...]:
    """What differs between two versions, with the commits between them where the repository still knows them."""
    from engine.projects.source.code import commits_between

    before, after = (documents.of_version(store, label, catalog.find(db, label)["digest"]) for label in (old, new))
    commits: tuple[CodeCommit, ...] = ()
    old_one, new_one = before.code.revision, after.code.revision
    if old_one and new_one and old_one != new_one:
        found = commits_between(registry.folder(db, catalog.parse_label(new)[0]), before.code, after.code)
        commits = tuple(CodeCommit(_said(commit), commit.author, commit.files) for commit in found)
    return changes(before, after, commits)


def _said(commit: Commit) -> str:
    return plain(f"{short_revision(commit.revision)} {commit.author}: {commit.subject}", 120)


def _last_rejected(db: sqlite3.Connection, project: str, number: int) -> str | None:
    found = decisions.last_rejection(db, project, number)
    return f'{found.label} on {found.at:%d %b} by {found.actor}: "{found.reason}"' if found else None
