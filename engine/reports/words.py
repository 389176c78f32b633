"""Metrics, classes and segments in words for people who do not know them. Pure.

The manifest's ``[report.words]`` comes first. Its keys: a metric (``roc_auc = "how well ..."``), a class of the target
(``1 = "late"``), a column (``carrier = "airline"``), a value of one (``"carrier=EV" = "ExpressJet"``), and
``decisions`` for what is decided about (``decisions = "flights"``).
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.validation.words import decimals_for, number
from engine.vocabulary.metrics import METRICS

Words = Mapping[str, str]
# What is not well, by the part of a look at health that found it.
_PARTS = {
    "quality": "the newest data are not as they should be",
    "freshness": "no new data have come for longer than they should",
    "drift": "what comes in is no longer like what it learnt from",
    "performance": "it does worse than it should",
    "calibration": "the chances that it states are off",
    "rehearsal": "one of the versions that could be gone back to cannot be brought back by what is kept alone",
    "packages": "it needs a package that is not what was agreed on, and longer than it was let",
    "break-glass": "an admin takes a release into their own hands, past the approval that is usual",
    "canary": "a candidate that answered some of the requests did surely worse, and answers none any more",
    "bake": "it has not proven itself better than the version before",
}


def of_part(part: str, why: str) -> str:
    """What an alert says to people who know no metrics; ``why`` where nobody has put it in words."""
    return _PARTS.get(part, why)


def heading(part: str, why: str) -> str:
    """The same as the beginning of a sentence: our own words begin large; what a look found may begin with the name of
    a column, which is told as it is."""
    return capital(_PARTS[part]) if part in _PARTS else why


def of_metric(words: Words, metric: str) -> str:
    """``how well late flights are told from punctual ones``."""
    return words.get(metric) or (METRICS[metric].words if metric in METRICS else metric)


def meaning(metric: str, value: float | None) -> str:
    """What the value says, in a sentence; '' where there is nothing to say."""
    if value is None or metric not in METRICS:
        return ""
    known = METRICS[metric]
    below_chance = known.chance_level is not None and value < known.chance_level
    said = known.worse if below_chance else known.meaning
    return said.format(value=number(value), percent=100 * value)


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
