"""Trials begun, changed and ended by people: a candidate runs beside what is live, as shadow or as canary.

As with a swap, everybody who answers requests has the candidate ready, proven and confirmed before the row is written
that says it runs; a worker that cannot is named, and nothing has changed. Another share needs nobody to get ready: the
next request that begins sees it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.access.caller import Caller
from engine.errors import Conflict, Refusal
from engine.projects import in_force, registry
from engine.projects.manifest.serve import spec_of
from engine.release import history
from engine.release.all_workers import AllWorkers, Asks
from engine.release.approvals import approval_of
from engine.release.plan import refusal
from engine.release.swap import check_still_may
from engine.release.trial_rules import Wanted, columns_missing, share_words, why_not
from engine.scoring import trials
from engine.scoring.trials import Kind, Trial
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.release.proof import OnStep
    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class TrialPlan:
    """What putting ``label`` on trial would do, in sentences, or why it cannot be: ``refused``.

    ``against``: the deployment that it was shown beside; ``changes``: the trial whose share it would change.
    """

    project: str
    label: str
    digest: str
    kind: Kind
    share: float
    live: str | None
    against: int
    sentences: tuple[str, ...]
    refused: str | None
    changes: Trial | None


def plan_trial(
    db: sqlite3.Connection, store: ObjectStore, label: str, kind: Kind, share: float, by: Caller, now: datetime
) -> TrialPlan:
    """What putting ``label`` on trial would do now. Raises NotFound where there is no such version."""
    row = catalog.find(db, label)
    version, live = catalog.record(row), history.newest(db, row["project"])
    project, live_label = version.project, None
    settings = in_force.settings(db, project)
    if live is not None:
        live_label = f"{project}@{live.number}"
    found = trials.trial(db, project)
    wanted = Wanted(
        version, kind, share, live_label, registry.there(db, project) is None, spec_of(settings).realtime,
        tuple(map(str, settings.get("data", {}).get("key", ()))), found,
    )  # fmt: skip
    columns = None
    if live_label is not None and version.state in ("candidate", "failed") and version.cleaned_at is None:
        columns = _columns(db, store, label, version.digest, live_label)
    refused = why_not(wanted, _not_approved(db, row, by, now), columns)
    changes = found if found is not None and found.label == label and found.kind == kind else None
    against = live.seq if live is not None else 0
    said = _sentences(wanted, changes)
    return TrialPlan(project, label, version.digest, kind, share, live_label, against, said, refused, changes)


def _not_approved(db: sqlite3.Connection, row: sqlite3.Row, by: Caller, now: datetime) -> str | None:
    """Why ``by`` may not approve it now. That they have already, and it waits for others, keeps nobody from trying."""
    live = history.live_deployment(db, row["project"])
    approval = approval_of(db, row, live["seq"] if live else 0, by, now)
    alone = replace(approval, given_by=tuple(name for name in approval.given_by if name != by.name))
    if alone.frozen_until is not None and alone.missing_after_one:  # A freeze that a first approval need not mind.
        alone = replace(alone, policy=replace(alone.policy, approvals=1))
    return refusal(db, row, live, alone, by, now)


def _columns(db: sqlite3.Connection, store: ObjectStore, label: str, digest: str, live: str) -> str | None:
    candidate = documents.of_version(store, label, digest)
    now = documents.of_version(store, live, str(catalog.find(db, live)["digest"]))
    return columns_missing(label, live, _features(candidate), _features(now))


def _features(document: VersionDocument) -> Mapping[str, str]:
    kinds = {str(each["name"]): str(each["type"]) for each in document.schema["columns"]}
    return {name: kinds.get(name, "") for name in document.model.features}


def _sentences(wanted: Wanted, changes: Trial | None) -> tuple[str, ...]:
    label, share, live = wanted.version.label, share_words(wanted.share), wanted.live or "nothing"
    if changes is not None:
        what = "keys" if wanted.kind == "canary" else "requests"
        verb = "answers" if wanted.kind == "canary" else "scores"
        return (
            f"{label} {verb} {share} of the {what} from now on; it is {share_words(changes.share)} so far.",
            *(("Keys that it answers already stay with it.",) if wanted.share > changes.share else ()),
        )
    ready = "Every worker gets it ready and proves it first; unless all have, nothing changes."
    if wanted.kind == "shadow":
        return (
            f"Let {label} score {share} of the requests beside {live}, which goes on answering all of them.",
            "What it would have answered is compared, and answered to nobody.",
            ready,
        )
    return (
        f"Let {label} answer {share} of the keys; {live} goes on answering all others.",
        "A key stays with who answers it. Where it errors or takes too long, the live version answers.",
        ready,
    )


def put_on_trial(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, plan: TrialPlan, reason: str, by: Caller,
    on_step: OnStep,
) -> Trial:  # fmt: skip
    """Carry out ``plan`` exactly as it was shown.

    Raises Conflict where something of it is not so any more, Forbidden where ``by`` may not by now, and Refusal where
    it cannot be, or a worker cannot answer with it. Then nothing has changed.
    """
    from engine.release.proof import Steps

    with workspace.lock(f"move-{plan.project}"):
        with ledger.read() as db:
            _check(db, store, plan, by)
            settings = in_force.settings(db, plan.project)
        if plan.changes is not None:
            return _share_changed(ledger, store, plan, reason, by)
        workers = AllWorkers(
            workspace, ledger, plan.label, plan.digest, plan.against, by.name, Steps(on_step), beside=True
        )

        def work(asks: Asks) -> Trial:
            with ledger.write() as db:
                _check(db, store, plan, by)
                asks(db)
                return _begun(db, plan, reason, by, clock.now())

        return workers.commit(settings, work)


def _begun(db: sqlite3.Connection, plan: TrialPlan, reason: str, by: Caller, at: datetime) -> Trial:
    """The row, and the end of the shadow that goes on as a canary."""
    shadow = trials.end_of(db, plan.label, "canary", f"it answers from now on: {reason}", by, at)
    details: dict[str, Any] = {"live": plan.live, **({"shadow": shadow.seq} if shadow is not None else {})}
    label = catalog.parse_label(plan.label)
    return trials.start(db, label, plan.digest, plan.kind, plan.share, plan.against, reason, by, at, details)


def _share_changed(ledger: Ledger, store: ObjectStore, plan: TrialPlan, reason: str, by: Caller) -> Trial:
    with ledger.write() as db:
        _check(db, store, plan, by)
        found = trials.trial(db, plan.project)
        assert found is not None  # as it was checked
        return trials.change(db, found, plan.share, reason, by, clock.now())


def _check(db: sqlite3.Connection, store: ObjectStore, plan: TrialPlan, by: Caller) -> None:
    if catalog.parse_label(plan.label)[0] != plan.project:  # Who may was asked for the project that the plan names.
        raise Conflict(f"{plan.label} is no version of {plan.project}; nothing was changed.")
    check_still_may(db, plan.project, by)
    now = plan_trial(db, store, plan.label, plan.kind, plan.share, by, clock.now())
    if now.against != plan.against and now.live is not None:
        raise Conflict(
            f"{now.live} is live by now, and {plan.label} was to run beside {plan.live or 'nothing'}; nothing was "
            "changed, look again."
        )
    if now.refused is not None:
        raise Refusal(now.refused)
    if (now.changes is None) != (plan.changes is None) or (
        now.changes is not None and plan.changes is not None and now.changes.share != plan.changes.share
    ):
        raise Conflict(f"The trial of {plan.project} was changed meanwhile; nothing was changed now, look again.")


def end_trial(ledger: Ledger, project: str, reason: str, by: Caller, at: datetime, meant: str | None = None) -> Trial:
    """End what runs beside the live version; the next request that begins is the live version's.

    ``meant``: the version whose trial is meant to end. Raises Refusal where nothing runs, Conflict where another does.
    """
    with ledger.write() as db:
        registry.find(db, project)
        found = trials.trial(db, project)
        if found is None:
            raise Refusal(f"Nothing runs beside the live version of {project}; there is no trial to end.")
        if meant is not None and meant != found.label:
            raise Conflict(f"{found.label} is on trial by now, not {meant}; nothing was changed, look again.")
        trials.end(db, project, "by hand", reason, by, at)
    return found
