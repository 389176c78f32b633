"""The keys as people have them in their fingers, written out by hand: none moves to another act unnoticed.

Whoever changes a key on purpose changes it here too.
"""

from __future__ import annotations

import pytest
from textual.binding import Binding

from console.actions import ACTIONS, ACTS, ANYWHERE
from console.app import LeverframeApp
from engine.access.acts import declared
from engine.api import Engine
from tests.console.test_keys import PAGES

# Of each key what it is called, by where it is pressed.
KEYS = {
    "a": {"Acknowledge": "health project_health", "Approve": "card candidates", "Allow": "run",
          "All again": "outbox", "Take over": "duty", "Ask others": "where", "Let it in": "feedback"},
    "b": {"By column": "project_health", "Bin": "disk", "New backtest": "backtest", "Bind key": "operators",
          "Bundle": "versions card"},
    "c": {"Decide": "overview health project_health", "Comment": "card"},
    "d": {"Differences": "card versions"},
    "e": {"Change": "schedules", "Set": "settings", "Quiet": "routes", "Set rule": "policy",
          "Exports": "versions card", "Requests": "overview project_health"},
    "h": {"Health": "overview versions", "All due times": "schedules"},
    "i": {"Run times": "runs run overview"},
    "l": {"Look now": "health project_health", "Lift bar": "versions card", "Looks": "runs",
          "Learn now": "learner"},
    "f": {"Freeze": "learner"},
    "m": {"Next metric": "project_health", "Over never": "backtest", "Times": "requests"},
    "n": {"Next section": "project_health", "Next log": "run"},
    "o": {"Duty": "overview", "Hand over": "duty", "Own key": "trust"},
    "p": {"Pause": "schedules", "Predictions": "versions card run"},
    "q": {"Quit": ANYWHERE},
    "r": {"Retrain": "overview versions runs health project_health", "Run now": "schedules",
          "Try again": "outbox", "Role": "operators", "Rotate": "tokens"},
    "s": {"Look again": "disk", "Send report": "overview health project_health", "Send": "versions card"},
    "t": {"Theme": ANYWHERE},
    "u": {"Resume": "schedules", "Restore": "bin", "Release hold": "versions", "Enable": "operators",
          "Cancel its swap": "card candidates", "Set free": "learner"},
    "v": {"Verify": "audit"},
    "w": {"Whole": "card", "Look at all": "health project_health", "Longer": "requests"},
    "x": {"Reject": "card candidates", "Cancel": "runs run", "Disable": "operators",
          "Throw away": "feedback", "End trial": "health project_health"},
    "y": {"Try out": "card candidates", "Trial's share": "health project_health"},
    "z": {"Snooze": "health project_health"},
    "A": {"Approve for later": "card candidates"},
    "B": {"Backtest": "overview versions project_health times"},
    "C": {"Clean up": "disk"},
    "E": {"Empty": "bin"},
    "H": {"Hold": "versions"},
    "L": {"Learner": "health project_health"},
    "R": {"Roll back": "overview versions card health project_health"},
    "S": {"Score": "overview versions"},
    "T": {"Step back in time": ANYWHERE},
    "W": {"Where": "versions card"},
    "plus": {"Add": "overview", "Let in": "operators", "Watch": "places", "Route": "routes", "Trust": "trust",
             "Take in": "versions arrivals", "Export": "exports", "Give": "feedback",
             "Make": "tokens"},
    "minus": {"Remove": "overview", "Watch no longer": "places", "Withdraw": "allowances", "End": "routes",
              "Distrust": "trust", "Revoke": "tokens"},
}
NAMED = {
    "Acknowledge": "acknowledge", "Allow": "allow", "Approve": "approve", "By column": "by_column", "Bin": "bin",
    "Decide": "decide", "Comment": "comment", "Approve for later": "later", "Cancel its swap": "cancel_swap",
    "Differences": "diff", "Change": "edit", "Health": "health", "All due times": "history", "Run times": "times",
    "Look now": "look", "Lift bar": "lift", "Looks": "looks", "Next metric": "metric", "Next section": "section",
    "Next log": "next_log", "Pause": "pause", "Quit": "quit", "Retrain": "retrain", "Run now": "run_now",
    "Look again": "scan", "Theme": "theme", "Resume": "resume", "Restore": "restore", "Verify": "verify",
    "Whole": "whole", "Look at all": "look_whole",
    "Reject": "reject", "Cancel": "cancel", "Snooze": "snooze", "Clean up": "clean_up", "Empty": "empty",
    "Roll back": "roll_back", "Step back in time": "step_back",
    "Add": "add", "Let in": "let_in", "Watch": "watch", "Remove": "remove", "Watch no longer": "unwatch",
    "Withdraw": "withdraw", "Hold": "hold", "Release hold": "release_hold", "Set": "choose",
    "Set rule": "set_policy", "Try again": "retry",
    "All again": "retry_all", "Send report": "send_report", "Backtest": "backtests",
    "New backtest": "backtest", "Over never": "gain", "Route": "add_route", "End": "end_route",
    "Role": "role", "Bind key": "bind_key", "Disable": "disable", "Enable": "enable",
    "Quiet": "my_quiet_hours", "Duty": "duty", "Hand over": "hand_over", "Take over": "take_over",
    "Bundle": "bundle", "Send": "send", "Where": "where", "Exports": "exports", "Export": "export",
    "Take in": "take_in", "Trust": "add_key", "Distrust": "remove_key", "Own key": "own_key",
    "Learner": "learner", "Learn now": "learn", "Freeze": "freeze", "Set free": "unfreeze",
    "Let it in": "let_batch_in", "Throw away": "throw_away", "Give": "give_feedback",
    "Ask others": "ask_others", "Requests": "requests", "Times": "request_times", "Longer": "window",
    "Make": "make_token", "Rotate": "rotate_token", "Revoke": "revoke_token",
    "Score": "score", "Predictions": "trace",
    "Try out": "try_out", "Trial's share": "share", "End trial": "end_trial",
}  # fmt: skip
DANGEROUS = {"approve", "later", "reject", "roll_back", "lift", "clean_up", "empty", "remove", "try_out", "share"}
CHANGING = {
    "acknowledge", "snooze", "look", "look_whole", "by_column", "retrain", "run_now", "pause", "resume", "edit",
    "cancel", "scan", "restore", "allow", "add", "let_in", "watch", "unwatch", "withdraw", "hold", "release_hold",
    "choose", "set_policy", "retry", "retry_all", "send_report", "backtest", "add_route", "end_route",
    "my_quiet_hours", "hand_over", "take_over", "comment", "cancel_swap", "role", "bind_key", "disable", "enable",
    "bundle", "send", "take_in", "export", "add_key", "remove_key", "make_token", "rotate_token", "revoke_token",
    "score", "give_feedback", "let_batch_in", "throw_away", "learn", "freeze", "unfreeze",
    "end_trial",
}  # fmt: skip


def test_each_letter_does_what_it_always_did_where_it_always_did() -> None:
    letters: dict[str, dict[str, set[str]]] = {}
    for action in ACTIONS:
        if (len(action.key) == 1 and action.key.isalpha()) or action.key in ("plus", "minus"):
            letters.setdefault(action.key, {}).setdefault(action.label, set()).update(action.screens)
            assert action.id == NAMED[action.label]
    assert letters == {key: {name: set(where.split()) for name, where in said.items()} for key, said in KEYS.items()}


def test_what_changes_something_is_marked_and_nothing_else_is() -> None:
    assert {action.id for action in ACTIONS if action.danger} == DANGEROUS
    assert {action.id for action in ACTIONS if action.does and not action.danger} == CHANGING
    assert ACTS == DANGEROUS | CHANGING


def test_a_key_that_changes_something_is_what_the_door_declares_it_to_be() -> None:
    acts = declared(Engine)
    for action in ACTIONS:
        if action.does:
            assert acts[action.does].changes and not acts[action.does].in_past, action.id
            assert acts[action.does].dangerous == action.danger, action.id


def bound(screen: type) -> dict[str, str]:
    """What each key of a screen, or of the app, calls."""
    found = {}
    for binding in screen.BINDINGS:  # type: ignore[attr-defined]
        assert isinstance(binding, Binding)
        found[binding.key] = binding.action
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name_of)
def test_a_key_of_a_screen_calls_the_action_of_its_row(page: type) -> None:
    rows = [a for a in ACTIONS if page.name_of in a.screens and a.key != "enter"]  # type: ignore[attr-defined]
    assert bound(page) == {action.key: f"app.act('{action.id}')" for action in rows}


def test_a_key_of_the_whole_console_calls_the_action_of_its_row() -> None:
    anywhere = {action.key: f"act('{action.id}')" for action in ACTIONS if ANYWHERE in action.screens}
    assert {key: action for key, action in bound(LeverframeApp).items() if key in anywhere} == anywhere
