"""A look at the live version's health: its own code extracts, its own model scores, a process of ours measures.

What is looked at are the rows that are newer than those it learnt from: each look sees all of them with the labels that
are known by now, so that a label that came late counts as soon as it is there. Without a time column the rows whose key
it did not learn from; without a key either, all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.errors import Damage, Refusal, StepFailed
from engine.jobs.health.baseline import kept_baseline
from engine.jobs.health.same_rows import digest_of
from engine.jobs.labels import fetched, labelled, labels_step
from engine.json_records import read, write
from engine.monitoring.look_document import LookDocument, RememberedAlarm
from engine.monitoring.look_parts import Extract
from engine.monitoring.status import OLDEST
from engine.projects.manifest.reader import Manifest
from engine.runs.own_process import OwnProcess, Task
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Launch
from engine.runs.steps.tables import read_output, with_types
from engine.scoring.unpacked import Unpacked, unpack
from engine.storage.blocks import read_folder
from engine.validation.holdout import Newer, Split, arrived, as_recorded, newer
from engine.versions.document import named, of_version, write_folder, written
from engine.vocabulary import steps
from engine.vocabulary.steps import StepKind

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument

METER = Task(steps.MEASURE, "engine.monitoring.measure", "measured.json", "The health could not be measured")
# Of more rows than these the newest are looked at: scoring them all would take ever longer, look by look.
MOST_ROWS = 200_000


@dataclass(frozen=True)
class Memory:
    """What a look must know: alarms of drift that go on, and the version to hold the live one against.

    ``told``: columns whose drift somebody was called for.

    ``by``: columns to see performance by, each with the inner edges of its ranges, or none.

    ``extract``: what the look before knew of how long extract has brought the same rows; ``still``: how long it may.

    ``rival``: its label and digest. ``baking``: the live version went live lately. ``until`` and ``rows`` are those of
    the data of the project's newest version: what is later is new.
    """

    alarms: Sequence[RememberedAlarm] = ()
    told: Sequence[str] = ()
    rival: tuple[str, str] | None = None
    baking: bool = False
    until: datetime | None = None
    rows: int = 0
    by: Mapping[str, Sequence[float]] = field(default_factory=dict)
    extract: Extract | None = None
    still: timedelta = OLDEST


@dataclass(frozen=True)
class LookResult:
    """What a look came to: the meter's answer, and how many labelled rows no version has seen yet.

    ``falls_back``: it went live lately, and its manifest says to roll back should it fall behind the one before.
    """

    label: str
    falls_back: bool
    answer: LookDocument
    new_rows: int


def look(context: RunContext, memory: Memory) -> LookResult:
    """Measure the live version. Raises Refusal, Damage or StepFailed with a sentence for the run's record."""
    if context.live is None:
        raise Refusal(
            f"Nothing of {context.run.project} is live, so there is no health to look at; approve a candidate."
        )
    meter = OwnProcess(METER, context)
    try:
        return _look(context, memory, meter, *context.live)
    finally:
        meter.close()


def _look(context: RunContext, memory: Memory, meter: OwnProcess, label: str, document: VersionDocument) -> LookResult:
    context.tell(0.02, "preparing")
    live = unpack(context, label, document)
    manifest, form = live.manifest, live.manifest.data.format
    extract = context.launch(live.stage, steps.EXTRACT, (0.05, 0.45))
    context.tell(0.05, "extract")
    extract.begin()
    labels = labels_step(context, live.stage, 0.45)
    reference = _reference(context, live)
    extract.conclude(context.record)
    table = read_output(extract.output, "data", form, "extract")
    _refuse_undated(table, manifest)
    same_rows = _same_rows(context, memory, table, manifest)
    table, labels_problem = _labelled(context, table, labels, manifest)
    current = newer(table, manifest, reference.train, reference.boundary, context.run.as_of, MOST_ROWS)
    context.tell(0.47, "score")
    predictions, problem = _scored(context, live, current.table, steps.SCORE, 0.47)
    # Where nothing was scored, there is nothing to hold against it.
    baseline, baseline_problem = kept_baseline(context, live, reference) if predictions is not None else (None, problem)
    rival, rival_problem, rival_until = _rival(context, memory, current.table)
    context.tell(0.80, "measure")
    job = _job(context, live, reference, current)
    job |= {
        "predictions": _written(context, "predictions", predictions),
        "problem": problem,
        "labels_problem": labels_problem,
        "same_rows": same_rows,
        "baseline": str(baseline) if baseline else None,
        "baseline_problem": baseline_problem,
        "by": dict(memory.by),
        "alarms": [write(each) for each in memory.alarms],
        "told": list(memory.told),
        "rival": memory.rival[0] if memory.rival else None,
        "rival_predictions": _written(context, "rival-predictions", rival),
        "rival_problem": rival_problem,
        "rival_until": rival_until,
    }
    new_rows = arrived(table, manifest, memory.until, memory.rows, context.run.as_of)
    falls_back = memory.baking and manifest.health.falling_behind == "roll back"
    return LookResult(label, falls_back, read(LookDocument, meter.ask(job), "What the look found"), new_rows)


def _reference(context: RunContext, live: Unpacked) -> Split:
    """The rows that the version learnt from, and those that it was validated on."""
    folder = context.folder / "learnt"
    try:
        write_folder(context.store, live.document.data.files, folder)
    except Damage as damage:
        raise named(context.store, live.label, damage) from None
    table = with_types(read_folder(folder), live.document.data.types or {})
    return as_recorded(table, live.manifest, moment(live.document.lineage.as_of), live.document.data.cut)


def _same_rows(context: RunContext, memory: Memory, table: pa.Table, manifest: Manifest) -> dict[str, Any] | None:
    """What says how old the data is where no time column does."""
    if manifest.data.time is not None:
        return None
    return {
        "before": write(memory.extract) if memory.extract is not None else None,
        "digest": digest_of(table, manifest.data.key),
        "rows": table.num_rows,
        "still": memory.still.total_seconds(),
    }


def _labelled(
    context: RunContext, table: pa.Table, step: Launch | None, manifest: Manifest
) -> tuple[pa.Table, str | None]:
    """The rows with the labels that are known by now, or why they could not be fetched: drift does without them."""
    if step is None:
        return table, None
    try:
        return labelled(table, fetched(step, context, 0.45), manifest).table, None
    except StepFailed as problem:
        return table, str(problem)


def _refuse_undated(table: pa.Table, manifest: Manifest) -> None:
    time = manifest.data.time
    if time is not None and time not in table.column_names:
        raise StepFailed(
            f"extract no longer returns the time column '{time}', so nothing says which rows are new; "
            "look at where it reads it from."
        )


def _scored(
    context: RunContext, version: Unpacked, rows: pa.Table, kind: StepKind, at: float
) -> tuple[pa.Table | None, str | None]:
    """What the version says about ``rows``, or why it says nothing."""
    missing = version.lacking(rows)
    if missing:
        return None, f"the data no longer has {', '.join(missing[:3])}, which {version.label} needs"
    if rows.num_rows == 0:
        return None, f"no rows have come that are newer than what {version.label} learnt from"
    return version.scorer(context, kind, (at, at + 0.15)).score(rows.select(version.features)), None


def _rival(context: RunContext, memory: Memory, rows: pa.Table) -> tuple[pa.Table | None, str | None, str | None]:
    """What the version to hold it against says about the same rows, or why it says nothing; and until when it knew what
    came. That it cannot is no failure of this look."""
    if memory.rival is None:
        return None, None, None
    label, digest = memory.rival
    try:
        document = of_version(context.store, label, digest)
        before = unpack(context, label, document, "rival")
        return *_scored(context, before, rows, steps.SCORE_BEFORE, 0.64), _until(document)
    except (Refusal, Damage) as problem:
        return None, str(problem), None


def _job(context: RunContext, live: Unpacked, reference: Split, current: Newer) -> dict[str, Any]:
    manifest, rules = live.manifest, live.manifest.validation
    return {
        "version": live.label,
        "as_of": stamp(context.run.as_of),
        "reference": _written(context, "reference", reference.train),
        "current": _written(context, "current", current.table),
        "left_out": current.left_out,
        "unplaced": {
            "undated": current.undated,
            "future": current.future,
            "were_undated": reference.undated,
            "were_future": reference.future,
        },
        "profile": str(context.workspace.cache / "profiles" / f"{live.document.data.digest}.profile"),
        "features": live.features,
        "validated": written(live.document)["metrics"],
        "sensitive": list(manifest.data.sensitive),
        "key": list(manifest.data.key),
        "time": manifest.data.time,
        "slices": list(manifest.health.slices),
        "bins": {column: list(edges) for column, edges in manifest.health.bins.items()},
        "window": manifest.health.window.total_seconds() if manifest.health.window else None,
        # From the rows, not from the document: older ones say nothing of dates and of text.
        "until": stamp(reference.until) if reference.until else None,
        "lag": _lag(live.document, reference),
        "manifest": {
            "target": manifest.data.target,
            "task": rules.task,
            "positive": rules.positive,
            "metrics": list(rules.metrics),
            "segments": list(rules.segments),
            "holdout": rules.holdout.total_seconds() if not isinstance(rules.holdout, float) else None,
            "gates": [asdict(rule) for rule in manifest.gates],
            "waivers": {waiver.gate: waiver.reason for waiver in manifest.waivers},
        },
    }


def _until(document: VersionDocument) -> str | None:
    """Until when the version's data reaches; a row of the future does not count."""
    until = document.data.until
    return None if until is None else min(until, document.lineage.as_of)


def _lag(document: VersionDocument, learnt: Split) -> float:
    """Seconds by which the version's own data ended before its as-of moment: so late is usual."""
    if learnt.until is None:
        return 0.0
    return (moment(document.lineage.as_of) - learnt.until).total_seconds()


def _written(context: RunContext, name: str, table: pa.Table | None) -> str | None:
    import pyarrow.parquet

    if table is None:
        return None
    path = context.folder / f"{name}.parquet"
    pyarrow.parquet.write_table(table, path, compression="lz4")
    return str(path)
