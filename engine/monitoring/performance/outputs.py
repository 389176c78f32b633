"""Whether what the model says, and what is known to have happened, can still be measured by.

Rows without a prediction and labels of one class are left out of every metric, which then looks well, or cannot tell.
A candidate without a prediction for each row, or with the same for all, passes no gate: so where the live version has
come to that, something broke. That all labels are of one class is told where the training data makes it no chance: a
class of one row in a thousand may stay away for weeks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from engine.monitoring.look_document import LookFinding
from engine.monitoring.look_input import LookInput
from engine.monitoring.performance.scored import Scored
from engine.monitoring.quality.checks import LIMITS
from engine.monitoring.quality.shares import CHANCE, FEWEST_ROWS, Shares, judge_share
from engine.monitoring.records import Severity
from engine.text import plain
from engine.validation.classes import placed
from engine.validation.columns import Codes, codes, column_or_none, missing, shown
from engine.validation.words import percent

# So many rows in a row with one prediction are none of a model that gave different ones for its holdout.
ALWAYS = 200
FAILING: Severity = "failing"
_SOURCE = "look at where labels come from; until then nothing says how well it does"
_MODEL = "look at the log of its score step, then roll back or retrain"


def of_outputs(
    case: LookInput, rows: Scored | None, problem: str | None, window: Codes, periods: Codes | None
) -> Iterator[LookFinding]:
    """A finding for predictions, and one for labels, that are of no use. ``window``: the newest rows; ``periods``: the
    period of each row that performance is measured on, -1 for others."""
    as_of, name = case.job["as_of"], case.rules.target
    if case.job["problem"] or not case.current.num_rows:
        return  # Nothing was scored; what keeps it from that is told by the quality of the data.
    broken = plain(str(problem)).rstrip(".") if rows is None else unusable(rows, window)
    if broken:
        severity, why = broken if isinstance(broken, tuple) else (FAILING, broken)
        yield LookFinding("predictions", "quality", severity, why, _MODEL, as_of)
    target = column_or_none(case.current, name)
    if case.job["labels_problem"]:
        said = plain(str(case.job["labels_problem"])).rstrip(".")
        yield LookFinding("labels", "quality", "watch", said, _SOURCE, as_of)
    elif target is None:
        yield LookFinding("labels", "quality", "watch", f"the label column {shown(name)} is gone", _SOURCE, as_of)
    elif rows is not None and problem is not None:
        yield LookFinding("labels", "quality", "watch", plain(str(problem)).rstrip("."), _SOURCE, as_of)
    elif periods is not None and (same := _of_one_value(case.reference.column(name), target, periods)):
        yield LookFinding("labels", "quality", "watch", f"{shown(name)}: {same}", _SOURCE, as_of)


def unusable(rows: Scored, window: Codes) -> tuple[Severity, str] | None:
    """How bad it is and in what words, where rows have no prediction or all have the same."""
    lost, n = int((~rows.usable[window]).sum()), len(window)
    watch, failing = LIMITS["invalid"]
    judged = judge_share(Shares(lost, n, 0, max(n, 1_000)), watch, failing)
    if judged.verdict in ("watch", "failing"):
        return judged.verdict, f"{percent(lost / n)} of {n:,} rows got no prediction, or an infinite one"
    said = rows.predicted.decided if rows.truth.task == "regression" else rows.predicted.ranking
    if said is None or n - lost < FEWEST_ROWS:
        return None
    numbers = np.where(rows.usable, np.asarray(said, dtype=np.float64), np.nan)
    now = numbers[window][rows.usable[window]]
    if (now != now[0]).any():
        return None
    earlier = np.delete(numbers, window)
    earlier = earlier[~np.isnan(earlier)]
    # Those before hold the rows that it was validated on. Of a rule with two leaves few rows may all be in one.
    usual = float((earlier == now[0]).mean()) if len(earlier) >= FEWEST_ROWS else 1.0
    always = usual == 1.0 and len(now) + len(earlier) >= ALWAYS
    if not always and usual ** len(now) >= CHANCE:
        return None
    return "failing", f"all of {n - lost:,} rows got the same prediction, {now[0]:.3g}"


def _of_one_value(learnt: pa.ChunkedArray, target: pa.ChunkedArray, periods: Codes) -> str | None:
    """That all labels of the newest period are one value, where by the training data that is no chance."""
    if not (periods >= 0).any():
        return None
    newest = target.filter(pa.array((periods == periods.max()) & ~missing(target)))
    _, names = placed(newest, learnt)
    if len(names) != 1 or len(newest) < FEWEST_ROWS:
        return None
    numbers, known = codes(learnt)
    held = int((numbers == known.index(names[0])).sum()) if names[0] in known else 0
    usual = held / max(1, int((numbers >= 0).sum()))
    if usual ** len(newest) >= CHANCE:
        return None
    return f"all {len(newest):,} labels of the newest period are '{shown(names[0])}', {percent(usual)} in training"
