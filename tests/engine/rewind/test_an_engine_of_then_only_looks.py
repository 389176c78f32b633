"""Every method of the engine is on one of two lists: what shows an earlier moment, and what is refused there."""

from __future__ import annotations

from engine.api import Engine
from engine.rewind.past_engine import READINGS

ACTS = {
    "add", "remove", "check", "retrain", "wait", "cancel", "look", "acknowledge", "snooze", "report_soon",
    "send_report", "dry_run_report", "retry_outbox", "run_now", "pause_schedule", "resume_schedule",
    "edit_schedule", "start_clockwork", "plan_release", "plan_rollback", "move", "reject", "lift", "add_operator",
    "doctor", "scan_disk", "plan_clean", "clean", "restore", "empty_bin", "keep_house", "choose", "watch",
    "unwatch", "hold", "release_hold", "as_of", "pass_time", "back_up", "check_backup", "scrub", "allow",
    "withdraw",
}  # fmt: skip


def test_every_method_is_a_reading_or_an_act() -> None:
    methods = {name for name in dir(Engine) if not name.startswith("_") and callable(getattr(Engine, name))}
    assert methods == READINGS | ACTS, "put it into READINGS of engine/rewind/past_engine.py, or here"
    assert not READINGS & ACTS
