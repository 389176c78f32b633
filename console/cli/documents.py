"""Records as JSON documents with keys that scripts rely on. Pure.

Times are ISO 8601 in UTC, sizes bytes, durations seconds. Keys may be added; none is renamed or taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from console.text import cells
from engine.clock import stamp
from engine.projects.allowances import Allowance
from engine.projects.policy import PolicyLine
from engine.records import (
    AuditRow,
    AuditVerdict,
    Binding,
    Change,
    Deployment,
    DoctorFinding,
    Metric,
    OnTrial,
    Operator,
    Overview,
    Project,
    ProjectStatus,
    Rehearsal,
    Run,
    Version,
)
from engine.release.records import Moved, MovePlan, PlannedSwap, Remark, Remarks
from engine.schedule.records import EngineState

Document = dict[str, Any]


def time(at: datetime | None) -> str | None:
    return stamp(at) if at else None


def metric(measured: Metric | None) -> Document | None:
    """``why``: why there is no value; None where there is one."""
    return asdict(measured) | {"why": cells.no_value(measured) or None} if measured else None


def project(found: Project) -> Document:
    return {
        "name": found.name,
        "title": found.title,
        "owner": found.owner,
        "path": found.path,
        "added_at": time(found.added_at),
    }


def engine_state(found: EngineState) -> Document:
    """Who sees to the schedules; ``host``, ``pid`` and ``since`` are None while nobody does.

    ``running`` is None for a moment that is over.
    """
    return {
        "running": found.running if found.known else None,
        "host": found.host,
        "pid": found.pid,
        "since": time(found.since),
        "fence": found.fence,
    }


def overview(found: Overview, statuses: Sequence[ProjectStatus], engine: EngineState) -> Document:
    """``engine`` is the process that sees to the schedules."""
    return {
        "as_of": time(found.at),
        "operator": found.operator.name,
        "engine": engine_state(engine),
        "disk": {"free": found.free, "total": found.total},
        "clock": found.clock,
        "projects": [status(each) for each in statuses],
    }


def status(found: ProjectStatus) -> Document:
    return {
        "name": found.project.name,
        "title": found.project.title,
        "owner": found.project.owner,
        "verdict": found.verdict,
        "why": found.why,
        "since": time(found.since),
        "live": found.live,
        "live_since": time(found.live_since),
        "metric": metric(found.metric),
        "measured_at": time(found.measured_at),
        "measured_on": found.measured_on or None,
        "history": [{"as_of": time(point.as_of), "value": point.value} for point in found.history],
        "data_until": time(found.data_until),
        "candidates": [version.label for version in found.candidates],
        "planned_swaps": {version.label: version.said for version in found.candidates if version.said},
        "last_run": run(found.last_run) if found.last_run else None,
        "active_run": run(found.active_run) if found.active_run else None,
        "next_due": time(found.next_due),
        "requests_per_second": found.per_second,
        "trial": on_trial(found.trial) if found.trial is not None else None,
        "stood_in": found.stood_in,
        "rollback_to": found.rollback_to,
        "rollback_damaged": found.rollback_damaged,
        "reasons": [
            {"verdict": each.verdict, "why": each.why, "since": time(each.since)} for each in found.reasons
        ],
    }


def on_trial(found: OnTrial) -> Document:
    return {
        "version": found.label,
        "kind": found.kind,
        "share": found.share,
        "since": time(found.since),
    }


def run(found: Run) -> Document:
    return {
        "id": found.id,
        "project": found.project,
        "job": found.job,
        "state": found.state,
        "as_of": time(found.as_of),
        "queued_at": time(found.queued_at),
        "started_at": time(found.started_at),
        "ended_at": time(found.ended_at),
        "seconds": found.seconds,
        "requested_by": found.requested_by,
        "progress": found.progress,
        "phase": found.phase,
        "version": found.version,
        "steps": [asdict(step) for step in found.steps],
        "why": found.why,
        "overdue": found.overdue,
    }


def version(found: Version) -> Document:
    return {
        "version": found.label,
        "project": found.project,
        "state": found.state,
        "digest": found.digest,
        "made_at": time(found.made_at),
        "as_of": time(found.as_of),
        "live_from": time(found.live_from),
        "live_until": time(found.live_until),
        "cleaned_at": time(found.cleaned_at),
        "damage": found.damage,
        "held": found.held,
        "rehearsed": rehearsal(found.rehearsed),
        "run": found.run,
        "verdict": found.verdict,
        "comparison": found.comparison,
        "sentence": found.sentence,
        "against": found.against,
        "metric": metric(found.metric),
        "reason": found.reason,
    }


def rehearsal(found: Rehearsal | None) -> Document | None:
    """None where it was never rehearsed; ``why`` where it was not rebuilt."""
    if found is None:
        return None
    return {
        "at": time(found.at),
        "seconds": found.seconds,
        "outcome": found.outcome,
        "why": found.why,
        "run": found.run,
    }


def candidate(found: Version, gates: Sequence[Mapping[str, Any]], remarks: Remarks) -> Document:
    """``gates`` as they stand in the version's document."""
    return {**version(found), "gates": [dict(gate) for gate in gates], **said_of(remarks)}


def said_of(found: Remarks) -> Document:
    """Of both lists the newest is the last."""
    return {
        "approvals": [{**remark(each), "break_glass": each.past} for each in found.approvals],
        "approvals_needed": found.needed,
        "comments": [remark(each) for each in found.comments],
        "planned_swap": planned_swap(found.planned) if found.planned else None,
    }


def planned_swap(found: PlannedSwap) -> Document:
    """``ended`` is null while it waits for its time; a candidate has its last one, also where that was cancelled."""
    return {
        "version": found.label,
        "due": time(found.due),
        "approved_by": found.by,
        "reason": found.reason,
        "planned": time(found.at),
        "run": found.run,
        "how": found.how,
        "why": found.why,
        "ended": time(found.ended_at) if found.ended_at else None,
    }


def remark(found: Remark) -> Document:
    return {"at": time(found.at), "by": found.by, "text": found.text}


def change(found: Change) -> Document:
    return {"what": found.what, "summary": found.summary, "details": list(found.details)}


def deployment(found: Deployment) -> Document:
    return {
        "project": found.project,
        "version": found.label,
        "since": time(found.at),
        "approved_by": found.actor,
        "reason": found.reason,
        "kind": found.kind,
        "previous": f"{found.project}@{found.previous}" if found.previous else None,
    }


def plan(found: MovePlan) -> Document:
    return {
        "project": found.project,
        "from": found.source,
        "to": found.target,
        "sentences": list(found.sentences),
        "restores": list(found.restores),
        "does_not_restore": list(found.does_not_restore),
        "refused": found.refused,
        "damaged": found.damaged,
        "whole": found.whole,
        "lately": found.lately,
        "rehearsed": rehearsal(found.rehearsal),
    }


def moved(found: Moved, planned: MovePlan) -> Document:
    """``live`` is None when the project wants more approvals and nothing has moved yet."""
    return {
        "project": planned.project,
        "from": planned.source,
        "to": planned.target,
        "live": deployment(found.deployment) if found.deployment else None,
        "proof": [asdict(step) for step in found.steps],
        "sentence": found.sentence,
        "undo": found.undo,
        "due": time(found.due) if found.due else None,
    }


def audit_row(found: AuditRow) -> Document:
    return {
        "seq": found.seq,
        "at": time(found.at),
        "actor": found.actor,
        "proof": found.proof,
        "action": found.action,
        "subject": found.subject,
        "reason": found.reason,
        "digest": found.digest,
        "details": dict(found.details),
    }


def audit_verdict(found: AuditVerdict) -> Document:
    return asdict(found)


def operator(found: Operator) -> Document:
    return {
        "name": found.name,
        "role": found.role,
        "disabled": found.disabled,
        "projects": dict(found.projects),
        "proven_by": [binding(each) for each in found.ways],
    }


def binding(found: Binding) -> Document:
    return {
        "operator": found.operator,
        "kind": found.kind,
        "label": found.label,
        "since": time(found.since),
        "comment": found.comment,
    }


def allowance(found: Allowance) -> Document:
    return {**asdict(found), "what": list(found.what), "at": time(found.at)}


def policy_line(found: PolicyLine) -> Document:
    return {
        "project": found.project, "name": found.name, "text": found.text, "said_by": found.said_by,
        "meaning": found.meaning,
    }  # fmt: skip


def findings(found: Sequence[DoctorFinding]) -> Document:
    return {"ok": all(each.verdict != "failing" for each in found), "findings": [asdict(each) for each in found]}
