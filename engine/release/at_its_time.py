"""What becomes of a planned swap: looked at until its time, run once, cancelled as soon as its ground has changed.

Nobody stands by at two in the morning. So it goes live only if whoever approved it could approve it at that moment
just as they did: each of them still may, the same version is live, the same policy holds, it is a candidate, and there
is no freeze. All that is asked again in the transaction that makes it live (``swap.commit``).
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from engine.access.caller import Caller, Requester, SystemActor
from engine.audit import times, trail
from engine.errors import Conflict
from engine.projects import in_force, registry
from engine.records import Actor, RunState
from engine.release import planned_swaps
from engine.release.approvals import approval_of, expiry
from engine.release.history import live_deployment
from engine.release.plan import waived
from engine.release.planned_swaps import digest_of
from engine.release.policy import LATE, next_of, why_not_release
from engine.release.records import MovePlan, PlannedSwap
from engine.runs import history as runs
from engine.runs import queue
from engine.runs.cancelling import asked_to_end
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.text import plain, span
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.judged_here import gates_of
from engine.vocabulary.jobs import PLANNED_SWAP


def why_no_longer(db: sqlite3.Connection, swap: PlannedSwap, now: datetime) -> str | None:
    """Why ``swap`` may not be carried out, or could not at its time as things are; None where it may."""
    if swap.how is not None:
        return f"{swap.label} swapped." if swap.how == "swapped" else f"{swap.label}: {swap.sentence}."
    row, live = catalog.find(db, swap.label), live_deployment(db, swap.project)
    if swap.run is not None and (asked := asked_to_end(db, swap.run)):
        return asked
    if registry.there(db, swap.project) is None:
        return f"{swap.project} was removed."
    if (live["seq"] if live else 0) != swap.live_seq:
        assert live is not None
        return f"{live['actor']} made {swap.project}@{live['number']} live after it was approved."
    if digest_of(in_force.approval(db, swap.project)) != swap.policy:
        return f"What a release of {swap.project} takes was changed after it was approved."
    by, moment = Requester(swap.by), max(now, swap.due)
    if moment - swap.due > LATE:
        return f"It is more than {span(LATE.total_seconds())} late."
    approval = approval_of(db, row, swap.live_seq, by, moment)
    if swap.by not in approval.given_by:
        return f"The approval of {swap.by}, who may not approve it any more, does not count."
    # As if they gave the last approval at that moment.
    approval = replace(approval, given_by=tuple(name for name in approval.given_by if name != swap.by))
    if approval.missing_after_one:
        return f"Fewer people than it takes have approved it and still may: {approval.missing_after_one} more needed."
    label = f"{swap.project}@{live['number']}" if live else None
    return why_not_release(catalog.record(row), label, expiry(row, approval.policy), approval, by, moment)


def look(ledger: Ledger, now: datetime) -> list[int]:
    """Queue the run of each planned swap whose time has come, and cancel those that cannot be. Returns the runs.

    Whoever comes second finds the run of the first: each is queued once.
    """
    with ledger.read() as db:
        if not any(_next(db, swap, now) for swap in planned_swaps.waiting(db)):
            return []
    queued = []
    with ledger.write() as db:
        for swap in planned_swaps.waiting(db):
            found = _next(db, swap, now)
            if found == "run":
                run = queue.insert(
                    db, swap.project, SystemActor("the clock"), swap.due, now, {"swap": swap.id}, job=PLANNED_SWAP.name
                )
                planned_swaps.begin(db, swap.id, run)
                queued.append(run)
            elif found is not None:
                cancel_in(db, swap, found, SystemActor("the clock"), now)
    return queued


def _next(db: sqlite3.Connection, swap: PlannedSwap, now: datetime) -> str | None:
    """``run``, or why it is to be cancelled, or None: it waits."""
    run = runs.one(db, swap.run) if swap.run is not None else None
    state: RunState | None = run.state if run else None
    what = next_of(swap.due, now, times.certain(db, now), state)
    if what == "late":
        return f"Nothing could swap it within {span(LATE.total_seconds())} of its time."
    if what == "failed" and run is not None:
        return f"Run {run.id}, which was to prove it once more, ended as {run.state}: {run.why or 'it left no word'}"
    if state in ("queued", "running"):
        return None
    # Before its time, too: whoever approved it is told while they are still there.
    refused = why_no_longer(db, swap, min(now, swap.due))
    return refused or ("run" if what == "run" else None)


def cancel_in(db: sqlite3.Connection, swap: PlannedSwap, why: str, by: Actor, now: datetime) -> None:
    """Cancel ``swap`` inside the caller's transaction, with a row in the trail; the approvals for it count no more."""
    details = {"planned": swap.audit, "by": swap.by}
    why = plain(why, 1000)
    audit = trail.append(db, at=now, actor=by, action="cancel-swap", subject=swap.label, reason=why, details=details)
    planned_swaps.end(db, swap.id, "cancelled", why, audit, trail.recorded_at(db, audit))


def cancel_all(db: sqlite3.Connection, why: str, by: Actor, now: datetime) -> int:
    """Cancel whatever is planned, inside the caller's transaction. Returns how many that were."""
    found = planned_swaps.waiting(db)
    for swap in found:
        cancel_in(db, swap, why, by, now)
    return len(found)


def cancel(ledger: Ledger, label: str, reason: str, by: Caller, now: datetime) -> PlannedSwap:
    """Take back that ``label`` is to go live. Raises Conflict where it is not, or not any more."""
    with ledger.write() as db:
        row = catalog.find(db, label)
        swap = planned_swaps.of_project(db, row["project"])
        if swap is None or swap.number != row["number"]:
            stands = "a candidate" if row["state"] == "candidate" else row["state"]
            raise Conflict(f"No swap of {label} is planned; it is {stands}, and nothing was changed.")
        cancel_in(db, swap, reason, by, now)
        return planned_swaps.one(db, swap.id)


def plan_of(db: sqlite3.Connection, store: ObjectStore, swap: PlannedSwap) -> MovePlan:
    """What carrying out ``swap`` does: what was shown to whoever approved it. Raises Damage."""
    live, version = live_deployment(db, swap.project), catalog.record(catalog.find(db, swap.label))
    return MovePlan(
        project=swap.project,
        kind="release",
        source=f"{swap.project}@{live['number']}" if live else None,
        target=swap.label,
        live_seq=swap.live_seq,
        sentences=(),
        restores=(),
        does_not_restore=(),
        refused=None,
        waivers=waived(gates_of(db, swap.label, documents.of_version(store, swap.label, version.digest))),
        policy=in_force.approval(db, swap.project),
        planned=swap.id,
    )
