"""A version taken out of the store again inside a run, so that its own code extracts and its own model scores."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.environments.build import ensure
from engine.errors import Damage, StepFailed
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.tables import read_output, types_of, write_input
from engine.validation.schema import type_in
from engine.versions.document import named, write_folder
from engine.versions.environment import lock_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Rebuilt:
    """A version in a folder of the run's. ``stage`` is what its steps have in common."""

    label: str
    document: dict[str, Any]
    model: Path
    stage: Stage

    @property
    def manifest(self) -> Manifest:
        return self.stage.manifest

    @property
    def features(self) -> list[str]:
        return list(self.document["model"]["features"])

    def lacking(self, table: pa.Table) -> list[str]:
        """The features that it needs and ``table`` has not."""
        return [name for name in self.features if name not in table.column_names]


def rebuild(context: RunContext, label: str, document: dict[str, Any], folder: str = "live") -> Rebuilt:
    """Take the version's code and model out of the store. Raises Damage or Refusal where that cannot be done."""
    home = context.folder / folder
    home.mkdir()
    try:
        for part in ("code", "model"):
            write_folder(context.store, document[part]["files"], home / part)
        lock = lock_of(context.store, document)
    except Damage as damage:
        raise named(context.store, label, damage) from None
    manifest = load_manifest(home / "code")
    stage = context.stage(home / "code", manifest, ensure(lock, context.workspace.environments), lock)
    return Rebuilt(label, document, home / "model", replace(stage, types=keeps_types(document)))


def keeps_types(document: Mapping[str, Any]) -> bool:
    """Whether the version learnt columns of the types that extract returned, not what the files alone say of them."""
    return "types" in document["data"]


def schema_known_to(document: Mapping[str, Any], table: pa.Table, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that the version learnt, to hold that of ``table`` against.

    A version of before took text in csv for numbers where it looks like some: that it is text now is no change of it.
    """
    learnt: Mapping[str, Any] = document["schema"]
    if keeps_types(document):
        return learnt
    text = {name for name, about in types_of(table).items() if about.get("text")}
    now = {column["name"]: column for column in schema["columns"]}
    return {"columns": [now[each["name"]] if each["name"] in text else each for each in learnt["columns"]]}


def score(context: RunContext, step: Launch, inputs: pa.Table, model: Path, classes: Mapping[str, Any]) -> pa.Table:
    """The predictions of ``model`` for ``inputs``. Raises StepFailed unless there is one for each row.

    ``classes``: the schema of the version's data, which says whether the target is text.
    """
    form, target = step.stage.manifest.data.format, step.stage.manifest.data.target
    shutil.copytree(model, step.input / "model", symlinks=True)  # A link may lead to what only the engine can read.
    write_input(inputs, step.input, form, types=step.stage.types)
    step.begin()
    step.conclude(context.record)
    text = {"prediction"} if step.stage.types and type_in(classes, target) == "text" else ()
    predictions = read_output(step.output, "predictions", form, step.title, text)
    return one_for_each(predictions, inputs, step.title)


def one_for_each(predictions: pa.Table, inputs: pa.Table, title: str) -> pa.Table:
    """``predictions``. Raises StepFailed unless there is one for each row of ``inputs``."""
    if predictions.num_rows != inputs.num_rows:
        raise StepFailed(
            f"{title} gave {predictions.num_rows:,} predictions for {inputs.num_rows:,} rows; "
            "it must give one for each row, in the same order."
        )
    return predictions
