"""A look at the live version's health: its own code extracts, its own model scores, a process of ours measures.

What is looked at are the rows that are newer than those it learnt from: each look sees all of them with the labels that
are known by now, so that a label that came late counts as soon as it is there. Without a time column the rows whose key
it did not learn from; without a key either, all.

Where extract can be asked for what is new alone (``[data] since``), a look asks for that, scores it, and puts it to the
rows that the look before kept; where nothing is new, what that found is said again. Once a day, when somebody wants it,
and whenever the two do not fit together surely, everything is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.errors import Refusal
from engine.jobs.health import answered, kept, logged_rows, meter_job, predictions, rows
from engine.jobs.health.answered import ServedMemory
from engine.jobs.health.baseline import baseline_file, kept_baseline
from engine.jobs.health.keeping import keep_rows, keep_still
from engine.jobs.health.kept import Head
from engine.jobs.health.merging import Unfit
from engine.jobs.health.rows import Fresh, Rows
from engine.jobs.health.same_rows import digest_of
from engine.jobs.health.unchanged import said_again
from engine.json_records import read, write
from engine.monitoring.look_document import LookDocument, RememberedAlarm
from engine.monitoring.look_parts import Extract
from engine.monitoring.looks import KeptLook
from engine.monitoring.status import OLDEST
from engine.requests.records import Block
from engine.runs.own_process import OwnProcess, Task
from engine.runs.run_context import RunContext
from engine.scoring.unpacked import Unpacked, unpack
from engine.versions.absent_data import refuse_absent
from engine.vocabulary import steps

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

METER = Task(steps.MEASURE, "engine.monitoring.measure", "measured.json", "The health could not be measured")


@dataclass(frozen=True)
class Memory:
    """What a look must know of earlier ones, and the version to hold the live one against.

    ``by``: columns to see performance by, each with the inner edges of its ranges, or none.

    ``extract``: what the look before knew of how long extract has brought the same rows; ``still``: how long it may.

    ``rival``: its label and digest. ``baking``: the live version went live lately. ``until`` and ``rows`` are those of
    the data of the project's newest version: what is later is new.

    ``requests``: blocks of the request log, of what the live version answered lately. ``served``: what is known of
    answers and of labels that came for them.

    ``whole``: everything is to be asked for. ``digest``: of the live version. ``before``: the look before, which takes
    a while to read, so extract is begun first.
    """

    rival: tuple[str, str] | None = None
    baking: bool = False
    until: datetime | None = None
    rows: int = 0
    by: Mapping[str, Sequence[float]] = field(default_factory=dict)
    extract: Extract | None = None
    still: timedelta = OLDEST
    whole: bool = False
    digest: str = ""
    before: KeptLook | None = None
    requests: Sequence[Block] = ()
    served: ServedMemory | None = None

    @property
    def alarms(self) -> Sequence[RememberedAlarm]:
        """Alarms of drift that go on."""
        return self.before.document.memory if self.before else ()

    @property
    def told(self) -> Sequence[str]:
        """Columns whose drift somebody was called for."""
        return self.before.document.told if self.before else ()


@dataclass(frozen=True)
class LookResult:
    """What a look came to: the meter's answer, and how many labelled rows no version has seen yet.

    ``falls_back``: it went live lately, and its manifest says to roll back should it fall behind the one before.
    """

    label: str
    falls_back: bool
    answer: LookDocument
    new_rows: int


class _Meter:
    """The process that measures, started when it is sure to be needed."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._process: OwnProcess | None = None

    def start(self) -> None:
        if self._process is None:
            self._process = OwnProcess(METER, self._context)

    def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        self.start()
        assert self._process is not None
        return self._process.ask(job)

    def close(self) -> None:
        if self._process is not None:
            self._process.close()


def look(context: RunContext, memory: Memory) -> LookResult:
    """Measure the live version. Raises Refusal, Damage or StepFailed with a sentence for the run's record."""
    if context.live is None:
        raise Refusal(
            f"Nothing of {context.run.project} is live, so there is no health to look at; approve a candidate."
        )
    meter = _Meter(context)
    try:
        return _look(context, memory, meter, *context.live)
    finally:
        meter.close()


def _look(context: RunContext, memory: Memory, meter: _Meter, label: str, document: VersionDocument) -> LookResult:
    refuse_absent(context.store, document, label, "nothing tells whether what comes now is like it")
    live = unpack(context, label, document)
    folder = kept.folder_of(context.workspace.cache / "looks", context.run.project)
    head = kept.head_of(folder, memory.digest) if live.manifest.data.since else None
    found: Fresh | None = None
    if head is not None and _merges(context, memory, head):
        found = rows.fresh(context, live, moment(head.as_of))
        again = _said_again(context, memory, head, found)
        if again is not None:
            keep_still(context, folder, head)
            return _result(live, memory, again, head.arrived)
        with suppress(Unfit):
            if baseline_file(context, live) is None:
                raise Unfit("what it said of its own data is not there any more")
            seen = rows.put_together(context, live, found, head, folder, memory.until)
            return _measured(context, memory, meter, live, seen, folder)
    meter.start()
    # What was just asked for is not asked for again, to be held against everything.
    seen = rows.whole(context, live, memory, head if found is None else None, folder, found)
    return _measured(context, memory, meter, live, seen, folder)


def _merges(context: RunContext, memory: Memory, head: Head) -> bool:
    """Whether what is new can be put to what is kept, as far as that is known before it is there."""
    as_of, until = context.run.as_of, memory.until
    if memory.whole or head.disagreement is not None or until is None:
        return False
    # Of rows as old as these nothing is kept, and they would have to be counted.
    counted = all(until >= moment(each) for each in (head.learnt.boundary, head.oldest) if each is not None)
    return counted and moment(head.as_of) < as_of < moment(head.whole_at) + kept.WHOLE_EVERY


def _said_again(context: RunContext, memory: Memory, head: Head, found: Fresh) -> LookDocument | None:
    """What the look before found, where nothing has come since by which a look would find another thing."""
    rival, until = memory.rival[1] if memory.rival else None, stamp(memory.until) if memory.until else None
    if found.table.num_rows or found.labels_digest != head.labels or rival != head.rival or memory.by:
        return None
    if memory.before is None or memory.before.run != head.run or head.arrived_since != until or memory.requests:
        return None
    if memory.served is not None:
        return None
    if head.ahead is not None and moment(head.ahead) <= context.run.as_of:
        return None
    return said_again(memory.before.document, context.run.as_of)


def _measured(
    context: RunContext, memory: Memory, meter: _Meter, live: Unpacked, seen: Rows, folder: Path
) -> LookResult:
    """Have the rows scored and measured, and keep what the next look needs."""
    context.tell(0.47, "score")
    said = predictions.of_live(context, live, seen)
    meter.start()
    # Where nothing was scored, there is nothing to hold against it.
    baseline, problem = _baseline(context, live, seen) if said.table is not None else (None, said.problem)
    rival = predictions.of_rival(context, memory.rival, seen)
    context.tell(0.80, "measure")
    job = meter_job.about_version(context, live) | meter_job.about_rows(context, seen) | meter_job.about_kept(seen)
    job |= {
        "predictions": meter_job.put(context, "predictions", said.table),
        "problem": said.problem,
        "labels_problem": seen.labels_problem,
        "same_rows": _same_rows(memory, live, seen),
        "baseline": str(baseline) if baseline else None,
        "baseline_problem": problem,
        "by": dict(memory.by),
        "alarms": [write(each) for each in memory.alarms],
        "told": list(memory.told),
        "rival": memory.rival[0] if memory.rival else None,
        "rival_predictions": meter_job.put(context, "rival-predictions", rival.table),
        "rival_problem": rival.problem,
        "rival_until": rival.until,
    }
    job |= logged_rows.job_of(context, live.document, memory.requests)
    job |= answered.job_of(context, live, memory.served, seen.reference.column(live.manifest.data.target).type)
    answer = read(LookDocument, meter.ask(job), "What the look found")
    keep_rows(context, live.manifest, memory, folder, seen, said, rival, answer)
    return _result(live, memory, answer, seen.new_rows)


def _result(live: Unpacked, memory: Memory, answer: LookDocument, new_rows: int) -> LookResult:
    falls_back = memory.baking and live.manifest.health.falling_behind == "roll back"
    return LookResult(live.label, falls_back, answer, new_rows)


def _baseline(context: RunContext, live: Unpacked, seen: Rows) -> tuple[Path | None, str | None]:
    return (baseline_file(context, live), None) if seen.split is None else kept_baseline(context, live, seen.split)


def _same_rows(memory: Memory, live: Unpacked, seen: Rows) -> dict[str, Any] | None:
    """What says how old the data is where no time column does."""
    data = live.manifest.data
    if data.time is not None or seen.all_rows is None:
        return None
    return {
        "before": write(memory.extract) if memory.extract is not None else None,
        "digest": digest_of(seen.all_rows, data.key),
        "rows": seen.all_rows.num_rows,
        "still": memory.still.total_seconds(),
    }
