"""The new model as tables that score without its libraries, where that is exact; else those of its steps behind the
project's own first ones; else as ONNX; and why not, where it is not.

No run fails for it: a version that has neither is scored by a process of its own environment.
"""

from __future__ import annotations

import shutil
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import LeverframeError, StepFailed
from engine.jobs.retrain.onnx_converting import OnnxForms
from engine.jobs.retrain.splitting import Split, is_split
from engine.projects.manifest.reader import Manifest
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Stage
from engine.runs.steps.step import StepResult
from engine.runs.steps.tables import write_input
from engine.scoring.gate import compared
from engine.scoring.one_pass import one_pass
from engine.text import plain
from engine.versions.document import COMPILED, store_folder
from engine.versions.records import ScorerSection, Tried
from engine.vocabulary import steps

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.jobs.retrain.data import Prepared
    from engine.storage.objects import ObjectStore

_REFUSED = 3  # exit code of the script: the last line that it printed says why
_MOST_FILES = 16


@dataclass(frozen=True)
class Scored:
    """What the new version is scored by: the section of its document but for the files, which lie in ``folder``."""

    section: ScorerSection
    folder: Path | None = None

    def stored(self, store: ObjectStore) -> ScorerSection:
        """The section, with its files in the store."""
        if self.folder is None:
            return self.section
        return replace(self.section, files=store_folder(store, self.folder))


def compiled(context: RunContext, stage: Stage, data: Prepared, model: Path) -> Path | str:
    """The folder with the compiled form of the model in ``model``, or why there is none, as the end of a sentence.

    Raises StepFailed when the run is cancelled.
    """
    never = why_never(stage.manifest)
    if never is not None:
        return never
    results: list[StepResult] = []
    try:
        step = context.launch(stage, steps.COMPILE, (0.80, 0.85), warm=False)
        shutil.copytree(model, step.input / "model", symlinks=True)
        write_input(data.golden_inputs, step.input, stage.manifest.form, types=stage.types)
        step.begin()
        step.conclude(results.append)
    except StepFailed as failed:
        return _why_failed(context, results[0] if results else None, failed)
    context.record(results[0])
    return _whole(step.output / COMPILED)


def why_never(manifest: Manifest) -> str | None:
    """Why models of such a project are not compiled, whatever they are; None where that is to be tried."""
    program = manifest.program(steps.SCORE_ROWS)
    if program is None:
        return None
    if program.callable:
        return f"{plain(program.callable, 80)}, a function of the project's own, makes its predictions"
    return "a command of the project's own makes its predictions"


def _why_failed(context: RunContext, result: StepResult | None, failed: StepFailed) -> str:
    """Why there is no compiled form. That the script refuses is an answer, and no failure of the step."""
    if result is None:
        return f"compiling it failed: {str(failed).rstrip('.')}"
    if result.exit_code == _REFUSED and result.last_lines:
        context.record(replace(result, state="succeeded", why=None))
        return plain(result.last_lines[-1], 300).rstrip(".")
    context.record(result)
    if result.state == "cancelled":
        raise failed
    return f"compiling it failed: {plain(str(failed), 300).rstrip('.')}"


def _whole(folder: Path) -> Path | str:
    """``folder``, which a process filled that ran the project's code: files, and nothing else."""
    there = list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
    if not there or len(there) > _MOST_FILES or any(each.is_symlink() or not each.is_file() for each in there):
        return "compiling it left something else than its tables"
    return folder


class Forms:
    """The forms of the model in ``model`` that may answer in its place, each made when it is asked for. The slow ones
    begin with ``begin``, which another thread may do."""

    def __init__(self, context: RunContext, stage: Stage, data: Prepared, model: Path) -> None:
        self._given = context, stage, data, model
        self._data = data
        self._onnx = OnnxForms(context, stage, data, model) if why_never(stage.manifest) is None else None
        self._tables: Path | str = ""

    def begin(self) -> Forms:
        """Make the tables, and the ONNX where there are none. Raises StepFailed when the run is cancelled."""
        self._tables = compiled(*self._given)
        if isinstance(self._tables, str) and self._onnx is not None:
            self._onnx.converted()
        return self

    def scored(self, predictions: pa.Table, *, regression: bool) -> Scored:
        """What the version is scored by: the first of them that answers on the holdout as the model did, which
        ``predictions`` are. Raises StepFailed when the run is cancelled."""
        split = isinstance(self._tables, Path) and is_split(self._tables)
        if split and isinstance(self._tables, Path):
            section = Split(*self._given, self._tables).judged(predictions, regression=regression)
            by = Scored(section, self._tables if section.maker == "split" else None)
        else:
            by = scored_by(self._tables, self._data, predictions, regression=regression)
        if by.section.maker != "process" or self._onnx is None:
            return by
        last = Tried("split" if split else "compiled", by.section.why, by.section.parity)
        tried = (*by.section.tried, last)
        return how_asked(Scored(*self._onnx.judged(tried, predictions, regression=regression)), predictions)


def how_asked(by: Scored, predictions: pa.Table) -> Scored:
    """``by``, where it is a process with whether that is asked for labels beside probabilities."""
    if by.section.maker != "process":
        return by
    return replace(by, section=replace(by.section, one_pass=one_pass(predictions)))


def scored_by(form: Path | str, data: Prepared, predictions: pa.Table, *, regression: bool) -> Scored:
    """What the version is scored by as far as tables go: its compiled form, where that answers on the holdout as the
    model did."""
    if isinstance(form, str):
        return Scored(ScorerSection(why=form))
    from engine.scoring.compiled.scorer import CompiledScorer

    try:
        scorer = CompiledScorer.read(form)
        inputs = data.holdout_inputs
        parity, why = compared(scorer, predictions, inputs, data.train, regression=regression)
    except LeverframeError as problem:
        return Scored(ScorerSection(why=f"its tables cannot be used: {plain(str(problem), 300).rstrip('.')}"))
    except Exception as error:  # noqa: BLE001 - a bug of ours, kept in engine.log; the model itself is none the worse
        traceback.print_exc()
        return Scored(ScorerSection(why=f"Leverframe itself could not read its tables ({type(error).__name__})"))
    if why:
        return Scored(ScorerSection(why=f"its tables answer otherwise: {'; '.join(why)}", parity=parity))
    return Scored(ScorerSection(maker="compiled", parity=parity), form)
