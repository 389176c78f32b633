"""What is refused at a moment that is over, by hand once more: no act becomes possible there unnoticed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from engine.access.acts import declared
from engine.api import PastEngine
from tests.people import open_engine

ACTS = {
    "add", "remove", "check", "retrain", "wait", "cancel", "look", "acknowledge", "snooze", "report_soon",
    "send_report", "dry_run_report", "retry_outbox", "run_now", "pause_schedule", "resume_schedule",
    "edit_schedule", "start_scheduler", "plan_release", "plan_rollback", "move", "reject", "lift", "add_operator",
    "doctor", "scan_disk", "plan_clean", "clean", "restore", "empty_bin", "keep_house", "choose", "watch",
    "set_policy", "break_glass", "add_address", "remove_address",
    "unwatch", "hold", "release_hold", "as_of", "pass_time", "back_up", "check_backup", "scrub", "allow",
    "withdraw", "score", "backtest", "plan_backtest", "add_route", "remove_route", "choose_quiet_hours", "hand_over",
    "take_over", "set_role", "set_project_role", "disable_operator", "enable_operator", "bind_key", "bind_account",
    "unbind", "comment", "be_at", "who", "others", "admit", "note_login", "note_logout", "note_turned_away",
    "sealed_keys", "cancel_swap", "bundle", "write_data", "send", "take_in", "take_in_despite", "trust", "distrust",
    "bundle_key", "where_else", "sent_on", "export", "compare", "look_into",
    "set_packages", "unset_package", "enforce_packages", "except_package", "ask_for_newer", "what_if",
    "packages_with_advisories", "give_feedback", "let_in_feedback", "throw_away_feedback", "freeze_learner",
    "unfreeze_learner", "make_token", "rotate_token", "revoke_token", "load_test", "learn",
    "plan_trial", "put_on_trial", "end_trial",
}  # fmt: skip
# Whatever shows a moment calls them: nothing is settled or stopped. A traceback is kept with the workspace of now.
DOES_NOTHING_THEN = {"reconcile", "stop_scheduler", "keep_traceback"}


def test_whatever_is_no_look_at_what_was_is_declared_impossible_then() -> None:
    refused = {name for name, act in declared(PastEngine).items() if not act.in_past}
    assert refused == ACTS, "is it a look at what was? Then its declaration says so; else put it here too"
    assert {name for name, act in declared(PastEngine).items() if act.changes} - ACTS == DOES_NOTHING_THEN


def test_what_an_engine_of_then_does_instead_of_a_change_is_nothing(home: Path) -> None:
    engine = open_engine(home, "ada", create=True)
    with closing(engine.as_of(engine.now())) as then:
        before = sorted(path for path in engine.home.rglob("*") if "cache" not in path.parts)
        then.reconcile()
        then.stop_scheduler()
        assert sorted(path for path in engine.home.rglob("*") if "cache" not in path.parts) == before
    engine.close()
