"""Replay policies of retraining: at each of their moments extract, train, score what came after; then measure.

What a model may know is what extract and labels return as of its own moment, and of that nothing that happened later;
it is checked and split as a retrain does, so that it is as old as a retrain's model is. Each moment costs an extract
for that. What it is measured on are the rows as they are known at the end of the window, with the labels that have come
by then, the same for every policy. Nothing is packaged, judged or released: each model goes when it has answered.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backtest.compare import ANSWER, WEEK
from engine.backtest.policies import Policy, Window, read_policies, window_of
from engine.backtest.records import BacktestDocument, PolicyDifference, PolicyResult, Training
from engine.clock import stamp
from engine.errors import StepFailed
from engine.jobs.backtest.plan import refuse_without_time
from engine.jobs.backtest.step_totals import StepTotals
from engine.jobs.backtest.window_rows import WindowRows, rows_of_window, said_of_policy
from engine.jobs.health.same_rows import digest_of
from engine.jobs.labels import fetched, labelled, labels_step
from engine.jobs.retrain import model_folder
from engine.jobs.retrain.data import Prepared, prepare
from engine.json_records import read, write
from engine.projects.manifest.reader import ComputeSpec
from engine.runs.own_process import OwnProcess, Task
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.tables import read_output, write_input
from engine.scoring.scorer import StepScorer, text_predicted
from engine.storage.disk import delete_tree
from engine.validation.holdout.split import after
from engine.validation.rules import rules_of
from engine.versions.document import digest_of_files
from engine.vocabulary import steps
from engine.vocabulary.steps import StepKind

if TYPE_CHECKING:
    import pyarrow as pa

METER = Task(steps.COMPARE, "engine.backtest.compare", ANSWER, "The policies could not be measured")
YEAR = timedelta(days=365.25)


@dataclass(frozen=True)
class Origin:
    """Whose code trains: the live version's, or the project's folder's; with the digests of its files and its lock."""

    stage: Stage
    version: str | None
    revision: str | None
    code: str
    compute: ComputeSpec | None


@dataclass(frozen=True)
class _Moment:
    """One training, as a run of its own would be: ``context`` and ``stage`` as of its moment."""

    number: int
    at: datetime
    context: RunContext
    stage: Stage
    totals: StepTotals


def replay(context: RunContext, options: Mapping[str, Any]) -> BacktestDocument:
    """Do all of it. Raises Refusal, StepFailed or Damage with a sentence for the run's record."""
    policies = read_policies(str(options["every"]), int(options["weeks"]))
    window = window_of(context.run.as_of, int(options["weeks"]), policies)
    totals = StepTotals(context.record)
    context = replace(context, record=totals.add)
    origin = _origin(context)
    refuse_without_time(context.run.project, origin.stage.manifest)
    moments = window.trainings(policies)
    table = _seen(_Moment(-1, window.until, context, origin.stage, totals), (0.02, 0.05))
    rows = rows_of_window(table, origin.stage.manifest, window, policies, moments)
    data, known = digest_of(table, origin.stage.manifest.data.key), table.select([origin.stage.manifest.data.target])
    del table
    said, trainings = _trained(context, origin, moments, rows, totals)
    context.tell(0.95, "compare")
    answer = _compared(context, origin, policies, rows, said, known)
    totals.tell()
    return _document(context, origin, window, policies, rows, data, trainings, answer)


def _origin(context: RunContext) -> Origin:
    if context.live is not None:
        from engine.scoring.unpacked import unpack

        label, document = context.live
        live = unpack(context, label, document)
        code = digest_of_files(document.code.files)
        return Origin(live.stage, label, document.code.revision, code, live.manifest.compute)
    from engine.jobs.retrain.retrain import begin

    start = begin(context)
    return Origin(start.stage, None, start.source.revision, _code_digest(start.stage.code), start.manifest.compute)


def _code_digest(folder: Path) -> str:
    """As it would be in the document of a version with this code."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return sha256("".join(sha256(path.read_bytes()).hexdigest() for path in files).encode()).hexdigest()


def _launch(moment: _Moment, kind: StepKind, span: tuple[float, float], compute: ComputeSpec | None = None) -> Launch:
    """A step in the place of the one of that kind at the moment before, which has answered."""
    place = moment.context.folder / "steps" / kind.name.replace(" ", "-")
    if place.exists():
        delete_tree(place)
    return moment.context.launch(moment.stage, kind, span, compute, warm=kind is steps.SCORE)


def _seen(moment: _Moment, span: tuple[float, float]) -> pa.Table:
    """The data as of the moment, with the labels that were known then."""
    context, form = moment.context, moment.stage.manifest.form
    extract = _launch(moment, steps.EXTRACT, span)
    context.tell(span[0], steps.EXTRACT.name)
    extract.begin()
    extract.conclude(context.record)
    table = read_output(extract.output, "data", form, steps.EXTRACT.name)
    if moment.stage.manifest.data.labels is None:
        return table
    place = context.folder / "steps" / steps.LABELS.name
    if place.exists():
        delete_tree(place)
    labels = labels_step(context, moment.stage, span[1])
    assert labels is not None
    return labelled(table, fetched(labels, context, span[1]), moment.stage.manifest).table


def _trained(
    context: RunContext, origin: Origin, moments: Sequence[datetime], rows: WindowRows, totals: StepTotals
) -> tuple[dict[int, pa.Table], tuple[Training, ...]]:
    """What the model of each moment says of the rows that it is asked about, and what it took."""
    said: dict[int, pa.Table] = {}
    trainings: list[Training] = []
    learnt = ""
    for number, at in enumerate(moments):
        part = 0.90 / len(moments)
        begin = 0.05 + number * part
        told = _telling(context, f"{number + 1} of {len(moments)}")
        moment = _Moment(number, at, told, replace(origin.stage, as_of=at), totals)
        try:
            training, data, digest = _one(moment, origin, learnt, (begin, begin + 0.8 * part))
            if len(rows.of(number)):
                said[number] = _scored(moment, origin, data, rows, (begin + 0.8 * part, begin + part))
        except StepFailed as failed:
            raise _as_of(at, failed, first=number == 0) from None
        trainings.append(training)
        learnt = digest
    return said, tuple(trainings)


def _telling(context: RunContext, count: str) -> RunContext:
    return replace(context, tell=lambda done, phase: context.tell(done, f"{phase} ({count})"))


def _as_of(at: datetime, failed: StepFailed, *, first: bool) -> StepFailed:
    way = " It is the first training: where the past does not go back so far, replay fewer weeks." if first else ""
    return StepFailed(f"As of {at:%d %b %Y %H:%M}: {failed}{way}")


def _one(moment: _Moment, origin: Origin, learnt: str, span: tuple[float, float]) -> tuple[Training, Prepared, str]:
    """Extract and train as of the moment, unless the rows to learn from are those that were ``learnt`` before."""
    context, manifest = moment.context, moment.stage.manifest
    middle = (span[0] + span[1]) / 2
    before = moment.totals.spent()
    table = _seen(moment, (span[0], middle))
    data = prepare(table, manifest, moment.at)
    assert manifest.data.time is not None
    later = int(after(table, manifest.data.time, moment.at).sum())
    digest = digest_of(data.train, ())
    if anew := digest != learnt:
        train = _launch(moment, steps.TRAIN, (middle, span[1]), origin.compute)
        write_input(data.train, train.input, manifest.form, types=moment.stage.types)
        context.tell(middle, steps.TRAIN.name)
        train.begin()
        train.conclude(context.record)
        model = model_folder.checked(train.output / "model")
        if _model(context).exists():
            delete_tree(_model(context))
        shutil.move(model, _model(context))
    spent = moment.totals.spent() - before
    return (
        Training(
            at=stamp(moment.at), rows=table.num_rows, digest=digest_of(table, manifest.data.key), later=later,
            learnt=data.train.num_rows, anew=anew, seconds=round(spent.seconds, 3), cpu_seconds=round(spent.cpu, 3),
        ),
        data,
        digest,
    )  # fmt: skip


def _model(context: RunContext) -> Path:
    """Where the newest model lies."""
    return context.folder / "model"


def _scored(moment: _Moment, origin: Origin, data: Prepared, rows: WindowRows, span: tuple[float, float]) -> pa.Table:
    import pyarrow as pa

    asked = rows.of(moment.number)
    missing = [name for name in data.features if name not in rows.table.column_names]
    if missing:
        raise StepFailed(f"the data of the end of the window no longer has {', '.join(missing[:3])}, which it learnt.")
    step = _launch(moment, steps.SCORE, span, origin.compute)
    moment.context.tell(span[0], steps.SCORE.name)
    scorer = StepScorer(step, _model(moment.context), text_predicted(moment.stage, data.schema), moment.context.record)
    return scorer.score(rows.table.select(list(data.features)).take(pa.array(asked)))


def _compared(
    context: RunContext, origin: Origin, policies: Sequence[Policy], rows: WindowRows,
    said: Mapping[int, pa.Table], known: pa.Table,
) -> dict[str, Any]:  # fmt: skip
    import pyarrow as pa
    import pyarrow.parquet

    from engine.validation.columns import missing

    def written(name: str, table: pa.Table) -> str:
        path = context.folder / f"{name}.parquet"
        pyarrow.parquet.write_table(table, path, compression="lz4")
        return str(path)

    manifest = origin.stage.manifest
    measured = rows.table.select([manifest.data.target]).append_column(WEEK, pa.array(rows.week))
    job = {
        "metric": manifest.validation.metrics[0],
        "manifest": write(replace(rules_of(manifest), metrics=manifest.validation.metrics[:1])),
        "weeks": len(rows.weeks),
        "rows": written("window", measured),
        "known": written("known", known.filter(pa.array(~missing(known.column(0))))),
        "policies": [
            {"word": each.word, "predictions": written(f"said-{number}", said_of_policy(each.word, rows, said))}
            for number, each in enumerate(policies)
        ],
    }
    process = OwnProcess(METER, context)
    try:
        return process.ask(job)
    finally:
        process.close()


def _document(
    context: RunContext, origin: Origin, window: Window, policies: Sequence[Policy], rows: WindowRows, data: str,
    trainings: tuple[Training, ...], answer: Mapping[str, Any],
) -> BacktestDocument:  # fmt: skip
    return BacktestDocument(
        project=context.run.project,
        version=origin.version,
        revision=origin.revision,
        code=origin.code,
        environment=origin.stage.lock.digest,
        data=data,
        as_of=stamp(window.until),
        since=stamp(window.since),
        until=stamp(window.until),
        metric=origin.stage.manifest.validation.metrics[0],
        rows=rows.table.num_rows,
        told=answer["told"],
        weeks=rows.weeks,
        policies=tuple(
            read(PolicyResult, {**found, **_cost(policy, window, trainings)}, "What a policy came to")
            for policy, found in zip(policies, answer["policies"], strict=True)
        ),
        differences=tuple(read(PolicyDifference, each, "A difference") for each in answer["differences"]),
        trainings=trainings,
    )


def _cost(policy: Policy, window: Window, trainings: Sequence[Training]) -> dict[str, Any]:
    """What the policy needed of the trainings that were made, and what a year of it would take at their mean."""
    own = {stamp(at) for at in policy.moments(window.since, window.until)}
    made = [each for each in trainings if each.at in own]
    seconds = sum(each.seconds for each in made)
    return {
        "every": None if policy.every is None else policy.every.total_seconds(),
        "trainings": len(made),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(sum(each.cpu_seconds for each in made), 3),
        "year_seconds": 0.0 if policy.every is None else round(seconds / len(made) * (YEAR / policy.every), 1),
    }
