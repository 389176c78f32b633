"""What one look reads: the rows that the version learnt from, those that came since, and what is asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from engine.clock import moment
from engine.json_records import read
from engine.monitoring.kept_answers import KeptAnswers
from engine.monitoring.timestamps import microseconds, moments
from engine.validation.columns import Codes
from engine.validation.predictions import read_table
from engine.validation.rules import Rules


@dataclass(frozen=True)
class LookInput:
    """What was read. ``times``: microseconds, None where the project has no time column. ``answers``: what the look
    before computed."""

    job: Mapping[str, Any]
    reference: pa.Table
    current: pa.Table
    times: Codes | None
    as_of: datetime
    answers: KeptAnswers = field(default_factory=KeptAnswers)

    @cached_property
    def rules(self) -> Rules:
        """What of the manifest it is measured by."""
        return read(Rules, self.job["manifest"], "The manifest's part of the meter's job")

    @property
    def metrics(self) -> list[str]:
        """Without repetition; the first is the key metric."""
        return self.rules.each_metric

    @cached_property
    def holdout(self) -> Codes:
        """Positions of the rows that the version was validated on: newer than what it learnt, and seen by its run."""
        if self.times is None or not self.job["until"]:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(self.times <= microseconds(moment(self.job["until"])))


def read_case(job: Mapping[str, Any]) -> LookInput:
    """Raises StepFailed when a file is not there or the time column holds no times."""
    current = read_table(job["current"], "current")
    time = job["time"]
    times = moments(current, time) if time is not None else None
    reference, answers = read_table(job["reference"], "training"), KeptAnswers(job.get("answers"))
    return LookInput(job, reference, current, times, moment(job["as_of"]), answers)
