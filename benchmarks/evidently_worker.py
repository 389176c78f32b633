"""Evidently's drift of two parquet files, once per line on standard input; run by ``drift_against_evidently.py``.

It runs in an environment of its own (Evidently needs pandas below 3) and imports nothing of Leverframe. Each answer is
a line of JSON: seconds, and the value per column. What is timed is its preset alone: the data is in memory and typed.
"""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Read both files, then answer."""
    frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
    texts = [name for name in frames[0] if name.startswith("label")]
    definition = DataDefinition(
        numerical_columns=[name for name in frames[0] if name not in texts], categorical_columns=texts
    )
    reference, current = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    for _ in sys.stdin:
        began = time.perf_counter()
        document = Report([DataDriftPreset()]).run(current, reference).dict()
        seconds = time.perf_counter() - began
        found = {
            metric["config"]["column"]: [metric["config"]["method"], float(metric["value"])]
            for metric in document["metrics"]
            if "column" in metric["config"]
        }
        print(json.dumps({"seconds": seconds, "columns": found}), flush=True)


if __name__ == "__main__":
    main()
