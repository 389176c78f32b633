"""The metrics, one row each: what a manifest may name, which way it is good, what guessing gets, and its words. Light.

The code that computes a metric stands under its name in engine/validation/metrics.py (what chance gets of it, where
that depends on the data, in guessing.py), and a row in docs/manifest.md says it to people; tests hold all of it to this
table. A name that is not here (of a version that was made when it was) has no words and is better when it is larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Literal, get_args

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[str, ...] = get_args(Task)

# What a guess says that knows the training target and nothing of a row, in words that follow "worse than".
GUESSES = {
    "chance": "guessing",
    "class": "always naming the most frequent class",
    "shares": "always saying the shares of the classes",
    "median": "always saying the median",
    "mean": "always saying the mean",
}

NOT_DEFINED = ("not defined", "it is not defined on {rows}")


@dataclass(frozen=True)
class MetricKind:
    """One metric. ``looks_at``: the order of the rows, the chances or the decisions; of a regression the values.

    ``words`` and ``meaning`` are for people who do not know it: what it is, and what a ``{value}`` says, which is
    ``{percent}`` of a hundred; ``worse`` in place of that below the ``chance_level``, which is what guessing gets
    whatever the data. ``gap``: why it may have no value, as a short word and as the end of a sentence about ``{rows}``.
    """

    name: str
    looks_at: Literal["order", "chances", "decisions", "values"]
    better: Literal["larger", "smaller"]
    words: str
    meaning: str
    guess: Literal["chance", "class", "shares", "median", "mean"]
    chance_level: float | None = None
    worse: str = ""
    lowest: float = 0.0
    highest: float = 1.0
    per_class: bool = False
    """It looks at each class for itself, however few rows that has."""
    gap: tuple[str, str] = NOT_DEFINED
    no_estimate: str = ""
    """Of a regression: why nothing can be said without labels."""

    @property
    def regression(self) -> bool:
        return self.looks_at == "values"

    @property
    def own_unit(self) -> bool:
        """A loss or an error, which is as large as what is predicted makes it; 1 is the best of all others."""
        return self.highest != 1.0

    @property
    def share(self) -> bool:
        """It lies between 0 and 1."""
        return self.lowest == 0.0 and not self.own_unit


_PAIRS = "Of 100 pairs, one of each outcome, {percent:.0f} are put in the right order. Guessing gets 50."

_ROWS = (
    MetricKind(
        "roc_auc", "order", "larger", "how well the outcomes are told apart", _PAIRS, "chance", 0.5,
        f"{_PAIRS} This is worse than guessing.", per_class=True,
        # Of more than two classes each is held against the rest, so each has to be there.
        gap=("class gone", "{rows} lack one of the classes, and it tells the rows of each from all others"),
    ),
    MetricKind(
        "average_precision", "order", "larger", "how well the cases that matter are ranked first",
        "1 is perfect; guessing gets the share of such cases.", "chance", per_class=True,
        gap=("class gone", "{rows} lack a class that it looks for"),
    ),
    MetricKind(
        "log_loss", "chances", "smaller", "how far the stated chances are from what happened",
        "0 is perfect; a coin toss gets 0.69.", "shares", highest=inf,
    ),
    MetricKind(
        "brier", "chances", "smaller", "how far the stated chances are from what happened, squared",
        "0 is perfect; a coin toss gets 0.25.", "shares", highest=2.0,
    ),
    MetricKind(
        "accuracy", "decisions", "larger", "the share of right decisions",
        "Of 100 decisions, {percent:.0f} are right.", "class",
    ),
    MetricKind(
        "balanced_accuracy", "decisions", "larger", "the share of right decisions, each outcome counting alike",
        "Of 100 cases, as many of each outcome, {percent:.0f} are decided right.", "chance", per_class=True,
    ),
    MetricKind(
        "f1", "decisions", "larger", "how well alarms and cases match",
        "1 is perfect: no false alarm, no case missed.", "chance", per_class=True,
        gap=("class gone", "none of {rows} is of the class that is looked for, and the model gives it to none"),
    ),
    MetricKind(
        "precision", "decisions", "larger", "the share of alarms that are right",
        "Of 100 alarms, {percent:.0f} are right.", "chance", per_class=True,
        gap=("never said", "the model gives none of {rows} the class that is looked for"),
    ),
    MetricKind(
        "recall", "decisions", "larger", "the share of cases that are found",
        "Of 100 cases, {percent:.0f} are found.", "chance", per_class=True,
        gap=("class gone", "none of {rows} is of the class that is looked for"),
    ),
    MetricKind(
        "mae", "values", "smaller", "how far predictions are off on average",
        "A prediction is off by {value} on average.", "median", highest=inf,
    ),
    MetricKind(
        "rmse", "values", "smaller", "how far predictions are off, large errors counting more",
        "0 is perfect; in the unit of what is predicted.", "mean", highest=inf,
    ),
    MetricKind(
        "r2", "values", "larger", "how much of the differences is explained",
        "{percent:.0f} % of the differences are explained; 100 % is perfect.", "mean", 0.0,
        "Worse than always saying the mean, which explains nothing; 100 % is perfect.", lowest=-inf,
        gap=("one value", "the target has one value in {rows}, which leaves nothing to explain"),
        no_estimate="r2 needs how much the outcome itself varies, which only labels tell",
    ),
    MetricKind(
        "mape", "values", "smaller", "how far predictions are off on average, in per cent",
        "A prediction is off by {percent:.1f} % on average.", "median", highest=inf,
    ),
    MetricKind(
        "median_absolute_error", "values", "smaller", "how far a typical prediction is off",
        "Half of the predictions are off by less than {value}.", "median", highest=inf,
        no_estimate="the median of errors cannot be had from their means",
    ),
)  # fmt: skip

METRICS: Mapping[str, MetricKind] = MappingProxyType({row.name: row for row in _ROWS})
CLASSIFICATION = tuple(row.name for row in _ROWS if not row.regression)
REGRESSION = tuple(row.name for row in _ROWS if row.regression)
PER_CLASS = frozenset(row.name for row in _ROWS if row.per_class)


def of_task(task: str | None) -> tuple[str, ...]:
    """The metrics that a task may be measured by; all where it is not said."""
    return REGRESSION if task == "regression" else CLASSIFICATION if task else (*CLASSIFICATION, *REGRESSION)


def more_is_better(name: str) -> bool:
    """Which way the metric is good."""
    return name not in METRICS or METRICS[name].better == "larger"


def good(name: str) -> int:
    """+1 where more is better, -1 where less is."""
    return 1 if more_is_better(name) else -1


def needs(name: str, task: Task) -> str | None:
    """What predictions must hold, beside ``prediction``, for this metric: 'p' or 'p or score'; None for nothing."""
    looks_at = METRICS[name].looks_at if name in METRICS else None
    if looks_at == "chances" or (looks_at == "order" and task == "multiclass"):
        return "p"
    return "p or score" if looks_at == "order" else None
