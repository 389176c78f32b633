"""The new model as ONNX, where no tables stand for it: by skl2onnx in an environment that has the model's own packages
beside it, as exports are made, and held to the same gate as tables. No run fails for it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from engine.clock import now
from engine.errors import Damage, LeverframeError, Refusal, StepFailed
from engine.exports import answers
from engine.exports.answers import Converted
from engine.exports.contained_step import SCRIPTS
from engine.exports.environment import built, export_lock
from engine.exports.holdout import kind_of
from engine.exports.targets import target
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Stage
from engine.runs.steps.step import StepResult
from engine.scoring.gate import compared
from engine.scoring.makers import ProcessScorer
from engine.scoring.onnx_form import Feature, Kind, Label, OnnxForm, write_form
from engine.scoring.onnx_scorer import LACKING, SECONDS, onnx_process, program_in, runtime
from engine.scoring.row_table import RowTable
from engine.text import plain
from engine.validation.columns import is_text
from engine.versions.document import COMPILED
from engine.versions.records import ScorerSection, Tried
from engine.vocabulary import steps

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.jobs.retrain.data import Prepared
    from engine.versions.parity import Parity

_REFUSED = 3  # exit code of the script: the last line that it printed says why
_KINDS: tuple[Kind, ...] = ("double", "int64", "string")
CALLED = "the new model"


class OnnxForms:
    """The model in ``model`` as ONNX: converted once, when it is first asked for, in every way that there is."""

    def __init__(self, context: RunContext, stage: Stage, data: Prepared, model: Path) -> None:
        self._context, self._stage, self._data, self._model = context, stage, data, model
        self._made: Converted | str | None = None

    def converted(self) -> Converted | str:
        """What the converter wrote, or why it did not, as the end of a sentence. Raises StepFailed when the run is
        cancelled."""
        if self._made is None:
            self._made = self._convert() if runtime() else LACKING
        return self._made

    def judged(
        self, tried: tuple[Tried, ...], predictions: pa.Table, *, regression: bool
    ) -> tuple[ScorerSection, Path | None]:
        """What the version is scored by where all that was ``tried`` before was refused, with the folder of the form
        that may answer."""
        made = self.converted()
        if isinstance(made, str):
            return ScorerSection(why=made, tried=tried), None
        found: list[tuple[str, Parity | None]] = []
        for way in made.ways:
            folder = Path(tempfile.mkdtemp(prefix="onnx-", dir=self._context.folder)) / COMPILED
            why, parity = self._held_against(made, way, folder, predictions, regression=regression)
            if not why:
                return ScorerSection(maker="onnx", parity=parity, tried=tried), folder
            found.append((why, parity))
        why, parity = min(found, key=lambda each: _off(each[1]))
        return ScorerSection(why=why, parity=parity, tried=tried), None

    def _convert(self) -> Converted | str:
        context, features = self._context, self._data.holdout_inputs
        results: list[StepResult] = []
        try:
            kinds = {name: kind_of(features.column(name), name) for name in features.column_names}
            with tempfile.TemporaryDirectory(dir=context.folder) as work:
                lock = export_lock(self._stage.lock, target("onnx"), CALLED, Path(work), context.workspace.cache)
            environment = built(lock, context.workspace)
            stage = replace(self._stage, environment=environment, lock=lock, served=False)
            step = context.launch(stage, steps.CONVERT, (0.85, 0.87), warm=False, scripts=SCRIPTS)
            shutil.copytree(self._model, step.input / "model", symlinks=True)
            request = {"project": stage.manifest.name, "features": list(kinds.items()), "bits": 64}
            (step.input / "request.json").write_text(json.dumps(request), "utf-8")
            step.begin()
            step.conclude(results.append)
        except StepFailed as failed:
            return self._why_failed(results[0] if results else None, failed)
        except (Refusal, Damage, OSError) as problem:
            return f"it cannot be converted here: {plain(str(problem), 300).rstrip('.')}"
        context.record(results[0])
        try:
            said = answers.document(step.output / "answer.json", "converting it")
            return answers.converted(said, step.output, "onnx", list(kinds), "converting it")
        except StepFailed as failed:
            return plain(str(failed), 300).rstrip(".")

    def _why_failed(self, result: StepResult | None, failed: StepFailed) -> str:
        """That the script refuses is an answer, and no failure of the step."""
        if result is None:
            return f"converting it failed: {plain(str(failed), 300).rstrip('.')}"
        if result.exit_code == _REFUSED and result.last_lines:
            self._context.record(replace(result, state="succeeded", why=None))
            return plain(result.last_lines[-1], 300).rstrip(".")
        self._context.record(result)
        if result.state == "cancelled":
            raise failed
        return f"converting it failed: {plain(str(failed), 300).rstrip('.')}"

    def _held_against(
        self, made: Converted, way: str, folder: Path, predictions: pa.Table, *, regression: bool
    ) -> tuple[str, Parity | None]:
        """Why the form may not answer, "" where it may; and how it answered."""
        graph, inputs = made.ways[way]
        features = tuple(Feature(each.name, _kind(each.type)) for each in inputs)
        label = _label(predictions.column("prediction").type, made)
        if label is None:
            return f"its predictions are {predictions.column('prediction').type}, which ONNX gives otherwise", None
        by = self._packages()
        try:
            write_form(OnnxForm(features, tuple(predictions.column_names), label, made.model, by), graph, folder)
            context = self._context
            program = program_in(folder, context.workspace.root, context.marker, context.held)
            room, like = folder.with_name("process"), self._data.golden_inputs
            process = onnx_process(program, room, f"{CALLED} as ONNX", like, SECONDS, now)
            rows = RowTable(like, tuple(predictions.column_names))
            scorer = ProcessScorer(rows, process.ask, process, f"{CALLED} as ONNX", "onnx")
            context.watch(scorer)
            try:
                inputs_of = self._data.holdout_inputs
                parity, why = compared(scorer, predictions, inputs_of, self._data.train, regression=regression)
            finally:
                scorer.close()
        except LeverframeError as problem:
            return f"it cannot be used: {plain(str(problem), 300).rstrip('.')}", None
        except Exception as error:  # noqa: BLE001 - a bug of ours, kept in engine.log; the model itself is none the worse
            traceback.print_exc()
            return f"Leverframe itself could not use it ({type(error).__name__})", None
        parity = replace(parity, measured_by=by) if parity is not None else None
        return (f"it answers otherwise: {'; '.join(why)}" if why else ""), parity

    def _packages(self) -> str:
        from importlib.metadata import version

        return f"{target('onnx').packages[0].replace('==', ' ')}, ONNX Runtime {version('onnxruntime')}"


def _off(parity: Parity | None) -> tuple[bool, int, float]:
    if parity is None:
        return True, 0, 0.0
    return False, parity.changed or 0, parity.largest if parity.largest is not None else float("inf")


def _kind(told: str) -> Kind:
    for kind in _KINDS:
        if told == kind:
            return kind
    raise Damage(f"The converter names an input of the type {plain(told, 40)}, which is not asked for.")


def _label(kind: pa.DataType, made: Converted) -> Label | None:
    """What a prediction of the version is, by what was recorded; None for what ONNX has no word for."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if made.classes is None:
        return "number" if pa.types.is_float64(kind) else None
    if is_text(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "truth"
    return "whole" if pa.types.is_int64(kind) else next((name for name in get_args(Label) if name == str(kind)), None)
