"""A second scorer of the version that is scored with: when there may be one, when it is worth it, and how it is opened.

Opening one costs a second or two of a processor and as much memory as the first. So small files go without.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Refusal
from engine.jobs.score.reading import PIECE
from engine.projects.manifest.reader import manifest_of
from engine.scoring.makers import open_ready
from engine.scoring.ready import Maker, ReadyScorer
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

Open = Callable[[Callable[[Callable[[], None]], None]], ReadyScorer]
"""Opens a scorer; is given whom to tell what ends it while it comes up."""
EARLY = 8 * PIECE
"""Rows from which on the second is opened together with the first, which then takes a tenth of a second longer."""
OPENINGS = 3
"""So many times as long as an opening takes, one alone would have to go on yet."""
_MAKERS = ("process", "split")
_GIB = 1 << 30


def may_be_two(document: VersionDocument, cores: int) -> bool:
    """Whether two scorers of a version can answer at the same time. Pure.

    Each is a process that stays: tables are computed with here, and a command ends with its answer. Each has
    processors for as many threads as the manifest gives it.
    """
    manifest = manifest_of(dict(document.settings))
    stays = manifest.train.score is None or manifest.train.score.command is None
    return document.scorer.maker in _MAKERS and stays and cores >= 2 * manifest.train.threads


def early(maker: Maker, rows: Iterable[int | None]) -> bool:
    """Whether one of the inputs, of so many ``rows``, is large enough to open the second at once. Pure.

    Where tables stand behind a project's first steps, one alone has scored so many before another has come up.
    """
    return maker == "process" and any(each is not None and each >= EARLY for each in rows)


def worth(pace: float, done: int, total: int | None, opening: float) -> bool:
    """Whether a second is worth its ``opening`` in seconds where ``done`` of ``total`` rows took ``pace`` seconds each.
    Where nobody knows how many there are, as many again are to come as came. Pure."""
    left = done if total is None else total - done
    return left > 0 and pace * left >= OPENINGS * opening


class Second:
    """A scorer that a thread of its own opens once it is asked to ``begin``. ``close`` ends it, also while it comes
    up; nothing of it is left then."""

    def __init__(self, open_it: Open) -> None:
        self._open, self._guard = open_it, threading.Lock()
        self._thread: threading.Thread | None = None
        self._ends = list[Callable[[], None]]()
        self._over = False
        self.opened = Future[ReadyScorer]()

    @property
    def begun(self) -> bool:
        return self._thread is not None

    @property
    def over(self) -> bool:
        """Whether somebody ended it."""
        return self._over

    def begin(self) -> None:
        """Have it opened, unless that was begun or ended before."""
        with self._guard:
            if self._thread is None and not self._over:
                self._thread = threading.Thread(target=self._opens, name="second scorer", daemon=True)
                self._thread.start()

    def _opens(self) -> None:
        try:
            found = self._open(self._to_end)
            self._to_end(found.close)
        except BaseException as problem:  # noqa: BLE001 - it is told by whoever waits for the scorer
            self.opened.set_exception(problem)
        else:
            self.opened.set_result(found)

    def _to_end(self, end: Callable[[], None]) -> None:
        with self._guard:
            self._ends.append(end)
            over = self._over
        if over:
            end()

    def cancel(self, why: str) -> None:
        """End it, whatever it is at."""
        with self._guard:
            self._over, ends = True, list(self._ends)
        for end in ends:
            end()

    def close(self) -> None:
        """As ``cancel``, and wait until that is done."""
        self.cancel("it was ended")
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()


def second_of(
    workspace: Workspace, store: ObjectStore, label: str, document: VersionDocument, folder: Path,
    room: Callable[[], int], *, marker: str, held: int | None = None,
) -> Second | None:  # fmt: skip
    """What opens another scorer of the version in ``folder``; None where two are of no use. ``room``: bytes of memory
    that nobody was promised.

    It may take half of what the manifest gives a step, and is opened where there is room for that.
    """
    if not may_be_two(document, len(os.sched_getaffinity(0))):
        return None
    memory = manifest_of(dict(document.settings)).train.memory // 2

    def opened(closing: Callable[[Callable[[], None]], None]) -> ReadyScorer:
        there = room()
        if there < memory:
            left = f"{max(0, there) / _GIB:.1f} GiB are left beside what runs were promised"
            raise Refusal(f"it may take {memory / _GIB:.1f} GiB, and {left}.")
        return open_ready(
            workspace, store, label, document, folder, marker=marker, held=held, memory=memory, closing=closing
        )

    return Second(opened)
