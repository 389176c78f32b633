"""A version unpacked inside a run, so that its own code extracts and its own model scores.

Only code and model, in a folder that goes with the run. The whole of a version, from nothing but the store, is rebuilt
where it is to be proven: ``release.rebuild``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import Damage
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Stage
from engine.runs.steps.tables import types_of
from engine.scoring.onnx_scorer import OnnxProgram, runtime
from engine.scoring.scorer import Scorer, StepScorer, text_predicted
from engine.scoring.warm_process import WarmProcess
from engine.versions.document import COMPILED, named, write_folder
from engine.versions.environment import built, lock_of, supply_of
from engine.vocabulary.steps import StepKind

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.scoring.compiled.scorer import CompiledScorer
    from engine.scoring.onnx_form import OnnxForm
    from engine.scoring.split_program import TablesBehind
    from engine.storage.objects import ObjectStore
    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class Unpacked:
    """A version in a folder of the run's. ``stage`` is what its steps have in common."""

    label: str
    document: VersionDocument
    model: Path
    stage: Stage

    @property
    def manifest(self) -> Manifest:
        return self.stage.manifest

    @property
    def features(self) -> list[str]:
        return list(self.document.model.features)

    def lacking(self, table: pa.Table) -> list[str]:
        """The features that it needs and ``table`` has not."""
        return [name for name in self.features if name not in table.column_names]

    def scorer(self, context: RunContext, kind: StepKind, span: tuple[float, float], *, warm: bool = True) -> Scorer:
        """Scores once, by its compiled form where it has one that can be used here, else in a step of that ``kind``:
        ``RunContext.launch``. Also where tables are behind its own first steps: a process is begun either way.

        Raises Damage where the compiled form is not whole.
        """
        folder = self.model.with_name(f"{COMPILED} {kind.name}")
        if self.document.scorer.maker == "compiled":
            return compiled_scorer(context.store, self.label, self.document, folder)
        if self.document.scorer.maker == "onnx" and runtime():
            form = onnx_form(context.store, self.label, self.document, folder)
            program = OnnxProgram(form, folder, context.workspace.root, context.marker, context.held)
            scorer = ScoresOnce(program, folder.with_name(f"{folder.name} process"), f"scoring {self.label}")
            context.watch(scorer)
            return scorer
        step = context.launch(self.stage, kind, span, warm=warm)
        return StepScorer(step, self.model, text_predicted(self.stage, self.document.schema), context.record)


def unpack(context: RunContext, label: str, document: VersionDocument, folder: str = "live") -> Unpacked:
    """Take the version's code and model out of the store. Raises Damage or Refusal where that cannot be done."""
    home = context.folder / folder
    home.mkdir()
    try:
        write_folder(context.store, document.code.files, home / "code")
        write_folder(context.store, document.model.files, home / "model")
        lock = lock_of(context.store, document)
    except Damage as damage:
        raise named(context.store, label, damage) from None
    manifest = load_manifest(home / "code", of_version=True)
    environment = built(context.workspace, lock, supply_of(context.store, document))
    stage = context.stage(home / "code", manifest, environment, lock)
    return Unpacked(label, document, home / "model", replace(stage, types=keeps_types(document)))


def compiled_scorer(store: ObjectStore, label: str, document: VersionDocument, folder: Path) -> CompiledScorer:
    """The compiled form of a version that has one, out of the store; ``folder`` is made here. Raises Damage."""
    from engine.scoring.compiled.scorer import CompiledScorer

    try:
        write_folder(store, document.scorer.files, folder)
        scorer = CompiledScorer.read(folder)
    except Damage as damage:
        raise named(store, label, damage) from None
    if scorer.features != document.model.features:
        raise Damage(f"{label} is damaged: its compiled form takes other features than its model.")
    return scorer


def tables_behind(store: ObjectStore, label: str, document: VersionDocument, folder: Path) -> TablesBehind:
    """The tables of a version that has them for the steps behind its own first ones, out of the store; ``folder`` is
    made here. Raises Damage."""
    from engine.scoring.compiled.scorer import CompiledScorer
    from engine.scoring.split_program import TablesBehind, section

    try:
        write_folder(store, document.scorer.files, folder)
        scorer = CompiledScorer.read(folder, behind=True)
    except Damage as damage:
        raise named(store, label, damage) from None
    if section(scorer) != document.scorer.split:
        raise Damage(f"{label} is damaged: its tables are behind other steps than its document says.")
    return TablesBehind(scorer)


def onnx_form(store: ObjectStore, label: str, document: VersionDocument, folder: Path) -> OnnxForm:
    """The ONNX of a version that has it, out of the store; ``folder`` is made here. Raises Damage."""
    from engine.scoring.onnx_form import read_form

    try:
        write_folder(store, document.scorer.files, folder)
        form = read_form(folder)
    except Damage as damage:
        raise named(store, label, damage) from None
    if form.names != document.model.features:
        raise Damage(f"{label} is damaged: its ONNX takes other features than its model.")
    return form


class ScoresOnce:
    """Fills ``Scorer`` with a process of ONNX Runtime that ends with its answer."""

    def __init__(self, program: OnnxProgram, folder: Path, title: str) -> None:
        self._process = WarmProcess(program, folder, title, None, program.seconds, clock.now)
        self._program = program

    def score(self, features: pa.Table) -> pa.Table:
        """See ``Scorer``."""
        try:
            return self._process.ask(features.select(list(self._program.form.names)))
        finally:
            self._process.close()

    def cancel(self, why: str) -> None:
        """End it, whatever it is at."""
        self._process.close()


def keeps_types(document: VersionDocument) -> bool:
    """Whether the version learnt columns of the types that extract returned, not what the files alone say of them."""
    return document.data.types is not None


def schema_known_to(document: VersionDocument, table: pa.Table, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that the version learnt, to hold that of ``table`` against.

    A version of before took text in csv for numbers where it looks like some: that it is text now is no change of it.
    """
    learnt = document.schema
    if keeps_types(document):
        return learnt
    text = {name for name, about in types_of(table).items() if about.get("text")}
    now = {column["name"]: column for column in schema["columns"]}
    return {"columns": [now[each["name"]] if each["name"] in text else each for each in learnt["columns"]]}
