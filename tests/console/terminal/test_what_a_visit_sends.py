"""The console over a pseudo-terminal: how many bytes its keys cost, and that it shows what Textual painted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.builders.generated import generated
from tests.console.terminal.emulated import Emulated
from tests.terminal import COLOURS, Terminal

pytestmark = pytest.mark.slow

# Each key with what is on the screen then.
KEYS = (
    ("2", "Candidates"), ("3", "Runs"), ("4", "Versions"), ("5", "Audit"), ("\x1b[B", "Audit"), ("?", "Esc"),
    ("\x1b", "BECAUSE"), ("6", "Schedules"), ("7", "Disk"), ("8", "Health"), ("9", "Admin"), ("1", "Overview"),
    ("4", "Versions"), ("\r", "R Roll back"), ("\x1b", "Versions"), ("1", "Overview"),
)  # fmt: skip
A_SCREEN, A_STEP, OPENED = 10_000, 1_000, 20_000
# Writes down what came to the filter and what went from it, with the size of the terminal.
RECORDER = """
import json
from console.terminal import repaint
sent = repaint.Repaint.sent
def recorded(self, data):
    out = sent(self, data)
    with open({!r}, "a") as file:
        file.write(json.dumps([self.columns, self.lines, data, out]) + "\\n")
    return out
repaint.Repaint.sent = recorded
"""


@dataclass(frozen=True)
class Visit:
    """What was sent until the first screen was there and for each key, and both streams piece by piece."""

    opened: int
    keys: tuple[tuple[str, int], ...]
    pieces: tuple[tuple[int, int, str, str], ...]


def visited(folder: Path, home: Path, size: tuple[int, int], variables: Mapping[str, str]) -> Visit:
    folder.mkdir()
    stream, keys = folder / "stream", []
    (folder / "sitecustomize.py").write_text(RECORDER.format(str(stream)))
    with Terminal("--home", home, "--operator", "zoe", size=size, customized=folder, variables=variables) as terminal:
        terminal.see("project-0000")
        opened = terminal.settled()
        for key, text in KEYS:
            before = terminal.settled(0.2)
            terminal.press(key)
            terminal.see(text)
            keys.append((key, terminal.settled() - before))
        as_it_was = terminal.text.split("\n")
        terminal.scribble("\x1b[7;3H\x1b[31mBroadcast message from root\x1b[0m")
        assert "Broadcast" in terminal.text
        terminal.press("\x0c")
        terminal.becomes(as_it_was, 5)
        columns, lines = size
        for smaller in ((columns - 3, lines), (columns, lines - 2), size):
            terminal.resize(*smaller)
            terminal.settled()
        terminal.becomes(as_it_was, 5)
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.given_back
    pieces = [json.loads(each) for each in stream.read_text().splitlines()]
    return Visit(opened, tuple(keys), tuple((c, n, came, sent) for c, n, came, sent in pieces))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("bytes") / "home"
    generated(home, 40, 400).close()
    yield home


@pytest.fixture(
    scope="module",
    params=[
        ((140, 42), COLOURS),
        ((80, 24), {"TERM": "linux", "COLORTERM": ""}),
        ((80, 24), {**COLOURS, "NO_COLOR": "1"}),
    ],
    ids=["all colours", "sixteen colours", "no colours"],
)  # fmt: skip
def visit(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    size, variables = request.param
    folder = tmp_path_factory.mktemp("visit")
    found = visited(folder / "0", home, size, variables)
    for again in range(1, 6):
        if not too_dear(found):
            break
        # A busy machine paints a screen in two halves; what a key costs is what it costs where that does not happen.
        other = visited(folder / str(again), home, size, variables)
        keys = tuple((key, min(one, two)) for (key, one), (_, two) in zip(found.keys, other.keys, strict=True))
        found = replace(found, opened=min(found.opened, other.opened), keys=keys)
    return found


def too_dear(visit: Visit) -> list[tuple[str, int]]:
    """What cost more than it may."""
    counted = [("opened", visit.opened, OPENED)]
    counted += [(key, count, A_STEP if key == "\x1b[B" else A_SCREEN) for key, count in visit.keys]
    return [(what, count) for what, count, most in counted if count >= most]


def test_a_visit_costs_few_bytes_and_shows_what_was_painted(visit: Visit) -> None:
    assert too_dear(visit) == [], visit.keys
    columns, lines = visit.pieces[0][:2]
    came, sent = Emulated(columns, lines), Emulated(columns, lines)
    for at_columns, at_lines, painted, out in visit.pieces:
        if (at_columns, at_lines) != (columns, lines):
            columns, lines = at_columns, at_lines
            for terminal in (came, sent):
                terminal.screen.resize(lines, columns)
        came.take(painted)
        sent.take(out)
        if out or painted:
            assert sent.cells == came.cells, (painted, out)
