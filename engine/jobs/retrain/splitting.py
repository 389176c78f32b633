"""The tables behind a project's own first steps, held to the same gate as tables of a whole model: the process and the
tables together answer the holdout.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import now
from engine.errors import LeverframeError
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Stage
from engine.scoring.compiled.scorer import CompiledScorer
from engine.scoring.gate import compared
from engine.scoring.makers import ProcessScorer, whole_pipeline
from engine.scoring.row_table import RowTable
from engine.scoring.scorer import text_predicted
from engine.scoring.split_program import SplitProgram, TablesBehind, section
from engine.scoring.warm_process import WarmProcess
from engine.text import plain
from engine.versions.records import ScorerSection, Tried

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.jobs.retrain.data import Prepared
    from engine.versions.parity import Parity

_CALLED = "the new model's first steps"


@dataclass(frozen=True)
class Split:
    """The tables in ``folder``, and the model whose first steps stay in a process."""

    context: RunContext
    stage: Stage
    data: Prepared
    model: Path
    folder: Path

    def judged(self, predictions: pa.Table, *, regression: bool) -> ScorerSection:
        """What the version is scored by as far as they go: ``predictions`` are what the model itself said of the
        holdout."""
        tables: CompiledScorer | None = None
        try:
            tables = CompiledScorer.read(self.folder, behind=True)
            behind = tables.model.behind
            assert behind is not None
            tried = (Tried("compiled", behind.why),)
            why, parity = self._held_against(tables, predictions, regression=regression)
        except LeverframeError as problem:
            return _refused(tables, f"its tables behind its first steps cannot be used: {_line(problem)}")
        except Exception as error:  # noqa: BLE001 - a bug of ours, kept in engine.log; the model itself is none the worse
            traceback.print_exc()
            return _refused(tables, f"Leverframe itself could not use its tables ({type(error).__name__})")
        if why:
            said = f"its tables behind its first steps answer otherwise: {'; '.join(why)}"
            return ScorerSection(why=said, parity=parity, tried=tried)
        return ScorerSection(maker="split", parity=parity, tried=tried, split=section(tables))

    def _held_against(
        self, tables: CompiledScorer, predictions: pa.Table, *, regression: bool
    ) -> tuple[tuple[str, ...], Parity | None]:
        stage, context, like = self.stage, self.context, self.data.golden_inputs
        text = frozenset(text_predicted(stage, self.data.schema))
        program = SplitProgram(stage, self.model, text, tables=TablesBehind(tables))
        seconds = stage.manifest.train.timeout.total_seconds()
        process = WarmProcess(program, self.folder.with_name("split process"), _CALLED, like, seconds, now)
        names = tuple(predictions.column_names)
        scorer = ProcessScorer(RowTable(like, names), process.ask, process, _CALLED, "split")
        context.watch(scorer)
        try:
            process.start()
            inputs, train = self.data.holdout_inputs, self.data.train
            parity, why = compared(scorer, predictions, inputs, train, regression=regression)
        finally:
            scorer.close()
        whole = whole_pipeline(scorer)
        return (*why, *((whole,) if whole else ())), parity


def _refused(tables: CompiledScorer | None, why: str) -> ScorerSection:
    behind = tables.model.behind if tables is not None else None
    return ScorerSection(why=why, tried=() if behind is None else (Tried("compiled", behind.why),))


def _line(problem: LeverframeError) -> str:
    return plain(str(problem), 300).rstrip(".")


def is_split(folder: Path) -> bool:
    """Whether the tables in ``folder`` are those of steps behind others. Whoever wrote them is not believed: where it
    cannot be told, they are not."""
    from engine.scoring.compiled.reading import read_tables

    try:
        return read_tables(folder).model.behind is not None
    except LeverframeError:
        return False
