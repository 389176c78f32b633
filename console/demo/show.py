"""How far the demo is: a bar for each project on a terminal; a line for each finished thing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from console.cli.printing import say
from engine.text import plain


class Lines(AbstractContextManager["Lines"]):
    """For a pipe or a file: what is finished, nothing in between."""

    def doing(self, project: str, share: float, text: str) -> None:
        """Nothing: a log is not the place for it."""

    def done(self, line: str) -> None:
        say(line)
        sys.stdout.flush()

    def __exit__(self, *error: object) -> None:
        return None


class Bars(AbstractContextManager["Bars"]):
    """For a terminal: bars that stay at the bottom, and above them what is finished."""

    def __init__(self, projects: Sequence[str]) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description:<9}"), BarColumn(24, complete_style="blue", finished_style="blue"),
            TaskProgressColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TextColumn("{task.fields[text]}"),
            refresh_per_second=4,
        )  # fmt: skip
        self._tasks = {name: self._progress.add_task(name, total=1.0, text="") for name in projects}

    def doing(self, project: str, share: float, text: str) -> None:
        self._progress.update(self._tasks[project], completed=share, text=plain(text, 34))

    def done(self, line: str) -> None:
        self._progress.console.print(plain(line), markup=False, highlight=False, overflow="ellipsis", no_wrap=True)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def shown(projects: Sequence[str]) -> Lines | Bars:
    """What suits standard output."""
    return Bars(projects) if sys.stdout.isatty() else Lines()
