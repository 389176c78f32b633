"""The move itself: prove, commit once, switch the link. A first release, a swap and a rollback are the same.

The order is what keeps it whole: until the commit nothing has moved; from the commit on the ledger says the new
version is live, and a link that is still the old one is switched by whoever looks at the workspace next.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.access.acts import checked_reason
from engine.access.approval import LEAST, LETS_PASS, Approval
from engine.access.caller import Caller, SystemActor
from engine.access.entering import as_of_now, why_shut_out
from engine.access.roles import enough
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Damage, Forbidden, Refusal, ShutOut
from engine.projects import in_force, registry
from engine.records import Actor, Deployment, VersionState
from engine.release import decisions, planned_swaps, remarks
from engine.release import live_folder as projection
from engine.release.all_workers import AllWorkers, Asks, nobody_asked
from engine.release.approvals import approval_of
from engine.release.at_its_time import why_no_longer
from engine.release.history import live_deployment
from engine.release.plan import refusal_to_release
from engine.release.policy import why_not_reject, why_not_rollback
from engine.release.records import Moved, MovePlan
from engine.scoring import trials
from engine.storage.disk import refused, why_not
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.document import named

# As the rules that take the ledger back to an earlier moment know it.
TOO_LATE = "nobody decided in time"

if TYPE_CHECKING:
    from engine.release.proof import OnStep, Steps


def move(
    workspace: Workspace,
    ledger: Ledger,
    store: ObjectStore,
    plan: MovePlan,
    reason: str,
    by: Actor,
    on_step: OnStep,
) -> Moved:
    """Carry out ``plan`` exactly as it was shown.

    Raises Conflict when the live version or the target is no longer what the plan says, Forbidden when ``by`` may not
    by now, Refusal or Damage when the target cannot be proven, or by a worker that answers requests cannot be answered
    with. In all these cases nothing has changed.
    """
    from engine.release.proof import Steps

    reason = checked_reason(reason)
    with ledger.read() as db:
        _check(db, plan, by, clock.now())
        digest = str(catalog.find(db, plan.target)["digest"])
    settings = documents.of_version(store, plan.target, digest).settings
    number = catalog.parse_label(plan.target)[1]
    release = f"{number}-{digest[:12]}-{secrets.token_hex(3)}"
    steps = Steps(on_step)
    workers = AllWorkers(workspace, ledger, plan.target, digest, plan.live_seq, by.name, steps)
    # One proof at a time for a project: the second of two operators is told before it proves for nothing.
    with workspace.lock(f"move-{plan.project}"):
        with ledger.read() as db:
            _check(db, plan, by, clock.now())
        folder = _proven(workspace, store, plan, digest, release, steps)
        try:
            deployment = workers.commit(
                settings, lambda asks: commit(ledger, plan, settings, release, steps, reason, by, clock.now(), asks)
            )
        except Refusal:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if deployment is None:
            shutil.rmtree(folder, ignore_errors=True)
            return Moved(None, tuple(steps.done), _waits(plan, by), None, plan.due)
        sentence = _show(workspace, plan, release, steps, workers.said)
    if plan.kind == "rollback":
        sentence += f" {plan.source} is barred until someone lifts it."
    return Moved(deployment, tuple(steps.done), sentence, plan.source)


def _proven(workspace: Workspace, store: ObjectStore, plan: MovePlan, digest: str, release: str, steps: Steps) -> Path:
    """The release folder of the target, rebuilt and proven. Nothing points at it yet; a failure leaves none."""
    from engine.release.proof import of_workspace, prove

    folder = projection.release_folder(workspace, plan.project, release)
    unproven = folder.with_name(f".{release}")
    try:
        with refused(f"{plan.target} could not be rebuilt and nothing was changed"):
            prove(workspace, store, digest, plan.target, unproven, steps, of_workspace(workspace))
            os.rename(unproven, folder)
    except Damage as damage:
        raise named(store, plan.target, damage) from None
    finally:
        shutil.rmtree(unproven, ignore_errors=True)
    return folder


def _show(workspace: Workspace, plan: MovePlan, release: str, steps: Steps, confirmed: str) -> str:
    """Point the live link at what the ledger says by now. If that fails, the next look at the workspace does it."""
    try:
        projection.point(workspace, plan.project, release)
    except OSError as error:
        return f"{plan.target} is live in the ledger, but live/{plan.project} still leads elsewhere: {why_not(error)}."
    steps.add(f"live: {plan.target}, {f'{confirmed}, ' if confirmed else ''}written to the ledger and linked")
    projection.tidy(workspace, plan.project, {release})
    return f"{plan.target} is live."


def _waits(plan: MovePlan, by: Actor) -> str:
    if plan.due is not None:
        return (
            f"{plan.target} is proven and approved, and goes live at {plan.due:%d %b %H:%M} UTC if it can be proven "
            "once more and nothing has changed by then. Nothing has moved."
        )
    return f"{by.name}'s approval of {plan.target} is recorded; it waits for another person's. Nothing has moved."


def _other_policy(db: sqlite3.Connection, plan: MovePlan) -> str | None:
    if plan.policy is None or in_force.approval(db, plan.project) == plan.policy:
        return None
    return (
        f"What a release of {plan.project} takes was changed after this was shown to you; nothing was changed, look "
        f"again ('leverframe policy {plan.project}' says what it takes)."
    )


def check_still_may(db: sqlite3.Connection, project: str, by: Caller) -> None:
    """A proof takes minutes: whoever was let in before it may have been demoted, or shut out, when it has ended."""
    who = as_of_now(db, by)
    if shut_out := why_shut_out(who):
        raise ShutOut(shut_out)
    if not enough(who.operator.roles(project), LEAST, changes=True):
        raise Forbidden(f"{by.name} may not decide about {project} any more; nothing was changed.")


def _check(db: sqlite3.Connection, plan: MovePlan, by: Actor, now: datetime) -> None:
    """The compare of compare-and-set: the plan was made against what is still so."""
    if catalog.parse_label(plan.target)[0] != plan.project:  # Who may was asked for the project that the plan names.
        raise Conflict(f"{plan.target} is no version of {plan.project}; nothing was changed.")
    if isinstance(by, Caller):
        check_still_may(db, plan.project, by)
    if plan.planned is not None:  # Its ground is what was so when it was approved.
        swap = planned_swaps.one(db, plan.planned)
        if isinstance(by, Caller) or swap.label != plan.target:
            raise Conflict(f"{swap.label} goes live at its time and by its run alone; nothing was changed.")
        if no_longer := why_no_longer(db, swap, now) or _other_policy(db, plan):
            raise Conflict(no_longer)
        return
    live = live_deployment(db, plan.project)
    seq = live["seq"] if live else 0
    if seq != plan.live_seq:
        assert live is not None
        raise Conflict(
            f"{live['actor']} made {plan.project}@{live['number']} live at {live['at'][11:19]} UTC "
            f'("{live["reason"]}") after this was shown to you; nothing was changed, look again.'
        )
    source = f"{plan.project}@{live['number']}" if live else None
    if plan.source != source:  # It would be taken out of use, whatever it is.
        raise Conflict(f"{source or 'nothing'} is live, not {plan.source or 'nothing'}; nothing was changed.")
    if plan.kind == "release":
        refused = refusal_to_release(db, plan.target, by, now, plan.due) or _other_policy(db, plan)
        if not refused:
            remarks.check_shown(db, catalog.find(db, plan.target), plan.remarks)
    else:
        registry.find(db, plan.project)
        refused = why_not_rollback(catalog.record(catalog.find(db, plan.target)), plan.source, lifts=plan.lifts)
    if refused:
        raise Conflict(refused)


def commit(
    ledger: Ledger,
    plan: MovePlan,
    settings: Mapping[str, Any],
    release: str,
    steps: Steps,
    reason: str,
    by: Actor,
    at: datetime,
    asks: Asks = nobody_asked,
) -> Deployment | None:
    """The one durable commit, all or none: decision, deployment, states, what is in force, audit rows, alerts over.

    ``asks`` is called where it is about to become live, and may take all of it back by what it raises.
    """
    project, number = catalog.parse_label(plan.target)
    with ledger.write() as db:
        _check(db, plan, by, at)
        approval = approval_of(db, catalog.find(db, plan.target), plan.live_seq, by, plan.due or at)
        kind: decisions.Kind = "approve" if plan.kind == "release" else "rollback"
        details = _details(db, plan, approval, settings)
        proof = [asdict(s) for s in steps.done]
        proven = {**details, "proof": proof}
        if plan.lifts:
            _decide(db, catalog.find(db, plan.target), "lift", "retired", reason, by, at)
        audit = 0
        if plan.planned is None:  # else it was approved before
            audit = trail.append(
                db, at=at, actor=by, action=kind, subject=plan.target, reason=reason,
                details=details if kind == "approve" else proven,
            )  # fmt: skip
            at = trail.recorded_at(db, audit)
            decisions.keep(db, kind, (project, number), plan.live_seq, reason, by, audit, at)
            if kind == "approve" and approval.missing_after_one:
                return None
        if plan.due is not None:
            _plan_for(db, plan, plan.due, proven, reason, by, at)
            return None
        asks(db)
        if kind == "approve":
            audit = trail.append(
                db, at=at, actor=by, action="release", subject=plan.target, reason=reason, details=proven
            )
            at = trail.recorded_at(db, audit)
        if plan.planned is not None:
            planned_swaps.end(db, plan.planned, "swapped", None, audit, at)
        deployment = _deployed(db, plan, release, proof, reason, by, audit, at)
        _change_states(db, plan, project, reason, by, at)
        in_force.put(db, project, settings, at)
        from engine.monitoring.alerts import alert_book

        alert_book.swapped(db, plan.target, project, at)
        return deployment


def _deployed(
    db: sqlite3.Connection, plan: MovePlan, release: str, proof: list[dict[str, Any]], reason: str, by: Actor,
    audit: int, at: datetime,
) -> Deployment:  # fmt: skip
    """The row that says what is live from now on."""
    project, number = catalog.parse_label(plan.target)
    previous = catalog.parse_label(plan.source)[1] if plan.source else None
    cursor = db.execute(
        "INSERT INTO deployments (project, number, previous, kind, at, actor, reason, release, proof, audit)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (project, number, previous, plan.kind, stamp(at), by.name, reason, release, json.dumps(proof), audit),
    )
    return Deployment(int(cursor.lastrowid or 0), project, number, previous, plan.kind, at, by.name, reason)


def _details(
    db: sqlite3.Connection, plan: MovePlan, approval: Approval, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What the trail says of a move besides its proof."""
    details: dict[str, Any] = {"from": plan.source, "to": plan.target, "live_seq": plan.live_seq}
    if changed := in_force.differences(db, plan.project, settings):
        details["in_force"] = list(changed)
    if plan.kind == "release" and approval.broken_until is not None:
        details["break_glass"] = LETS_PASS
    if plan.waivers:
        details["waivers"] = list(plan.waivers)
    if plan.planned is not None:
        details["planned"] = planned_swaps.one(db, plan.planned).audit
    return details


def _plan_for(
    db: sqlite3.Connection, plan: MovePlan, due: datetime, details: Mapping[str, Any], reason: str, by: Actor,
    at: datetime,
) -> None:  # fmt: skip
    policy = in_force.approval(db, plan.project)
    audit = trail.append(
        db, at=at, actor=by, action="plan-swap", subject=plan.target, reason=reason,
        details={**details, "due": stamp(due)},
    )  # fmt: skip
    planned_swaps.keep(db, plan, due, policy, reason, by, audit, trail.recorded_at(db, audit))


def _change_states(db: sqlite3.Connection, plan: MovePlan, project: str, reason: str, by: Actor, at: datetime) -> None:
    if plan.source is not None and plan.kind == "release":
        catalog.leave(db, plan.source, "retired", None, at)
    elif plan.source is not None:
        catalog.leave(db, plan.source, "barred", f"rolled back from by {by.name}: {reason}", at)
    catalog.go_live(db, plan.target, f"{plan.kind} by {by.name}: {reason}", at)
    trials.end_at_move(db, plan.target, reason, by, at)
    catalog.expire_waiting(db, project, f"{plan.target} went live, and it had not been judged against that")


def reject(ledger: Ledger, label: str, reason: str, by: Caller, at: datetime) -> None:
    """Turn a candidate down. Raises Refusal when it is none (any more)."""
    reason = checked_reason(reason)
    with ledger.write() as db:
        row = catalog.find(db, label)
        refused = why_not_reject(catalog.record(row))
        if refused:
            raise Conflict(refused)
        _decide(db, row, "reject", "rejected", reason, by, at)


def lift(ledger: Ledger, label: str, reason: str, by: Caller, at: datetime) -> None:
    """Lift the bar from a version that was rolled back from, so that it may be gone back to."""
    reason = checked_reason(reason)
    with ledger.write() as db:
        row = catalog.find(db, label)
        if row["state"] != "barred":
            raise Refusal(f"{label} is not barred; there is no bar to lift.")
        _decide(db, row, "lift", "retired", reason, by, at)


def _decide(
    db: sqlite3.Connection, row: sqlite3.Row, kind: decisions.Kind, state: VersionState, reason: str,
    by: Actor, at: datetime,
) -> None:  # fmt: skip
    live, label = live_deployment(db, row["project"]), f"{row['project']}@{row['number']}"
    audit = trail.append(db, at=at, actor=by, action=kind, subject=label, reason=reason)
    at = trail.recorded_at(db, audit)
    decisions.keep(db, kind, (row["project"], row["number"]), live["seq"] if live else 0, reason, by, audit, at)
    if kind == "reject":
        trials.end_of(db, label, "rejected", reason, by, at)
    catalog.become(db, label, state, f"{kind}ed by {by.name}: {reason}")


def expire(ledger: Ledger, at: datetime, certain: datetime | None = None) -> None:
    """Mark candidates that are too old as expired, each with a row in the trail; by what is ``certain`` if not ``at``.

    Only the engine does that, never one who looks: a clock that is wrong for a minute would end a candidate for ever.
    """
    until = certain or at
    with ledger.read() as db:
        if not catalog.too_old(db, until):
            return
    with ledger.write() as db:
        by = SystemActor("the engine")
        for label, expires_at in catalog.too_old(db, until):
            said = {"expires_at": expires_at}
            trail.append(db, at=at, actor=by, action="expire", subject=label, reason=TOO_LATE, details=said)
            trials.end_of(db, label, "expired", TOO_LATE, by, at)
            catalog.become(db, label, "expired", TOO_LATE)
