"""A retrain: extract, check, split, train, score candidate and live version on the same rows, judge.

What can be done beside something else is: while extract runs, train loads its libraries and the judge its own; while
the model trains, the live version scores the holdout and the data goes into the store.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.environments.kind import KINDS
from engine.environments.records import Lock
from engine.errors import Damage, Invalid, Refusal
from engine.jobs.labels import fetched, labelled, labels_step
from engine.jobs.retrain import imported as imports
from engine.jobs.retrain import model_folder, nothing_new
from engine.jobs.retrain.compiling import Forms, Scored
from engine.jobs.retrain.data import Prepared, prepare
from engine.jobs.retrain.judging import JudgedRows, against, job_of
from engine.json_records import read, write
from engine.projects import allowances
from engine.projects.manifest.reader import FILE, Manifest, load_manifest
from engine.projects.reach import reach_of
from engine.projects.source.code import authors_since, snapshot
from engine.projects.source.records import CodeAuthor, Source
from engine.records import Gate
from engine.runs.own_process import JUDGE, OwnProcess
from engine.runs.run_context import RunContext
from engine.runs.steps.holding import StepHold
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.missing_files import refuse_absent
from engine.runs.steps.tables import read_output, write_input
from engine.scoring.scorer import StepScorer, text_predicted
from engine.scoring.unlearnt import unlearnt, worth_it
from engine.scoring.unpacked import schema_known_to, unpack
from engine.storage.blocks import put_table
from engine.storage.stored_files import StoredBlock
from engine.versions.environment import built
from engine.versions.records import JudgeAnswer, Judgement, LearntSection
from engine.vocabulary import steps

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.columns import Mask
    from engine.versions.records import DrawnHoldout


@dataclass(frozen=True)
class Start:
    """What is known before the first step."""

    source: Source
    patch: str | None
    lock: Lock
    stage: Stage
    authors: tuple[CodeAuthor, ...]

    @property
    def manifest(self) -> Manifest:
        return self.stage.manifest


@dataclass(frozen=True)
class Made:
    """All that a run produced, ready to be packaged. ``parent``: the label of the version that a learner went on from;
    ``drifted``: its errors grew while it learnt."""

    start: Start
    data: Prepared
    blocks: tuple[StoredBlock, ...]
    model: Path
    golden: pa.Table
    judgement: Judgement
    gates: tuple[Gate, ...]
    train_seconds: float
    contained: tuple[StepHold | None, ...]
    scored: Scored
    learnt: LearntSection | None = None
    parent: str | None = None
    drifted: bool = False


def retrain(context: RunContext) -> Made:
    """Run the whole of it. Raises StepFailed, Refusal or Damage with a sentence for the run's record, or NothingNew."""
    start = begin(context)
    extract = context.launch(start.stage, steps.EXTRACT, (0.05, 0.40), warm=False)
    context.tell(0.05, "extract")
    extract.begin()
    judge = OwnProcess(JUDGE, context)  # Not before: it loads its libraries while the project's code is at work.
    try:
        return _retrain(context, judge, start, extract)
    finally:
        judge.close()


def _retrain(context: RunContext, judge: OwnProcess, start: Start, extract: Launch) -> Made:
    form = start.manifest.form
    labels = labels_step(context, start.stage, 0.40)
    compute = start.manifest.compute
    imported = start.manifest.train.imported is not None
    train = None if imported else context.launch(start.stage, steps.TRAIN, (0.42, 0.70), compute)
    extracted = extract.conclude(context.record)
    table = read_output(extract.output, "data", form, "extract")
    joined = labelled(table, fetched(labels, context, 0.40), start.manifest) if labels is not None else None
    context.tell(0.42, "checking the data")
    data = prepare(joined.table if joined else table, start.manifest, context.run.as_of, joined, live=_cut_of(context))
    lock, rows = start.lock.digest, data.table.num_rows
    context.note(lock=lock, rows=rows, train_rows=data.train.num_rows, holdout_rows=data.holdout.num_rows)
    if context.live is not None and not context.force:
        nothing_new.check(context.store, context.live, start.stage.code, lock, start.manifest, data)

    with ThreadPoolExecutor(3) as pool:
        storing = pool.submit(put_table, context.store, data.table)
        if train is not None:
            write_input(data.train, train.input, form)
            context.tell(0.42, "train")
            train.begin()
        live = pool.submit(_score_live, context, data, start.manifest.data.time)
        scoring = context.launch(start.stage, steps.SCORE, (0.70, 0.80), compute)
        trained = train.conclude(context.record) if train is not None else None
        model = model_folder.checked(_model(context, start, train))
        compiling = pool.submit(Forms(context, start.stage, data, model).begin)
        context.tell(0.70, "score")
        scorer = StepScorer(scoring, model, text_predicted(start.stage, data.schema), context.record)
        predictions = scorer.score(data.holdout_inputs)
        live_predictions, live_problem, kept = live.result()
        context.tell(0.80, "validate")
        train_seconds = trained.seconds if trained is not None else 0.0
        took = train_seconds, scoring.seconds
        judged = JudgedRows(data.holdout, predictions, live_predictions).only(kept)
        job = job_of(start.manifest, data, context.folder, judged, took, model)
        if context.live is not None:
            learnt = schema_known_to(context.live[1], data.table, data.schema)
            job = against(job, context.live[0], live_problem, context.live[1], learnt)
        answer = read(JudgeAnswer, judge.ask(write(job)), "The judgement")
        context.tell(0.88, "compile")
        regression = answer.judgement.task == "regression"
        scored = compiling.result().scored(predictions, regression=regression)
        blocks = storing.result()
    held = (extracted.contained, *((trained.contained,) if trained is not None else ()))
    golden = predictions.take(data.golden)
    return Made(start, data, blocks, model, golden, answer.judgement, answer.gates, train_seconds, held, scored)


def _model(context: RunContext, start: Start, train: Launch | None) -> Path:
    """The folder that train left, or one with the model that was trained elsewhere."""
    if train is not None:
        return train.output / "model"
    return imports.laid_out(start.manifest.train, start.stage.code, context.folder / "imported")


def begin(context: RunContext) -> Start:
    """Take the code as it is committed, read its manifest, lock its requirements, find its environment."""
    context.tell(0.01, "taking the code")
    code = context.folder / "code"
    source, patch = snapshot(context.project_path, code, allow_dirty=context.allow_dirty)
    refuse_absent(FILE, code, context.project_path)
    try:
        manifest = load_manifest(code)
    except Invalid as mistake:  # In words of the folder that people have, not of the run's copy.
        raise Invalid(str(mistake).replace(str(code), str(context.project_path)), mistake.mistakes) from None
    if manifest.name != context.run.project:
        raise Invalid(
            f"The manifest is called '{manifest.name}' now, but this project is '{context.run.project}'; "
            "give it its name back, or add it as a project of its own."
        )
    asked = reach_of(manifest.document)
    more = allowances.more_than(asked, context.allowed)
    if more:
        context.note(asked=json.dumps(asked.document()))
        raise Refusal(allowances.refusal(more, source.words, context.run.id))
    again = manifest.train
    context.note(revision=_revision(source), retries=again.retries, retry_after=again.retry_after.total_seconds())
    context.tell(0.02, "preparing the environment")
    spec = manifest.environment
    if spec.requirements:
        refuse_absent(spec.requirements, code, context.project_path)
    lock = KINDS[spec.kind].lock(spec, code, context.workspace.cache, fresh=context.fresh_lock)
    imports.refuse_unscorable(manifest.train, lock)
    environment = built(context.workspace, lock)
    stage = replace(context.stage(code, manifest, environment, lock), project=context.project_path)
    before = context.live[1].code if context.live else None
    authors = authors_since(context.project_path, before, source, dirty=source.dirty)
    return Start(source, patch, lock, stage, authors)


def _revision(source: Source) -> str | None:
    """The commit, marked where something was changed and not committed."""
    return f"{source.revision}+" if source.revision and source.dirty else source.revision


def _cut_of(context: RunContext) -> DrawnHoldout | None:
    """How the live version's holdout was drawn."""
    return context.live[1].data.cut if context.live is not None else None


def _score_live(
    context: RunContext, data: Prepared, time: str | None
) -> tuple[pa.Table | None, str | None, Mask | None]:
    """The live version's predictions for the same holdout, or why there are none; and the rows of the holdout that both
    are judged on, where it learnt from some of them, else None.

    A live version that cannot be scored does not fail the run: it is judged as *not compared*.
    """
    if context.live is None:
        return None, None, None
    label, document = context.live
    try:
        live = unpack(context, label, document)
        missing = live.lacking(data.holdout)
        if missing:
            return None, f"the data no longer has {', '.join(missing[:3])}, which {label} needs", None
        rows = unlearnt(context, live, data, time)
        kept = data.holdout.num_rows if rows is None else int(rows.sum())
        if not worth_it(kept, data.holdout.num_rows):
            of_all = f"{data.holdout.num_rows - kept:,} of these {data.holdout.num_rows:,} rows"
            return None, f"it learnt from {of_all}, and would be held for better than it is", None
        scorer = live.scorer(context, steps.SCORE_LIVE, (0.70, 0.75), warm=False)
        said = scorer.score(data.holdout.select(live.features))
        return said, None, rows if kept < data.holdout.num_rows else None
    except (Refusal, Damage) as problem:
        return None, str(problem), None
