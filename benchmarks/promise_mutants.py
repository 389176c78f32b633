"""Faults in the promises, written by hand: each must be found by the tests named with it (``mutants.py promises``).

A fault is a text that stands once in its file, and what stands there instead. Those of the issue that asked for this
table come first; whoever makes a promise that tests must hold adds a line.
"""

from __future__ import annotations

from benchmarks.access_mutants import ACCESS
from benchmarks.answering_mutants import ANSWERING
from benchmarks.bundle_mutants import BUNDLES
from benchmarks.canary_mutants import CANARY
from benchmarks.door_mutants import DOOR
from benchmarks.engine_mutants import ENGINES
from benchmarks.export_mutants import EXPORTS
from benchmarks.import_mutants import IMPORTED
from benchmarks.kind_mutants import KINDS
from benchmarks.mutation.fault import Fault
from benchmarks.package_mutants import PACKAGES
from benchmarks.planned_swap_mutants import PLANNED_SWAPS
from benchmarks.refusal_mutants import REFUSALS
from benchmarks.rehearsal_mutants import REHEARSALS
from benchmarks.source_mutants import SOURCE
from benchmarks.travel_mutants import TRAVEL

_GOLDEN = ("tests/engine/release/test_golden_rows_are_compared.py",)
_MOVES = ("tests/engine/release/test_nothing_moves_unproven.py",)
_POLICY = ("tests/engine/release/test_policy.py", *_MOVES)
_ROLES = ("tests/engine/access",)
_TRAIL = ("tests/engine/audit",)
_METRICS = (
    "tests/engine/validation/test_every_metric_has_a_direction.py", "tests/engine/validation/test_metrics.py",
)  # fmt: skip
_PSI = ("tests/engine/monitoring/test_stability_by_hand.py",)
_KEYS = ("tests/console/test_digits.py", "tests/console/test_keys.py")
_GATES = ("tests/engine/validation",)
_STATUS = ("tests/engine/monitoring/test_status.py", "tests/engine/test_overview.py", "tests/engine/monitoring")
_RETENTION = ("tests/engine/housekeeping",)
_ROUTES = (
    "tests/engine/routing", "tests/engine/duty", "tests/engine/outbox/test_holding.py",
    "tests/engine/outbox/test_escalating.py", "tests/engine/outbox/test_digest.py",
)  # fmt: skip
_BACKTEST = ("tests/journeys/test_a_backtest.py",)
_KEPT = ("tests/engine/jobs/test_kept_looks.py",)
_SCHEDULE = ("tests/engine/schedule/test_policy.py", "tests/engine/projects/test_cron.py", "tests/engine/schedule")

_PROOF, _SWAP, _PLAN = "engine/release/proof.py", "engine/release/swap.py", "engine/release/plan.py"
_DECISIONS, _CATALOG = "engine/release/decisions.py", "engine/versions/catalog.py"
_RULES, _OPERATORS, _CHAIN = "engine/release/policy.py", "engine/access/operators.py", "engine/audit/chain.py"
_ACTS, _APPROVAL = "engine/access/acts.py", "engine/access/approval.py"
_REMARKS, _SAID = "engine/release/remarks.py", ("tests/engine/release/test_what_was_said_of_a_version.py",)
_CONFIRMATION, _TYPED = "engine/access/confirmation.py", ("tests/cli/test_what_is_typed_before.py",)
_METRIC, _INTERVALS, _VERDICTS = (f"engine/validation/{name}.py" for name in ("metrics", "intervals", "gates/judges"))
_WORDS = "engine/vocabulary/metrics.py"
_STATUSES, _LEDGER = "engine/monitoring/status.py", "engine/storage/migrations.py"
_GLASS = ("tests/engine/release/test_break_glass.py",)
_APPROVALS, _EYES = ("tests/engine/access/test_approval.py",), ("tests/engine/release/test_what_an_approval_takes.py",)
_IN_FORCE = ("tests/engine/projects/test_policy_in_force.py",)
_GROWS = ("tests/engine/storage/test_tables_that_only_grow.py",)
_RETAINED, _DUE = "engine/housekeeping/retention.py", "engine/schedule/policy.py"
_TIMES = "engine/audit/times.py"
_HELD = (
    "tests/engine/runs/test_containment_rules.py", "tests/engine/runs/test_containment_holds.py",
    "tests/engine/runs/test_sandbox.py",
)  # fmt: skip
_HOSTILE = ("tests/journeys/test_steps_are_contained.py",)
_CONTAINMENT, _SANDBOX, _WITHHELD = (
    "engine/runs/steps/containment.py",
    "engine/runs/steps/sandbox.py",
    "engine/withheld.py",
)
_REACH, _REACHES = "engine/projects/reach.py", ("tests/engine/projects/test_reach.py",)
_SECRETS = ("tests/engine/test_withheld.py",)
_FORKED, _FORKS = "engine/runs/warm/forked.py", ("tests/engine/runs/warm",)
_SERVER_WARDEN, _STEP_SERVER = "engine/runs/steps/server_warden.py", "engine/runs/steps/step_server.py"
_HOSTILE_FORKS = (f"{_FORKS[0]}/test_a_hostile_step_does_nothing_to_the_next.py",)
_DOUBTED_FORKS = (f"{_FORKS[0]}/test_in_doubt_a_step_is_started_afresh.py",)
_UNFIT_FORKS = (f"{_FORKS[0]}/test_what_cannot_be_forked_is_not.py",)
_RESTORING, _CHECKING, _SCRUB = (f"engine/backup/{name}.py" for name in ("restoring", "checking", "scrub"))
_BACKUP = ("tests/engine/backup",)
_RESTORED = ("tests/journeys/test_a_workspace_is_lost_and_restored.py",)
_LOST = ("tests/engine/storage/test_a_ledger_that_was_lost.py",)
_ROOM = ("tests/journeys/test_no_room_left.py",)
_FORCE = (*_IN_FORCE, "tests/journeys/test_what_is_in_force_waits_for_approval.py")
_DRAWN, _GUESSING = "engine/validation/holdout/drawn.py", "engine/validation/gates/guessing.py"
_LINKS = ("tests/engine/release/test_live_links_are_put_back.py",)
_CLOCK = ("tests/engine/release/test_the_clock.py",)
_WATCHED = ("tests/engine/environments/test_unchanged.py",)
_PICTURES = ("tests/engine/environments/test_environment_check.py",)
_MAILS = ("tests/engine/outbox/test_outbox.py",)

FAULTS = (
    # Those that were found to pass.
    Fault("golden rows within the last bits", "engine/jobs/retrain/package.py", "TOLERANCE = 1e-9", "TOLERANCE = 1e-3", _GOLDEN),
    Fault("golden rows within the last bits", _PROOF, "rtol=tolerance, atol=tolerance", "rtol=1e-3, atol=1e-3", _GOLDEN),
    Fault("golden rows within the last bits", _PROOF, "document.golden.tolerance", "1e-3", _MOVES),
    Fault("floats are compared", _PROOF, "differing |= ~np.isclose(", "differing & ~np.isclose(", _GOLDEN),
    Fault("what does not reproduce stays out", _PROOF, "    if differing:\n", "    if False:\n", _MOVES),
    Fault("what does not reproduce stays out", _SWAP, "            prove(workspace, store", "            (workspace, store", _MOVES),
    Fault("PSI with half a row", "engine/monitoring/drift/statistics.py", "(reference + 0.5) / (n + bins / 2)", "(reference + 1) / (n + bins)", _PSI),
    Fault("PSI with half a row", "engine/monitoring/drift/statistics.py", "(current + 0.5) / (m + bins / 2)", "(current + 1e-4) / (m + bins / 2)", _PSI),
    Fault("viewers retrain nothing", "engine/runs/commands.py", '@changes(RETRAIN.act, least="operator"', '@changes(RETRAIN.act, least="viewer"', _ROLES),
    Fault("viewers pause nothing", "engine/schedule/commands.py", '@changes("pause schedules", least="operator"', '@changes("pause schedules", least="viewer"', _ROLES),
    Fault("only admins remove", "engine/api.py", '@changes("remove projects", least="admin"', '@changes("remove projects", least="viewer"', _ROLES),
    Fault("only admins remove", "engine/api.py", '@changes("remove projects", least="admin"', '@changes("remove projects", least="operator"', _ROLES),
    Fault("only admins release holds", "engine/housekeeping/commands.py", '@changes("release a legal hold", least="admin"', '@changes("release a legal hold", least="operator"', _ROLES),
    Fault("every metric is measured", _WORDS, '"median_absolute_error", "values"', '"medae", "values"', _METRICS),
    Fault("every metric is measured", _METRIC, '    "mape": _mean_of("mape"),\n', '    "smape": _mean_of("mape"),\n', _METRICS),
    Fault("the direction of mape", _WORDS, '"mape", "values", "smaller"', '"mape", "values", "larger"', _METRICS),
    Fault("a digit opens its screen", "console/actions.py", '"go_runs", "3", "Runs"', '"go_runs", "3", "Versions"', _KEYS),
    Fault("a digit opens its screen", "console/app.py", 'self.go("audit")', 'self.go("runs")', _KEYS),
    # Proof.
    Fault("every column is compared", _PROOF, "recorded.num_rows != scored.num_rows or recorded.column_names", "recorded.num_rows != scored.num_rows and recorded.column_names", _GOLDEN),
    Fault("labels exactly", _PROOF, "x != y for x, y", "str(x) != str(y) for x, y", _GOLDEN),
    Fault("no number equals its like alone", _PROOF, "equal_nan=True", "equal_nan=False", _GOLDEN),
    Fault("every differing row counts", _PROOF, "return int(differing.sum())", "return int(differing.all())", _GOLDEN),
    # Compare-and-set.
    Fault("the live version that was shown", _SWAP, "    if seq != plan.live_seq:\n", "    if False:\n", _MOVES),
    Fault("compared at the commit again", _SWAP, "    with ledger.write() as db:\n        _check(db, plan, by, at)\n", "    with ledger.write() as db:\n", _MOVES),
    Fault("what is refused does not move", _SWAP, "    if refused:\n        raise Conflict(refused)\n\n\ndef commit", "\n\ndef commit", _MOVES),
    Fault("nothing is left of a failed move", _SWAP, "        except Refusal:\n            shutil.rmtree(folder, ignore_errors=True)\n", "        except Refusal:\n", _MOVES),
    Fault("viewers move nothing", "engine/release/commands.py", '@changes("approve", least="operator"', '@changes("approve", least="viewer"', _ROLES),
    Fault("a reason is needed", _SWAP, "    reason = checked_reason(reason)\n    with ledger.read() as db:", "    with ledger.read() as db:", _MOVES),
    # Approvals.
    Fault("as many approvals as are asked for", _SWAP, " and approval.missing_after_one:", " and False:", _MOVES),
    Fault("as many approvals as are asked for", _APPROVAL, "max(self.policy.approvals, 2", "max(1, 2", (*_APPROVALS, *_MOVES)),
    Fault("one person approves once", _DECISIONS, "dict.fromkeys(each.actor for each", "dict.fromkeys(str(each.at) for each", _MOVES),
    Fault("approvals are against one live version", _DECISIONS, " live_seq = ?3 AND audit >", " live_seq <= ?3 AND audit >", _MOVES),
    Fault("one person approves once", _APPROVAL, "    if name in approval.given_by and", "    if False and", _POLICY),
    Fault("four eyes", _APPROVAL, "four_eyes and by.name ==", "four_eyes and by.name !=", _APPROVALS),
    Fault("the stricter policy", _APPROVAL, "max(one.approvals, other.approvals)", "one.approvals", _APPROVALS),
    Fault("the stricter policy", _APPROVAL, "one.four_eyes or other.four_eyes", "one.four_eyes", _APPROVALS),
    Fault("the stricter policy", _APPROVAL, "{*one.approvers, *other.approvers}", "one.approvers", _APPROVALS),
    Fault("the stricter policy", _APPROVAL, "{*one.freeze, *other.freeze}", "one.freeze", _APPROVALS),
    Fault("the stricter policy", _APPROVAL, "min(one.expires, other.expires)", "max(one.expires, other.expires)", _APPROVALS),
    Fault("the stricter policy", "engine/projects/in_force.py", "stricter(own(db, project), asked(db))", "own(db, project)", _IN_FORCE),
    Fault("who may approve stands on both lists", _APPROVAL, "all(_stands_on(", "any(_stands_on(", _APPROVALS),
    Fault("who may approve", _APPROVAL, "    if policy.approvers and name not in approval.may:\n", "    if False:\n", _APPROVALS),
    Fault("nobody approves alone what is their own", _APPROVAL, "alone and name in approval.involved", "False", _APPROVALS),
    Fault("nobody approves alone what nobody knows", _APPROVAL, "2 if self.policy.four_eyes and self.unknown else 1", "1", _APPROVALS),
    Fault("who approved is no second person to themselves", _APPROVAL, " and not set(approval.given_by) - {name}", " and not approval.given_by", _APPROVALS),
    Fault("who approved when it took more makes it live", _APPROVAL, " and len(approval.given_by) < approval.needed", "", _APPROVALS),
    Fault("a broken glass holds for who broke it", "engine/release/glass.py", "AND live_seq = ? AND by = ?", "AND live_seq = ? AND by <> ?", _GLASS),
    Fault("a broken glass holds against one live version", "engine/release/glass.py", "AND live_seq = ? AND", "AND live_seq <= ? AND", _GLASS),
    Fault("a broken glass is an admin's", "engine/release/glass.py", ' or "admin" not in operators.roles(db, None).get(by, ())', "", _GLASS),
    Fault("a broken glass ends", "engine/release/glass.py", "    if until <= max(now, newest or now):\n", "    if False:\n", _GLASS),
    Fault("a broken glass ends, also when a clock is put back", "engine/release/glass.py", "max(now, newest or now)", "now", _GLASS),
    Fault("who is not named does not approve behind a broken glass", "engine/release/glass.py", "four_eyes=False, freeze=())", "four_eyes=False, freeze=(), approvers=())", _GLASS),
    Fault("its sentence is typed", "engine/release/glass.py", "check_typed(typed, sentence_of(label)", "check_typed(sentence_of(label), sentence_of(label)", _GLASS),
    Fault("somebody else takes notice of a broken glass", "engine/monitoring/alerts/changes.py", 'alert.key.split(":")[1] == name', "False", _GLASS),
    Fault("a broken glass is not put to sleep", "engine/monitoring/alerts/alert_book.py", "        if _open(db, number).part == BREAK_GLASS:\n", "        if False:\n", _GLASS),
    Fault("everybody hears of a broken glass", "engine/outbox/events.py", "_everybody(db) if broken else ()", "()", _GLASS),
    Fault("the trail says what was passed over", _SWAP, '        details["break_glass"] = LETS_PASS\n', "        pass\n", _GLASS),
    Fault("a freeze holds", _APPROVAL, "    if approval.frozen_until is not None and not approval.missing_after_one:\n", "    if False:\n", _APPROVALS),
    Fault("a clock that is put back ends no freeze", "engine/release/approvals.py", "(now,) if newest is None else (now, max(now, newest))", "(now,)", _EYES),
    Fault("an approval that may no longer be given does not count", "engine/release/approvals.py", "tuple(name for name in given if name in may)", "tuple(given)", _EYES),
    Fault("a plan holds under the policy that it was shown under", _SWAP, "refusal_to_release(db, plan.target, by, now, plan.due) or _other_policy(db, plan)", "refusal_to_release(db, plan.target, by, now, plan.due)", _EYES),
    Fault("who committed it does not approve it alone", "engine/release/eyes.py", "        if name is not None:\n", "        if False:\n", _EYES),
    Fault("who owns it does not approve it alone", "engine/release/eyes.py", "    if owner:\n", "    if False:\n", _EYES),
    Fault("who owns it is known by their address", "engine/release/eyes.py", "holders.get(owner.casefold(), owner)", "owner", _EYES),
    Fault("nobody approves alone what nobody knows", "engine/release/approvals.py", "if not policy.four_eyes and not", "if not", _EYES),
    Fault("an approval that may no longer be given is not shown", _REMARKS, "given = tuple(each for each in given if each.actor in asked.may)", "pass", _EYES),
    Fault("who may for a project is asked for it", "engine/projects/policy.py", "roles(db, project.name), now)", "roles(db, None), now)", _IN_FORCE),
    Fault("of two freezes the longer holds", "engine/access/windows.py", "max((end for at in moments", "min((end for at in moments", ("tests/engine/access/test_windows.py",)),
    Fault("a shorter expiry holds for what waits", "engine/release/approvals.py", "min(moment(row[\"expires_at\"]), moment", "max(moment(row[\"expires_at\"]), moment", _EYES),
    Fault("a rollback is from one version", _RULES, "source is not None and source != live", "source is not None and source == live", ("tests/engine/release",)),
    Fault("a candidate expires", _RULES, "now >= expires_at", "now > expires_at", _POLICY),
    Fault("a candidate expires", _CATALOG, "expires_at <= ?", "expires_at < ?", ("tests/engine/release",)),
    Fault("judged against what is live", _RULES, "    if version.against != live:\n", "    if False:\n", _POLICY),
    Fault("a bar holds", _RULES, '        if lifts:\n            return None\n', "        return None\n", _POLICY),
    Fault("only what was live comes back", _RULES, '    if target.state != "retired":\n', "    if False:\n", _POLICY),
    Fault("what is rolled back from is barred", _SWAP, '"barred", f"rolled back', '"retired", f"rolled back', _MOVES),
    Fault("other candidates expire", _CATALOG, "\"UPDATE versions SET state = 'expired', reason = ? WHERE project = ? AND state = 'candidate'\"", "\"UPDATE versions SET state = 'expired', reason = ? WHERE project = ? AND state = 'nothing'\"", _MOVES),
    *ACCESS, *DOOR, *ENGINES, *IMPORTED, *KINDS, *BUNDLES, *TRAVEL, *PACKAGES,
    *PLANNED_SWAPS, *REFUSALS, *REHEARSALS, *SOURCE, *EXPORTS, *ANSWERING, *CANARY,
    # Audit.
    Fault("a row covers the one before it", _CHAIN, "sha256((previous + body)", "sha256((GENESIS + body)", _TRAIL),
    Fault("a row covers its body", _CHAIN, "sha256((digest + body).encode())", "sha256((digest + recorded).encode())", _TRAIL),
    Fault("a missing row breaks the chain", _CHAIN, " or seq != count + 1", "", _TRAIL),
    Fault("verify follows the whole chain", "engine/audit/trail.py", "        if broken is not None:\n", "        if False:\n", _TRAIL),
    Fault("who acted is in the row", "engine/audit/trail.py", '            "actor": actor.name,\n', '            "actor": "",\n', _TRAIL),
    Fault("the account is in the row", "engine/audit/trail.py", '            "account": actor.account,\n', "", _TRAIL),
    Fault("why is in the row", "engine/audit/trail.py", '            "reason": reason,\n', '            "reason": "",\n', _TRAIL),
    Fault("when is in the row", "engine/audit/trail.py", '            "at": stamp(at),\n', '            "at": stamp(datetime.min),\n', _TRAIL),
    Fault("details are in the row", "engine/audit/trail.py", "details or {}", "{}", _TRAIL),
    Fault("deployments agree with the trail", "engine/audit/trail.py", "OR a.actor <> t.actor ", "", _TRAIL),
    Fault("deployments agree with the trail", "engine/audit/trail.py", "OR a.reason <> t.reason ", "", _TRAIL),
    Fault("deployments agree with the trail", "engine/audit/trail.py", "   OR a.subject <> t.project || '@' || t.number\n", "", _TRAIL),
    Fault("no release without a deployment", "engine/audit/trail.py", "            _WITHOUT.format(table=\"deployments\", actions=\"'release', 'rollback'\"),\n", "", _TRAIL),
    Fault("no decision that nobody holds", "engine/audit/trail.py", "            _WITHOUT.format(table=\"decisions\", actions=\"'approve', 'reject', 'lift', 'rollback'\"),\n", "", _TRAIL),
    Fault("no act is of a time before the last", "engine/audit/trail.py", 'last["at"] > stamp(at)', 'last["at"] < stamp(at)', ("tests/engine/release/test_the_clock.py", *_TRAIL)),
    # Validation.
    Fault("an interval decides when 0 is outside", _INTERVALS, "    if worst > 0:\n", "    if best > 0:\n", _METRICS),
    Fault("an interval decides when 0 is outside", _INTERVALS, '"worse" if best < 0 else', '"worse" if worst < 0 else', _METRICS),
    Fault("the direction of an interval", _INTERVALS, "(low, high) if good(name) > 0 else (-high, -low)", "(low, high)", _METRICS),
    Fault("cannot tell is worse than warn", "engine/vocabulary/gates.py", '("pass", "warn", "cannot tell", "fail")', '("cannot tell", "pass", "warn", "fail")', _GATES),
    Fault("nothing looked at is nothing known", _VERDICTS, 'key=WORST_LAST.index, default="cannot tell"', 'key=WORST_LAST.index, default="pass"', _GATES),
    Fault("cannot tell never passes", "engine/versions/catalog.py", 'passed = verdict in ("pass", "warn")', 'passed = verdict in ("pass", "warn", "cannot tell")', ("tests/engine/release/test_only_what_passed_waits.py",)),
    # Never green where nobody knows.
    Fault("unknown is never green", _STATUSES, '"ok": 0, "watch": 1, "unknown": 2, "failing": 3', '"ok": 0, "watch": 1, "unknown": 0, "failing": 3', _STATUS),
    Fault("a status is the worst of its parts", _STATUSES, "key=lambda each: -_RANK[each.verdict]", "key=lambda each: _RANK[each.verdict]", _STATUS),
    Fault("what is old is unknown", _STATUSES, "    if now - newest <= (facts.patience or OLDEST):\n", "    if True:\n", _STATUS),
    Fault("what is old is unknown", _STATUSES, "OLDEST = timedelta(days=9)", "OLDEST = timedelta(days=30)", _STATUS),
    Fault("what was never measured is unknown", _STATUSES, "    if newest is None:\n        return Reason(\"unknown\", f\"{facts.live} was", "    if newest is None:\n        return Reason(\"ok\", f\"{facts.live} was", _STATUS),
    Fault("the live folder is the ledger's", _STATUSES, "    if facts.live is None or facts.live_link == facts.release:\n", "    if True:\n", _STATUS),
    Fault("a look that could not tell is unknown", _STATUSES, 'newest == facts.looked_at and verdict == "unknown"', 'newest == facts.looked_at and verdict == "none"', _STATUS),
    Fault("a look at what is new replaces what it knew", "engine/jobs/health/merging.py", "~known(kept, fresh, key)", "known(kept, fresh, key) >= 0", _KEPT),
    Fault("what other rules kept is not used", "engine/jobs/health/kept.py", "(head.rules, head.version) == (rules(), version)", "head.version == version", _KEPT),
    Fault("no sensitive column is kept between looks", "engine/jobs/health/rows.py", "if name not in manifest.data.sensitive]", "if name]", _KEPT),
    Fault("what was told is not told of another day", "engine/jobs/health/unchanged.py", "then > as_of or then.date() != as_of.astimezone(then.tzinfo).date()", "then > as_of", _KEPT),
    Fault("an answer is found again by all that it was computed from", "engine/monitoring/kept_answers.py", "(kind.__name__, *asked)", "(kind.__name__,)", _KEPT),
    Fault("a threshold that is broken fails", _STATUSES, "row.sign * metric.value < row.sign * gate.limit", "row.sign * metric.value > row.sign * gate.limit", _STATUS),
    Fault("rows that stand still are told", "engine/monitoring/quality/freshness.py", "    if age > still:\n", "    if age < still:\n", ("tests/engine/monitoring", "tests/engine/jobs/test_same_rows.py")),
    # Tables that only grow.
    Fault("the trail only grows", _LEDGER, '_APPEND_ONLY = ("audit", "decisions", "deployments", "measurements")', '_APPEND_ONLY = ("decisions", "deployments", "measurements")', _GROWS),
    Fault("deployments only grow", _LEDGER, '"decisions", "deployments", "measurements")', '"decisions", "measurements")', _GROWS),
    # Retention.
    Fault("the live version stays", _RETAINED, '    if version.state == "live":\n', "    if False:\n", _RETENTION),
    Fault("a candidate stays", _RETAINED, '    if version.state == "candidate":\n', "    if False:\n", _RETENTION),
    Fault("a hold is stronger than age", _RETAINED, "    if version.held is not None:\n", "    if False:\n", _RETENTION),
    Fault("rollback points stay", _RETAINED, "point <= rules.rollback_points", "point < rules.rollback_points", _RETENTION),
    Fault("rollback points stay", _RETAINED, "version.since, reverse=True)", "version.since, reverse=False)", _RETENTION),
    Fault("an environment that is needed stays", _RETAINED, "    if found.needed_by:\n", "    if False:\n", _RETENTION),
    Fault("nothing goes while it is used", _RETAINED, "    if running:\n", "    if False:\n", _RETENTION),
    Fault("the live folder stays", _RETAINED, "    if name == live:\n", "    if False:\n", _RETENTION),
    Fault("objects of a run at work stay", _RETAINED, "since - BEGUN for since", "since + BEGUN for since", _RETENTION),
    # Schedules.
    Fault("missed is a row", _DUE, "Settlement((*older, *missed, _newest", "Settlement((*older, _newest", _SCHEDULE),
    Fault("a paused schedule starts nothing", _DUE, "if period.paused is not None or period.ended", "if period.ended", _SCHEDULE),
    Fault("what is over never runs", _DUE, "or period.ended is not None or end ==", "or end ==", _SCHEDULE),
    Fault("busy is skipped, with the run", _DUE, "    if facts.busy is not None:\n", "    if False:\n", _SCHEDULE),
    Fault("given up is missed", _DUE, "late > max(period.give_up_after, ON_TIME)", "late < max(period.give_up_after, ON_TIME)", _SCHEDULE),
    Fault("skip catches up nothing", _DUE, 'period.catch_up == "skip" and now - due > ON_TIME', 'period.catch_up == "skip" and now - due < ON_TIME', _SCHEDULE),
    Fault("a due time runs once", _DUE, "    if due in facts.already:\n", "    if False:\n", _SCHEDULE),
    Fault("an old stretch says how many", _DUE, "times = period.rule.count(period.settled, last)", "times = 1", _SCHEDULE),
    # What ends for good waits for a time that the ledger bears out.
    Fault("a clock that leapt ends nothing", _TIMES, 'moment(row["witness"]) > LEAP', 'moment(row["witness"]) < LEAP', _TRAIL),
    Fault("a clock that leapt ends nothing", _TIMES, '    if row["leapt"]:\n', "    if False:\n", _TRAIL),
    Fault("a clock that leapt ends nothing", "engine/api.py", "expire(self._ledger, now, certain)", "expire(self._ledger, now)", _TRAIL),
    Fault("a clock that leapt ends nothing", "engine/housekeeping/daily.py", "bins.purge(workspace, ledger, certain, SystemActor", "bins.purge(workspace, ledger, now, SystemActor", _TRAIL),
    Fault("a clock that leapt ends nothing", "engine/housekeeping/commands.py", "None if all else self._certain()", "None if all else now", _TRAIL),
    # Damage is said before it is met.
    Fault("known damage is said", "engine/release/wholeness.py", "    return version.damage\n", "    return None\n", ("tests/engine/release",)),
    # Steps are held.
    Fault("a step writes to its own folders only", _CONTAINMENT, "            yield part, LOOK\n", "            yield part, WORK\n", _HELD),
    Fault("the workspace is shut to a step", _CONTAINMENT, 'shut = [os.path.realpath(path) for path in box["apart"]]', "shut = list[str]()", _HELD),
    Fault("the workspace is shut to a step", _SANDBOX, '"apart": [str(workspace)]', '"apart": []', _HELD),
    Fault("a step reads what its manifest names", _SANDBOX, '"read": list(spec.read)', '"read": ["/"]', (*_HELD, *_HOSTILE)),
    Fault("a step cannot open the workspace by naming it", _SANDBOX, "if _within(real, shut) or _within(shut, real):", "if _within(real, shut):", _HELD),
    Fault("a step signals nobody", _CONTAINMENT, "scoped = 3 if version >= 6 else 0", "scoped = 0", (*_HELD, *_HOSTILE)),
    Fault("a step sees no other process", _CONTAINMENT, 'return _mount("proc", "/proc"', 'return True or _mount("proc", "/proc"', _HELD),
    Fault("a step without network has none", _CONTAINMENT, "tcp = 0 if network or version < 4 else 3", "tcp = 0", _HELD),
    Fault("a step without network has none", _CONTAINMENT, "    if not network:\n", "    if False:\n", _HELD),
    Fault("modes of files are not a step's to change", _CONTAINMENT, '("chmod", 90, None, 0), ', "", _HELD),
    Fault("no way past the filter", _CONTAINMENT, '("io_uring_setup", 425, 425, ENOSYS), ', "", _HELD),
    Fault("no way past the filter", _CONTAINMENT, "(_EQUAL, 1, 0, AUDIT_ARCH[machine])", "(_EQUAL, 1, 1, AUDIT_ARCH[machine])", _HELD),
    Fault("no limits of others", _CONTAINMENT, "    done += _limits(261 if second else 302)\n", "", _HELD),
    Fault("a step of root is no root", _CONTAINMENT, "        _drop_capabilities()\n", "        pass\n", _HELD),
    Fault("a step is filtered", _CONTAINMENT, "        _filter(program(os.uname().machine, network=box[\"network\"], modes=box.get(\"modes\", False)))\n", "        pass\n", _HELD),
    Fault("a step is held by Landlock", _CONTAINMENT, "    if version:\n", "    if False:\n", (*_HELD, *_HOSTILE)),
    Fault("a candidate reaches no more than was allowed", _REACH, "if after.off is not None and before.off is None:", "if False:", _REACHES),
    Fault("a candidate reaches no more than was allowed", _REACH, "if after.network and not before.network:", "if False:", _REACHES),
    Fault("a candidate reaches no more than was allowed", _REACH, "for name in asked.variables if name not in given.variables]", "for name in asked.variables if False]", _REACHES),
    Fault("a candidate reaches no more than was allowed", _REACH, "if not any(_within(real(path), folder) for folder in open_to)", "if not any(_within(path, folder) for folder in open_to)", _REACHES),
    Fault("only an admin allows more", "engine/runs/commands.py", '@changes("allow a project\'s steps to reach more", least="admin"', '@changes("allow a project\'s steps to reach more", least="operator"', _ROLES),
    # Secrets.
    Fault("secrets leave the environment", _WITHHELD, "        del os.environ[name]\n", "        pass\n", _SECRETS),
    Fault("secrets leave the memory", _WITHHELD, '    _wipe([f"{name}=".encode() for name in found])\n', "", _SECRETS),
    Fault("nobody looks into the engine", _WITHHELD, "prctl(_PR_SET_DUMPABLE, 0,", "prctl(_PR_SET_DUMPABLE, 1,", _SECRETS),
    Fault("every secret is withheld", _WITHHELD, 'ADDRESSES, "LEVERFRAME_PAGES_TOKEN", "LEVERFRAME_SERVE_TOKEN")', "ADDRESSES)", _SECRETS),
    # Backup, restore, scrub.
    Fault("a backup of another hand is refused", _RESTORING, '    if signature == "wrong":\n', "    if False:\n", _BACKUP),
    Fault("a newer backup is refused", _RESTORING, "    if manifest.schema > LATEST:\n", "    if False:\n", _BACKUP),
    Fault("a restore is whole or none", _RESTORING, "            if problems and not partly:\n", "            if False:\n", _BACKUP),
    Fault("the ledger is the manifest's", _RESTORING, "if whole.hexdigest() == manifest.ledger.digest else", "if True else", _BACKUP),
    Fault("the ledger is the manifest's", _RESTORING, "        problems += disagreeing(db, manifest)\n", "", _BACKUP),
    Fault("the ledger is the manifest's", _CHECKING, "elif (count, head) != (manifest.rows, manifest.head):", "elif False:", _BACKUP),
    Fault("a trail that is broken is not restored", _CHECKING, "    if broken is not None:\n", "    if False:\n", _BACKUP),
    Fault("the ledger is this workspace's", _CHECKING, "elif first != manifest.workspace:", "elif False:", _BACKUP),
    Fault("a backup that was put away is told by a head", _RESTORING, "if not problems and head and not", "if not problems and not head and not", _BACKUP),
    Fault("only an admin restores", _RESTORING, 'found.role != "admin"', "False", _BACKUP),
    Fault("into an empty place", _RESTORING, "    if under_way is None and root.exists() and others:\n", "    if False:\n", _BACKUP),
    Fault("what waits does not go on in a copy", "engine/outbox/outbox.py", "why = ? WHERE state IN ('queued', 'sending')", "why = ? WHERE state IN ('sending')", _BACKUP),
    Fault("damage does not spread", "engine/backup/build.py", "_refuse_other_way(db, place)\n    key", "pass\n    key", _BACKUP),
    Fault("all is read within a month", _SCRUB, "oldest = now - timedelta(days=DAYS)", "oldest = now - timedelta(days=2 * DAYS)", _BACKUP),
    Fault("all is read within a month", _SCRUB, "max(late, ceil(len(kept) / DAYS))", "len(kept) // DAYS", _BACKUP),
    Fault("damage is told", _SCRUB, '            broken.append(str(damage).rstrip("."))\n', "            pass\n", (*_BACKUP, *_RESTORED)),
    Fault("damage is told", "engine/versions/contents.py", '"UPDATE versions SET damage = ? WHERE', '"UPDATE versions SET damage = NULL AND ? WHERE', (*_BACKUP, *_RESTORED)),
    Fault("what is still damaged is not said to be mended", _SCRUB, "    if damage is not None or not taken:\n", "    if not taken:\n", (*_BACKUP, *_RESTORED)),
    # Nothing is lost.
    Fault("init is refused where a workspace was", "engine/storage/loss.py", "    if there is not None:\n", "    if False:\n", _LOST),
    Fault("a ledger that was cut short is damage", "engine/storage/loss.py", "if rows < noted.rows:", "if False:", _LOST),
    Fault("a restore that was cut short is no workspace", "engine/storage/loss.py", "    if (root / RESTORING).exists():\n", "    if False:\n", (*_LOST, *_BACKUP)),
    Fault("the reserve is given back", "engine/storage/reserve.py", "drawn = kept > 0 and before < kept", "drawn = False", _ROOM),
    Fault("the reserve is set aside again", "engine/storage/reserve.py", "            _set_aside(workspace, min(kept, left))\n", "            pass\n", _ROOM),
    # In force.
    Fault("a release brings its settings", _SWAP, "        in_force.put(db, project, settings, at)\n", "        pass\n", _FORCE),
    Fault("a second rollback within minutes is asked about", _RULES, "now - last.at >= LATELY", "now - last.at < LATELY", ("tests/engine/release",)),
    # What was said of a candidate.
    Fault("the second approver was shown the first", _REMARKS, "    if new:\n", "    if False:\n", _SAID),
    Fault("the second approver was shown the first", _PLAN, "        remarks=remarks.of_version(db, row),\n", "", _SAID),
    Fault("approvals that do not count are not shown", _REMARKS, 'if row["state"] == "candidate" else None', 'if False else None', _SAID),
    Fault("a comment is on one version", "engine/audit/trail.py", "action = 'comment' AND subject = ?", "action = 'comment' AND ? > ''", _SAID),
    Fault("comments are bounded", _REMARKS, "if len(text) > LONGEST:", "if False:", _SAID),
    Fault("comments are bounded", _REMARKS, "if len(said) >= MOST:", "if False:", _SAID),
    Fault("a comment is shown and not obeyed", "console/text/remark_lines.py", "text = plain(remark.text, LONGEST)", "text = remark.text", ("tests/console/test_remarks.py",)),
    # What cannot be undone is typed.
    Fault("what cannot be undone is typed", _CONFIRMATION, "if not word or _composed(said) != _composed(word):", "if not word:", _ROLES),
    Fault("what cannot be undone is typed", _CONFIRMATION, "_composed(said) != _composed(word)", "_composed(said).lower() != _composed(word).lower()", _ROLES),
    Fault("a project's removal is typed", "engine/projects/registry.py", "check_typed(confirmed, name,", "check_typed(name, name,", _TYPED),
    Fault("the emptying of the bin is typed", "engine/housekeeping/commands.py", "check_typed(confirmed, word,", "check_typed(word, word,", _TYPED),
    # What a candidate is held against.
    Fault("a holdout is drawn", _DRAWN, "return np.asarray(place < at[kind])", "return np.asarray(np.arange(len(place)) < at[kind] * len(place))", ("tests/engine/validation/holdout/test_drawn.py",)),
    Fault("cuts are the live version's", _DRAWN, "known = live.below if live and", "known = {} if live and", ("tests/engine/validation/holdout/test_drawn.py",)),
    Fault("the order of columns is no matter", _DRAWN, "for name in sorted(by):", "for name in by:", ("tests/engine/validation/holdout/test_drawn.py",)),
    Fault("worse than guessing fails", _GUESSING, "    if worse:\n", "    if False:\n", ("tests/engine/validation/gates/test_guessing.py",)),
    Fault("only what is surely worse fails", _GUESSING, '"worse" if best < 0 else', '"worse" if worst < 0 else', ("tests/engine/validation/gates/test_guessing.py",)),
    Fault("a live version that guesses is failing", "engine/monitoring/findings.py", '"watch" if waived else "failing"', '"failing" if waived else "watch"', ("tests/engine/monitoring",)),
    Fault("a waiver stays a warning", "engine/validation/gates/ways.py", 'replace(gate, verdict="warn", evidence=f\'Waived', 'replace(gate, verdict="pass", evidence=f\'Waived', ("tests/engine/validation", "tests/journeys/test_a_waived_gate_is_seen_and_in_the_trail.py")),
    Fault("some gates are never waived", "engine/projects/manifest/waivers.py", "    if name in NEVER_WAIVED:\n", "    if name in NEVER_WAIVED:\n        return name\n", ("tests/engine/projects/test_manifest_waivers.py",)),
    Fault("a waiver is in the trail", _SWAP, "    if plan.waivers:\n", "    if False:\n", ("tests/journeys/test_a_waived_gate_is_seen_and_in_the_trail.py",)),
    Fault("what is known before is no leak, all else is", "engine/validation/gates/leakage.py", "for feature, much in strongest if feature not in known_before]", "for feature, much in strongest if not known_before]", ("tests/engine/validation",)),
    Fault("a lost class fails", "engine/validation/gates/like_live.py", "        if lost:\n", "        if False:\n", ("tests/engine/validation/gates/test_like_live.py",)),
    Fault("latency is a gate", "engine/validation/gates/quantities.py", "facts.score_seconds <= bound", "facts.score_seconds >= bound", ("tests/engine/validation",)),
    Fault("size is a gate", "engine/validation/gates/quantities.py", "facts.model_bytes <= bound", "facts.model_bytes >= bound", ("tests/engine/validation",)),
    Fault("what was not measured cannot be told", "engine/validation/gates/quantities.py", '"cannot tell", "How long scoring took was not measured."', '"pass", "How long scoring took was not measured."', ("tests/engine/validation",)),
    # Time.
    Fault("who looks lets nothing expire", "engine/api.py", "        reserve.keep(self._workspace)\n        queue.settle(", "        from engine.release import swap\n\n        swap.expire(self._ledger, clock.now())\n        queue.settle(", _CLOCK),
    Fault("what expires is in the trail", _SWAP, '            trail.append(db, at=at, actor=by, action="expire"', '            (db, at, by); dict(action="expire"', _CLOCK),
    Fault("a clock that is behind is told", "engine/audit/times.py", "if last is None or last - now <= BEHIND:", "if last is None or last - now >= BEHIND:", _CLOCK),
    Fault("a clock that is far ahead is told", "engine/audit/times.py", "AHEAD = timedelta(days=30)", "AHEAD = timedelta(days=300)", _CLOCK),
    # In silence nothing moves, and nobody is told twice.
    Fault("a link that was put back is told", "engine/release/following.py", "            _tell(db, live, led, now)\n", "            pass\n", _LINKS),
    Fault("a link that was put back is in the trail", "engine/release/following.py", 'trail.append(db, at=now, actor=by, action="put-back", subject=label, reason=why, details=details)', "pass", _LINKS),
    Fault("a report is sent once", "engine/outbox/outbox.py", "ON CONFLICT (project, key, recipient) DO NOTHING", "ON CONFLICT (project, key, recipient) DO UPDATE SET state = 'queued', next_try = queued_at", _MAILS),
    Fault("two never send the same", "engine/outbox/outbox.py", "WHERE id = ? AND {_DUE}\",", "WHERE id = ? AND (? > '' OR ? > '')\",", _MAILS),
    # Environments.
    Fault("a file that was changed is found", "engine/environments/picture.py", "if pictured[name] != found[name]}", "if pictured[name][:4] != found[name][:4]}", _PICTURES),
    Fault("a file that was added is found", "engine/environments/picture.py", "found.keys() - pictured.keys(), pictured", "set[str](), pictured", _PICTURES),
    Fault("a picture is the ledger's", "engine/environments/picture.py", "if hashlib.sha256(content).hexdigest() != digest:", "if False:", _PICTURES),
    Fault("the Python is the same", "engine/environments/python/check.py", '== interpreter["fingerprint"]:', '!= "":', _PICTURES),
    Fault("marks that changed are looked into", "engine/environments/comparing.py", "if not content and now == taken.stamp:", "if not content:", _PICTURES),
    Fault("what the system told of is looked into", "engine/environments/unchanged.py", "if _has_told(found.told) or _is_at", "if _is_at", _WATCHED),
    Fault("another folder in its place is looked into", "engine/environments/unchanged.py", " or _is_at(root) != found.is_at:", ":", _WATCHED),
    Fault("what is mounted over it is looked into", "engine/environments/unchanged.py", "return mounts.concerning(os.path.realpath(root), _listed()) == found.mounted", "return True", _WATCHED),
    Fault("what others write to is not watched", "engine/environments/unchanged.py", "not on_own_disk(real, listed) or ", "", _WATCHED),
    Fault("what is written is told", "engine/environments/unchanged.py", "_TOLD = 0x002 | 0x004 | 0x008", "_TOLD = 0x004", _WATCHED),
    Fault("what changed is not watched on", "engine/environments/unchanged.py", "        folder = self._at.pop(descriptor)\n        end(folder)\n", "        folder = self._at.pop(descriptor)\n", _WATCHED),
    Fault("an hour is the longest", "engine/environments/unchanged.py", " or steady() - found.asked > RENEWED_SECONDS", "", _WATCHED),
    Fault("what is proven is asked for", "engine/release/proof.py", "    unchanged.end_all()", "    pass", _WATCHED),
    Fault("what was written through a map is seen", "engine/environments/unchanged.py", " or stamp(folder.root, folder.names) != found.stamp:", ":", _WATCHED),
    # Forked processes.
    Fault("forked: who lacks the key gets nothing", _FORKED, 'if not hmac.compare_digest(bytes.fromhex(order["key"]), key) or order', "if order", _FORKS),
    Fault("forked: who is not alike gets nothing", _FORKED, ' or order["like"] != like[order["kind"]]:', ":", _FORKS),
    Fault("forked: nothing begins before it is told to", _FORKED, "    if said != BEGIN or len(descriptors) != HELD + 1:\n", "    if False:\n", _FORKS),
    Fault("forked: a mark is shown", _FORKED, "    process_names.mark(environment)\n", "", _FORKS),
    Fault("forked: chance is not shared", _FORKED, '        sys.modules["numpy"].random.seed()\n', "        pass\n", _FORKS),
    Fault("forked: nothing of the server's stays open", _FORKED, "    os.closerange(HELD, os.sysconf", "    (HELD, os.sysconf", _FORKS),
    Fault("forked: other code is not like", "engine/runs/warm/circumstances.py", "json.dumps([kind, code,", 'json.dumps([kind, "",', _FORKS),
    Fault("forked: the server ends with its engine", "engine/runs/warm/fork_server.py", "if 0 in found or (watching", "if (watching", _FORKS),
    Fault("forked: the folder is the account's alone", "engine/runs/warm/place.py", "os.fchmod(place, 0o700)", "os.fchmod(place, 0o711)", _FORKS),
    Fault("forked: without a server it is started afresh", "engine/runs/warm/fork_request.py", "    except (OSError, ValueError):\n", "    except ValueError:\n", _FORKS),
    Fault("forked steps: each is narrowed to its own", _STEP_SERVER, '    containment.narrow(order["opened"], network=order["network"])\n', "", _HOSTILE_FORKS),
    Fault("forked steps: what one is told no other finds", _SERVER_WARDEN, '[b"{}"], [what, held_back', "[json.dumps(order).encode()], [what, held_back", _HOSTILE_FORKS),
    Fault("forked steps: shared memory is cleared", _SERVER_WARDEN, "                    os.unlink(name, dir_fd=place)\n", "                    pass\n", _HOSTILE_FORKS),
    Fault("forked steps: who listens later is asked by none", _SERVER_WARDEN, 'all(path.startswith(settings["covered"]) for path in later)', "True", _HOSTILE_FORKS),
    Fault("no step sees where the engine's servers listen", _SANDBOX, '"emptied": [str(workspace / "locks")],', '"emptied": [],', _HOSTILE_FORKS),
    Fault("forked steps: who lacks the key gets none", _SERVER_WARDEN, "if not hmac.compare_digest(exactly(connection, len(key), until), key):", "if not exactly(connection, len(key), until):", _DOUBTED_FORKS),
    Fault("forked steps: who is not alike gets none", _SERVER_WARDEN, 'alike = asked["likeness"] == settings["likeness"] and', "alike =", _DOUBTED_FORKS),
    Fault("forked steps: libraries that share memory are not forked", _STEP_SERVER, 'if line.split()[1][3] == "s"]', "if False]", _UNFIT_FORKS),
    Fault("forked steps: libraries with threads are not forked", _STEP_SERVER, '    if len(os.listdir("/proc/self/task")) != 1 or', "    if False and", _UNFIT_FORKS),
    Fault("forked steps: the lock is free when nothing is left", _SERVER_WARDEN, "            os.close(streams[3])\n", "", (f"{_FORKS[0]}/test_a_forked_step_is_held_to_its_limits.py",)),
    Fault("forked steps: what is no more what was built is not asked", "engine/runs/warm/step_servers.py", "        if self._differs(one.wanted, one.lock):\n", "        if False:\n", (f"{_FORKS[0]}/test_whatever_of_a_step_server_is_killed.py",)),
    Fault("a model of then knows nothing of later", "engine/jobs/backtest/replay.py", "prepare(table, manifest, moment.at)",
          "prepare(table, manifest, context.run.as_of)", _BACKTEST),
    Fault("a model of then knows nothing of later", "engine/jobs/backtest/replay.py", "replace(origin.stage, as_of=at)",
          "origin.stage", _BACKTEST),
    Fault("no row is scored by who may have learnt from it", "engine/jobs/backtest/window_rows.py", 'side="left"',
          'side="right"', ("tests/engine/jobs/test_backtest_rows.py",)),
    # Whom news reaches, and when.
    Fault("an escalation is told once", "engine/outbox/escalating.py", "if number is None:", "if False:", _ROUTES),
    Fault("an escalation stops when somebody has it", "engine/outbox/events.py", " and alert.acknowledged_at is None and", " and", _ROUTES),
    Fault("an escalation leaves each the time to answer", "engine/routing/steps.py", "max(soonest, last.at + span - before) if last.reached", "soonest if last.reached", _ROUTES),
    Fault("quiet hours let failing through", "engine/outbox/holding.py", ' and not (failing and each.lets == "failing")', "", _ROUTES),
    Fault("what waited is told once", "engine/outbox/digest.py", "holding.gather(db, told, row)", "pass", _ROUTES),
    Fault("a stretch covers what the wall shows of it", "engine/vocabulary/hours.py", "return min(found.astimezone(UTC), found.replace(fold=1).astimezone(UTC))", "return found.astimezone(UTC)", _ROUTES),
    Fault("quiet hours end with the second of two like times", "engine/vocabulary/hours.py", "max(found.astimezone(UTC), found.replace(fold=1).astimezone(UTC))", "found.astimezone(UTC)", _ROUTES),
    Fault("who hands over has the duty", "engine/routing/duty.py", "if now.operator is not None and now.operator != by.name:", "if False:", _ROUTES),
    Fault("no address is in the trail", "engine/routing/routes.py", 'else "an address"', "else terms.who", _ROUTES),
)  # fmt: skip
