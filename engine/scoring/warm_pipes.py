"""One process that scores, from its start to its end: what it is started with, what goes to it and what comes back.

It is a step (``runs.steps``) whose program stays: the same environment, sandbox, memory and warden. Two named pipes in
its folder, opened here before it starts, carry what it is asked and what it answers; see ``warm_scorer.py``.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.runs.steps.launch import Stage, spec_of
from engine.runs.steps.limits import Limits
from engine.runs.steps.running import RunningStep, start_step
from engine.runs.steps.sandbox import WARM_SCORER
from engine.runs.steps.step import StepResult, StepSpec
from engine.runs.steps.tables import laid_out, read_kept, read_output, types_of, write_input
from engine.scoring.row_order import one_for_each
from engine.storage.disk import delete_tree
from engine.text import plain
from engine.vocabulary.steps import SCORE_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

_FOR_EVER = 10 * 365 * 86400.0
_LOOK_SECONDS = 0.2
READ = b"+"  # as in warm_scorer.py, which is not imported
_LARGEST_HEAD = 1 << 24
_PIPE_BYTES, _F_SETPIPE_SZ = 1 << 20, 1031


class RowsRefused(StepFailed):
    """The model has no answer for these rows, and is still there for others."""

    of_these_rows = True


class Over(Exception):
    """The process gives no answer any more, and why as far as it is known."""


class Gone(Over):
    """It has ended."""


class Unread(Gone):
    """It ended before it had read what it was asked: that is not what it ended of."""


class BegunProcess:
    """The process from one start to its end."""

    def __init__(self, stage: Stage, model: Path, folder: Path, title: str, text: frozenset[str]) -> None:
        self._stage, self._folder, self._title, self._text = stage, folder, title, text
        if folder.exists():
            delete_tree(folder)
        folder.mkdir(mode=0o700, parents=True)
        for part in ("input", "output", "tmp"):
            (folder / part).mkdir()
        shutil.copytree(stage.code, folder / "code", copy_function=shutil.copyfile)
        shutil.copytree(model, folder / "input" / "model", symlinks=True)
        asks, answers = folder / "input" / "requests", folder / "output" / "answers"
        for pipe in (asks, answers):
            os.mkfifo(pipe, 0o600)
        # Both ends of the one, so that nothing waits for the process to open it; that it has gone shows at the other.
        self._asks = os.open(asks, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._answers = os.open(answers, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._open = True
        try:
            _widen(self._asks)
            self._running: RunningStep = start_step(_spec(stage, folder, title, asks, answers), lambda done, text: None)
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
        until, rows = time.monotonic() + patience, features.num_rows
        try:
            self._give(features, until)
            read = self._exactly(1, until, "take what it is asked")
        except Gone as gone:
            raise Unread(str(gone)) from None
        if read != READ:
            raise Over(f"{self._title} gave an answer that is none")
        head, body = self._received(until, rows, "answer")
        if "problem" in head:
            raise RowsRefused(f"{self._title} failed: {plain(str(head['problem'])).rstrip('.')}.")
        predictions = self._read(head, body)
        return one_for_each(predictions, rows, self._title)

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

    def _give(self, features: pa.Table, until: float) -> None:
        if self._stage.manifest.form == "parquet":
            kept = types_of(features) if self._stage.types else {}
            self._send({"form": "arrow", "kept": kept}, _stream(features), until)
            return
        for left in (self._folder / "output").glob("predictions.*"):
            left.unlink()
        write_input(features, self._folder / "input", self._stage.manifest.form, types=self._stage.types)
        self._send({"form": "files"}, b"", until)

    def _read(self, head: dict[str, Any], body: bytes) -> pa.Table:
        import pyarrow as pa

        if self._stage.manifest.form != "parquet":
            return read_output(
                self._folder / "output", "predictions", self._stage.manifest.form, self._title, self._text
            )
        try:
            # It comes from a process of the project's: nothing of it is believed before it was looked through.
            table = pa.ipc.open_stream(body).read_all()
            table.validate(full=True)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Over(f"{self._title} gave an answer that cannot be read ({plain(str(error), 160)})") from None
        kept = read_kept(head.get("kept", {}))
        if kept is None:
            raise Over(f"{self._title} gave an answer whose types are no JSON of {{column: {{...}}}}")
        return laid_out(table, kept)

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
        if not isinstance(head, dict) or size > (1 << 20) + rows * (1 << 16):
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
        """Until the pipe can be gone on with, or some time has passed. Raises Over when that was too much, or the
        process has ended."""
        left = until - time.monotonic()
        if left <= 0:
            raise Over(f"{self._title} did not {doing} in time and was stopped")
        poller = select.poll()
        if pipe is not None:
            poller.register(pipe, event)
        found = poller.poll(1000 * min(left, _LOOK_SECONDS if pipe is not None else 0.01))
        if not found and self._running.over:
            raise Gone(f"{self._title} ended")


def _spec(stage: Stage, folder: Path, title: str, asks: Path, answers: Path) -> StepSpec:
    """As the step score would be started, with another program that stays."""
    base = spec_of(stage, SCORE_ROWS.name, title, folder, warm=False)
    assert stage.environment.python is not None
    program = stage.manifest.program(SCORE_ROWS)
    named = (program.callable,) if program is not None and program.callable else ()
    argv = (str(stage.environment.python), str(WARM_SCORER), SCORE_ROWS.name, *named)
    environment = {**base.environment, "LEVERFRAME_REQUESTS": str(asks), "LEVERFRAME_ANSWERS": str(answers)}
    return replace(base, argv=argv, environment=environment, limits=Limits(_FOR_EVER, base.limits.memory))


def stays(stage: Stage) -> bool:
    """Whether the version can be scored by a process that stays: a command scores one table and ends."""
    program = stage.manifest.program(SCORE_ROWS)
    return stage.environment.python is not None and (program is None or program.command is None)


def _stream(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _widen(pipe: int) -> None:
    import fcntl

    try:
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        return  # This account has too many wide pipes; a narrow one takes longer.
