"""A version taken out of the store again inside a run, so that its own code extracts and its own model scores."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Damage, StepFailed
from engine.projects.manifest import Manifest, load_manifest
from engine.runs.launch import Launch, Stage
from engine.runs.room import Room
from engine.runs.tables import read_output, write_input
from engine.versions.document import named, write_folder
from engine.versions.environment import lock_of, standing

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


def rebuild(room: Room, label: str, document: dict[str, Any], folder: str = "live") -> Rebuilt:
    """Take the version's code and model out of the store. Raises Damage or Refusal where that cannot be done."""
    home = room.folder / folder
    home.mkdir()
    try:
        for part in ("code", "model"):
            write_folder(room.store, document[part]["files"], home / part)
        lock = lock_of(room.store, document)
    except Damage as damage:
        raise named(label, damage) from None
    manifest = load_manifest(home / "code")
    stage = room.stage(home / "code", manifest, standing(room.workspace, lock), lock)
    return Rebuilt(label, document, home / "model", stage)


def score(room: Room, step: Launch, inputs: pa.Table, model: Path) -> pa.Table:
    """The predictions of ``model`` for ``inputs``. Raises StepFailed unless there is one for each row."""
    form = step.stage.manifest.data.format
    shutil.copytree(model, step.input / "model", symlinks=True)  # A link may lead to what only the engine can read.
    write_input(inputs, step.input, form)
    step.begin()
    step.conclude(room.record)
    predictions = read_output(step.output, "predictions", form, step.title)
    if predictions.num_rows != inputs.num_rows:
        raise StepFailed(
            f"{step.title} gave {predictions.num_rows:,} predictions for {inputs.num_rows:,} rows; "
            "it must give one for each row, in the same order."
        )
    return predictions
