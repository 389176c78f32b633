"""Whether the predictions moved against those for the version's own training data.

Of the rows that it learnt from a model is surer, so that every model would seem to drift on its first day. The version
was asked about both kinds of rows of its own data (``baseline``): those it learnt from and those it was validated on,
which it never saw. What is told is the change against the training rows; what it is judged by is the smaller of the
two changes. A season that the holdout shares with today is thereby no alarm of the predictions; the columns tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import LeverframeError, StepFailed
from engine.monitoring.drift.columns import compare
from engine.monitoring.drift.thresholds import FEWEST_ROWS
from engine.monitoring.look_input import LookInput
from engine.monitoring.look_parts import ColumnDrift
from engine.monitoring.performance.scored import predicted, scored
from engine.monitoring.profile import ColumnProfile, profile_of
from engine.monitoring.timestamps import moments
from engine.text import plain
from engine.validation.columns import Codes
from engine.validation.predictions import read_table

PREDICTION = "(prediction)"
_CHANGED = ("some", "large")
_SURER = "of rows that it learnt from a model is surer"


@dataclass(frozen=True)
class Baseline:
    """What the version said about rows of its own data. ``times``: of the rows in ``held``, in microseconds; None where
    the project has no time column."""

    learnt: ColumnProfile
    held: pa.ChunkedArray
    times: Codes | None


def read_baseline(case: LookInput) -> Baseline:
    """Raises StepFailed or Invalid, with what stands in its way."""
    if case.job["baseline"] is None:
        raise StepFailed(str(case.job["baseline_problem"]))
    table = read_table(case.job["baseline"], "baseline")
    rows = scored(None, case.reference.column(case.rules.target), table, case.rules, who=case.job["version"])
    said, learnt = predicted(rows), table.column("learnt").combine_chunks()
    held = pc.invert(learnt)
    times = moments(table.filter(held), "time") if "time" in table.column_names else None
    return Baseline(_profile(said.filter(learnt)), said.filter(held), times)


def prediction_drift(case: LookInput, said: pa.ChunkedArray, windows: Sequence[Codes]) -> tuple[ColumnDrift, ...]:
    """The drift of the predictions at the rows of each of ``windows``, of which the first holds the others.

    What cannot be told says why; nothing raises.
    """
    try:
        baseline = read_baseline(case)
    except LeverframeError as problem:
        why = f"{PREDICTION}: cannot be compared; {plain(str(problem))}"
        return tuple(ColumnDrift(PREDICTION, "unreadable", "cannot tell", why, 0, len(rows)) for rows in windows)
    before = before_window(baseline, case.times, windows[0])
    now = [_profile(said.take(pa.array(rows)), exact=True) for rows in windows]
    return tuple(_judged(compare(baseline.learnt, each), compare(before, each) if before else None) for each in now)


def answers_drift(case: LookInput, answers: pa.Table) -> ColumnDrift:
    """The drift of what was answered to requests, each row of ``answers`` as the version gave it.

    None of these rows is among its own data, so all that it was validated on are held against them too. Raises
    StepFailed or Invalid, with what stands in its way.
    """
    baseline = read_baseline(case)
    learnt = case.reference.column(case.rules.target)
    said = predicted(scored(None, learnt, answers, case.rules, who=case.job["version"]))
    held = _profile(baseline.held) if len(baseline.held) >= FEWEST_ROWS else None
    now = _profile(said, exact=True)
    return _judged(compare(baseline.learnt, now), compare(held, now) if held else None)


def before_window(baseline: Baseline, times: Codes | None, window: Codes) -> ColumnProfile | None:
    """The predictions for held-out rows that are not in the window, for nothing can be compared with itself.

    Without times they are in the window too, as no row of it was learnt from, and only dilute what came since.
    """
    if not len(window):
        return None
    held = baseline.held
    if baseline.times is not None and times is not None:
        held = held.filter(pa.array(baseline.times < times[window].min()))
    elif len(window) < len(held) + FEWEST_ROWS:
        return None
    return _profile(held) if len(held) >= FEWEST_ROWS else None


def _judged(learnt: ColumnDrift, held: ColumnDrift | None) -> ColumnDrift:
    """The change against the training rows, as large as rows that were not learnt from bear out."""
    if learnt.verdict not in _CHANGED or learnt.size is None or learnt.psi is None:
        return learnt
    if held is None or held.size is None or held.psi is None or held.p is None or held.verdict == "cannot tell":
        why = f"PSI {learnt.psi:.2f} against training, but {_SURER}, and there are too few others to compare with."
        return replace(learnt, verdict="cannot tell", size=None, why=f"{PREDICTION}: {why}")
    if held.size >= learnt.size:
        return learnt
    why = learnt.why
    if held.verdict not in _CHANGED:
        compared = f"{held.psi:.2f} against rows that it was validated on"
        why = f"{PREDICTION}: PSI {learnt.psi:.2f} against training and {compared}; {_SURER}."
    return replace(learnt, verdict=held.verdict, size=held.size, p=max(held.p, learnt.p or 0.0), why=why)


def _profile(said: pa.ChunkedArray, *, exact: bool = False) -> ColumnProfile:
    (column,) = profile_of(pa.table({PREDICTION: said}), [PREDICTION], exact=exact).columns
    return column
