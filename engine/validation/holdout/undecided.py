"""What a holdout cannot decide, told before anything is trained: for ``check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.projects.manifest.records import Manifest


def cannot_decide(target: pa.ChunkedArray, learnt: pa.ChunkedArray, manifest: Manifest) -> str | None:
    """Why every candidate that learns from the targets ``learnt`` and is judged on these would end as *cannot tell*, or
    fail, and what to do; None where an interval can decide."""
    import numpy as np

    from engine.validation.columns import codes, listed
    from engine.validation.gates.floors import RowsToJudge
    from engine.validation.gates.leakage import few_to_learn
    from engine.vocabulary.gates import GATES, name_of
    from engine.vocabulary.metrics import METRICS, REGRESSION

    judged, rows = manifest.validation, len(target)
    more = "make [validation] holdout larger or let extract return more rows"
    numbers, names = codes(learnt)
    if len(names) == 1:
        return "all training rows have one target and teach nothing: let extract return rows with different outcomes"
    counted = np.bincount(numbers[numbers >= 0], minlength=len(names))
    if judged.task == "regression" or judged.metrics[0] in REGRESSION:
        held, few = RowsToJudge(rows, None, "regression"), few_to_learn(len(learnt), None)
    else:
        here, found = codes(target)
        counts = np.bincount(here[here >= 0], minlength=len(found))
        if len(found) == 1:
            return f"all {rows:,} holdout rows are of one class and cannot decide: {more}"
        binary = judged.task == "binary" or len({*names, *found}) == 2
        held = RowsToJudge(rows, int(counts.min(initial=rows)), "binary" if binary else "multiclass")
        few = few_to_learn(len(learnt), int(counted.min(initial=len(learnt))) if binary else None)
        asked_of = {judged.metrics[0], *(rule.metric or "" for rule in manifest.gates)}
        ranked = [name for name, row in METRICS.items() if row.looks_at == "order" and name in asked_of]
        absent = [name for name in names if name not in found]
        if absent and ranked and not binary:
            return f"no holdout row is of the class {listed(absent)}, and {ranked[0]} looks at each class: {more}"
    none = held.none_can_tell
    if none:
        return f"{none}: {more}"
    leak = name_of("leakage")
    if few and all(waiver.gate != leak for waiver in manifest.waivers):
        return f'{few}: let extract return more rows, or waive the gate "{leak}"'
    of_all = [rule for rule in manifest.gates if GATES[rule.kind].of != "segments"]
    asked = max((rule.minimum_rows or 0 for rule in of_all), default=0)
    if rows < asked:
        return f"a gate asks for minimum_rows = {asked:,} and there are {rows:,}: {more}, or lower minimum_rows"
    return None
