"""What a holdout cannot decide, told before anything is trained: for ``check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.projects.manifest_records import Manifest


def cannot_decide(target: pa.ChunkedArray, manifest: Manifest) -> str | None:
    """Why every candidate that is judged on these targets would end as *cannot tell*, and what to do; None where an
    interval can decide."""
    import numpy as np

    from engine.validation.columns import codes
    from engine.validation.floors import Held
    from engine.validation.metrics import REGRESSION

    judged, rows = manifest.validation, len(target)
    more = "make [validation] holdout larger or let extract return more rows"
    if judged.task == "regression" or judged.metrics[0] in REGRESSION:
        held = Held(rows, None, "regression")
    else:
        numbers, names = codes(target)
        counts = np.bincount(numbers[numbers >= 0], minlength=len(names))
        if len(names) == 1:
            return f"all {rows:,} holdout rows are of one class and cannot decide: {more}"
        held = Held(rows, int(counts.min(initial=rows)), "binary" if len(names) == 2 else "multiclass")
    none = held.none_can_tell
    if none:
        return f"{none}: {more}"
    asked = max((rule.minimum_rows or 0 for rule in manifest.gates if not rule.kind.startswith("segment_")), default=0)
    if rows < asked:
        return f"a gate asks for minimum_rows = {asked:,} and there are {rows:,}: {more}, or lower minimum_rows"
    return None
