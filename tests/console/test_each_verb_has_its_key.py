"""Whatever a verb does a key does too, through the same method of the engine, or it is said why none does.

The keys are pressed, on an engine that writes down which of its methods are called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from console.actions import ACTIONS
from console.screens.list_page import ListPage
from console.screens.page import Page
from engine.records import OnTrial, Overview, Run
from engine.release.records import Remarks
from tests.cli.test_both_fronts_call_the_engine import REACHES, WITHOUT_A_METHOD, commands
from tests.console.conftest import Desk
from tests.console.records import NOW, PLANNED_SWAP, FakeEngine

Console = Callable[..., None]

# Of each verb the keys from the overview on; what a dialog asks for is one letter long.
KEYS = {
    "add somewhere": "plus x enter",
    "remove tiny --reason x": "minus x tab x enter",
    "check somewhere": "plus x enter",
    "status": "2 1",
    "status tiny": "h",
    "retrain tiny": "r",
    "runs": "3",
    "times tiny": "i",
    "backtest tiny": "B b enter",
    "backtest tiny --last": "B",
    "log 1": "3 enter",
    "log 1 --search x": "3 enter slash f",
    "cancel 1": "3 x x enter",
    "score tiny a.csv -o b.csv": "4 S x tab x enter",
    "trace tiny@1": "4 p",
    "trace --run 1": "3 enter p",
    "candidates": "2",
    "versions tiny": "4",
    "show tiny@1": "4 enter",
    "diff tiny@1 tiny@2": "4 d",
    "at 2026-11-03": "T 2 0 2 6 minus 1 1 minus 0 3 enter",
    "allow 1 --reason x": "3 down down enter a x enter",
    "withdraw tiny --reason x": "9 down down down enter minus x enter",
    "allowances": "9 down down down enter",
    "packages": "9 down down down down down down down down enter",
    "bundle tiny@1": "4 b enter",
    "send tiny@1 somewhere": "4 s x enter",
    "where tiny@1": "4 W",
    "where tiny@1 somewhere": "4 W a x enter",
    "import somewhere": "4 plus x enter enter",
    "import somewhere --despite x": "4 plus x tab tab x enter enter",
    "trust": f"9 {'down ' * 9}enter",
    "trust list": f"9 {'down ' * 9}enter",
    "trust key": f"9 {'down ' * 9}enter o",
    "trust add dev key --reason x": f"9 {'down ' * 9}enter plus x tab x tab x enter",
    "trust remove dev --reason x": f"9 {'down ' * 9}enter minus x enter",
    "exports": f"9 {'down ' * 11}enter",
    "exports tiny": "4 e",
    "tokens": f"9 {'down ' * 13}enter",
    "tokens list": f"9 {'down ' * 13}enter",
    "tokens make shop --scope score --project tiny --until 2100-01-01 --reason x":
        f"9 {'down ' * 13}enter plus x tab tab x tab x tab x enter",
    "tokens rotate shop --overlap 7d --reason x": f"9 {'down ' * 13}enter r tab x enter",
    "tokens revoke shop --reason x": f"9 {'down ' * 13}enter minus x enter",
    "export tiny@1 --to onnx -o somewhere": "4 e plus enter",
    "policy": "9 down down down down down down down enter",
    "policy tiny": "9 down down down down down down down enter",
    "policy show tiny": "9 down down down down down down down enter",
    "policy set approvals 2 --reason x": "9 down down down down down down down enter e x tab x enter",
    "approve tiny@3 --reason x": "2 a",
    "approve tiny@3 --swap-at 02:00 --reason x": "2 A 0 2 colon 0 0 enter",
    "cancel-swap tiny@3 --reason x": "2 u x enter",
    "reject tiny@3 --reason x": "2 x x enter",
    "shadow tiny@3 --reason x": "2 y s h a d o w enter",
    "canary tiny@3 --share 5% --reason x": "2 y 5 percent_sign enter",
    "trial tiny": "h",
    "end-trial tiny --reason x": "8 x x enter",
    "comment tiny@3 wait": "2 enter c x enter",
    "rollback tiny --reason x": "R",
    "rollback tiny --preview": "R",
    "lift tiny@2 --reason x": "4 down down down l x enter",
    "audit": "5",
    "audit --verify": "5 v",
    "schedules": "6",
    "schedules tiny": "6",
    "schedules list tiny": "6",
    "schedules pause tiny --reason x": "6 down p x enter",
    "schedules resume tiny --reason x": "6 u x enter",
    "schedules edit tiny --every 6h --reason x": "6 e tab tab x enter",
    "schedules run tiny": "6 r",
    "schedules history": "6 h",
    "schedules triggers": "6",
    "health tiny": "8",
    "health tiny --look": "8 l",
    "learn tiny": "8 down L l",
    "learn tiny --last": "8 L",
    "freeze tiny --reason x": "8 down L f x enter",
    "unfreeze tiny --reason x": "8 L u x enter",
    "feedback": f"9 {'down ' * 12}enter",
    "feedback list tiny": f"9 {'down ' * 12}enter",
    "feedback give tiny somewhere": f"9 {'down ' * 12}enter plus tab x enter",
    "feedback let-in 1 --reason x": f"9 {'down ' * 12}enter a x enter",
    "feedback throw-away 1 --reason x": f"9 {'down ' * 12}enter x x enter",
    "requests tiny": "e",
    "alerts": "8",
    "alerts history": "T",
    "alerts ack 1 --reason x": "8 a x enter",
    "alerts snooze 1 --for 4h --reason x": "8 z tab x enter",
    "report tiny": "s",
    "report tiny --week": "s",
    "report tiny --send": "s enter",
    "outbox": "9 down down down down enter",
    "outbox list": "9 down down down down enter",
    "outbox retry": "9 down down down down enter a",
    "outbox retry 1": "9 down down down down enter r",
    "routes": "9 down down down down down enter",
    "routes list": "9 down down down down down enter",
    "routes add escalate ada 30m --reason x": "9 down down down down down enter plus x tab x enter",
    "routes quiet 22:00-07:00 --reason x": "9 down down down down down enter e x tab x enter",
    "routes remove 1 --reason x": "9 down down down down down enter minus x enter",
    "routes history": "9 down down down down down enter enter",
    "handover": "o",
    "handover --preview": "o o",
    "handover --to bob --note x": "o o b tab x enter",
    "handover take": "9 down down down down down down enter a",
    "handover show 1": "9 down down down down down down enter enter",
    "disk": "7 s",
    "disk --last": "7",
    "clean --dry-run": "7 C",
    "clean --reason x": "7 C x enter",
    "bin": "7 b",
    "bin list": "7 b",
    "bin restore 1 --reason x": "7 b u x enter",
    "bin empty --reason x": "7 b E x tab x enter",
    "hold tiny@1 --reason x": "4 H x enter",
    "hold tiny@1 --release --reason x": "4 u x enter",
    "places": "9 down down enter",
    "places list": "9 down down enter",
    "places add somewhere --reason x": "9 down down enter plus x tab tab x enter",
    "places remove somewhere --reason x": "9 down down enter minus x enter",
    "settings": "9 down enter",
    "settings list": "9 down enter",
    "settings set keep_free 1GiB --reason x": "9 down enter enter x tab x enter",
    "operators": "9 enter",
    "operators list": "9 enter",
    "operators add bob --reason x": "9 enter plus x tab tab tab x enter",
    "operators role bob viewer --reason x": "9 enter r tab x enter",
    "operators disable bob --reason x": "9 enter x x enter",
    "operators enable bob --reason x": "9 enter down down u x enter",
    "operators keys": "9 enter",
    "operators keys list ada": "9 enter",
    "operators keys add bob /dev/null --reason x": "9 enter b x tab x enter",
}
# A screen shows what the verb prints, but asks the engine for the part that fits on it, or for more than the verb does.
ANOTHER_METHOD = {"log": "log_window", "show": "card", "at": "as_of", "handover": "handovers"}
WITHOUT_A_KEY = {
    "who": "Who else is on stands in the head of every screen, without a key.",
    "operators role bob viewer --project tiny --reason x": "For a single project a role is rare; the list shows it.",
    "operators keys add bob --account root --reason x": "An account is bound on the machine that has it.",
    "operators keys remove bob SHA256:x --reason x": "It names one key of several; x keeps somebody out at once.",
    "operators export-keys": "It is a file for the machine's own sshd; whoever writes it is in a shell there.",
    "operators recover x --reason x": "It is for whoever cannot come in, and so has no console.",
    "trace somewhere": "It is about a file that lies there; p shows what a version, or a run, has written.",
    "new": "It makes a folder on this machine for a data scientist, and needs no workspace.",
    "init": "There is no console without a workspace.",
    "demo": "It makes a workspace of its own, and opens the console on it.",
    "pages": "It is a server in the foreground, which runs without a console and beside it.",
    "serve --load tiny --reason x": "It takes the machine for a while, and is for whoever sees what else runs on it.",
    "serve": "It is a server in the foreground, which runs without a console and beside it.",
    "ssh": "It is a server in the foreground, by which people reach the console.",
    "restore": "It needs an empty place, where there is no workspace to open a console on.",
    "engine": "An open console sees to the schedules itself; the verb is for machines where none is open.",
    "doctor": "It looks for what keeps a workspace from working, its console among that.",
    "doctor --deep": "It reads everything that is kept, which takes long, and is for the same moments as doctor.",
    "packages --outdated": "It asks the registry, which no key does in passing; the list then shows the answer.",
    "packages --advisories x": "It is about a file that whoever asks has just brought along.",
    "packages --what-if pandas>=3": "Its constraint is written out, and what comes of it is copied from the terminal.",
    **dict.fromkeys(
        ("packages set pandas<3 --reason x", "packages unset pandas --reason x", "packages enforce fail --reason x",
         "packages except tiny pandas --until 2100-01-01 --reason x"),
        "An admin writes constraints out, or has them in a file; the screen shows what came of it.",
    ),
    "policy break-glass tiny@1 --reason x": "It is written out on a line of its own: nobody does it in passing.",
    **dict.fromkeys(
        ("operators emails", "operators emails list", "operators emails add bob b@example.org --reason x",
         "operators emails remove bob b@example.org --reason x"),
        "An admin says it once for each person, as they are let in, where their keys are at hand too.",
    ),
    "bundle tiny@1 --data-to somewhere": "Data that may not travel with it is carried by hand, from a shell.",
    "diff somewhere.zip tiny@1": "It is about files that lie there; key + shows what one says before it comes in.",
    "backup somewhere": "By key one says where the engine backs up by itself (backup_to, in the settings).",
    "backup somewhere --check": "It is for the machine that holds the backups, which may know no workspace.",
    "audit --export somewhere": "It writes a file; whoever takes it away is in a shell on that machine.",
    "report tiny --dry-run somewhere": "It writes files for a mail reader; key s shows what would be sent to whom.",
    "report tiny --list": "A kept report is for a browser: the pages show it, and the verb writes it to a file.",
    "report tiny --kept 1": "It is a page, not a screen; Enter on a mail says which report it carried.",
    "report tiny --kept 1 -o a.html": "It writes a file; whoever takes it away is in a shell on that machine.",
}


class WrittenDown(FakeEngine):
    """Writes down which of its methods were asked for."""

    def __init__(self, home: Path) -> None:
        self.reached: set[str] = set()
        super().__init__(home)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name != "reached":
            self.reached.add(name)
        return super().__getattribute__(name)

    def overview(self, now: datetime) -> Overview:
        found = super().overview(now)
        tried = OnTrial("flights@12", "canary", 0.05, now)
        return replace(found, projects=tuple(replace(each, trial=tried) for each in found.projects))

    def remarks(self, label: str) -> Remarks:
        return Remarks(planned=PLANNED_SWAP)

    def run(self, run: int) -> Run:
        return replace(super().run(run), job="score")

    def asks(self, run: int) -> tuple[str, ...]:
        return ("the network",)

    def allow(self, run: int, reason: str) -> Run:
        return self.run(run)


@pytest.fixture
def engine(tmp_path: Path) -> WrittenDown:
    return WrittenDown(tmp_path)


async def pressed(desk: Desk, keys: str) -> None:
    """Press ``keys``, each when what the one before it opened is read."""
    for key in keys.split():
        await desk.pilot.press(key)
        for _ in range(100):
            top = desk.app.screen
            if top.at is not None if isinstance(top, Page) else getattr(top, "ready", True):
                break
            await desk.pilot.pause(0.01)


async def reaches(desk: Desk, engine: WrittenDown, methods: set[str], keys: str) -> set[str]:
    """Which of ``methods`` are not called by ``keys``, pressed from the overview on; all that they open is closed."""
    app = desk.app
    engine.reached.clear()
    await pressed(desk, keys)
    for _ in range(100):
        if methods <= engine.reached:
            break
        await desk.pilot.pause(0.01)
    missing = methods - engine.reached
    app.runner.wait()
    await desk.pilot.pause(0.01)
    if app.crossing.past is not None:
        app.crossing.come_back()
    while len(app.screen_stack) > 1:
        app.pop_screen()
    if isinstance(app.screen, ListPage):
        app.screen.table.reset()
    app.go("overview")
    await desk.pilot.pause(0.01)
    return missing


def test_each_key_reaches_the_method_of_its_verb_and_none_reaches_one_that_is_said_to_have_no_key(
    console: Console, engine: WrittenDown
) -> None:
    wrong, ever = [], set[str]()
    wanted: dict[str, set[str]] = {}
    for words, keys in KEYS.items():
        wanted.setdefault(keys, set()).add(ANOTHER_METHOD.get(REACHES[words], REACHES[words]))

    async def story(desk: Desk) -> None:
        for keys, methods in wanted.items():
            missing = await reaches(desk, engine, methods, keys)
            if missing:
                wrong.append(f"{keys} calls {sorted(engine.reached)} and not {missing}")
            ever.update(engine.reached)

    console(story, seen=NOW)
    assert not wrong, "\n".join(wrong)
    needless = [words for words in WITHOUT_A_KEY if REACHES.get(words) in ever]
    assert not needless, f"A key reaches what these do: move {needless} to KEYS."
    assert not set(ANOTHER_METHOD) & ever, "A key reaches the verb's own method by now."


def test_every_verb_has_its_key_or_a_reason_why_it_has_none() -> None:
    told = set(REACHES) | WITHOUT_A_METHOD
    assert KEYS.keys() | WITHOUT_A_KEY.keys() == told, "Give the verb a key in KEYS, or say why in WITHOUT_A_KEY."
    assert not KEYS.keys() & WITHOUT_A_KEY.keys()


def test_each_verb_inside_another_is_told_too() -> None:
    words = [f"{each} " for each in (*KEYS, *WITHOUT_A_KEY)]
    assert [verb for verb, _ in commands() if not any(each.startswith(f"{verb} ") for each in words)] == []


def test_no_key_is_for_an_act_whose_verb_is_said_to_have_none() -> None:
    acts = {REACHES[words] for words in WITHOUT_A_KEY if words in REACHES}
    assert [action.id for action in ACTIONS if action.does in acts] == []


def test_a_reason_is_a_sentence() -> None:
    assert all(why[0].isupper() and why.endswith(".") and len(why) > 30 for why in WITHOUT_A_KEY.values())
