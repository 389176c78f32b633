"""What a process that stays makes of a batch has the types that the step reads out of a file, whichever way it came."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from engine.runs.steps import column_types
from engine.runs.steps.tables import streamed
from engine.runs.steps.warm_scorer import Arrow

NOON = pd.Timestamp("2026-11-30 12:00", tz="UTC")
COLUMNS = {
    "numbers": pd.Series([0.5, None, 2.0]),
    "whole": pd.Series([1, 2, 3], dtype="int32"),
    "whole with gaps": pd.Series([1, None, 2**60 + 1], dtype="Int64"),
    "text": pd.Series(["a", None, ""], dtype="str"),
    "text of before": pd.Series(["a", None, "b"], dtype="object"),
    "yes or no": pd.Series([True, None, False], dtype="boolean"),
    "classes": pd.Series(["a", "b", None], dtype="category"),
    "moments": pd.Series([NOON, None, NOON]),
    "days": pd.Series([datetime.date(2026, 11, 30), None, datetime.date(2028, 2, 29)], dtype="object"),
}


def of_a_file(frame: pd.DataFrame) -> Any:
    file = io.BytesIO()
    frame.to_parquet(file, index=False)
    return column_types.from_parquet(file.getvalue(), {})


@pytest.mark.parametrize("names", [*([name] for name in COLUMNS), list(COLUMNS)], ids=lambda names: names[-1])
def test_a_later_batch_has_the_values_and_types_that_its_file_would_have_had(names: list[str]) -> None:
    frame = pd.DataFrame({name: COLUMNS[name] for name in names})
    asked = Arrow()
    for rows in (slice(0, 3), slice(0, 1), slice(1, 2), slice(2, 3), slice(0, 0), slice(0, 3)):
        part = frame.iloc[rows].reset_index(drop=True)
        found, wanted = asked.features(streamed(pa.Table.from_pandas(part, preserve_index=False)), {}), of_a_file(part)
        pd.testing.assert_frame_equal(found, wanted)
