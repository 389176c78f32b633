"""Proof: a version is rebuilt in an empty folder and reproduces its own recorded predictions on its golden rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.clock import moment
from engine.environments import unchanged
from engine.errors import Damage, Refusal, StepFailed
from engine.projects.manifest.reader import load_manifest
from engine.release.rebuild import EnvironmentOf, rebuild
from engine.release.records import ProofStep
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.step import StepResult
from engine.scoring.gate import answers_alone
from engine.scoring.makers import ProcessScorer, whole_pipeline
from engine.scoring.onnx_scorer import LACKING, onnx_process, program_in, runtime
from engine.scoring.ready import ReadyScorer
from engine.scoring.row_table import RowTable
from engine.scoring.scorer import Scorer, StepScorer
from engine.scoring.split_program import SplitProgram, TablesBehind
from engine.scoring.unpacked import keeps_types
from engine.scoring.warm_process import WarmProcess
from engine.storage.disk import delete_tree
from engine.storage.objects import ObjectStore, Stored
from engine.storage.workspace import Workspace
from engine.versions.absent_data import is_absent
from engine.versions.document import COMPILED
from engine.versions.environment import lock_of, standing, supply_of

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument

OnStep = Callable[[ProofStep], None]


class Steps:
    """The steps of a move as they are done, each told to whoever is watching."""

    def __init__(self, on_step: OnStep) -> None:
        self.done: list[ProofStep] = []
        self._on_step = on_step
        self._since = time.monotonic()

    def add(self, what: str) -> None:
        now = time.monotonic()
        step = ProofStep(what, round(now - self._since, 3))
        self._since = now
        self.done.append(step)
        self._on_step(step)


@dataclass(frozen=True)
class Ground:
    """What a version is proven in: the environment of its lock, and the run whose steps it takes, if it is one's.

    ``marker``: of its processes; ``held``: the descriptor of the run's lock, which they keep; ``watch`` can end a step.
    """

    environment_of: EnvironmentOf
    marker: str
    held: int | None = None
    watch: Callable[[Launch], None] = lambda step: None
    record: Callable[[StepResult], None] | None = None


def of_workspace(workspace: Workspace) -> Ground:
    """In the environments that stand in the workspace, built where they are missing."""
    return Ground(lambda lock, supply: standing(workspace, lock, supply), f"{workspace.token}:proof")


def prove(
    workspace: Workspace, store: ObjectStore, digest: str, label: str, folder: Path, steps: Steps, ground: Ground
) -> None:
    """Rebuild the version with ``digest`` at ``folder`` and hold its predictions against the recorded ones.

    A version that has another form than its model has to reproduce them both ways, through its model and through its
    tables or its ONNX, where this Leverframe can run that. Raises Damage
    when the store does not hold what the version needs, and Refusal when the predictions differ.
    """
    unchanged.end_all()  # Nobody's word that an environment is as it was is taken for a proof: each name is asked for.
    document = rebuild(store, digest, folder, ground.environment_of)
    if is_absent(store, document):
        steps.add("code, schema, model and environment rebuilt from the store; its data is not here")
    else:
        steps.add("code, data, schema, model and environment rebuilt from the store")
    recorded = _table(store, document.golden.predictions)
    stage = _stage(workspace, store, document, folder, ground)
    scored = _score(store, document, stage, label, recorded, ground)
    _refuse_differing(document, label, recorded, scored)
    steps.add(f"{recorded.num_rows} of {recorded.num_rows} golden rows equal")
    if document.scorer.maker == "process":
        return
    if document.scorer.maker == "onnx" and not runtime():
        steps.add(f"its ONNX was not tried, for {LACKING}: its model answers in a process of its own here")
        return
    by = f" by its {_FORM[document.scorer.maker]}"
    _prove_form(document, stage, label, recorded, _table(store, document.golden.inputs), by, ground)
    steps.add(f"{recorded.num_rows} of {recorded.num_rows} golden rows equal{by} too")


def _prove_form(
    document: VersionDocument, stage: Stage, label: str, recorded: pa.Table, inputs: pa.Table, by: str, ground: Ground
) -> None:
    """Hold what answers in the model's place against the recorded predictions, rows together and each alone."""
    form = _FORM[document.scorer.maker]
    rows = inputs.select(list(document.model.features))
    try:
        scorer = _opened(document, stage, rows, tuple(recorded.column_names), ground)
        try:
            scored = scorer.score(rows)
            _refuse_differing(document, label, recorded, scored, by)
            why = answers_alone(scorer, rows, scored) or whole_pipeline(scorer)
        finally:
            scorer.close()
    except Damage as damage:
        raise Damage(f"{label} is damaged: its {form} cannot be read ({str(damage).rstrip('.')}).") from None
    except StepFailed as failed:
        raise Refusal(f"{label} cannot be proven: its {form}: {failed} Nothing was changed.") from None
    if why:
        raise _not_reproduced(label, why, by)


def _opened(
    document: VersionDocument, stage: Stage, rows: pa.Table, outputs: tuple[str, ...], ground: Ground
) -> ReadyScorer:
    from engine.scoring.compiled.scorer import CompiledScorer

    folder, named = stage.code.parent, RowTable(rows, outputs)
    form, room = folder / COMPILED, folder.with_name(f"{folder.name}.form")
    if document.scorer.maker == "compiled":
        return CompiledScorer.read(form)
    if document.scorer.maker == "split":
        tables = TablesBehind(CompiledScorer.read(form, behind=True))
        program = SplitProgram(stage, folder / "model", tables=tables)
        process = WarmProcess(program, room, "its first steps", None, program.seconds, clock.now)
        return ProcessScorer(named, process.ask, process, "its first steps", "split")
    graph = program_in(form, stage.workspace, ground.marker, ground.held)
    process = onnx_process(graph, room, "the ONNX", rows.slice(0, 3), None, clock.now)
    return ProcessScorer(named, process.ask, process, "the ONNX", "onnx")


def reproduced(store: ObjectStore, document: VersionDocument, label: str, scorer: Scorer) -> int:
    """How many golden rows the version has, when ``scorer`` gives the recorded prediction for each of them.

    Raises Refusal where one differs, StepFailed where there is none, and Damage where they cannot be read.
    """
    recorded = _table(store, document.golden.predictions)
    _refuse_differing(document, label, recorded, scorer.score(_table(store, document.golden.inputs)))
    return int(recorded.num_rows)


_FORM = {"compiled": "compiled tables", "split": "tables behind its first steps", "onnx": "ONNX"}


def _refuse_differing(
    document: VersionDocument, label: str, recorded: pa.Table, scored: pa.Table, by: str = ""
) -> None:
    differing = count_differing(recorded, as_recorded(scored, recorded, document), document.golden.tolerance)
    if differing:
        raise _not_reproduced(label, f"{differing} of {recorded.num_rows} golden rows differ", by)


def _not_reproduced(label: str, why: str, by: str) -> Refusal:
    way = "retrain" if by else "look at what its environment or code depends on"
    return Refusal(
        f"{label} does not reproduce its own predictions{by}: {why}. Nothing was changed; do not use this version, and "
        f"{way}."
    )


def _stage(
    workspace: Workspace, store: ObjectStore, document: VersionDocument, folder: Path, ground: Ground
) -> Stage:
    lock = lock_of(store, document)
    return Stage(
        code=folder / "code",
        manifest=load_manifest(folder / "code", of_version=True),
        environment=ground.environment_of(lock, supply_of(store, document)),
        lock=lock,
        marker=ground.marker,
        held=ground.held,
        as_of=moment(document.lineage.as_of),
        types=keeps_types(document),
        workspace=workspace.root,
    )


def _score(
    store: ObjectStore, document: VersionDocument, stage: Stage, label: str, recorded: pa.Table, ground: Ground
) -> pa.Table:
    from engine.validation.columns import is_text

    folder = stage.code.parent
    room = folder.with_name(folder.name + ".scoring")
    try:
        step = Launch(stage, "score", room, lambda done, text: None, title=f"scoring {label}")
        ground.watch(step)
        # What was text in the whole holdout may look like numbers in a few rows of it.
        text = {field.name for field in recorded.schema if is_text(field.type)}
        return StepScorer(step, folder / "model", text, ground.record).score(_table(store, document.golden.inputs))
    except StepFailed as failed:
        raise Refusal(f"{label} cannot be proven: {failed} Nothing was changed.") from None
    finally:
        with suppress(OSError):
            delete_tree(room)


def as_recorded(scored: pa.Table, recorded: pa.Table, document: VersionDocument) -> pa.Table:
    """``scored`` with the names of columns that an older engine recorded: an estimator's score without its class."""
    own_code = "score" in document.settings["train"]
    if own_code or "score" not in recorded.column_names or "score" in scored.column_names:
        return scored
    return scored.rename_columns(["score" if name.startswith("score_") else name for name in scored.column_names])


def _table(store: ObjectStore, stored: Stored) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(pa.BufferReader(store.read(stored)))
    except pa.ArrowException as error:
        raise Damage(f"The golden rows cannot be read: {error}.") from None


def count_differing(recorded: pa.Table, scored: pa.Table, tolerance: float) -> int:
    """How many rows differ: labels exactly, floating-point numbers by more than ``tolerance`` relative to their size.

    A different number of rows or other columns make every row count as different.
    """
    import numpy as np
    import pyarrow as pa

    if recorded.num_rows != scored.num_rows or recorded.column_names != scored.column_names:
        return max(int(recorded.num_rows), 1)
    differing = np.zeros(recorded.num_rows, dtype=bool)
    for name in recorded.column_names:
        old, new = recorded.column(name), scored.column(name)
        if pa.types.is_floating(old.type) and pa.types.is_floating(new.type):
            a, b = old.to_numpy(), new.to_numpy()
            differing |= ~np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
        else:
            differing |= np.array([x != y for x, y in zip(old.to_pylist(), new.to_pylist(), strict=True)], dtype=bool)
    return int(differing.sum())
