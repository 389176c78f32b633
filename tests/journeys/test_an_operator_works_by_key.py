"""A day at the console, in a real terminal: look, approve, roll back, lift the bar, retrain, and leave."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from tests.engine.runs.step_workshop import until
from tests.people import open_engine
from tests.terminal import Terminal
from tests.wholeness import assert_whole

pytestmark = [pytest.mark.slow, pytest.mark.clock]


def live(home: Path) -> str:
    return open_engine(home, "ada").at(datetime.now(UTC))[0].label


@pytest.mark.parametrize("size", [(140, 42), (80, 24)])
def test_a_candidate_is_approved_and_the_version_before_comes_back(history: Path, size: tuple[int, int]) -> None:
    with Terminal("--home", history, "--operator", "ada", size=size) as terminal:
        terminal.see("1 waiting for a decision")
        terminal.press("c")
        terminal.see("Decide on tiny@3")
        terminal.press("a")
        terminal.see("Make tiny@3 live instead of tiny@2.")
        terminal.press("newer data, no worse\r")
        terminal.see("tiny@3 is live.")
        assert live(history) == "tiny@3"
        terminal.press("\r")
        terminal.see("GATES")
        terminal.press("\x1b")
        terminal.see("nothing waits for a decision")
        terminal.press("R")
        terminal.see("to tiny@2")
        terminal.see("predictions already used")
        terminal.press("three in the morning\r")
        terminal.see("tiny@2 is live.")
        assert live(history) == "tiny@2"
        terminal.press("u")
        terminal.see("UNDO: MAKE tiny@3 LIVE AGAIN")
        terminal.see("tiny@3 is barred")
        terminal.press("wrong one\r")
        terminal.see("tiny@3 is live.")
        terminal.press("\r")
        terminal.press("q")
        assert terminal.ended() == 0
    engine = open_engine(history, "ada")
    assert_whole(engine)
    assert engine.version("tiny@2").state == "barred"
    assert [(d.action, d.reason) for d in engine.audit() if d.action in ("release", "rollback")][:3] == [
        ("rollback", "wrong one"), ("rollback", "three in the morning"), ("release", "newer data, no worse"),
    ]  # fmt: skip


def test_a_retrain_that_was_started_by_key_outlives_the_console(history: Path) -> None:
    with Terminal("--home", history, "--operator", "bob") as terminal:
        terminal.see("tiny")
        terminal.press("r")
        terminal.see("is queued")
        terminal.press("3")
        terminal.see("retrain")
        terminal.kill()
    engine = open_engine(history, "ada")
    run = engine.wait(4, lambda r: None)
    assert (run.state, run.requested_by) == ("succeeded", "bob")
    assert engine.verify_audit().ok


def test_a_run_whose_process_is_killed_is_shown_as_interrupted_without_a_key(history: Path) -> None:
    with Terminal("--home", history, "--operator", "bob") as terminal:
        terminal.see("tiny")
        terminal.press("3")
        terminal.see("WHAT CAME OF IT")
        engine = open_engine(history, "ada")
        run = engine.retrain("tiny").id
        while engine.run(run).state == "queued":
            time.sleep(0.01)
        given = [str(history), str(run)]  # Where it was started afresh, the descriptor of the run's lock follows.
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if any(words[at : at + 2] == given for at in range(len(words))):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        terminal.see("interrupted")
        terminal.see_no("running")


def test_a_console_that_is_killed_in_the_middle_of_a_swap_leaves_one_whole_truth(history: Path) -> None:
    with Terminal("--home", history, "--operator", "ada") as terminal:
        terminal.see("tiny")
        terminal.press("2")
        terminal.see("▸ tiny@3")
        terminal.press("a")
        terminal.see("Make tiny@3 live")
        terminal.press("going out with a bang\r")
        terminal.see("rebuilt from the store")
        terminal.kill()
    engine = open_engine(history, "ada")
    assert live(history) in ("tiny@2", "tiny@3")
    assert_whole(engine)
    if live(history) == "tiny@2":
        assert engine.move(engine.plan_release("tiny@3"), "once more", lambda step: None).deployment is not None


def test_two_operators_look_at_one_candidate_and_the_second_is_told_what_happened(history: Path) -> None:
    at = ("--home", history, "--operator")
    with Terminal(*at, "ada") as ada, Terminal(*at, "bob") as bob:
        for terminal in (ada, bob):
            terminal.see("tiny")
            terminal.press("2")
            terminal.see("▸ tiny@3")
            terminal.press("a")
            terminal.see("Make tiny@3 live")
        ada.press("ada was first\r")
        ada.see("tiny@3 is live.")
        bob.see("Things changed while you looked")
        bob.press("\r")
        bob.press("q")
        assert bob.ended() == 0
    assert next(d.reason for d in open_engine(history, "ada").audit() if d.action == "release") == "ada was first"


def test_a_viewer_may_look_and_is_told_why_not_more(history: Path) -> None:
    with Terminal("--home", history, "--operator", "eve") as terminal:
        terminal.see("eve (viewer)")
        terminal.press("R")
        terminal.see("eve is a viewer and may not roll back")
    assert live(history) == "tiny@2"


def test_a_damaged_live_folder_is_red_until_doctor_mended_it(history: Path) -> None:
    link = history / "live" / "tiny"
    link.unlink()
    release = next((history / "releases" / "tiny").iterdir())
    release.rename(release.with_name("elsewhere"))
    with Terminal("--home", history, "--operator", "ada") as terminal:
        terminal.see("■ failing")
        terminal.see("doctor --fix")
        open_engine(history, "ada").doctor(mend=True)
        terminal.see("● ok")


@pytest.mark.parametrize("how", ["hang-up", "SIGHUP", "SIGTERM"])
def test_a_console_whose_terminal_goes_away_ends(history: Path, how: str) -> None:
    with Terminal("--home", history, "--operator", "ada") as terminal:
        terminal.see("UTC")
        if how == "hang-up":
            terminal.hang_up()
        else:
            terminal.process.send_signal(getattr(signal, how))
        terminal.process.wait(60)


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM"])
def test_a_console_whose_terminal_takes_nothing_any_more_ends_when_it_is_told(history: Path, how: str) -> None:
    with Terminal("--home", history, "--operator", "ada") as terminal:
        terminal.see("● ok")
        screen = os.open(f"/proc/{terminal.process.pid}/fd/1", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            for _ in range(10_000):
                os.write(screen, b" " * 1024)
        os.close(screen)
        terminal.process.send_signal(getattr(signal, how))
        assert terminal.process.wait(60) == 128 + getattr(signal, how)


def test_a_console_that_is_told_to_end_gives_the_terminal_back(history: Path) -> None:
    with Terminal("--home", history, "--operator", "ada") as terminal:
        terminal.see("Overview")
        assert not terminal.given_back
        terminal.process.terminate()
        assert terminal.ended() == 128 + signal.SIGTERM
        assert terminal.given_back


def test_a_console_without_room_says_so_and_works_again_when_there_is_some(history: Path) -> None:
    with Terminal("--home", history, "--operator", "ada", size=(40, 10)) as terminal:
        terminal.see("needs more room")
        terminal.press("q")
        assert terminal.ended() == 0


# However busy the machine is, the picture stands until the test lets the console go on.
PICTURE_STANDS = """
import pathlib, sys, time

class Held:
    @staticmethod
    def find_spec(name, path=None, target=None):
        while name == "textual" and not pathlib.Path({go!r}).exists():
            time.sleep(0.02)

sys.meta_path.insert(0, Held)
"""


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM"])
def test_a_console_that_is_told_to_end_while_it_opens_ends(history: Path, tmp_path: Path, how: str) -> None:
    with Terminal("--home", history, "--operator", "ada") as first:
        first.see("● ok")
        first.press("q")
        assert first.ended() == 0
    (tmp_path / "sitecustomize.py").write_text(PICTURE_STANDS.format(go=str(tmp_path / "never")))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup, whose children inherit it
    try:
        second = Terminal("--home", history, "--operator", "ada", customized=tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    with second:
        second.see("As you left it")
        second.process.send_signal(getattr(signal, how))
        assert second.ended() == 128 + getattr(signal, how)


# As Python drops what is raised in the callback of a weak reference; then the console goes on, or still waits.
ENDING_IS_DROPPED = """
import pathlib, sys, time

class Held:
    @staticmethod
    def find_spec(name, path=None, target=None):
        while name == "textual":
            try:
                pathlib.Path({held!r}).touch()
                time.sleep(0.02)
            except SystemExit:
                if {goes_on}:
                    break

sys.meta_path.insert(0, Held)
"""


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_console_whose_ending_was_dropped_ends_all_the_same(history: Path, tmp_path: Path, goes_on: bool) -> None:
    with Terminal("--home", history, "--operator", "ada") as first:
        first.see("● ok")
        first.press("q")
        assert first.ended() == 0
    held = tmp_path / "held"
    (tmp_path / "sitecustomize.py").write_text(ENDING_IS_DROPPED.format(goes_on=goes_on, held=str(held)))
    with Terminal("--home", history, "--operator", "ada", customized=tmp_path) as second:
        second.see("As you left it")
        until(held.exists)  # Before that nobody drops it.
        second.process.terminate()
        assert second.ended() == 128 + signal.SIGTERM
        assert second.given_back


# Whoever ends it may do so the moment that the picture stands, before the console comes to anything else.
ENDED_BEHIND_THE_PICTURE = """
import os, signal, sys

class Told:
    def __init__(self, stream):
        self._stream, self._told = stream, False

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def flush(self):
        self._stream.flush()
        if "console.opening.last_seen" in sys.modules and not self._told:
            self._told = True
            os.kill(os.getpid(), signal.SIGTERM)

sys.stdout = Told(sys.stdout)
"""


def test_a_console_that_is_told_to_end_right_behind_its_picture_gives_the_terminal_back(
    history: Path, tmp_path: Path
) -> None:
    with Terminal("--home", history, "--operator", "ada") as first:
        first.see("● ok")
        first.press("q")
        assert first.ended() == 0
    (tmp_path / "sitecustomize.py").write_text(ENDED_BEHIND_THE_PICTURE)
    with Terminal("--home", history, "--operator", "ada", customized=tmp_path) as second:
        assert second.ended() == 128 + signal.SIGTERM
        assert "As you left it" in second.text
        assert second.given_back


def test_a_bug_ends_the_console_with_one_line_and_its_traceback_is_kept(history: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "from console.screens.page import Page\nPage.do_back = lambda self: {}['what nobody foresaw']\n"
    )
    with Terminal("--home", history, "--operator", "ada", customized=tmp_path) as terminal:
        terminal.see("● ok")
        terminal.press("\x1b")
        assert terminal.ended() == 1
        terminal.see("Leverframe itself failed (KeyError: 'what nobody foresaw')")
        assert terminal.given_back and "Traceback" not in terminal.text and "self =" not in terminal.text
    (kept,) = (history / "logs").glob("failure-*.txt")
    assert "what nobody foresaw" in kept.read_text() and "Traceback" in kept.read_text()
    kept.unlink()


def test_keys_typed_at_the_last_known_screen_do_nothing(history: Path, tmp_path: Path) -> None:
    with Terminal("--home", history, "--operator", "ada") as first:
        first.see("● ok")
        first.press("q")
        assert first.ended() == 0
    go = tmp_path / "go"
    (tmp_path / "sitecustomize.py").write_text(PICTURE_STANDS.format(go=str(go)))
    with Terminal("--home", history, "--operator", "ada", customized=tmp_path) as second:
        second.see("As you left it")
        second.press("rrrr")
        go.touch()
        second.see("UTC")
        second.press("3")
        second.see("WHAT CAME OF IT")
    assert open_engine(history, "ada").count_runs() == 3


def test_a_workspace_that_is_not_there_is_said_on_an_ordinary_screen(tmp_path: Path) -> None:
    with Terminal("--home", tmp_path / "nowhere") as terminal:
        terminal.see("There is no workspace at")
        assert terminal.ended() == 1
