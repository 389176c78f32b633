"""Why a metric has no value on some rows: a short word for a narrow list, and what it means in a sentence. Pure.

Everything that shows a metric asks here, so that the same gap is explained by the same words everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.validation.words import count


@dataclass(frozen=True)
class Why:
    """``short`` stands in lists, ``reason`` where there is room: the end of a sentence that names the metric."""

    short: str
    reason: str


_NO_ROWS = Why("no rows", "there are no rows with a known outcome")
_NOT_AMONG = Why("class gone", "none of {rows} is of the class that is looked for")
_WHY = {
    # Of more than two classes each is held against the rest, so each has to be there.
    "roc_auc": Why("class gone", "{rows} lack one of the classes, and it tells the rows of each from all others"),
    "average_precision": Why("class gone", "{rows} lack a class that it looks for"),
    "recall": _NOT_AMONG,
    "precision": Why("never said", "the model gives none of {rows} the class that is looked for"),
    "f1": Why("class gone", "none of {rows} is of the class that is looked for, and the model gives it to none"),
    "r2": Why("one value", "the target has one value in {rows}, which leaves nothing to explain"),
}
_OTHER = Why("not defined", "it is not defined on {rows}")


def why(metric: str, n: int) -> Why:
    """Why ``metric`` has no value on ``n`` rows with a known outcome."""
    if n == 0:
        return _NO_ROWS
    found = _WHY.get(metric, _OTHER)
    return Why(found.short, found.reason.format(rows=f"the {count(n, 'row')}"))


def sentence(metric: str, n: int) -> str:
    """``roc_auc has no value: the 40 rows lack one of the classes, …``, without its full stop."""
    return f"{metric} has no value: {why(metric, n).reason}"
