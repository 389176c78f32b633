"""How long the console's first screen takes, beside a bare Textual app on the same machine.

    python benchmarks/first_screen.py [--rounds 9] [--home FOLDER]

From just before the process is started until the text is written to the terminal, in turns. *Bare* is an app with one
line of text. *Live* is the overview with data that was read from the ledger just now, with no picture of last time to
show: at most 1.5 times bare. *Last known* is the picture of last time, marked with its age, which comes before Textual
is loaded (25 ms were seen). A small workspace is made unless one with projects is named.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import figures
from ledger_generator import fill
from terminal import Terminal

from engine.api import open_engine
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("everything is here")

Bare().run()
"""
LEVERFRAME = str(Path(sys.executable).with_name("leverframe"))


def small(home: Path) -> Path:
    """A workspace of a few projects, made by the generator of large ones."""
    workspace = workspaces.create(home)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        fill(db, 5, 50, 500)
    ledger.close()
    return home


def bare(script: Path) -> float:
    """Seconds until the bare app shows its line."""
    terminal = Terminal([sys.executable, str(script)])
    seconds = terminal.until("everything is here")
    terminal.kill()
    return seconds


def live(home: Path, text: str) -> float:
    """Seconds until the console shows ``text`` from the ledger, without a picture of last time."""
    (home / "console" / "last-screen").unlink(missing_ok=True)
    terminal = Terminal([LEVERFRAME, "--home", str(home), "--operator", "ada"])
    seconds = terminal.until(text)
    terminal.kill()
    return seconds


def last_known(home: Path, text: str) -> tuple[float, float]:
    """Seconds until the picture of last time is there, and until the live screen that takes its place."""
    terminal = Terminal([LEVERFRAME, "--home", str(home), "--operator", "ada"])
    picture = terminal.until(text)
    taken = terminal.until(text, since=terminal.settle(0.02))
    terminal.kill()
    return picture, taken


def keep_picture(home: Path, text: str) -> None:
    """Open the console and leave it, so that there is a picture of last time."""
    terminal = Terminal([LEVERFRAME, "--home", str(home), "--operator", "ada"])
    terminal.until(text)
    terminal.settle()
    terminal.type("q")
    terminal.wait()
    if not (home / "console" / "last-screen").exists():
        raise SystemExit("the console kept no picture of its last screen")


def measure(home: Path, folder: Path, rounds: int) -> list[figures.Figure]:
    """All of it, in turns."""
    engine = open_engine(home, "ada")
    text = engine.projects()[0].name
    engine.close()
    script = folder / "bare.py"
    script.write_text(BARE)
    live(home, text)
    bares, lives = [], []
    for _ in range(rounds):
        bares.append(bare(script))
        lives.append(live(home, text))
    keep_picture(home, text)
    pictures, after = zip(*(last_known(home, text) for _ in range(rounds)), strict=True)
    print(figures.spread("bare Textual app", bares))
    print(figures.spread("first live screen", lives))
    print(figures.spread("last known screen", pictures))
    return [
        figures.Figure("bare Textual app", 1000 * median(bares), unit="ms"),
        figures.Figure("first live screen", 1000 * median(lives), 1500 * median(bares), unit="ms"),
        figures.Figure("first live screen / bare", median(lives) / median(bares), 1.5, unit=""),
        figures.Figure("last known screen", 1000 * median(pictures), unit="ms"),
        figures.Figure("live screen in its place", 1000 * median(after), unit="ms"),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--home", type=Path, help="a workspace with projects and an operator 'ada'")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        folder = Path(temporary)
        return figures.show(measure(options.home or small(folder / "home"), folder, options.rounds))


if __name__ == "__main__":
    sys.exit(main())
