"""A process that has loaded a version's model and answers tables, one after the other: of the version's own
environment, or of ONNX Runtime (``warm_program``, ``onnx_scorer``).

It is a step (``runs.steps``): in the sandbox, under the memory that the manifest gives train, watched by a warden, and
ended with whoever started it. What goes to it and comes back are two pipes in its folder; see ``warm_scorer.py``.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.errors import StepFailed
from engine.scoring.warm_pipes import BegunProcess, Late, Over, Unread
from engine.scoring.warm_program import Program
from engine.storage.disk import why_not

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_MOST_ENDS = 100  # that are remembered


@dataclass(frozen=True)
class Ended:
    """When the process came to an end that nobody wanted, and why. ``waited``: seconds until it was given up; 0 where
    it ended by itself."""

    at: datetime
    why: str
    waited: float = 0.0


class WarmProcess:
    """The process of one version, for any thread; one is answered after the other.

    ``program``: what it is; ``folder``: where the process works, made and deleted here; ``first``: rows that each
    process answers before any others, for its first answer takes longer than all that follow; None where there will be
    one answer only. ``patience``: seconds until an answer is given up; for the model and the first rows it has the
    program's own. ``now`` tells the time of its ends.
    """

    def __init__(
        self, program: Program, folder: Path, title: str, first: pa.Table | None, patience: float,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.program, self._folder, self._title = program, folder, title
        self._first, self._patience, self._now = first, patience, now
        self._begun: BegunProcess | None = None
        self._closed = self._killed = self._up = False
        self._lock, self._asked = threading.Lock(), 0.0
        self.ends: list[Ended] = []

    def ask(self, features: pa.Table) -> pa.Table:
        """The predictions for ``features``, by a process that is begun anew where the last one has ended.

        Where somebody kills it, another is asked once. Raises StepFailed: RowsRefused where it is still there.
        """
        return self._held(lambda begun: begun.ask(features, self._patience))

    def start(self) -> None:
        """Begin, load the model, answer the first rows. Raises StepFailed; nothing is left running then."""
        self._held(lambda begun: None)

    def _held(self, work: Callable[[BegunProcess], T]) -> T:
        with self._lock:
            try:
                try:
                    return self._done(work)
                except _Taken:
                    return self._done(work, again=True)
            except OSError as error:  # Its folder is gone, or the disk is full.
                raise StepFailed(f"{self._title} cannot be begun: {why_not(error)}.") from None

    def _done(self, work: Callable[[BegunProcess], T], *, again: bool = False) -> T:
        """Raises _Taken where it had not read the rows, or somebody else killed it, and they may be asked ``again``."""
        self._asked = time.monotonic()
        try:
            return work(self._begun if self._begun is not None and self._up else self._start())
        except Over as over:
            waited = time.monotonic() - self._asked if isinstance(over, Late) else 0.0
            unread, failed = isinstance(over, Unread), self._ended(str(over), waited)
            if not again and (unread or self._killed) and not self._closed:
                raise _Taken from None
            raise failed from None
        except BaseException as problem:
            # What is refused of one that is up was read to its end.
            if self._begun is not None and not (self._up and isinstance(problem, StepFailed)):
                self._ended("the scoring was broken off")
            raise

    def close(self) -> None:
        """End it, also while it is asked."""
        self._closed = True
        begun = self._begun
        if begun is not None:
            begun.cancel("it was ended")
        with self._lock:
            if self._begun is not None:
                self._ended("it was ended")

    def _start(self) -> BegunProcess:
        if self._closed:
            raise StepFailed(f"{self._title} was ended.")
        self.program.check(self._title)
        self._up = False
        self._begun = begun = BegunProcess(self.program, self._folder, self._title)
        if self._closed:  # meanwhile, by somebody who saw no process
            raise Over(f"{self._title} was ended")
        begun.ready(self.program.seconds)
        if self._first is not None:
            begun.ask(self._first, self.program.seconds)
        self._up = True
        return begun

    def _ended(self, why: str, waited: float = 0.0) -> StepFailed:
        begun, self._begun = self._begun, None
        assert begun is not None
        begun.cancel(why)
        result = begun.end()
        said = result.why or why
        # By signal 9 it is ended by somebody else, or its warden was, unless it passed a limit: then by its own doing.
        by_others = result.exit_code == -signal.SIGKILL or result.contained is None
        self._killed = result.state == "failed" and result.passed is None and by_others
        if not self._closed:
            self.ends.append(Ended(self._now(), said, waited))
            del self.ends[:-_MOST_ENDS]
        return StepFailed(f"{said.rstrip('.')}.")


class _Taken(Exception):
    """The process was taken away, and another may be asked."""
