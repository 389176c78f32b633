"""A retrain: extract, check, split, train, score candidate and live version on the same rows, judge.

What can be done beside something else is: while extract runs, train loads its libraries and the judge its own; while
the model trains, the live version scores the holdout and the data goes into the store.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.environments.lock import Lock, resolve
from engine.errors import Damage, Invalid, Refusal, StepFailed
from engine.projects.manifest import Manifest, load_manifest
from engine.projects.source import Source, snapshot
from engine.runs import nothing_new
from engine.runs.data import Prepared, prepare
from engine.runs.holding import Held
from engine.runs.judging import job_of
from engine.runs.labels import fetched, labelled, labels_step
from engine.runs.launch import Launch, Stage
from engine.runs.own_process import JUDGE, OwnProcess
from engine.runs.rebuilt import rebuild, score
from engine.runs.room import Room
from engine.runs.tables import read_output, write_input
from engine.storage.blocks import put_table
from engine.versions.environment import standing

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Start:
    """What is known before the first step."""

    source: Source
    patch: str | None
    lock: Lock
    stage: Stage

    @property
    def manifest(self) -> Manifest:
        return self.stage.manifest


@dataclass(frozen=True)
class Made:
    """All that a run produced, ready to be packaged."""

    start: Start
    data: Prepared
    blocks: list[dict[str, Any]]
    model: Path
    golden: pa.Table
    judgement: dict[str, Any]
    train_seconds: float
    contained: tuple[Held | None, ...]


def retrain(room: Room) -> Made:
    """Run the whole of it. Raises StepFailed, Refusal or Damage with a sentence for the run's record, or NothingNew."""
    judge = OwnProcess(JUDGE, room)
    try:
        return _retrain(room, judge)
    finally:
        judge.close()


def _retrain(room: Room, judge: OwnProcess) -> Made:
    start = begin(room)
    form = start.manifest.data.format
    extract = room.launch(start.stage, "extract", "extract", (0.05, 0.40))
    room.tell(0.05, "extract")
    extract.begin()
    labels = labels_step(room, start.stage, 0.40)
    compute = start.manifest.compute
    train = room.launch(start.stage, "train", "train", (0.42, 0.70), compute)
    extracted = extract.conclude(room.record)
    table = read_output(extract.output, "data", form, "extract")
    if labels is not None:
        table = labelled(table, fetched(labels, room, 0.40), start.manifest)
    room.tell(0.42, "checking the data")
    data = prepare(table, start.manifest, room.run.as_of)
    lock, rows = start.lock.digest, data.table.num_rows
    room.note(lock=lock, rows=rows, train_rows=data.train.num_rows, holdout_rows=data.holdout.num_rows)
    if room.live is not None and not room.force:
        nothing_new.check(room.store, room.live, start.stage.code, lock, start.manifest, data)

    with ThreadPoolExecutor(2) as pool:
        storing = pool.submit(put_table, room.store, data.table)
        write_input(data.train, train.input, form)
        room.tell(0.42, "train")
        train.begin()
        live = pool.submit(_score_live, room, data)
        scoring = room.launch(start.stage, "score", "score", (0.70, 0.80), compute)
        trained = train.conclude(room.record)
        model = _model_of(train)
        room.tell(0.70, "score")
        predictions = score(room, scoring, data.holdout_inputs, model)
        live_predictions, live_problem = live.result()
        room.tell(0.80, "validate")
        job = job_of(start.manifest, data, room.folder, predictions, live_predictions, trained.seconds)
        if room.live is not None:
            job |= {"live": room.live[0], "live_problem": live_problem, "reference_schema": room.live[1]["schema"]}
        judgement = judge.ask(job)
        blocks = storing.result()
    held = (extracted.contained, trained.contained)
    return Made(start, data, blocks, model, predictions.take(data.golden), judgement, trained.seconds, held)


def begin(room: Room) -> Start:
    """Take the code as it is committed, read its manifest, lock its requirements, find its environment."""
    room.tell(0.01, "taking the code")
    code = room.folder / "code"
    source, patch = snapshot(room.project_path, code, allow_dirty=room.allow_dirty)
    manifest = load_manifest(code)
    if manifest.name != room.run.project:
        raise Invalid(
            f"The manifest is called '{manifest.name}' now, but this project is '{room.run.project}'; "
            "give it its name back, or add it as a project of its own."
        )
    again = manifest.train
    room.note(revision=_revision(source), retries=again.retries, retry_after=again.retry_after.total_seconds())
    room.tell(0.02, "preparing the environment")
    spec = manifest.environment
    requirements = code / spec.requirements if spec.requirements else None
    lock = resolve(requirements, spec.python, room.workspace.cache, fresh=room.fresh_lock)
    environment = standing(room.workspace, lock)
    return Start(source, patch, lock, room.stage(code, manifest, environment, lock))


def _revision(source: Source) -> str | None:
    """The commit, marked where something was changed and not committed."""
    return f"{source.revision}+" if source.revision and source.dirty else source.revision


def _model_of(train: Launch) -> Path:
    model = train.output / "model"
    if model.is_symlink() or not model.is_dir() or not any(p.is_file() for p in model.rglob("*")):
        raise StepFailed(
            "train ended well but left no model; it must write files into the folder $LEVERFRAME_OUTPUT/model."
        )
    return model


def _score_live(room: Room, data: Prepared) -> tuple[pa.Table | None, str | None]:
    """The live version's predictions for the same holdout, or why there are none.

    A live version that cannot be scored does not fail the run: what cannot be compared is judged as *cannot tell*.
    """
    if room.live is None:
        return None, None
    label, document = room.live
    try:
        live = rebuild(room, label, document)
        missing = live.lacking(data.holdout)
        if missing:
            return None, f"the data no longer has {', '.join(missing[:3])}, which {label} needs"
        step = room.launch(live.stage, "score", "score live", (0.70, 0.75))
        return score(room, step, data.holdout.select(live.features), live.model), None
    except (Refusal, Damage) as problem:
        return None, str(problem)
