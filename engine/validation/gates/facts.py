"""What the gates of a manifest look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.validation.gates.floors import RowsToJudge
from engine.validation.intervals import MeasuredMetric
from engine.validation.segments import JudgedSegments
from engine.vocabulary.metrics import Task


@dataclass(frozen=True)
class GateFacts:
    """All that the gates of a manifest look at.

    ``smallest_class`` counts the holdout rows of the rarest class, None for regression. ``missing`` gives per feature
    the fraction without a value in the training rows and in the holdout. ``live_problem`` says why the live version
    could not be measured. ``calibration``: the error, and the one that is chance; where a gate asks for it.
    """

    rows: int
    train_rows: int
    smallest_class: int | None
    measured: Mapping[str, MeasuredMetric]
    segments: JudgedSegments
    missing: Mapping[str, tuple[float, float]]
    train_seconds: float
    live: str | None = None
    live_problem: str | None = None
    infinite: Mapping[str, int] = field(default_factory=dict)
    task: Task = "binary"
    live_rows: int | None = None
    score_seconds: float | None = None
    model_bytes: int | None = None
    calibration: tuple[float, float] | None = None

    @property
    def held(self) -> RowsToJudge:
        return RowsToJudge(self.rows, self.smallest_class, self.task)
