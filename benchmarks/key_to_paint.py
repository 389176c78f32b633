"""How long it takes from a key to its paint when there is much of everything.

    python benchmarks/key_to_paint.py [--rounds 30] [--home FOLDER]

On a ledger of 1,000 projects, 100,000 versions and 1,000,000 audit rows, in a terminal of 140x42: from writing a key to
the terminal until the console has begun to write what it does, at most 50 ms. Each key is pressed once the screen has
been still for 0.3 s, so nothing else is mistaken for its paint. The table has the median and the slowest of twenty.
--home names a workspace that ledger_generator.py made, or where to make one; it is then kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import figures
from first_screen import LEVERFRAME
from ledger_generator import fill
from terminal import Terminal

from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

LIMIT = 50.0
DOWN, UP, PAGE_DOWN, END, HOME = "\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[F", "\x1b[H"


def large(home: Path) -> Path:
    """The large workspace at ``home``, made where it is missing."""
    workspace = workspaces.create(home)
    if not workspace.ledger.exists():
        ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
        with ledger.write() as db:
            fill(db, 1_000, 100_000, 1_000_000)
        ledger.close()
    return home


def pressed(terminal: Terminal, keys: Callable[[int], str], rounds: int, after: str = "") -> list[float]:
    """Milliseconds from each key to its paint; ``after`` each, another key is pressed that does not count."""
    taken = []
    for number in range(rounds):
        terminal.settle()
        taken.append(1000 * terminal.press(keys(number)))
        if after:
            terminal.settle()
            terminal.press(after)
    terminal.settle()
    return taken


def measure(home: Path, rounds: int) -> list[figures.Figure]:
    """Keys of the lists, and the keys that change the screen."""
    terminal = Terminal([LEVERFRAME, "--home", str(home), "--operator", "ada"])
    began = 1000 * terminal.until("project-0000")
    taken = {"overview: down and up": pressed(terminal, lambda n: DOWN if n % 4 < 2 else UP, rounds)}
    terminal.type("4")
    taken["versions: down and up"] = pressed(terminal, lambda n: DOWN if n % 4 < 2 else UP, rounds)
    taken["versions: page down"] = pressed(terminal, lambda n: PAGE_DOWN, rounds)
    terminal.type("5")
    taken["audit: down and up"] = pressed(terminal, lambda n: DOWN if n % 4 < 2 else UP, rounds)
    taken["audit: to the end and back"] = pressed(terminal, lambda n: END if n % 2 == 0 else HOME, rounds)
    taken["another screen"] = pressed(terminal, lambda n: "13452"[n % 5], rounds)
    # A lone Escape is told from the beginning of another key by waiting (0.1 s in Textual), so it is not timed.
    taken["help"] = pressed(terminal, lambda n: "?", rounds, after="\x1b")
    terminal.kill()
    found = [figures.Figure("first live screen", began, unit="ms")]
    for what, times in taken.items():
        found.append(figures.Figure(f"{what}, median", median(times), LIMIT, "ms"))
        found.append(figures.Figure(f"{what}, slowest of twenty", sorted(times)[len(times) * 19 // 20], LIMIT, "ms"))
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--home", type=Path, help="the large workspace, kept (default: a temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        home = large(options.home or Path(temporary) / "home")
        return figures.show(measure(home, options.rounds))


if __name__ == "__main__":
    sys.exit(main())
