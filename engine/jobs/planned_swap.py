"""The job ``planned-swap``: an approved version is proven once more at its time, and goes live or is cancelled."""

from __future__ import annotations

from engine.access.caller import Requester, SystemActor
from engine.clock import now
from engine.errors import Damage, Refusal
from engine.release import at_its_time, planned_swaps, swap
from engine.release.records import PlannedSwap
from engine.runs import history, queue
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger


def carry_out(ledger: Ledger, context: RunContext) -> None:
    """Make the version live in the name of whoever gave the last approval, or cancel it; then end the run."""
    with ledger.read() as db:
        planned = planned_swaps.one(db, int(history.options(db, context.run.id)["swap"]))
    try:
        _make_live(ledger, context, planned)
    except (Refusal, Damage) as problem:
        why = str(problem)
    else:
        with ledger.write() as db:
            queue.finish(db, context.run.id, "succeeded", now(), version=planned.label)
        return
    with ledger.write() as db:
        at = now()
        if planned_swaps.one(db, planned.id).how is None:
            at_its_time.cancel_in(db, planned, why, SystemActor("the clock"), at)
        queue.finish(db, context.run.id, "failed", at, why=why)


def _make_live(ledger: Ledger, context: RunContext, planned: PlannedSwap) -> None:
    with ledger.read() as db:
        plan = at_its_time.plan_of(db, context.store, planned)
    by = Requester(planned.by)
    swap.move(context.workspace, ledger, context.store, plan, planned.reason, by, lambda step: None)
