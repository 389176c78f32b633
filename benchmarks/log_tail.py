"""A log of a million lines beside one of ten: opened at its end, at any line, followed while it grows, searched.

    python benchmarks/log_tail.py [--lines 1000000] [--rounds 20]

The product never writes such a log (a step's is cut at a few megabytes, which is measured too); this is for one that a
larger bound allows. The first look counts the lines of the whole file; every later one reads what it shows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import figures

from engine.runs.logs.log_index import LogReader
from engine.runs.steps.limits import Limits
from engine.runs.steps.step_output import Log

SCREEN = 40
# What a person takes for at once.
AT_ONCE_MS = 100.0


def line(number: int) -> bytes:
    """A line as training programs print them; one in a thousand drives the progress bar and is not shown."""
    if number % 1000 == 999:
        return b"::progress %.3f fitting\n" % min(number / 1e6, 1.0)
    minute, second = divmod(number % 3600, 60)
    return b"2026-11-24 03:%02d:%02d epoch %7d loss 0.%06d\n" % (minute, second, number, number % 999983)


def generated(path: Path, lines: int) -> Path:
    """A log of so many lines, as one file."""
    with path.open("wb") as file:
        for start in range(0, lines, 10_000):
            file.write(b"".join(line(number) for number in range(start, min(start + 10_000, lines))))
    return path


def written_by_a_step(path: Path, lines: int) -> Path:
    """The same, as the warden of a step keeps it within its bound."""
    log = Log(str(path), Limits(1, 1).log_bytes)
    for start in range(0, lines, 1000):
        log.write(b"".join(line(number) for number in range(start, min(start + 1000, lines))))
    log.flush(last=True)
    return path


def taken(action: Callable[[], object], rounds: int) -> float:
    """The median of milliseconds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return 1000 * median(seconds)


def first_look(log: Path) -> Callable[[], object]:
    return lambda: LogReader().window(log, "end", SCREEN)


def measured(folder: Path, lines: int, rounds: int) -> list[figures.Figure]:
    """All figures, in milliseconds."""
    small, large = generated(folder / "small.log", 10), generated(folder / "large.log", lines)
    bounded = written_by_a_step(folder / "bounded.log", lines)
    reader = LogReader()
    total = reader.window(large, "end", SCREEN).total
    few = taken(first_look(small), rounds)

    def grown() -> object:
        with large.open("ab") as file:
            file.write(line(1))
        return reader.window(large, "end", SCREEN)

    def row(what: str, action: Callable[[], object], limit: float) -> figures.Figure:
        return figures.Figure(what, taken(action, rounds), limit, "ms")

    half, size = total // 2, large.stat().st_size / 1e6
    return [
        figures.Figure("opened: ten lines", few, unit="ms"),
        row(f"opened: {total:,} lines, {size:.0f} MB", first_look(large), AT_ONCE_MS),
        row("opened: the same within a step's bound", first_look(bounded), AT_ONCE_MS),
        row("looked at again, at its end", lambda: reader.window(large, "end", SCREEN), few + 5),
        row("at a line in its middle", lambda: reader.window(large, half, SCREEN), few + 5),
        row("after another line was printed", grown, few + 5),
        row("searched from end to end, nothing found", lambda: reader.search(large, "nowhere"), 1000.0),
        row("the next hit", lambda: reader.search(large, "LOSS 0.6", after_line=half, limit=1), AT_ONCE_MS),
    ]


def main() -> int:
    """Make the logs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        return figures.show(measured(Path(temporary), options.lines, options.rounds))


if __name__ == "__main__":
    sys.exit(main())
