"""The README's walk-through of a rollback: its keys, pressed as they stand there, in a real terminal."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.readme import README
from tests.people import open_engine
from tests.terminal import Terminal
from tests.wholeness import assert_whole

MOST_KEYS = 4
REASON = "the numbers on the site look wrong"
SENT = {"Enter": "\r", "R": "R"}


def steps() -> list[str]:
    """What each numbered step says to do, in bold at its beginning."""
    section = README.read_text("utf-8").partition("\n## Three in the morning\n")[2].partition("\n## ")[0]
    return re.findall(r"^\d\. \*\*(.+?)\.\*\*", section, re.M)


def keys() -> list[str]:
    """The keys that the steps say to press, in order, and "" where the reason is written."""
    found = []
    for step in steps()[1:]:
        pressed = re.fullmatch(r"Press `(\w+)`", step)
        assert pressed is not None or step == "Write why", step
        found.append(pressed[1] if pressed else "")
    return found


def test_the_walk_through_takes_a_reason_and_no_more_keys_than_are_promised() -> None:
    assert steps()[0] == "Open the console"
    assert len([key for key in keys() if key]) <= MOST_KEYS
    assert keys().count("") == 1
    assert "two keys and a reason" in README.read_text("utf-8")
    assert len([key for key in keys() if key]) == 2


@pytest.mark.slow
@pytest.mark.clock
@pytest.mark.parametrize("size", [(140, 42), (80, 24)])
def test_somebody_who_reads_the_walk_through_takes_the_live_version_back(history: Path, size: tuple[int, int]) -> None:
    with Terminal("--home", history, "--operator", "bob", size=size) as terminal:
        terminal.see("▸ tiny")
        terminal.see("R would roll back to tiny@1")
        asked, why, done = keys()
        terminal.press(SENT[asked])
        terminal.see("to tiny@1, which ran")
        terminal.see("Comes back:")
        terminal.see("Does not:")
        assert not why
        terminal.press(REASON)
        terminal.see(REASON)
        terminal.press(SENT[done])
        terminal.see("tiny@1 is live. tiny@2 is barred until someone lifts it.")
        terminal.see("u undo: make tiny@2 live again")
        terminal.press("\r")
        terminal.see("nothing waits for a decision")
    engine = open_engine(history, "ada")
    (found,) = engine.at(datetime.now(UTC))
    assert (found.label, found.kind, found.actor, found.reason) == ("tiny@1", "rollback", "bob", REASON)
    assert_whole(engine)
    engine.close()
