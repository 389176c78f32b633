"""What was learnt goes live by itself where ``[learn] approval = "guarded"`` and its guard rails hold.

It is the same release as by key: planned, proven, committed once against the live version that it was judged against,
with what the guard rails said as its reason. Whoever wrote the rails into the manifest and approved the version that
carries it has decided it beforehand; the way back from it is the same rollback as from any other.
"""

from __future__ import annotations

from engine import clock
from engine.access.caller import SystemActor
from engine.feedback import freezing
from engine.jobs.learn.guards import why_not_by_itself
from engine.jobs.retrain.retrain import Made
from engine.projects import in_force
from engine.release import history, swap
from engine.release import plan as plans
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger


def go_live(ledger: Ledger, context: RunContext, label: str, made: Made) -> str | None:
    """Make ``label`` live if that is the rule and nothing is against it. Returns what became of it, in words; None
    where it is no candidate.

    Raises Refusal, Conflict or Damage when it cannot be done, as where another version went live while it was learnt;
    then nothing has moved, and it waits for a person.
    """
    assert made.learnt is not None
    judged, project, by = made.judgement, context.run.project, SystemActor("the learning policy")
    now = clock.now()
    with ledger.read() as db:
        last, newest = history.last_by(db, project, by.name), history.newest(db, project)
        policy = in_force.approval(db, project)
        frozen = freezing.standing(db, project)
    why = why_not_by_itself(
        made.start.manifest.learn, policy, judged.verdict, judged.comparison, made.learnt.changed,
        last.at if last is not None else None, now, gone_back=newest is not None and newest.kind == "rollback",
    )  # fmt: skip
    if made.drifted:
        why = "its errors have grown while it learnt"
    if frozen is not None:
        why = f"the learner was frozen by {frozen.by} meanwhile"
    if why is not None:
        return f"{label} waits for a person: {why}." if judged.verdict in ("pass", "warn") else None
    with ledger.read() as db:
        plan = plans.plan_release(db, context.store, label, by, now)
    share = "" if made.learnt.changed is None else f", {made.learnt.changed:.1%} of decisions changed"
    reason = f"{made.learnt.rows:,} labels learnt{share}; [learn] approval says guarded, and its guard rails hold"
    return swap.move(context.workspace, ledger, context.store, plan, reason, by, lambda step: None).sentence
