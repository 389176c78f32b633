"""Why a metric has no value on some rows: a short word for a narrow list, and what it means in a sentence. Pure.

Everything that shows a metric asks here, so that the same gap is explained by the same words everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.validation.words import count
from engine.vocabulary.metrics import METRICS, NOT_DEFINED


@dataclass(frozen=True)
class Why:
    """``short`` stands in lists, ``reason`` where there is room: the end of a sentence that names the metric."""

    short: str
    reason: str


_NO_ROWS = Why("no rows", "there are no rows with a known outcome")


def why(metric: str, n: int) -> Why:
    """Why ``metric`` has no value on ``n`` rows with a known outcome."""
    if n == 0:
        return _NO_ROWS
    short, reason = METRICS[metric].gap if metric in METRICS else NOT_DEFINED
    return Why(short, reason.format(rows=f"the {count(n, 'row')}"))


def sentence(metric: str, n: int) -> str:
    """``roc_auc has no value: the 40 rows lack one of the classes, …``, without its full stop."""
    return f"{metric} has no value: {why(metric, n).reason}"
