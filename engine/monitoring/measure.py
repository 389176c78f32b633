"""The meter: ``python -m engine.monitoring.measure JOB`` waits for the job file, measures, leaves ``measured.json``.

Each part is measured by itself. What one part cannot tell (no labels yet, a column that is gone) it says, and the
others go on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.errors import LeverframeError
from engine.json_records import read, write
from engine.monitoring import findings as found
from engine.monitoring.answers import with_answers
from engine.monitoring.drift.importance import ranked
from engine.monitoring.drift.requested import with_requested
from engine.monitoring.drift.watch import Dear, Watched, remembered, watch
from engine.monitoring.look_document import DriftWindow, LookDocument, LookFinding, LookPart, SignalValues
from engine.monitoring.look_input import LookInput, read_case
from engine.monitoring.look_parts import Extract, QualityCheck, WeighedDrift
from engine.monitoring.performance.measured import Performance, performance
from engine.monitoring.performance.outputs import of_outputs
from engine.monitoring.quality.checks import Unplaced, quality, with_unplaced
from engine.monitoring.quality.freshness import PART, follow, freshness
from engine.monitoring.quality.shares import FEWEST_ROWS
from engine.storage.atomic import write_file
from engine.text import plain
from engine.validation.columns import listed as listed_names
from engine.validation.gates import guessing
from engine.validation.judge import finite
from engine.versions.records import MetricValues

# Of slices the worst are kept with the look; the others can be cut again from the rows.
MOST_SLICES = 30
EXPLAINED = 0.5
# Beside the answer: what the next look may find again; see kept_answers and drift.watch.
KEPT = "kept.json"


def measure(job: Mapping[str, Any]) -> LookDocument:
    """The whole answer. Raises Invalid or StepFailed when the files do not fit together."""
    return measured(read_case(job))[0]


def measured(case: LookInput) -> tuple[LookDocument, Dear]:
    """The whole answer, and what of it the next look may carry over."""
    job = case.job
    checks = _quality(case)
    performed = performance(case)
    watched = watch(case, performed.said)
    document = _document(job, case, checks, performed, watched)
    return with_answers(with_requested(document, case), case), watched.dear


def _document(
    job: Mapping[str, Any],
    case: LookInput,
    checks: tuple[QualityCheck, ...],
    performed: Performance,
    watched: Watched,
) -> LookDocument:
    listed = _findings(case, checks, watched, performed)
    parts = _parts(case, checks, watched, performed, listed)
    extract, aged, still = _freshness(case)
    listed += [still] if still is not None else []
    verdict, why = found.verdict_of(listed, parts)
    parts |= aged
    if verdict != "unknown":  # That rows came says nothing of how the version does.
        verdict, why = found.verdict_of(listed, parts)
    answer = LookDocument(
        version=job["version"],
        as_of=job["as_of"],
        verdict=verdict,
        why=why,
        rows=case.current.num_rows,
        labelled=performed.periods.labelled if performed.periods else 0,
        left_out=job["left_out"],
        findings=tuple(listed),
        measured=tuple(name for name, part in parts.items() if part.verdict != "cannot tell"),
        parts=parts,
        extract=extract,
        quality=checks,
        told=tuple(each.key.removeprefix("drift:") for each in listed if each.part == "drift"),
        window=DriftWindow(watched.since, watched.until, len(watched.rows)),
        drift=_columns(watched),
        together=watched.together,
        prediction=watched.prediction,
        memory=remembered(watched.alarms),
    )
    answer = _with_performance(answer, case, performed)
    return replace(answer, signals=tuple(_signals(answer)), measured_at=watched.dear.told)


def _quality(case: LookInput) -> tuple[QualityCheck, ...]:
    job = case.job
    checks = quality(
        case.reference,
        case.current,
        features=job["features"],
        key=job["key"],
        time=job["time"],
        as_of=case.as_of,
        sensitive=job["sensitive"],
        leave_out=[case.rules.target],
        lag=timedelta(seconds=job["lag"]),
    )
    checks += tuple(read(QualityCheck, each, "What the look before found") for each in job.get("unseen", ()))
    if job["time"] is None:
        return checks
    newer = case.current.num_rows + job["left_out"]
    return with_unplaced(checks, job["time"], newer, case.reference.num_rows, Unplaced(**job["unplaced"]))


def _freshness(case: LookInput) -> tuple[Extract | None, dict[str, LookPart], LookFinding | None]:
    """Where no time column tells how old the data is: what is known of its rows, the part, and what was found."""
    told = case.job["same_rows"]
    if told is None:
        return None, {}, None
    before = read(Extract, told["before"], "What the look before knew") if told["before"] is not None else None
    rows = follow(before, told["digest"], told["rows"], case.as_of)
    part, still = freshness(rows, case.as_of, timedelta(seconds=told["still"]))
    return rows, {PART: part}, still


def _findings(
    case: LookInput, checks: Sequence[QualityCheck], watched: Watched, performed: Performance
) -> list[LookFinding]:
    as_of, rival = case.job["as_of"], performed.rival
    shares, told = _shares(case, watched), _told_columns(case, watched)
    listed = [*found.of_quality(checks, told, shares, as_of), *found.of_drift(watched.alarms, shares)]
    listed += of_outputs(case, performed.rows, performed.problem, watched.rows, performed.mature)
    listed += found.of_calibration(performed.calibration, as_of)
    listed += found.of_performance(performed.fall, rival.sentence if rival and rival.better else None, as_of)
    if performed.periods is not None:
        readings = {reading.metric: reading for reading in performed.periods.window}
        for broken in found.limits_broken(case.rules.gates, readings):
            act = "retrain; if the limit asks too much, lower it in [[gates]] of leverframe.toml before"
            listed.append(LookFinding(f"limit:{broken.split()[0]}", "performance", "failing", broken, act, as_of))
    if not any(each.key == "labels" for each in listed):  # Labels that are wrong say nothing of the version.
        waived = guessing.NAME in case.rules.waivers
        listed += found.of_guessing(performed.guessed, waived, as_of)
    if (disagreed := case.job.get("disagreement")) is not None:
        act = "correct what extract returns when it is given since; until then looks ask for everything"
        listed.append(LookFinding("since", "quality", "watch", disagreed["why"], act, disagreed["since"]))
    if rival is not None and rival.better:
        act = f"roll back to {rival.version}"
        listed.append(LookFinding(f"bake:{rival.metric}", "bake", "watch", rival.sentence, act, as_of))
    return listed


def _parts(
    case: LookInput,
    checks: Sequence[QualityCheck],
    watched: Watched,
    performed: Performance,
    listed: Sequence[LookFinding],
) -> dict[str, LookPart]:
    def part(name: str, told: bool, well: str, cannot: str) -> LookPart:
        own = [each for each in listed if each.part == name]
        if own:
            return LookPart(found.worst(each.severity for each in own), own[0].why)
        return LookPart("ok", well) if told else LookPart("cannot tell", cannot)

    periods = performed.periods
    measured = [reading for reading in periods.window if reading.value is not None] if periods else []
    few = f"{case.current.num_rows:,} rows since it learnt are too few"
    unlabelled = performed.problem or (periods.sentence if periods else "")
    if measured and performed.stale:
        measured, unlabelled = [], "no rows but those it was validated on have labels enough yet"
    compared = any(column.verdict != "cannot tell" for column in watched.columns)
    enough = case.current.num_rows >= FEWEST_ROWS
    parts = {
        "quality": part("quality", enough, _well(checks), few),
        "drift": part("drift", compared, _undrifted(case, watched), few),
        "performance": part("performance", bool(measured), performed.sentence, unlabelled),
    }
    if performed.calibration is not None:
        judged = performed.calibration
        told = judged.verdict != "cannot tell"
        parts["calibration"] = part("calibration", told, judged.sentence, judged.sentence)
    if performed.rival is not None:
        rival = performed.rival
        parts["bake"] = part("bake", rival.told, rival.sentence, rival.sentence)
    return parts


def _well(checks: Sequence[QualityCheck]) -> str:
    """How many checks are well; of the others, of which nothing is to be done, the first is named."""
    untold = [check for check in checks if check.verdict != "ok"]
    counted = f"{len(checks) - len(untold)} of {len(checks)} checks are well"
    if not untold:
        return counted
    more = f"; and {len(untold) - 1} more" if len(untold) > 1 else ""
    return f"{counted}; not told: {untold[0].sentence.rstrip('.')}{more}"


def _columns(watched: Watched) -> tuple[WeighedDrift, ...]:
    """Each column with its importance: what moved and matters first."""
    if watched.importances is None:
        return tuple(WeighedDrift(**vars(column)) for column in watched.columns)
    return tuple(
        WeighedDrift(**vars(each.drift), importance=each.importance, weight=each.weight)
        for each in ranked(watched.columns, watched.importances)
    )


def _shares(case: LookInput, watched: Watched) -> Mapping[str, float]:
    """How much each feature moves the predictions, where the small model that says so knows enough of them.

    Both now and before the newest rows: a column that broke into one value moves nothing any more.
    A column that was told goes on to be told until its alarm ends, though its share may swing around the line.
    """
    shares: dict[str, float] = {}
    for known in (watched.importances, watched.before):
        if known is None or (known.explained or 0.0) < EXPLAINED:
            return {}
        shares = {name: max(share, shares.get(name, 0.0)) for name, share in known.shares.items()}
    return {**shares, **{name: max(found.IDLE, shares.get(name, 1.0)) for name in case.job["told"]}}


def _told_columns(case: LookInput, watched: Watched) -> set[str]:
    """The columns whose drift somebody is called for."""
    return {alarm.column for alarm in watched.alarms} - {*found.idle(watched.alarms, _shares(case, watched))}


def _undrifted(case: LookInput, watched: Watched) -> str:
    quiet = found.idle(watched.alarms, _shares(case, watched))
    if not quiet:
        return "as in training"
    return f"{listed_names(quiet, 3)} moved, and the predictions hardly depend on {'it' if len(quiet) == 1 else 'them'}"


def _with_performance(answer: LookDocument, case: LookInput, performed: Performance) -> LookDocument:
    periods, sliced = performed.periods, performed.slices
    was = case.job["validated"]["metrics"]
    mature = [period.end for period in periods.periods if period.mature and period.end] if periods else []
    return replace(
        answer,
        task=performed.rows.truth.task if performed.rows else None,
        problem=performed.problem,
        problems=tuple(performed.rows.problems) if performed.rows else (),
        metrics={reading.metric: reading for reading in periods.window} if periods else {},
        validated={name: read(MetricValues, was[name], name) if was.get(name) else None for name in case.metrics},
        periods=periods,
        mature_until=max(mature, default=None),
        fall=performed.fall,
        rival=performed.rival,
        calibration=performed.calibration,
        estimate=performed.estimate,
        slices=replace(sliced, found=sliced.found[:MOST_SLICES]) if sliced is not None else None,
        by=performed.by,
        slice_rows=performed.worst_rows,
    )


def _signals(answer: LookDocument) -> Iterator[SignalValues]:
    sizes = [column.size for column in answer.drift if column.size is not None]
    rows, window = answer.rows, answer.window.rows
    yield "rows", rows, None, None, rows
    if sizes:
        yield "drift", max(sizes), None, None, window
    if answer.prediction is not None and answer.prediction.size is not None:
        yield "prediction drift", answer.prediction.size, None, None, window
    if rows:
        yield "labels", answer.labelled / rows, None, None, rows
    for name, reading in answer.metrics.items():
        if reading.value is not None:
            yield name, reading.value, reading.low, reading.high, reading.n


def main(path: Path) -> int:
    """Wait until the job is there and measure it."""
    if not sys.stdin.readline():
        return 0
    try:
        case = read_case(json.loads(path.read_bytes()))
        document, dear = measured(case)
        answer, kept = finite(write(document)), {"answers": case.answers.used, "dear": finite(write(dear))}
    except LeverframeError as refusal:
        print(plain(str(refusal), 2000), file=sys.stderr)
        return 1
    for name, content in ((KEPT, kept), ("measured.json", answer)):
        text = json.dumps(content, allow_nan=False, ensure_ascii=False)
        write_file(path.with_name(name), text.encode("utf-8"), durable=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
