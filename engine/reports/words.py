"""Metrics, classes and segments in words for people who do not know them. Pure.

The manifest's ``[report.words]`` comes first. Its keys: a metric (``roc_auc = "how well ..."``), a class of the target
(``1 = "late"``), a column (``carrier = "airline"``), a value of one (``"carrier=EV" = "ExpressJet"``), and
``decisions`` for what is decided about (``decisions = "flights"``). Which way a metric is good is known of each.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.validation.words import decimals_for, number

Words = Mapping[str, str]
# As in validation.metrics, which takes numpy to import; a test holds the two together.
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "mae", "rmse", "mape", "median_absolute_error"})

_METRICS = {
    "roc_auc": "how well the outcomes are told apart",
    "average_precision": "how well the cases that matter are ranked first",
    "log_loss": "how far the stated chances are from what happened",
    "brier": "how far the stated chances are from what happened, squared",
    "accuracy": "the share of right decisions",
    "balanced_accuracy": "the share of right decisions, each outcome counting alike",
    "f1": "how well alarms and cases match",
    "precision": "the share of alarms that are right",
    "recall": "the share of cases that are found",
    "mae": "how far predictions are off on average",
    "rmse": "how far predictions are off, large errors counting more",
    "r2": "how much of the differences is explained",
    "mape": "how far predictions are off on average, in per cent",
    "median_absolute_error": "how far a typical prediction is off",
}
# What a value says, where {0} is the value, {1} of a hundred.
_MEANINGS = {
    "roc_auc": "Of 100 pairs, one of each outcome, {1} are put in the right order. Guessing gets 50.",
    "average_precision": "1 is perfect; guessing gets the share of such cases.",
    "log_loss": "0 is perfect; a coin toss gets 0.69.",
    "brier": "0 is perfect; a coin toss gets 0.25.",
    "accuracy": "Of 100 decisions, {1} are right.",
    "balanced_accuracy": "Of 100 cases, as many of each outcome, {1} are decided right.",
    "f1": "1 is perfect: no false alarm, no case missed.",
    "precision": "Of 100 alarms, {1} are right.",
    "recall": "Of 100 cases, {1} are found.",
    "mae": "A prediction is off by {0} on average.",
    "rmse": "0 is perfect; in the unit of what is predicted.",
    "r2": "{1} % of the differences are explained; 100 % is perfect.",
    "mape": "A prediction is off by {1} % on average.",
    "median_absolute_error": "Half of the predictions are off by less than {0}.",
}


# What is not well, by the part of a look at health that found it.
_PARTS = {
    "quality": "the newest data are not as they should be",
    "freshness": "no new data have come for longer than they should",
    "drift": "what comes in is no longer like what it learnt from",
    "performance": "it does worse than it should",
    "calibration": "the chances that it states are off",
    "bake": "it has not proven itself better than the version before",
}


def of_part(part: str, why: str) -> str:
    """What an alert says to people who know no metrics; ``why`` where nobody has put it in words."""
    return _PARTS.get(part, why)


def heading(part: str, why: str) -> str:
    """The same as the beginning of a sentence: our own words begin large; what a look found may begin with the name of
    a column, which is told as it is."""
    return capital(_PARTS[part]) if part in _PARTS else why


def more_is_better(metric: str) -> bool:
    """Which way the metric is good."""
    return metric not in LOWER_IS_BETTER


def of_metric(words: Words, metric: str) -> str:
    """``how well late flights are told from punctual ones``."""
    return words.get(metric) or _METRICS.get(metric, metric)


def meaning(metric: str, value: float | None) -> str:
    """What the value says, in a sentence; '' where there is nothing to say."""
    if value is None or metric not in _MEANINGS:
        return ""
    if metric == "r2" and value < 0:
        return "Worse than always saying the mean, which explains nothing; 100 % is perfect."
    said = _MEANINGS[metric].format(number(value), f"{100 * value:.{1 if metric == 'mape' else 0}f}")
    return f"{said} This is worse than guessing." if metric == "roc_auc" and value < 0.5 else said


def of_class(words: Words, name: str) -> str:
    return words.get(name, name)


def of_segment(words: Words, column: str, value: str) -> str:
    """``airline ExpressJet``."""
    return f"{words.get(column, column)} {words.get(f'{column}={value}', value)}"


def of_decisions(words: Words) -> str:
    return words.get("decisions", "decisions")


def digits(low: float | None, high: float | None) -> int:
    """How many decimals a value is worth whose interval that is."""
    return 3 if low is None or high is None else decimals_for(high - low)


def capital(text: str) -> str:
    """As the beginning of a sentence; a metric's own name stays as it is."""
    return text if "_" in text.split(" ")[0] else text[:1].upper() + text[1:]
