"""A learning run: the live version's model goes on with the labels that came since, each predicted before it is learnt.

Code, packages and settings are the live version's own, so that nothing but the model and the data is new. What was
predicted before it was learnt is judged by the manifest's gates beside what the live version, as it was, says of the
same rows. The servers have no part in it: what is live changes by a release alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.clock import moment, stamp
from engine.errors import Refusal
from engine.feedback import book, freezing
from engine.feedback.rows import written
from engine.jobs.agreement import judged, without
from engine.jobs.labels import fetched, labelled, labels_step
from engine.jobs.learn.chain import Chain
from engine.jobs.learn.curve import ACCURACY, ERROR, changed, curve, errors
from engine.jobs.learn.drift import Drift
from engine.jobs.learn.lessons import refuse_unasked
from engine.jobs.learn.resets import Beginning, begin, drift_of, reset, tell
from engine.jobs.learn.rows import LearnRows, counted, rows_to_learn, said_of
from engine.jobs.retrain import model_folder
from engine.jobs.retrain.compiling import Forms
from engine.jobs.retrain.data import GOLDEN_ROWS, Prepared
from engine.jobs.retrain.judging import JudgedRows, against, job_of
from engine.jobs.retrain.nothing_new import NothingNew
from engine.jobs.retrain.retrain import Made, Start
from engine.json_records import read, write
from engine.projects.source.records import Source
from engine.requests import book as request_blocks
from engine.requests.answers import logged_answers
from engine.requests.records import Block
from engine.runs.own_process import JUDGE, OwnProcess
from engine.runs.run_context import RunContext
from engine.runs.steps.tables import read_output, write_input
from engine.scoring.row_order import one_for_each
from engine.scoring.scorer import StepScorer, text_predicted
from engine.scoring.unpacked import Unpacked, schema_known_to, unpack
from engine.storage.blocks import put_table
from engine.storage.ledger import Ledger
from engine.text import plain
from engine.validation.schema import infer_schema
from engine.versions import catalog
from engine.versions.records import CurvePoint, JudgeAnswer, LearntSection
from engine.vocabulary import steps

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.runs.steps.holding import StepHold


@dataclass(frozen=True)
class Taught:
    """What a learning run made, and the words that it learnt."""

    made: Made
    rows: LearnRows


@dataclass(frozen=True)
class _Learnt:
    """What the step left: the model, what it said of each row before it learnt it, how long that took."""

    model: Path
    said: pa.Table
    seconds: float
    contained: StepHold | None


def learn(ledger: Ledger, context: RunContext) -> Taught:
    """Run the whole of it. Raises NothingNew where there is nothing to learn or the learner is frozen, and Refusal,
    StepFailed or Damage with a sentence for the run's record."""
    project = context.run.project
    if context.live is None:
        raise Refusal(f"Nothing of {project} is live yet; retrain, then approve a candidate.")
    label, document = context.live
    with ledger.read() as db:
        frozen = freezing.standing(db, project)
        came = book.came(db, context.store, project)
        begun = begin(db, context.store, project, label, document)
        learnt = book.learnt_by(db, context.store, begun.chain.learnt)
        waiting = {
            each.label: book.learnt_by(db, context.store, [each.digest])
            for each in catalog.candidates(db, project)
            if each.against == label  # Others cannot be approved.
        }
    if frozen is not None:
        raise NothingNew(f"The learner of {project} is frozen, by {frozen.by}: {plain(frozen.reason, 200)}")
    context.tell(0.02, "taking the live version")
    live = unpack(context, label, document)
    spec = live.manifest.learn
    refuse_unasked(spec, label)
    if not came:
        raise NothingNew(f"No feedback came for {project} yet.")
    judge = OwnProcess(JUDGE, context)
    try:
        table, logged = _extracted(context, live), _logged(ledger, context, live)
        if logged is not None:
            found = judged(ledger, context, logged, live.manifest.data.key)
            came = tuple(without(came, found.held, found.later))
        rows = rows_to_learn(
            table, came, live.manifest, begun.chain.boundary, learnt, context.run.as_of,
            logged=logged, features=live.features, since=begun.since,
        )  # fmt: skip
        new = rows.table.num_rows
        if new < spec.rows:
            raise NothingNew(
                f"{new:,} labels are new since {label}, and [learn] rows says that {spec.rows:,} are worth it; "
                f"{said_of(rows)}."
            )
        words = {(word.key, written(word.label)) for word in rows.words}
        for candidate, known in waiting.items():
            if words <= known:
                raise NothingNew(f"{candidate} has learnt all that is new since {label}, and waits for a decision.")
        return Taught(_taught(ledger, context, judge, live, begun, rows), rows)
    finally:
        judge.close()


def _logged(ledger: Ledger, context: RunContext, live: Unpacked) -> pa.Table | None:
    """What was asked of the project, as the request log has it; None where nothing is logged."""
    project = context.run.project

    def listed() -> Sequence[Block]:
        with ledger.read() as db:
            return request_blocks.blocks(db, project, None, context.run.as_of)

    found = logged_answers(context.workspace.requests / project, listed, live.features)
    return found.table if found.table.num_rows else None


def _extracted(context: RunContext, live: Unpacked) -> pa.Table:
    """What the live version's own extract returns as of now, with the labels of a source of its own, if any."""
    extract = context.launch(live.stage, steps.EXTRACT, (0.05, 0.35), warm=False)
    context.tell(0.05, "extract")
    extract.begin()
    labels = labels_step(context, live.stage, 0.35)
    extract.conclude(context.record)
    table = read_output(extract.output, "data", live.manifest.form, "extract")
    missing = live.lacking(table)
    if missing:
        raise Refusal(f"extract no longer returns {', '.join(missing[:3])}, which {live.label} needs; look at it.")
    return table if labels is None else labelled(table, fetched(labels, context, 0.35), live.manifest).table


def _taught(
    ledger: Ledger, context: RunContext, judge: OwnProcess, live: Unpacked, begun: Beginning, rows: LearnRows
) -> Made:
    manifest, document = live.manifest, live.document
    context.note(rows=rows.whole.num_rows, holdout_rows=rows.table.num_rows)
    features = rows.table.select(live.features)
    start = live if begun.is_live else unpack(context, begun.label, begun.document, "checkpoint")
    learnt = _step(context, start, rows)
    target, times = rows.table.column(manifest.data.target), [word.since for word in rows.words]
    numbers = document.metrics.task == "regression"
    drifted = _drifted(begun, live, learnt, target, times, numbers=numbers)
    frozen = live.scorer(context, steps.SCORE_LIVE, (0.65, 0.70)).score(features)
    scoring = context.launch(live.stage, steps.SCORE, (0.70, 0.78))
    now = StepScorer(scoring, learnt.model, text_predicted(live.stage, document.schema), context.record).score(features)
    if drifted is not None:
        _on_drift(ledger, context, live, begun, drifted, curve(target, learnt.said, frozen, times, numbers=numbers))
    data = _prepared(live, begun.chain, rows)
    context.tell(0.78, "compile")
    forms = Forms(context, live.stage, data, learnt.model).begin()
    context.tell(0.82, "validate")
    judged = JudgedRows(data.holdout, learnt.said, frozen)
    job = job_of(manifest, data, context.folder, judged, (learnt.seconds, scoring.seconds), learnt.model)
    job = against(job, live.label, None, document, schema_known_to(document, data.table, data.schema))
    answer = read(JudgeAnswer, judge.ask(write(job)), "The judgement")
    other = changed(now, frozen, numbers=numbers)
    section = LearntSection(
        parent=begun.digest,
        rows=rows.table.num_rows,
        since=stamp(times[0]),
        until=stamp(times[-1]),
        counts=counted(rows),
        metric=ERROR if numbers else ACCURACY,
        curve=curve(target, learnt.said, frozen, times, numbers=numbers),
        changed=other,
    )
    return Made(
        start=_start(context, live),
        data=data,
        blocks=put_table(context.store, data.table),
        model=learnt.model,
        golden=now.take(data.golden),
        # The judge was asked about what was said on the way; what would change is told by what came of it.
        judgement=replace(answer.judgement, changed_decisions=other),
        gates=answer.gates,
        train_seconds=learnt.seconds,
        contained=(learnt.contained,),
        scored=forms.scored(now, regression=numbers),
        learnt=section,
        parent=begun.label,
        drifted=drifted is not None,
    )


def _drifted(
    begun: Beginning,
    live: Unpacked,
    learnt: _Learnt,
    target: pa.ChunkedArray,
    times: Sequence[datetime],
    *,
    numbers: bool,
) -> Drift | None:
    """Whether its errors have surely grown, where the manifest asks for it."""
    if live.manifest.learn.on_drift is None:
        return None
    return drift_of(begun, errors(target, learnt.said, numbers=numbers), times, numbers=numbers)


def _on_drift(
    ledger: Ledger, context: RunContext, live: Unpacked, begun: Beginning, drift: Drift, points: Sequence[CurvePoint]
) -> None:
    """Tell of it, or reset the learner. Raises NothingNew where it was reset: what it learnt is forgotten."""
    if live.manifest.learn.on_drift == "tell":
        tell(ledger, live.label, drift, clock.now())
        return
    metric = ERROR if live.document.metrics.task == "regression" else ACCURACY
    raise NothingNew(
        reset(ledger, context.run.project, context.run.id, begun, live.label, drift, metric, points, clock.now())
    )


def _step(context: RunContext, live: Unpacked, rows: LearnRows) -> _Learnt:
    """Let the model of ``live``, or of the checkpoint in its place, learn in the project's own environment."""
    step, manifest = context.launch(live.stage, steps.LEARN, (0.40, 0.65), warm=False), live.manifest
    context.tell(0.40, "learn")
    shutil.copytree(live.model, step.input / "model", symlinks=True)
    given = rows.table.select([*live.features, manifest.data.target])
    write_input(given, step.input, manifest.form, types=live.stage.types)
    step.begin()
    result = step.conclude(context.record)
    text = text_predicted(live.stage, live.document.schema)
    said = one_for_each(read_output(step.output, "predictions", manifest.form, "learn", text), given.num_rows, "learn")
    return _Learnt(model_folder.checked(step.output / "model"), said, result.seconds, result.contained)


def _prepared(live: Unpacked, chain: Chain, rows: LearnRows) -> Prepared:
    """The data as the judge and the package take it: what the chain was trained on, and the rows that were learnt now,
    by which it is judged. ``boundary``: up to which rows were learnt, by their own time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.validation.event_times import instant, microseconds, reach, read_moments
    from engine.validation.gates.behaviour import choose_golden

    manifest, table = live.manifest, rows.whole
    time, target = str(manifest.data.time), manifest.data.target
    moments, dated = read_moments(table, time)
    before = dated & (moments <= microseconds(chain.boundary)) if chain.boundary else np.zeros(len(moments), dtype=bool)
    trained = before & np.asarray(pc.is_valid(table.column(target)).to_numpy(), dtype=bool)
    train = table.filter(pa.array(trained)).select([*live.features, target])
    learnt, _ = read_moments(rows.table, time)
    last = instant(int(learnt.max()))
    earlier = live.document.data.boundary
    known = [each for each in (moment(earlier) if earlier else None, last) if each is not None]
    since, until = reach(moments, dated & (moments <= microseconds(live.stage.as_of)))
    numbered = rows.table.select(live.features).append_column("(row)", pa.array(np.arange(rows.table.num_rows)))
    return Prepared(
        table=table,
        since=since,
        until=until,
        schema=infer_schema(table, manifest.data.sensitive),
        features=tuple(live.features),
        train=train if train.num_rows else rows.table.select([*live.features, target]),
        holdout=rows.table,
        golden=choose_golden(numbered, GOLDEN_ROWS, seed=0).columns[-1].combine_chunks(),
        boundary=stamp(max(known)) if known else None,
    )


def _start(context: RunContext, live: Unpacked) -> Start:
    """The code, packages and settings of the live version, as a retrain has those of the folder."""
    code = live.document.code
    names = ("system", "revision", "branch", "remote", "message", "author", "committed_at", "dirty", "changed")
    patch = context.store.read(code.patch).decode() if code.patch is not None else None
    source = Source(**{name: getattr(code, name) for name in names})
    return Start(source, patch, live.stage.lock, live.stage, ())

