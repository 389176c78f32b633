"""Faults in swaps that are planned for later: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_TESTS = ("tests/engine/release/test_planned_swaps.py",)
_TOLD = ("tests/engine/outbox/test_planned_swaps_are_told.py",)
_AT, _RULES, _SWAP = "engine/release/at_its_time.py", "engine/release/policy.py", "engine/release/swap.py"

PLANNED_SWAPS = (
    Fault("the ground is asked for at the commit", _SWAP, "why_no_longer(db, swap, now) or _other_policy(db, plan)", "_other_policy(db, plan)", _TESTS),
    Fault("a planned swap ends in its commit", _SWAP, '            planned_swaps.end(db, plan.planned, "swapped", None, audit, at)\n', "            pass\n", _TESTS),
    Fault("what is planned has not moved", _SWAP, "            _plan_for(db, plan, plan.due, proven, reason, by, at)\n            return None\n", "            _plan_for(db, plan, plan.due, proven, reason, by, at)\n", _TESTS),
    Fault("another live version is other ground", _AT, '(live["seq"] if live else 0) != swap.live_seq', "False", _TESTS),
    Fault("another policy is other ground", _AT, "digest_of(in_force.approval(db, swap.project)) != swap.policy", "False", _TESTS),
    Fault("who may approve no more does not count", _AT, "    if swap.by not in approval.given_by:\n", "    if False:\n", _TESTS),
    Fault("the others' approvals count at its time", _AT, "    if approval.missing_after_one:\n", "    if False:\n", _TESTS),
    Fault("a project that was removed is other ground", _AT, "    if registry.there(db, swap.project) is None:\n", "    if False:\n", _TESTS),
    Fault("the swap of one version is not that of another", _AT, 'if swap is None or swap.number != row["number"]:', "if swap is None:", _TESTS),
    Fault("what became of one is written once", "engine/release/planned_swaps.py", "WHERE id = ? AND how IS NULL", "WHERE id = ?", _TESTS),
    Fault("an hour late is too late", _AT, "    if moment - swap.due > LATE:\n", "    if False:\n", _TESTS),
    Fault("a run that is cancelled swaps nothing", _AT, "    if swap.run is not None and (asked", "    if False and (asked", _TESTS),
    Fault("the ground is asked for before its time", _AT, "    return refused or (", "    return (", _TESTS),
    Fault("what waits for its turn all night is late", _RULES, '    if run == "running":\n', '    if run in ("queued", "running"):\n', _TESTS),
    Fault("nobody carries it out themselves", _SWAP, "isinstance(by, Caller) or swap.label", "swap.label", _TESTS),
    Fault("nothing else is carried out by it", _SWAP, " or swap.label != plan.target:", ":", _TESTS),
    Fault("a run that has swapped is cancelled no more", "engine/runs/queue.py", "run = runs.id AND how = 'swapped'", "run = runs.id AND how = 'x'", _TESTS),
    Fault("each is queued once", _AT, "                planned_swaps.begin(db, swap.id, run)\n", "", _TESTS),
    Fault("what leapt swaps nothing early", _RULES, "certain >= due and now - due", "now >= due and now - due", _TESTS),
    Fault("what leapt swaps nothing late", _RULES, "certain >= due and now - due <= LATE", "certain >= due", _TESTS),
    Fault("what leapt cancels nothing", _RULES, "    if certain - due > LATE:\n", "    if now - due > LATE:\n", _TESTS),
    Fault("no freeze at its time", _RULES, "    if approval.frozen_until is not None:\n        return (\n", "    if False:\n        return (\n", _TESTS),
    Fault("the last one says when", _RULES, "    if approval.missing_after_one:\n", "    if False:\n", _TESTS),
    Fault("not beyond its expiry", _RULES, "expires_at is not None and due >= expires_at", "False", _TESTS),
    Fault("not further than a week", _RULES, "    if due - now > FURTHEST:\n", "    if False:\n", _TESTS),
    Fault("what was cancelled is approved anew", "engine/release/decisions.py", "p.how = 'cancelled'", "p.how = 'swapped'", _TESTS),
    Fault("nothing is approved beside it", "engine/release/plan.py", 'if version.state == "candidate" and (planned', "if False and (planned", _TESTS),
    Fault("whoever approved it is told", "engine/outbox/planned.py", "if each.live_seq == swap.live_seq)", "if False)", _TOLD),
    Fault("whoever approved it is told though its project was removed", "engine/outbox/planned.py", "    manifest = registry.manifest(db, swap.project)\n", "    if project is None:\n        return 0\n    manifest = registry.manifest(db, swap.project)\n", _TOLD),
    Fault("what is over is not said to come", "engine/outbox/events.py", "planned_swaps.one(db, int(number)).how is not None", "False", _TOLD),
    Fault("a restored backup cancels it", "engine/backup/restoring.py", "    planned = at_its_time.cancel_all(\n", "    planned = (lambda *_: 0)(\n", ("tests/engine/backup/test_backup_and_restore.py",)),
    Fault("each is told once", "engine/outbox/planned.py", "            seen = seq\n", "", _TOLD),
)  # fmt: skip
