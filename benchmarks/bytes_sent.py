"""What the console sends to the terminal, in bytes: opening, each key, idle, and with a retrain whose log is watched.

    python benchmarks/bytes_sent.py [--size 140x42] [--home FOLDER] [--idle 20] [--line]

A workspace is made whose lists are full and whose project prints more than a screen between two looks, unless one is
named (a copy: what is pressed there is pressed). Limits are for 140x42: 10 kB for a key that changes the screen, 100
bytes a second for an idle console, 5 kB a second for one that shows a running retrain's log.

--line puts ``bad_line.py`` between: 300 ms there and back, 20 kB a second, at 80x24 unless --size says otherwise. The
milliseconds from a key to the last byte that it led to are printed, too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import figures
from ledger_generator import fill
from terminal import Terminal

from engine.api import open_engine
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests import tiny

CONSOLE = [sys.executable, "-m", "console"]
A_KEY, IDLE, LIVE = 10_000, 100, 5_000
KEYS = {"2": "candidates", "3": "runs", "4": "versions", "5": "audit", "6": "schedules", "7": "disk", "8": "health",
        "9": "admin", "1": "overview", "?": "help", "\x1b": "help closed", "\x1b[B": "a line down"}  # fmt: skip
CHATTY = tiny.STEPS.replace(
    "def train():",
    """def train():
    import time
    for number in range(40_000):
        print(f"{number} " + " ".join(str((number + 1) * k * 7919 % 100003) for k in range(1, 30)), flush=True)
        time.sleep(0.002)
""",
)


def full(folder: Path) -> Path:
    """A workspace with full lists, and the project that prints."""
    home = folder / "home"
    workspace = workspaces.create(home)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        fill(db, 40, 400, 400)
    ledger.close()
    engine = open_engine(home)
    engine.add(tiny.make(folder / "tiny", steps=CHATTY, timeout="10m"))
    engine.close()
    return home


def keys(terminal: Terminal, patience: float) -> list[figures.Figure]:
    """The bytes of each key, and how long until the last of them."""
    found = []
    for key, what in KEYS.items():
        before, began = terminal.settle(patience), time.perf_counter()
        terminal.type(key)
        after = terminal.settle(patience)
        taken = 1000 * max(0.0, terminal.last_came - began)
        found.append(figures.Figure(f"key: {what}", after - before, A_KEY, "bytes"))
        if patience > 1:
            found.append(figures.Figure(f"  until its last byte: {what}", taken, unit="ms"))
    return found


def rate(terminal: Terminal, seconds: float) -> float:
    """Bytes a second."""
    began, before = time.perf_counter(), len(terminal.written)
    while (left := began + seconds - time.perf_counter()) > 0:
        terminal.read(left)
    return (len(terminal.written) - before) / (time.perf_counter() - began)


def watched(terminal: Terminal, home: Path) -> list[figures.Figure]:
    """With a run that prints: the overview, the list of runs, its log."""
    subprocess.run([*CONSOLE, "retrain", "tiny", "--home", str(home)], check=True, capture_output=True)
    found = [figures.Figure("a retrain, seen on the overview", rate(terminal, 10), LIVE, "bytes/s")]
    terminal.type("3")
    rate(terminal, 2)
    found.append(figures.Figure("a retrain, seen on the list of runs", rate(terminal, 10), LIVE, "bytes/s"))
    terminal.type("\x1b[H\r")  # the newest
    rate(terminal, 5)
    found.append(figures.Figure("a retrain's log", rate(terminal, 20), LIVE, "bytes/s"))
    return found


def measured(home: Path, size: tuple[int, int], idle: float, *, line: bool) -> list[figures.Figure]:
    """All of it, on one visit."""
    console = [*CONSOLE, "--home", str(home)]
    relay = [sys.executable, str(Path(__file__).with_name("bad_line.py")), "--"]
    terminal = Terminal([*relay, *console] if line else console, size)
    patience = 2.5 if line else 1.0
    terminal.until("LEVERFRAME")
    found = [figures.Figure("opening", terminal.settle(patience), unit="bytes")]
    try:
        found += keys(terminal, patience)
        found.append(figures.Figure("idle", rate(terminal, idle), IDLE, "bytes/s"))
        if not line:
            found += watched(terminal, home)
    finally:
        terminal.kill()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", help="columns x lines")
    parser.add_argument("--home", type=Path, help="a copy of a workspace with the project 'tiny'")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds")
    parser.add_argument("--line", action="store_true", help="over a bad line")
    options = parser.parse_args()
    columns, lines = map(int, (options.size or ("80x24" if options.line else "140x42")).split("x"))
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        home = options.home or full(Path(temporary))
        return figures.show(measured(home, (columns, lines), options.idle, line=options.line))


if __name__ == "__main__":
    sys.exit(main())
