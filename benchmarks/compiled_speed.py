"""A compiled model beside the scikit-learn pipeline that it was made of, on the same rows, in turns.

    python benchmarks/compiled_speed.py [--project flights] [--times 9]

The sample project's own code extracts and trains, compile_model.py makes tables of the model, and both score as many
rows as New York had departures in 2013 (336,776; the year repeats): scikit-learn the whole pandas frame at once, and
in chunks of 20,000; the compiled model the same rows as an Arrow table. Then single rows, one call each. Before
anything is timed the answers of both are held against each other, bit by bit: where one differs, nothing is timed.

Processor time stands beside the time that passed: on a machine that others use too, only that can be compared.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402

from benchmarks.figures import Figure, show, spread  # noqa: E402
from engine.scoring.compiled.scorer import CompiledScorer  # noqa: E402

ROWS, CHUNK, SINGLE = 336_776, 20_000, 3_000


def sample(name: str) -> tuple[Any, pd.DataFrame]:
    """The project's fitted model, and rows of its features."""
    folder = ROOT / "sample_projects" / name
    sys.path.insert(0, str(folder))
    manifest = tomllib.loads((folder / "leverframe.toml").read_text("utf-8"))
    data = manifest["data"]
    frame = importlib.import_module(name).extract(datetime(2027, 1, 1, tzinfo=UTC))
    features = frame.drop(columns=[data["target"], data["time"], *data["key"], *data.get("exclude", [])])
    module, _, function = manifest["train"]["run"].partition(":")
    newest = features.tail(60_000)
    model = getattr(importlib.import_module(module), function)(newest, frame.loc[newest.index, data["target"]])
    return model, pd.concat([features] * (ROWS // len(features) + 1), ignore_index=True).head(ROWS)


def compiled(name: str, model: Any, frame: pd.DataFrame, folder: Path) -> CompiledScorer:
    """The model as a run compiles it."""
    (folder / "model").mkdir()
    (folder / "model" / "model.pickle").write_bytes(pickle.dumps(model))
    frame.head(5).to_parquet(folder / "data.parquet", index=False)
    subprocess.run(
        [sys.executable, str(ROOT / "engine/runs/steps/compile_model.py")], cwd=ROOT / "sample_projects" / name,
        env={**os.environ, "LEVERFRAME_INPUT": str(folder), "LEVERFRAME_OUTPUT": str(folder)}, check=True,
    )  # fmt: skip
    return CompiledScorer.read(folder / "compiled")


def told(model: Any, frame: pd.DataFrame) -> Any:
    """What callers want of scikit-learn: one call."""
    return model.predict_proba(frame) if hasattr(model, "predict_proba") else model.predict(frame)


def in_turns(works: dict[str, Callable[[], Any]], times: int) -> dict[str, list[tuple[float, float]]]:
    """For each work, the seconds that passed and those of the processor, each time."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(times):
        for name, work in works.items():
            passed, used = time.perf_counter(), time.process_time()
            work()
            found[name].append((time.perf_counter() - passed, time.process_time() - used))
    return found


def same(model: Any, frame: pd.DataFrame, table: pa.Table, scorer: CompiledScorer, rows: list[Any]) -> None:
    """Stop unless both answer alike, to the last bit."""
    wanted = told(model, frame)
    found = scorer.score(table)
    theirs = wanted.T if wanted.ndim > 1 else [wanted]
    ours = [found.column(name).to_numpy() for name in found.column_names[-len(theirs) :]]
    if not all((one == other).all() for one, other in zip(ours, theirs, strict=True)):
        raise SystemExit("The compiled model answers otherwise; nothing was timed.")
    single = [tuple(found.column(name)[place].as_py() for name in found.column_names) for place in range(len(rows))]
    if scorer.answer(rows) != single:
        raise SystemExit("Single rows are answered otherwise; nothing was timed.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", choices=["flights", "diamonds"], default="flights")
    parser.add_argument("--times", type=int, default=9)
    asked = parser.parse_args()
    model, frame = sample(asked.project)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    rows = [
        tuple(None if pd.isna(value) else value for value in row)
        for row in frame.head(SINGLE).itertuples(index=False, name=None)
    ]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        scorer = compiled(asked.project, model, frame, Path(folder))
        made = time.perf_counter() - begun
    same(model, frame, table, scorer, rows)
    chunks = [frame.iloc[first : first + CHUNK] for first in range(0, len(frame), CHUNK)]
    one = frame.head(1)
    found = in_turns(
        {
            "scikit-learn, all at once": lambda: told(model, frame),
            "scikit-learn, chunks": lambda: [told(model, chunk) for chunk in chunks],
            "compiled, all at once": lambda: scorer.score(table),
            "compiled, row by row": lambda: [scorer.answer([row]) for row in rows],
            "scikit-learn, one row": lambda: told(model, one),
        },
        asked.times,
    )
    for name, times in found.items():
        print(spread(name, [passed for passed, _ in times]))
        print(spread(f"  {name}, processor", [used for _, used in times]))
    passed = {name: median(each for each, _ in times) for name, times in found.items()}
    used = {name: median(each for _, each in times) for name, times in found.items()}
    whole, chunked, ours = "scikit-learn, all at once", "scikit-learn, chunks", "compiled, all at once"
    return show(
        [
            Figure("compiled in a process of its own, read, no row yet", made),
            Figure(f"{ROWS:,} rows, compiled", passed[ours]),
            Figure("so many times as fast as one call over all", passed[whole] / passed[ours], 4.0, "x", False),
            Figure("the same in processor time", used[whole] / used[ours], None, "x"),
            Figure("so many times as fast as chunks of 20,000", passed[chunked] / passed[ours], 1.0, "x", False),
            Figure("a single row", 1e6 * passed["compiled, row by row"] / SINGLE, 25.0, "µs"),
            Figure("the same in processor time", 1e6 * used["compiled, row by row"] / SINGLE, None, "µs"),
            Figure("a single row through scikit-learn", 1e6 * passed["scikit-learn, one row"], None, "µs"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
