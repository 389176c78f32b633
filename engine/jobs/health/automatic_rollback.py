"""The automatic rollback of a swap that does not pay, where the manifest asks for it: ``falling_behind = "roll back"``.

It is the same rollback as by key: planned, proven, committed once, with the look's own sentence as its reason. Whoever
wrote the policy into the manifest and approved the version that carries it has decided it beforehand.
"""

from __future__ import annotations

from engine import clock
from engine.access.caller import SystemActor
from engine.jobs.health.look import LookResult
from engine.release import plan as plans
from engine.release import swap
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger


def roll_back(ledger: Ledger, context: RunContext, seen: LookResult) -> str | None:
    """Roll back to the version that does better, if that is the policy. Returns what was done, in words.

    Raises Refusal, Conflict or Damage when it cannot be done; then nothing has moved, and the alert still proposes it.
    """
    rival = seen.answer.rival
    if not seen.falls_back or rival is None or not rival.better:
        return None
    by = SystemActor("the bake policy")
    with ledger.read() as db:
        plan = plans.plan_rollback(db, context.store, context.run.project, rival.version, by, clock.now())
    if plan.source != seen.label:
        return None  # Somebody else has moved since the look began.
    reason = f"{rival.sentence}, and [health] falling_behind says to roll back"
    return swap.move(context.workspace, ledger, context.store, plan, reason, by, lambda step: None).sentence
