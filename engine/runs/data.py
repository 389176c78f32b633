"""From what extract left to what train, score and the judge get: checked, ordered by rule, split by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.projects.manifest import Manifest
from engine.projects.manifest_rules import check_columns, features_of
from engine.validation.behaviour import choose_golden
from engine.validation.holdout import split
from engine.validation.schema import infer_schema

if TYPE_CHECKING:
    import pyarrow as pa

GOLDEN_ROWS = 200
_POSITION = "__leverframe_row__"


@dataclass(frozen=True)
class Prepared:
    """The data of one run. ``golden`` are positions in the holdout."""

    table: pa.Table
    since: datetime | None
    until: datetime | None
    schema: dict[str, Any]
    features: tuple[str, ...]
    train: pa.Table
    holdout: pa.Table
    golden: pa.Array

    @property
    def holdout_inputs(self) -> pa.Table:
        return self.holdout.select(list(self.features))

    @property
    def golden_inputs(self) -> pa.Table:
        return self.holdout_inputs.take(self.golden)


def prepare(table: pa.Table, manifest: Manifest, as_of: datetime) -> Prepared:
    """Check and split what extract returned. Raises StepFailed with everything that is wrong with it."""
    if table.num_rows == 0:
        raise StepFailed("extract returned no rows; there is nothing to train on.")
    complaints = check_columns(manifest, table.column_names)
    if complaints:
        raise StepFailed(f"extract returned data that does not fit the manifest: {'; '.join(complaints[:5])}.")
    features = features_of(manifest, table.column_names)
    parts = split(table, manifest, as_of)
    if parts.train.num_rows == 0 or parts.holdout.num_rows == 0:
        raise StepFailed(
            f"The split leaves {parts.train.num_rows} rows to train on and {parts.holdout.num_rows} to judge by; "
            "both are needed: look at [validation] holdout and [train] window."
        )
    since, until = _span(table, manifest.data.time)
    return Prepared(
        table=table,
        since=since,
        until=until,
        schema=infer_schema(table),
        features=features,
        train=parts.train.select([*features, manifest.data.target]),
        holdout=parts.holdout,
        golden=_golden(parts.holdout, features),
    )


def _golden(holdout: pa.Table, features: tuple[str, ...]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    numbered = holdout.select(list(features)).append_column(_POSITION, pa.array(np.arange(holdout.num_rows)))
    return choose_golden(numbered, GOLDEN_ROWS, seed=0).column(_POSITION).combine_chunks()


def _span(table: pa.Table, time: str | None) -> tuple[datetime | None, datetime | None]:
    if time is None:
        return None, None
    import pyarrow.compute as pc

    ends = pc.min_max(table.column(time)).as_py()
    return _aware(ends["min"]), _aware(ends["max"])


def _aware(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    # With pandas installed, times to the nanosecond come as its own subclass.
    moment: datetime = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
