"""A verb does what a key does because both call the same method of the engine; and what a verb may import."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from console.__main__ import console_wanted
from console.cli.root import VERBS, leverframe
from engine.access.acts import declared
from engine.api import Engine
from engine.errors import Refusal
from tests.cli.calling import call
from tests.cli.conftest import History

ROOT = Path(__file__).resolve().parents[2]
REACHES = {
    "add somewhere": "add",
    "remove tiny --reason x": "remove",
    "check somewhere": "check",
    "status": "overview",
    "status tiny": "status",
    "retrain tiny": "retrain",
    "runs": "runs",
    "times tiny": "run_times",
    "backtest tiny": "plan_backtest",
    "backtest tiny --last": "last_backtest",
    "score tiny a.csv -o b.csv": "score",
    "trace tiny@1": "trace_version",
    "trace --run 1": "trace_run",
    "trace somewhere": "trace_file",
    "log 1": "log",
    "log 1 --search x": "search_log",
    "cancel 1": "cancel",
    "candidates": "candidates",
    "versions tiny": "versions",
    "show tiny@1": "show",
    "diff tiny@1 tiny@2": "diff",
    "at 2026-11-03": "at",
    "allow 1 --reason x": "allow",
    "withdraw tiny --reason x": "withdraw",
    "allowances": "allowances",
    "packages": "packages",
    "packages --outdated": "ask_for_newer",
    "packages --advisories x": "packages_with_advisories",
    "packages --what-if pandas>=3": "what_if",
    "packages set pandas<3 --reason x": "set_packages",
    "packages unset pandas --reason x": "unset_package",
    "packages enforce fail --reason x": "enforce_packages",
    "packages except tiny pandas --until 2100-01-01 --reason x": "except_package",
    "policy": "policy",
    "policy tiny": "policy",
    "policy show tiny": "policy",
    "policy set approvals 2 --reason x": "set_policy",
    "policy break-glass tiny@1 --reason x": "break_glass",
    "approve tiny@3 --reason x": "plan_release",
    "approve tiny@3 --swap-at 02:00 --reason x": "plan_release",
    "cancel-swap tiny@3 --reason x": "cancel_swap",
    "reject tiny@3 --reason x": "reject",
    "shadow tiny@3 --reason x": "plan_trial",
    "canary tiny@3 --share 5% --reason x": "plan_trial",
    "trial tiny": "trial",
    "end-trial tiny --reason x": "end_trial",
    "comment tiny@3 wait": "comment",
    "rollback tiny --reason x": "plan_rollback",
    "rollback tiny --preview": "plan_rollback",
    "lift tiny@2 --reason x": "lift",
    "audit": "audit",
    "audit --verify": "verify_audit",
    "audit --export somewhere": "export_audit",
    "schedules": "schedules",
    "schedules tiny": "schedules",
    "schedules list tiny": "schedules",
    "schedules pause tiny --reason x": "pause_schedule",
    "schedules resume tiny --reason x": "resume_schedule",
    "schedules edit tiny --every 6h --reason x": "edit_schedule",
    "schedules run tiny": "run_now",
    "schedules history": "occurrences",
    "schedules triggers": "triggers",
    "health tiny": "health",
    "health tiny --look": "look",
    "learn tiny": "learn",
    "learn tiny --last": "learner",
    "freeze tiny --reason x": "freeze_learner",
    "unfreeze tiny --reason x": "unfreeze_learner",
    "feedback give tiny somewhere": "give_feedback",
    "feedback": "feedback",
    "feedback list tiny": "feedback",
    "feedback let-in 1 --reason x": "let_in_feedback",
    "feedback throw-away 1 --reason x": "throw_away_feedback",
    "requests tiny": "requests",
    "alerts": "alerts",
    "alerts history": "past_alerts",
    "alerts ack 1 --reason x": "acknowledge",
    "alerts snooze 1 --for 4h --reason x": "snooze",
    "engine": "start_scheduler",
    "doctor": "doctor",
    "doctor --deep": "scrub",
    "bundle tiny@1": "bundle",
    "bundle tiny@1 --data-to somewhere": "write_data",
    "diff somewhere.zip tiny@1": "compare",
    "import somewhere": "take_in",
    "import somewhere --despite x": "take_in_despite",
    "send tiny@1 somewhere": "send",
    "where tiny@1": "where",
    "where tiny@1 somewhere": "where_else",
    "trust": "trusted_keys",
    "trust list": "trusted_keys",
    "trust key": "bundle_key",
    "trust add dev key --reason x": "trust",
    "trust remove dev --reason x": "distrust",
    "export tiny@1 --to onnx -o somewhere": "export",
    "exports": "exports",
    "exports tiny": "exports",
    "backup somewhere": "back_up",
    "backup somewhere --check": "check_backup",
    "report tiny": "report",
    "report tiny --week": "report_period",
    "report tiny --send": "send_report",
    "report tiny --dry-run somewhere": "dry_run_report",
    "report tiny --list": "reports",
    "report tiny --kept 1": "kept_report",
    "report tiny --kept 1 -o a.html": "write_kept_report",
    "outbox": "outbox",
    "outbox list": "outbox",
    "outbox retry": "retry_outbox",
    "outbox retry 1": "retry_outbox",
    "routes": "routes",
    "routes list": "routes",
    "routes add escalate ada 30m --reason x": "add_route",
    "routes quiet 22:00-07:00 --reason x": "choose_quiet_hours",
    "routes remove 1 --reason x": "remove_route",
    "routes history": "routed",
    "who": "who",
    "handover": "handovers",
    "handover --preview": "matters",
    "handover --to bob --note x": "hand_over",
    "handover take": "take_over",
    "handover show 1": "handover",
    "disk": "scan_disk",
    "disk --last": "disk",
    "clean --dry-run": "plan_clean",
    "clean --reason x": "clean",
    "bin": "bin_items",
    "bin list": "bin_items",
    "bin restore 1 --reason x": "restore",
    "bin empty --reason x": "empty_bin",
    "hold tiny@1 --reason x": "hold",
    "hold tiny@1 --release --reason x": "release_hold",
    "places": "places",
    "places list": "places",
    "places add somewhere --reason x": "watch",
    "places remove somewhere --reason x": "unwatch",
    "settings": "settings",
    "settings list": "settings",
    "settings set keep_free 1GiB --reason x": "choose",
    "tokens": "tokens",
    "tokens list": "tokens",
    "tokens make shop --scope score --project tiny --until 2100-01-01 --reason x": "make_token",
    "tokens rotate shop --overlap 7d --reason x": "rotate_token",
    "tokens revoke shop --reason x": "revoke_token",
    "serve --load tiny --reason x": "load_test",
    "operators": "operators",
    "operators list": "operators",
    "operators add bob --reason x": "add_operator",
    "operators emails": "addresses",
    "operators emails list": "addresses",
    "operators emails add bob b@example.org --reason x": "add_address",
    "operators emails remove bob b@example.org --reason x": "remove_address",
    "operators role bob viewer --reason x": "set_role",
    "operators role bob viewer --project tiny --reason x": "set_project_role",
    "operators disable bob --reason x": "disable_operator",
    "operators enable bob --reason x": "enable_operator",
    "operators keys": "operators",
    "operators keys list ada": "operators",
    "operators keys add bob /dev/null --reason x": "bind_key",
    "operators keys add bob --account root --reason x": "bind_account",
    "operators keys remove bob SHA256:x --reason x": "unbind",
    "operators export-keys": "sealed_keys",
}
# init opens the engine and does no more; recover is for whoever cannot come in; new makes a folder and needs no
# workspace; restore has no workspace to open yet; demo is a story of other verbs and has tests of
# its own; pages and serve must not open an engine, which would settle and start things; ssh opens it as a service.
WITHOUT_A_METHOD = {"init", "restore", "demo", "new", "pages", "serve", "ssh", "operators recover x --reason x"}


@pytest.mark.parametrize(("words", "method"), REACHES.items())
def test_a_verb_reaches_its_method_of_the_engine(
    history: History, monkeypatch: pytest.MonkeyPatch, words: str, method: str
) -> None:
    def reached(*_: Any, **__: Any) -> None:
        raise Refusal(f"{method} was reached.")

    monkeypatch.setattr(Engine, method, reached)
    told = history(*words.split())
    assert (told.code, told.err) == (1, f"{method} was reached.\n")


@pytest.mark.parametrize("words", ["approve tiny@3 --reason good", "rollback tiny --to tiny@1 --reason good"])
def test_a_decision_carries_out_the_very_plan_that_was_shown(
    history: History, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    plans, moved = [], []
    for name in ("plan_release", "plan_rollback"):
        real = getattr(Engine, name)

        def planned(engine: Engine, *given: Any, real: Any = real, **named: Any) -> Any:
            plans.append(replace(real(engine, *given, **named), refused=None))
            return plans[-1]

        monkeypatch.setattr(Engine, name, planned)

    def move(_: Engine, plan: Any, reason: str, __: Any) -> None:
        moved.append((plan, reason))
        raise Refusal("enough")

    monkeypatch.setattr(Engine, "move", move)
    history(*words.split())
    assert moved == [(plans[0], "good")]


def test_help_says_of_a_verb_that_only_an_admin_may_where_the_door_says_so() -> None:
    acts, helps = declared(Engine), dict(commands())
    for words, method in REACHES.items():
        verb = next(name for name in sorted(helps, key=len, reverse=True) if f"{words} ".startswith(f"{name} "))
        command = helps[verb]
        said = command.help or ""
        of_option = next((name for name in ("release", "despite") if f"--{name}" in words), None)
        if of_option is not None:
            said = next(p.help or "" for p in command.params if isinstance(p, click.Option) and p.name == of_option)
        assert ("only an admin may" in said.lower()) == (acts[method].least == "admin"), words


def test_every_verb_is_held_to_a_method() -> None:
    assert {words.split()[0] for words in (*REACHES, *WITHOUT_A_METHOD)} == set(VERBS)


def commands() -> list[tuple[str, click.Command]]:
    """Every verb, those inside a group too, with the words that call it."""
    found = []
    context = click.Context(leverframe)
    for verb in VERBS:
        command = leverframe.get_command(context, verb)  # type: ignore[attr-defined]
        assert command is not None
        found += _inside(verb, command)
    return found


def _inside(words: str, command: click.Command) -> list[tuple[str, click.Command]]:
    inner = command.commands.items() if isinstance(command, click.Group) else ()
    return [(words, command), *(each for name, one in inner for each in _inside(f"{words} {name}", one))]


@pytest.mark.parametrize(("words", "command"), commands(), ids=[words for words, _ in commands()])
def test_every_verb_has_help_and_takes_the_common_options(words: str, command: click.Command) -> None:
    assert command.help, words
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    assert options >= {"--home", "--operator", "--at", *({"--json"} if words != "demo" else ())}
    undescribed = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not undescribed
    told = call(*words.split(), "--help")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: leverframe {words}")


def test_help_lists_every_verb_and_version_says_which() -> None:
    said = call("--help").out
    assert all(re.search(rf"^  {verb} ", said, re.MULTILINE) for verb in VERBS)
    assert re.fullmatch(r"leverframe \d+\.\d+\S*\n", call("--version").out)


def test_common_options_stand_before_the_verb_or_after_it_and_the_last_one_holds(history: History) -> None:
    after = call("status", "--json", "--operator", "ada", "--home", history.home)
    before = call("--home", history.home, "--operator", "nobody", "status", "--json", "--operator", "ada")
    assert after.json["projects"] == before.json["projects"]


@pytest.mark.parametrize("words", [["--help"], ["status"], ["candidates"], ["show", "tiny@1"], ["audit", "--json"]])
def test_a_verb_that_looks_imports_nothing_heavy(history: History, words: list[str]) -> None:
    heavy = {"textual", "pandas", "pyarrow", "sklearn", "scipy", "numpy", "sqlite_utils"}
    script = (
        "import sys; from console.__main__ import main\n"
        f"code = main({['--home', str(history.home), '--operator', 'ada', *words]!r})\n"
        f"print(code, sorted({{name.partition('.')[0] for name in sys.modules}} & {heavy!r}), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.stderr == "0 []\n"


def test_the_console_is_opened_only_when_nothing_but_common_options_are_given() -> None:
    assert console_wanted([]) == (None, None, None)
    assert console_wanted(["--home", "x", "--operator=ada"]) == (Path("x"), "ada", None)
    assert console_wanted(["--at", "2026-11-03 02:00"]) == (None, None, "2026-11-03 02:00")
    for words in (["status"], ["--home", "x", "status"], ["--home"], ["--home", ""], ["--help"]):
        assert console_wanted(words) is None
