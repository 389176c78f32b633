"""A row that no answer can be given for, because the estimator itself would stop there."""

from __future__ import annotations

from engine.errors import StepFailed
from engine.scoring.compiled.plan import Plan
from engine.text import plain

GAP, UNSEEN, LARGE, TEXT, NUMBER = "gap", "unseen", "large", "text", "number"
_SAID = {
    GAP: "has a gap, which this model does not take",
    UNSEEN: "has a value that it never had in training, which this model does not take",
    LARGE: "holds a number that is too large for this model, or endless",
    TEXT: "holds what is no text",
    NUMBER: "holds what is no number",
}


class Stopped(Exception):
    """``feature``: the place of the column; ``why``: one of the words above."""

    def __init__(self, feature: int, why: str) -> None:
        super().__init__(why)
        self.feature, self.why = feature, why


def refused(plan: Plan, stopped: Stopped, row: int) -> StepFailed:
    """What is said of it; ``row`` counts from 0."""
    name = plain(plan.model.features[stopped.feature].name, 80)
    return StepFailed(
        f"Row {row:,} cannot be scored: its column {name} {_SAID[stopped.why]}; give it without that row, or with a "
        "value that was there in training."
    )
