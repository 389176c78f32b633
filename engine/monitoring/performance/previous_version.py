"""The live version against the previous one, on the very same newest labelled rows: has the swap paid?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import LeverframeError
from engine.monitoring.look_parts import PreviousVersion
from engine.monitoring.performance.fall import minimum_effect
from engine.monitoring.performance.metric_values import FULL, too_few
from engine.monitoring.performance.scored import Scored, scored
from engine.text import plain
from engine.validation.columns import Codes
from engine.validation.intervals import MeasuredMetric, measure_all
from engine.validation.predictions import read_table
from engine.validation.rules import Rules
from engine.validation.undefined import sentence
from engine.validation.words import number
from engine.vocabulary.metrics import good


def against(
    job: Mapping[str, Any],
    rules: Rules,
    rows: Scored,
    newest: Codes,
    learnt: pa.ChunkedArray,
    target: pa.ChunkedArray | None,
) -> PreviousVersion | None:
    """Hold ``job``'s rival against the live version on the rows ``newest``; None when there is none."""
    version, metric = job["rival"], rules.metrics[0]
    if version is None:
        return None
    if job["rival_problem"] or not job["rival_predictions"]:
        return PreviousVersion(
            version, metric, plain(f"{version} could not be held against it: {job['rival_problem']}")
        )
    try:
        other = scored(target, learnt, read_table(job["rival_predictions"], "predictions"), rules, who=version)
    except LeverframeError as problem:
        return PreviousVersion(version, metric, plain(f"{version} could not be held against it: {problem}"))
    both = newest[other.usable[newest]]
    few = too_few(rows.truth.take(both))
    if few is not None:
        return PreviousVersion(version, metric, f"{version} cannot be held against it yet: {few}", n=len(both))
    if len(both) > FULL.rows:
        both = np.sort(np.random.default_rng(0).choice(both, FULL.rows, replace=False))
    truth, live = rows.take(both)
    _, said = other.take(both)
    measured = measure_all([metric], truth, said, live, seed=0, resamples=FULL.resamples)[metric]
    return told_of(version, measured)


def told_of(version: str, measured: MeasuredMetric) -> PreviousVersion:
    """The comparison with ``version`` in words and numbers; only why, where there is none."""
    metric, value, live, n = measured.name, measured.value, measured.live, measured.n
    low, high = measured.difference_low, measured.difference_high
    if value is None or live is None or low is None or high is None:
        return PreviousVersion(version, metric, f"{version} cannot be held against it: {sentence(metric, n)}", n=n)
    least = low if good(metric) > 0 else -high
    same_rows = f"{version} has {metric} {number(value)} on the same {n:,} rows, the live version {number(live)}"
    better = least > 0 and abs(value - live) >= minimum_effect(metric, live)
    return PreviousVersion(version, metric, same_rows, True, better, value, live, n)
