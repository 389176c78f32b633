"""One process that scores, from its start to its end: what it is started with, what goes to it and what comes back.

It is a step (``runs.steps``) whose program stays: the same environment, sandbox, memory and warden. Two named pipes in
its folder, opened here before it starts, carry what it is asked and what it answers; see ``warm_scorer.py``.
"""

from __future__ import annotations

import json
import os
import select
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.runs.steps.running import RunningStep, start_step
from engine.runs.steps.step import StepResult
from engine.scoring.row_order import one_for_each
from engine.scoring.warm_program import NoAnswer, Program, most_bytes
from engine.storage.disk import delete_tree
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

_LOOK_SECONDS = 0.2
READ = b"+"  # as in warm_scorer.py, which is not imported
_LARGEST_HEAD = 1 << 24
_PIPE_BYTES, _F_SETPIPE_SZ = 1 << 20, 1031


class RowsRefused(StepFailed):
    """The model has no answer for these rows, and is still there for others."""

    of_these_rows = True


class Over(Exception):
    """The process gives no answer any more, and why as far as it is known."""


class Late(Over):
    """It was waited for until its time was over."""


class Gone(Over):
    """It has ended."""


class Unread(Gone):
    """It ended before it had read what it was asked: that is not what it ended of."""


class BegunProcess:
    """The process from one start to its end."""

    def __init__(self, program: Program, folder: Path, title: str) -> None:
        self._program, self._folder, self._title = program, folder, title
        if folder.exists():
            delete_tree(folder)
        folder.mkdir(mode=0o700, parents=True)
        for part in ("input", "output", "tmp"):
            (folder / part).mkdir()
        program.fill(folder)
        asks, answers = folder / "input" / "requests", folder / "output" / "answers"
        for pipe in (asks, answers):
            os.mkfifo(pipe, 0o600)
        # Both ends of the one, so that nothing waits for the process to open it; that it has gone shows at the other.
        self._asks = os.open(asks, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._answers = os.open(answers, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._open = True
        try:
            _widen(self._asks)
            pipes = {"LEVERFRAME_REQUESTS": str(asks), "LEVERFRAME_ANSWERS": str(answers)}
            self._running: RunningStep = start_step(program.spec(folder, title, pipes), lambda done, text: None)
        except BaseException:
            self._close()
            raise

    def ready(self, patience: float) -> None:
        """Wait until it has loaded its model. Raises Over."""
        head, _ = self._received(time.monotonic() + patience, 0, "load its model")
        if head.get("ready") is not True:
            raise Over(f"{self._title} said something else than that it is ready")

    def ask(self, features: pa.Table, patience: float) -> pa.Table:
        """Its predictions. Raises Unread or Over where it has ended, and StepFailed for what it says."""
        until = time.monotonic() + patience
        predictions = self._asked(features, until)
        if predictions is None:
            predictions = self._asked(features, until, whole=True)
        if predictions is None:
            raise Over(f"{self._title} gave an answer that is none")
        return one_for_each(predictions, features.num_rows, self._title)

    def _asked(self, features: pa.Table, until: float, *, whole: bool = False) -> pa.Table | None:
        rows = features.num_rows
        try:
            self._send(*self._program.asked(self._folder, features, whole=whole), until)
            read = self._exactly(1, until, "take what it is asked")
        except Gone as gone:
            raise Unread(str(gone)) from None
        if read != READ:
            raise Over(f"{self._title} gave an answer that is none")
        head, body = self._received(until, rows, "answer")
        if "problem" in head:
            raise RowsRefused(f"{self._title} failed: {plain(str(head['problem'])).rstrip('.')}.")
        try:
            return self._program.answered(self._folder, rows, head, body, self._title)
        except NoAnswer as none:
            raise Over(f"{self._title} gave an answer {none}") from None

    def cancel(self, why: str) -> None:
        self._running.cancel(why)

    def end(self) -> StepResult:
        """Wait until nothing of it is left; how it ended."""
        result = self._running.wait()
        self._close()
        with suppress(OSError):
            delete_tree(self._folder)
        return result

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._asks)
            os.close(self._answers)

    def _send(self, head: dict[str, Any], body: bytes, until: float) -> None:
        said = json.dumps(head).encode()
        data = memoryview(b"".join((len(said).to_bytes(8, "big"), said, len(body).to_bytes(8, "big"), body)))
        while data:
            try:
                data = data[os.write(self._asks, data) :]
            except BlockingIOError:
                self._wait(until, self._asks, select.POLLOUT, "take what it is asked")

    def _received(self, until: float, rows: int, doing: str) -> tuple[dict[str, Any], bytes]:
        size = int.from_bytes(self._exactly(8, until, doing), "big")
        if size > _LARGEST_HEAD:
            raise Over(f"{self._title} gave an answer that is too long")
        try:
            head = json.loads(self._exactly(size, until, doing))
        except (ValueError, RecursionError):
            head = None
        size = int.from_bytes(self._exactly(8, until, doing), "big")
        if not isinstance(head, dict) or size > most_bytes(rows):
            raise Over(f"{self._title} gave an answer that cannot be read")
        return head, self._exactly(size, until, doing)

    def _exactly(self, count: int, until: float, doing: str) -> bytes:
        parts = []
        while count:
            try:
                part = os.read(self._answers, min(count, _PIPE_BYTES))
            except BlockingIOError:
                self._wait(until, self._answers, select.POLLIN, doing)
                continue
            if not part:  # Nobody has it open: not yet, or not any more.
                if self._running.over:
                    raise Gone(f"{self._title} ended")
                self._wait(until, None, 0, doing)
                continue
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, until: float, pipe: int | None, event: int, doing: str) -> None:
        """Until the pipe can be gone on with, or some time has passed. Raises Late when that was too much, Gone when
        the process has ended."""
        left = until - time.monotonic()
        if left <= 0:
            raise Late(f"{self._title} did not {doing} in time and was stopped")
        poller = select.poll()
        if pipe is not None:
            poller.register(pipe, event)
        found = poller.poll(1000 * min(left, _LOOK_SECONDS if pipe is not None else 0.01))
        if not found and self._running.over:
            raise Gone(f"{self._title} ended")


def _widen(pipe: int) -> None:
    import fcntl

    try:
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        return  # This account has too many wide pipes; a narrow one takes longer.
