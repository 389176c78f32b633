"""How well the live version does on rows whose labels are known by now, and what can be said of the others.

Everything is about mature rows (see ``periods``) but the estimate, which is about the rows that have no label yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from engine.clock import moment
from engine.errors import LeverframeError
from engine.monitoring.kept_answers import rows_asked
from engine.monitoring.look_input import LookInput
from engine.monitoring.look_parts import (
    Calibration,
    Estimate,
    Fall,
    MetricPeriods,
    MetricValue,
    PreviousVersion,
    SliceRows,
    Slices,
)
from engine.monitoring.performance.calibration import calibration
from engine.monitoring.performance.estimate import estimate_classes
from engine.monitoring.performance.fall import fallen
from engine.monitoring.performance.metric_values import FULL, part_of, too_few
from engine.monitoring.performance.periods import PeriodCut, cut, mature_rows
from engine.monitoring.performance.periods import performance as over_time
from engine.monitoring.performance.previous_version import against
from engine.monitoring.performance.scored import Scored, predicted, scored
from engine.monitoring.performance.slice_parts import rows_of
from engine.monitoring.performance.slice_rows import slice_rows
from engine.monitoring.performance.slices import slices
from engine.monitoring.timestamps import microseconds
from engine.text import plain
from engine.validation.columns import Codes, column_or_none
from engine.validation.gates import guessing
from engine.validation.intervals import measure_all
from engine.validation.predictions import read_table
from engine.validation.words import number

# Rows are kept with the look for so many slices, so many of each.
WORST, ROWS_KEPT = 3, 20


@dataclass(frozen=True)
class Performance:
    """``problem``: why it cannot be told. ``said``: one prediction a row, as drift looks at it. ``mature``: the period
    of each row that is measured, -1 for others. ``stale``: measured on no row but those it was validated on.
    ``by``: slices of the columns that somebody asked for. ``guessed``: in words, each metric of the newest mature rows
    that is surely worse than guessing."""

    rows: Scored | None = None
    said: pa.ChunkedArray | None = None
    periods: MetricPeriods | None = None
    fall: Fall | None = None
    rival: PreviousVersion | None = None
    calibration: Calibration | None = None
    estimate: Estimate | None = None
    slices: Slices | None = None
    by: Mapping[str, Slices] = field(default_factory=dict)
    worst_rows: Mapping[str, SliceRows] = field(default_factory=dict)
    sentence: str = ""
    problem: str | None = None
    mature: Codes | None = None
    stale: bool = False
    guessed: tuple[str, ...] = ()


def performance(case: LookInput) -> Performance:
    """All of it. What cannot be told has a reason instead; nothing in the data makes it raise but a missing file."""
    if case.job["problem"]:
        return Performance(problem=plain(str(case.job["problem"])))
    predictions = read_table(case.job["predictions"], "predictions")
    target = column_or_none(case.current, case.rules.target)
    learnt = case.reference.column(case.rules.target)
    try:
        rows = scored(target, learnt, predictions, case.rules, name=case.rules.target, who=case.job["version"])
    except LeverframeError as problem:
        # The labels may be beyond use while the predictions are not: drift still wants those.
        unlabelled = _unlabelled(case, learnt, predictions)
        return Performance(unlabelled, predicted(unlabelled) if unlabelled else None, problem=str(problem))
    return _measured(case, rows, learnt, target)


def _unlabelled(case: LookInput, learnt: pa.ChunkedArray, predictions: pa.Table) -> Scored | None:
    try:
        return scored(None, learnt, predictions, case.rules)
    except LeverframeError:
        return None


def _measured(case: LookInput, rows: Scored, learnt: pa.ChunkedArray, target: pa.ChunkedArray | None) -> Performance:
    divided = cut(case.times, len(rows), case.as_of)
    periods = over_time(divided, rows, case.metrics, case.as_of, reader=case.answers.read)
    mature = mature_rows(divided, periods, rows)
    newest = _newest(divided, periods, mature)
    validated = _validated(case)
    since = np.setdiff1d(newest, case.holdout, assume_unique=True)
    sliced = _cut(case, rows, mature, divided, _sliced(case), case.job["bins"])
    return Performance(
        rows=rows,
        said=predicted(rows),
        periods=periods,
        fall=fallen(validated, periods.periods, validated_periods=_validated_periods(case, periods)),
        rival=against(case.job, case.rules, rows, _unknown_to_both(case, newest), learnt, target),
        calibration=_calibration(case, rows, since if len(since) else newest),
        estimate=_estimate(case, rows),
        slices=sliced,
        by=_by(case, rows, mature, divided),
        worst_rows=_worst_rows(case, rows, mature, sliced),
        sentence=well(validated, periods),
        stale=len(since) == 0 and len(case.holdout) > 0,
        guessed=_guessed(case, rows, newest, learnt),
        mature=np.where(np.isin(np.arange(len(rows)), mature), divided.number, -1),
    )


def _guessed(case: LookInput, rows: Scored, newest: Codes, learnt: pa.ChunkedArray) -> tuple[str, ...]:
    truth, said = rows.take(newest)
    if too_few(truth) is not None:
        return ()
    part = part_of(truth, 0, FULL.rows)
    if part is not None:
        truth, said = truth.take(part), said.take(part)
    guess = guessing.learnt(learnt, truth)
    measured = measure_all(case.metrics, truth, said, None, seed=0, resamples=FULL.resamples, guess=guess)
    return tuple(guessing.words(each) for each in guessing.worse_than_guessing(measured.values()))


def _validated(case: LookInput) -> MetricValue:
    """The key metric as the version was validated with it."""
    key = case.metrics[0]
    was = case.job["validated"]["metrics"].get(key, {})
    return MetricValue(key, int(was.get("n") or 0), was.get("value"), was.get("low"), was.get("high"))


def _validated_periods(case: LookInput, periods: MetricPeriods) -> float:
    """How many periods long the holdout was: what swings from one to the next evens out over as many."""
    seconds = case.rules.holdout
    return seconds / (periods.days * 86_400) if seconds and periods.days else 1.0


def _newest(divided: PeriodCut, periods: MetricPeriods, mature: Codes) -> Codes:
    """Positions of the rows that the newest readings are of."""
    start = next((n for n, period in enumerate(periods.periods) if period.start == periods.window_start), 0)
    return mature[divided.number[mature] >= start]


def _unknown_to_both(case: LookInput, newest: Codes) -> Codes:
    """Those of ``newest`` that the rival cannot have learnt from either, should its data reach further."""
    until, own = case.job["rival_until"], case.job["until"]
    if case.times is None or not until or (own and moment(until) <= moment(own)):
        return newest
    return newest[case.times[newest] > microseconds(moment(until))]


def _cut(
    case: LookInput,
    rows: Scored,
    mature: Codes,
    divided: PeriodCut,
    columns: list[str],
    bins: Mapping[str, Sequence[float]],
) -> Slices:
    """Performance by each of ``columns``, corrected for all that is tried here."""
    key, hidden = case.metrics[0], case.job["sensitive"]
    # They go by no other row than these.
    held = [name for name in dict.fromkeys(columns) if name in case.current.column_names and name not in hidden]
    table = case.current.select(held).take(pa.array(mature))
    asked = (held, key, {name: list(edges) for name, edges in bins.items()}, table, divided.number[mature])
    return case.answers.of(
        Slices,
        (*asked, *rows_asked(*rows.take(mature))),
        lambda: slices(case.current, columns, key, rows, mature, divided.number, sensitive=hidden, bins=bins),
    )


def _by(case: LookInput, rows: Scored, mature: Codes, divided: PeriodCut) -> dict[str, Slices]:
    """The columns that somebody asked for, each by itself."""
    asked: Mapping[str, Sequence[float]] = case.job["by"]
    return {
        name: _cut(case, rows, mature, divided, [name], {name: edges} if edges else {}) for name, edges in asked.items()
    }


def _sliced(case: LookInput) -> list[str]:
    """The columns that performance is looked at by: those of the manifest first, then the features."""
    job = case.job
    return list(dict.fromkeys([*case.rules.segments, *job["slices"], *job["bins"], *job["features"]]))


def _worst_rows(case: LookInput, rows: Scored, mature: Codes, sliced: Slices) -> dict[str, SliceRows]:
    """Of the worst slices a few rows each, the most wrong first: something to look at. Sensitive columns never."""
    job = case.job
    wanted = [*job["key"], *([job["time"]] if job["time"] else []), *job["features"]]
    table = case.current.select([name for name in dict.fromkeys(wanted) if name in case.current.column_names])
    found = {}
    for each in [one for one in sliced.found if one.verdict == "worse"][:WORST]:
        held = np.intersect1d(rows_of(case.current, each.conditions), mature, assume_unique=True)
        found[each.name] = slice_rows(table, rows, held, sensitive=job["sensitive"], most=ROWS_KEPT)
    return found


def _known_holdout(case: LookInput, rows: Scored) -> Codes:
    return case.holdout[rows.known[case.holdout]]


def _calibration(case: LookInput, rows: Scored, newest: Codes) -> Calibration:
    before = _known_holdout(case, rows)
    reference = calibration(*rows.take(before)) if len(before) else None
    return calibration(*rows.take(newest), reference=reference)


def _estimate(case: LookInput, rows: Scored) -> Estimate | None:
    """For the rows whose label has not come; None where there are none."""
    unknown = np.flatnonzero(~rows.labelled & rows.usable)
    if not len(unknown):
        return None
    before = _known_holdout(case, rows)
    known = rows.take(before) if len(before) else None
    truth, said = rows.take(unknown)
    if truth.task != "regression":
        return estimate_classes(case.metrics, truth, said, known)
    from engine.monitoring.performance.estimate_loss import estimate_values

    inputs = case.current.take(pa.array(unknown))
    learnt = (*known, case.current.take(pa.array(before))) if known else None
    return estimate_values(case.metrics, said, inputs, learnt, case.job["features"])


def well(validated: MetricValue, periods: MetricPeriods) -> str:
    """The key metric now and when the version was validated, for where no fall is sure."""
    now = next((reading for reading in periods.window if reading.metric == validated.metric), None)
    if now is None or now.value is None:
        return ""
    before = f"; when it was validated it was {number(validated.value)}" if validated.value is not None else ""
    ends = [period.end for period in periods.periods if period.mature and period.end]
    until = f" until {max(ends)[:10]}" if ends else ""
    return f"{now.metric} is {number(now.value)} on {now.n:,} labelled rows{until}{before}, and no fall is sure"
