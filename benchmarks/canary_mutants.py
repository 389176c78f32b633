"""Faults in how a candidate runs beside what is live, and when it ends: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_HELD = ("tests/engine/serving/test_a_candidate_is_held_beside.py",)
_KEYS = ("tests/engine/serving/test_a_canary_answers_its_keys.py",)
_ACTS = ("tests/engine/release/test_a_candidate_is_put_on_trial.py",)
_JUDGED = ("tests/engine/canary/test_who_surely_does_worse.py",)
_ENDED = ("tests/engine/canary/test_a_canary_that_does_worse_is_ended.py",)
_ALWAYS = ("tests/engine/canary/test_intervals_that_hold_at_every_moment.py",)
_ROUTING, _OVER = "engine/serving/routing.py", "engine/serving/failover.py"
_RULES, _TRIALS, _BOOK = "engine/release/trial_rules.py", "engine/release/trials.py", "engine/scoring/trials.py"
_JUDGE, _WATCH, _SIDES = "engine/canary/judge.py", "engine/canary/watch.py", "engine/canary/sides.py"

CANARY = (
    Fault("a trial begins when every worker has confirmed", _TRIALS, "                asks(db)\n", "", _ACTS),
    Fault("without a worker nothing begins", "engine/release/all_workers.py", "            if self._beside:\n                raise Refusal(nobody_answers(self._label))\n", "", _HELD),
    Fault("a trial is over when another version is live", "engine/serving/live_version.py", "trial if trial is not None and trial.against == newest.seq else None", "trial", _HELD),
    Fault("a row on the live side keeps the request there", _ROUTING, "            if None in values or not falls_to_canary(values, share, digest, key):\n                return None\n", "            if None in values:\n                return None\n            if falls_to_canary(values, share, digest, key):\n                return candidate\n        return None\n", _KEYS),
    Fault("a row without a key is the live version's", _ROUTING, "if None in values or not", "if not", _KEYS),
    Fault("a shadow answers nobody", _ROUTING, ' or trial.kind != "canary"', "", _KEYS),
    Fault("nobody chooses their side", _ROUTING, "key=key, ", "", _KEYS),
    Fault("another candidate is tried by other keys", _ROUTING, "salt=bytes.fromhex(digest[:32]), ", "", _KEYS),
    Fault("a number is one key however it is written", _ROUTING, "    if isinstance(value, float) and value.is_integer():\n        return f\"{int(value)}\"\n", "", _KEYS),
    Fault("no two keys are one", _ROUTING, 'return f"{len(value)}:{value}"', "return value", _KEYS),
    Fault("where the canary errs the live version answers", _OVER, '        yield held, "live" if canary is not None else None, rows', '        yield from () if canary is not None else ((held, None, rows),)', _KEYS),
    Fault("what a canary could not answer says nothing of the live version", _OVER, "        counts.note_canary(held.project, _why([error]))", "        counts.note(held.project, None, _why([error]))", _KEYS),
    Fault("the log says the role", "engine/serving/scoring.py", "rows.keys, given.role,", "rows.keys,", _KEYS),
    Fault("a canary is what could be approved", _RULES, "    return None if cut else not_approved\n", "    return None\n", _ACTS),
    Fault("cutting needs no approval", _RULES, "    return None if cut else not_approved\n", "    return not_approved\n", _ACTS),
    Fault("what failed its gates answers nobody", _RULES, '    if version.state == "failed":\n', "    if False:\n", _ACTS),
    Fault("one trial a project", _RULES, "    if found.label != wanted.version.label:\n", "    if False:\n", _ACTS),
    Fault("a plan is carried out as it was shown", _TRIALS, "    if now.against != plan.against and now.live is not None:\n", "    if False:\n", _ACTS),
    Fault("a plan is for a version of its project", _TRIALS, "    if catalog.parse_label(plan.label)[0] != plan.project:", "    if False:", _ACTS),
    Fault("a move ends a trial", "engine/release/swap.py", "    trials.end_at_move(db, plan.target, reason, by, at)\n", "", _ACTS),
    Fault("a rejection ends a trial", "engine/release/swap.py", '    if kind == "reject":\n        trials.end_of', '    if False:\n        trials.end_of', _ACTS),
    Fault("an expiry ends a trial", "engine/release/swap.py", '            trials.end_of(db, label, "expired", TOO_LATE, by, at)\n', "", _ACTS),
    Fault("a removal ends a trial", "engine/api.py", ", [end_removed])", ")", _ACTS),
    Fault("only the trial that is meant is ended", _TRIALS, "        if meant is not None and meant != found.label:\n", "        if False:\n", _ACTS),
    Fault("a request is of the side of its key", _SIDES, ' or key.fallback == "live"', "", _JUDGED),
    Fault("what the caller is to blame for is nobody's error", _SIDES, "        if 400 <= key.status < 500:\n", "        if False:\n", _JUDGED),
    Fault("only whole minutes of the trial count", _SIDES, "begins if begins == since else begins + _MINUTE", "begins", _JUDGED),
    Fault("what nobody can tell is not worse", _JUDGE, '"worse" if difference[0] > bound', '"worse" if difference[1] > bound', _JUDGED),
    Fault("what the manifest lets pass ends nothing", _JUDGE, "difference[0] > bound", "difference[0] > 0", _JUDGED),
    Fault("a key that is asked again is no further evidence", "engine/canary/logged.py", "_moments(each)", "_moments([loss for found in losses.values() for loss in found])", _ENDED),
    Fault("too few labels say nothing", _JUDGE, "LEAST_LABELLED = 200", "LEAST_LABELLED = 2", _JUDGED),
    Fault("intervals hold at every moment", "engine/canary/sequences.py", "return evidence - likelihood >= -log(alpha)", "return hits * log(seen / share) + (of - hits) * log((1 - seen) / (1 - share)) >= 1.92 if 0 < hits < of else evidence - likelihood >= -log(alpha)", _ALWAYS),
    Fault("intervals of means hold at every moment", "engine/canary/sequences.py", "* log(sqrt(spread) / alpha))", "* 0.5)", _ALWAYS),
    Fault("the manifest may say that none is ended", _WATCH, "        if not found.ends:\n            continue\n", "", _ENDED),
    Fault("what was ended meanwhile is not ended again", _WATCH, " or trials.trial(db, trial.project) != trial:", ":", _ENDED),
    Fault("who is on duty is told of an end", _WATCH, "        alert_book.tell(", "        str(", _ENDED),
    Fault("what came before the share was raised is not held against it", "engine/canary/health.py", "window(trial.share_since, now)", "window(trial.share_since.replace(hour=0, minute=0), now)", _ENDED),
    Fault("one that crashes again and again is asked no more", "engine/serving/live_version.py", "        trial = None  # The engine", "        pass  # The engine", _ENDED),
    Fault("what is tried is not cleaned away", "engine/housekeeping/retention.py", "    if version.tried:\n", "    if False:\n", ("tests/engine/housekeeping/test_retention_to_the_instant.py",)),
    Fault("who is let in finds the candidate ready", "engine/serving/following.py", "        if held.trial is None or held.trial.kind == \"shadow\" or held.beside is not None:\n", "        if True:\n", _HELD),
    Fault("the trail says of each start who and why", _BOOK, "db, at=at, actor=by, action=kind,", 'db, at=at, actor=by, action="start",', _ACTS),
    Fault("one of a hundred is ended by chance", "engine/canary/judge.py", "ALPHA = 0.01", "ALPHA = 0.5", (*_JUDGED, *_ALWAYS)),
    Fault("what others answered is no evidence of a side", "engine/canary/logged.py", '        own = pc.is_null(table.column("request.fallback"))\n', '        own = pc.is_valid(table.column("request.at"))\n', _ENDED),
    Fault("what was answered before it began is no evidence", "engine/canary/logged.py", 'pc.greater_equal(table.column("request.at"), since)', 'pc.is_valid(table.column("request.at"))', _ENDED),
    Fault("the trail says that the policy ended it", "engine/canary/watch.py", 'trials.end(db, trial.project, "policy", why,', 'trials.end(db, trial.project, "end", why,', _ENDED),
    Fault("the trail has the figures that ended it", "engine/canary/watch.py", 'SystemActor("the canary policy"), now, details)', 'SystemActor("the canary policy"), now, {})', _ENDED),
    Fault("a canary that was ended colours no light", "engine/overview.py", "if is_of_live(alert.part) and alert.part", "if alert.part", _ENDED),
    Fault("that a canary was ended goes no further by routes", "engine/outbox/escalating.py", "is_of_live(alert.part) or not route.after", "True", ("tests/engine/outbox/test_escalating.py",)),
    Fault("that a canary was ended is said of the canary", "engine/outbox/events.py", "    if alert.part == CANARY:\n", "    if False:\n", ("tests/engine/outbox/test_events.py",)),
    Fault("that a canary was ended is told once", "engine/monitoring/alerts/changes.py", ' and is_of_live(alert.part)\n', "\n", _ENDED),
    Fault("a report's verdict is of what is live", "engine/reports/verdict.py", " and is_of_live(each.part)", "", ("tests/engine/reports/test_compose.py",)),
)  # fmt: skip
