"""What the judge is given: a record that a run writes into its folder, and the judge's process reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.records import Gate
from engine.validation.rules import Rules


@dataclass(frozen=True)
class JudgeJob:
    """``holdout``, ``train`` and what was predicted are paths of parquet files. ``doubts``: gates that were judged when
    the data was prepared. ``live``: the version that it is held against; what that one was made for (``reference_...``)
    is None where nobody had recorded it yet. ``elsewhere``: that one was made from another extract, in another
    workspace, so that what differs in the schema breaks no promise of either."""

    manifest: Rules
    features: tuple[str, ...]
    holdout: str
    train: str
    predictions: str
    train_seconds: float
    score_seconds: float | None = None
    model_bytes: int | None = None
    schema: Mapping[str, Any] | None = None
    doubts: tuple[Gate, ...] = ()
    elsewhere: bool = False
    live: str | None = None
    live_predictions: str | None = None
    live_problem: str | None = None
    reference_schema: Mapping[str, Any] | None = None
    reference_rows: int | None = None
    reference_classes: tuple[str, ...] | None = None
    reference_constant: tuple[str, ...] | None = None
