"""What a session's process does with what was asked for: the console, or one verb, as whom the key proves."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import console.__main__ as front
from console.ssh.carry_out import carry_out
from console.ssh.order import Order
from engine import withheld
from engine.access.proof import KeyProof
from tests.forks import ROOT
from tests.people import key_of, open_engine

OPAL = KeyProof(key_of("opal").fingerprint, "192.0.2.7")
# Says at which signal a session's process would hear of the end of who began it.
HEARS = """
import ctypes, sys
from console.ssh import carry_out, child
def hears(order):
    found = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(found), 0, 0, 0)
    print(found.value)
    return 0
carry_out.carry_out = hears
sys.exit(child.main(int(sys.argv[1])))
"""


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with closing(open_engine(home, "ada", create=True)) as ada:
        ada.add_operator("opal", "operator", "a colleague", keys=[key_of("opal").line])
    monkeypatch.chdir(home)  # It goes where what may be named is.
    return home


@pytest.fixture
def consoles(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """With what the console would have been opened."""
    found: list[tuple[Any, ...]] = []

    def keep(*given: Any, proof: KeyProof) -> int:
        found.append((*given, proof))
        return 0

    monkeypatch.setattr(front, "open_console", keep)
    return found


def asked(home: Path, command: str | None) -> int:
    return carry_out(Order(str(home), OPAL.fingerprint, OPAL.source, command))


@pytest.mark.parametrize("command", [None, "", "leverframe", "--at 2026-11-24"])
def test_without_a_verb_the_console_opens_as_whom_the_key_proves(
    place: Path, consoles: list[tuple[Any, ...]], command: str | None
) -> None:
    assert asked(place, command) == 0
    ((home, name, at, proof),) = consoles
    assert (home, name, proof) == (place, None, OPAL) and (at is not None) == (command == "--at 2026-11-24")


@pytest.mark.parametrize(("command", "why"), [("--home /tmp", "one workspace"), ("--operator ada", "says who you are")])
def test_the_console_of_another_workspace_or_as_another_is_refused(
    place: Path, consoles: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str], command: str, why: str
) -> None:
    assert asked(place, command) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("Over SSH nothing takes --") and why in printed.err
    assert consoles == []


def test_secrets_leave_the_process_before_anything_is_done(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    withholds: list[str] = []
    monkeypatch.setattr(withheld, "withhold", lambda: withholds.append("withheld"))
    assert asked(place, "show 'unended") == 2
    assert withholds == ["withheld"]


def test_a_session_hears_of_the_end_of_the_door(place: Path) -> None:
    told = Order(str(place), OPAL.fingerprint, OPAL.source, "status").descriptor()
    words = [sys.executable, "-c", HEARS, str(told)]
    said = subprocess.run(words, cwd=ROOT, pass_fds=(told,), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert int(said.stdout) == signal.SIGHUP
