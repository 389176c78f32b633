"""What a process that stays is started with, and what tables are on their way to it and back: one contract, and the
program that answers by a project's own environment.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.runs.steps import launch
from engine.runs.steps.launch import Stage, spec_of
from engine.runs.steps.limits import Limits
from engine.runs.steps.sandbox import WARM_SCORER, check_reads
from engine.runs.steps.step import StepSpec
from engine.runs.steps.tables import laid_out, read_kept, read_output, streamed, types_of, write_input
from engine.text import plain
from engine.vocabulary.steps import SCORE_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

FOR_EVER = 10 * 365 * 86400.0


class NoAnswer(ValueError):
    """What came back is no answer; the message says what is wrong with it, as the end of a sentence."""


class Program(Protocol):
    """What is started. ``seconds``: how long it may take to be ready, and to answer its first rows."""

    @property
    def seconds(self) -> float: ...

    def check(self, title: str) -> None:
        """Raises StepFailed where it cannot be started as things are."""

    def fill(self, folder: Path) -> None:
        """Put what it reads into ``folder``, which has ``input``, ``output`` and ``tmp``."""

    def spec(self, folder: Path, title: str, pipes: Mapping[str, str]) -> StepSpec:
        """The process that works in ``folder``. ``pipes``: variables that name its two pipes."""

    def asked(self, folder: Path, features: pa.Table, *, whole: bool = False) -> tuple[dict[str, Any], bytes]:
        """``features`` as it is told them; ``whole``: asked for predictions, whatever it is asked for else. Raises
        StepFailed for what cannot be told."""

    def answered(self, folder: Path, rows: int, head: dict[str, Any], body: bytes, title: str) -> pa.Table | None:
        """The predictions in an answer, of which nothing is believed; None where it is to be asked for the ``whole``.
        Raises NoAnswer."""


@dataclass(frozen=True)
class ProjectProgram:
    """Fills ``Program`` with ``warm_scorer.py`` in the version's own environment: as the step score would be started,
    with a program that stays. ``model``: the folder with the model's files; ``text``: see ``StepScorer``. ``nearest``:
    of ``OnePass``, where labels need not be asked for."""

    stage: Stage
    model: Path
    text: frozenset[str] = frozenset()
    nearest: float | None = None

    @property
    def seconds(self) -> float:
        return self.stage.manifest.train.timeout.total_seconds()

    def check(self, title: str) -> None:
        """See ``Program``."""
        launch.check_environment(self.stage, title)
        check_reads(self.stage.manifest.sandbox, self.stage.workspace)

    def fill(self, folder: Path) -> None:
        """See ``Program``."""
        shutil.copytree(self.stage.code, folder / "code", copy_function=shutil.copyfile)
        shutil.copytree(self.model, folder / "input" / "model", symlinks=True)

    def spec(self, folder: Path, title: str, pipes: Mapping[str, str]) -> StepSpec:
        """See ``Program``."""
        stage = self.stage
        base = spec_of(stage, SCORE_ROWS.name, title, folder, warm=False)
        assert stage.environment.python is not None
        program = stage.manifest.program(SCORE_ROWS)
        named = (program.callable,) if program is not None and program.callable else ()
        argv = (str(stage.environment.python), str(WARM_SCORER), SCORE_ROWS.name, *named)
        once = {} if self.nearest is None else {"LEVERFRAME_NEAREST": repr(self.nearest)}
        environment = {**base.environment, **pipes, **once}
        return replace(base, argv=argv, environment=environment, limits=Limits(FOR_EVER, base.limits.memory))

    def asked(self, folder: Path, features: pa.Table, *, whole: bool = False) -> tuple[dict[str, Any], bytes]:
        """See ``Program``."""
        if self.stage.manifest.form == "parquet":
            kept = types_of(features) if self.stage.types else {}
            return {"form": "arrow", "kept": kept}, streamed(features)
        for left in (folder / "output").glob("predictions.*"):
            left.unlink()
        write_input(features, folder / "input", self.stage.manifest.form, types=self.stage.types)
        return {"form": "files"}, b""

    def answered(self, folder: Path, rows: int, head: dict[str, Any], body: bytes, title: str) -> pa.Table | None:
        """See ``Program``."""
        if self.stage.manifest.form != "parquet":
            return read_output(folder / "output", "predictions", self.stage.manifest.form, title, self.text)
        table = arrow_in(body)
        kept = read_kept(head.get("kept", {}))
        if kept is None:
            raise NoAnswer("whose types are no JSON of {column: {...}}")
        return laid_out(table, kept)


def most_bytes(rows: int) -> int:
    """How long an answer for so many rows may be."""
    return (1 << 20) + rows * (1 << 16)


def arrow_in(body: bytes) -> pa.Table:
    """What an answer holds. It comes from a process of the project's: nothing of it is believed before it was looked
    through. Raises NoAnswer."""
    import pyarrow as pa

    try:
        table = pa.ipc.open_stream(body).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NoAnswer(f"that cannot be read ({plain(str(error), 160)})") from None
    return table


def stays(stage: Stage) -> bool:
    """Whether the version can be scored by a process that stays: a command scores one table and ends."""
    program = stage.manifest.program(SCORE_ROWS)
    return stage.environment.python is not None and (program is None or program.command is None)
