"""A version unpacked inside a run, so that its own code extracts and its own model scores.

Only code and model, in a folder that goes with the run. The whole of a version, from nothing but the store, is rebuilt
where it is to be proven: ``release.rebuild``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Damage
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Stage
from engine.runs.steps.tables import types_of
from engine.scoring.scorer import Scorer, StepScorer, text_predicted
from engine.versions.document import COMPILED, named, write_folder
from engine.versions.environment import built, lock_of, supply_of
from engine.vocabulary.steps import StepKind

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.scoring.compiled.scorer import CompiledScorer
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
        """Scores once, by its compiled form where it has one, else in a step of that ``kind``: ``RunContext.launch``.

        Raises Damage where the compiled form is not whole.
        """
        if self.document.scorer.maker == "compiled":
            folder = self.model.with_name(f"{COMPILED} {kind.name}")
            return compiled_scorer(context.store, self.label, self.document, folder)
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
