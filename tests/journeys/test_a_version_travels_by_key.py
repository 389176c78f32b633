"""A version goes from one workspace to the next in two real terminals, by key alone; tampered with, it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.people import open_engine
from tests.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.clock]


def write_anew(terminal: Terminal, empty: str, path: Path) -> None:
    """Write ``path`` into the field that has the keys, once what stood there is gone: then it says ``empty``."""
    terminal.press("\x15")
    terminal.see(empty)
    terminal.press(f"{path}\r")


def test_a_version_is_bundled_looked_into_and_taken_in_by_key(history: Path, tmp_path: Path) -> None:
    zip_, bad = tmp_path / "travels.zip", tmp_path / "bad.zip"
    with Terminal("--home", history, "--operator", "ada") as here:
        here.see("1 waiting for a decision")
        here.press("4")
        here.see("REHEARSED")
        here.press("b")
        here.see("BUNDLE tiny@3")
        write_anew(here, "a file that is not there yet", zip_)
        here.see("Enter close")
        here.press("\r\r")
        here.see("Decide on tiny@3")
        here.press("q")
        assert here.ended() == 0
    content = bytearray(zip_.read_bytes())
    content[len(content) // 2] ^= 1
    bad.write_bytes(content)
    sender = open_engine(history, "ada")
    key = sender.bundle_key()[1]
    sender.close()
    receiver = open_engine(tmp_path / "next", "ada", create=True)
    with Terminal("--home", receiver.home, "--operator", "ada", size=(80, 24)) as there:
        there.see("Overview")
        there.press("4+")
        there.see("TAKE A BUNDLE IN")
        there.press(f"{zip_}\r")
        there.see("Nobody here trusts the key")
        receiver.trust("development", key, "compared")
        there.press("\r")
        there.see("A trusted key signed it")
        write_anew(there, "the whole path of the zip", bad)
        there.see("Enter take it in")
        there.press("\r")
        there.see("■")
        assert "is not what was signed." in " ".join(there.text.replace("│", " ").split())
        assert receiver.projects() == ()
        write_anew(there, "the whole path of the zip", zip_)
        there.see("Enter take it in")
        there.press("\r")
        there.see("tiny@1 is taken in")
        there.press("\r")
        there.see("candidate")
        there.press("q")
        assert there.ended() == 0
    (arrived,) = receiver.arrivals()
    assert (arrived.origin.label, arrived.origin.source, arrived.state) == ("tiny@1", "development", "candidate")
    assert receiver.verify_audit().ok
    receiver.close()
