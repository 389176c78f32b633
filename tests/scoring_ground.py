"""What scorings are tested on: a version that doubles ``x``, files for it, and a passage from one file to another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from engine.jobs.score.learnt import Learnt
from engine.jobs.score.passage import Passage
from engine.jobs.score.reading import CsvSource, ParquetSource, Source
from engine.jobs.score.writing import FileSink

LABEL = "tiny@1"
SCHEMA = {
    "columns": [
        {"name": "id", "type": "integer", "nullable": False},
        {"name": "place", "type": "text", "nullable": True},
        {"name": "x", "type": "number", "nullable": True},
        {"name": "n", "type": "integer", "nullable": False},
    ]
}
FEATURES = pa.schema([("place", pa.string()), ("x", pa.float64()), ("n", pa.int64())])
ANSWERS = pa.schema([("prediction", pa.int64()), ("p_1", pa.float64())])
RUN = 7


def learnt(key: tuple[str, ...] = ("id",), **types: Any) -> Learnt:
    return Learnt(LABEL, FEATURES, ANSWERS, key, SCHEMA, types)


def rows(count: int = 5) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(100, 100 + count), pa.int64()),
            "place": pa.array(["AB"[number % 2] for number in range(count)], pa.string()),
            "x": pa.array([number / 4 for number in range(count)], pa.float64()),
            "n": pa.array(range(count), pa.int64()),
            "late": pa.array([0] * count, pa.int64()),
        }
    )


class Doubling:
    """Answers with whether ``x`` is above a half, and twice that; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked = list[pa.Table]()

    def score(self, features: pa.Table) -> pa.Table:
        import pyarrow.compute as pc

        self.asked.append(features)
        x = features.column("x").combine_chunks()
        return pa.table({"prediction": pc.greater(x, 0.5).cast(pa.int64()), "p_1": pc.multiply(x, 2.0)})

    def close(self) -> None:
        """It holds nothing."""


def source_of(path: Path, of: Learnt | None = None) -> Source:
    kind: Callable[..., Source] = CsvSource if path.suffix == ".csv" else ParquetSource
    return kind(path, of or learnt())


def passage(
    source: Path, output: Path, *, of: Learnt | None = None, ready: Any = None, run: int = RUN, away: Any = None
) -> Passage:
    of = of or learnt()
    kind: Any = output.suffix[1:]
    return Passage(
        source_of(source, of), ready or Doubling(), of, run, lambda schema: FileSink(output, kind, schema, run),
        away=away,
    )


def scored(source: Path, output: Path, *, replace: bool = False, **how: Any) -> tuple[int, str]:
    """From ``source`` to ``output``; rows and digest."""
    found = passage(source, output, **how)
    try:
        done = found.all()
        found.publish(replace=replace)
    finally:
        found.close()
    return done


def written(folder: Path, table: pa.Table, name: str = "in.parquet", **how: Any) -> Path:
    path = folder / name
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path, **how)
    return path


def read(path: Path) -> pa.Table:
    return pyarrow.csv.read_csv(path) if path.suffix == ".csv" else pyarrow.parquet.read_table(path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
