"""What the judge is given: the files that a run made, and the rules of the manifest."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.projects.manifest import Manifest
from engine.runs.data import Prepared

if TYPE_CHECKING:
    import pyarrow as pa


def job_of(
    manifest: Manifest,
    data: Prepared,
    folder: Path,
    predictions: pa.Table,
    live_predictions: pa.Table | None,
    train_seconds: float,
) -> dict[str, Any]:
    """Write the files that the judge reads into ``folder`` and return the job that names them."""
    import pyarrow.parquet

    def written(name: str, table: pa.Table) -> str:
        path = folder / name
        pyarrow.parquet.write_table(table, path, compression="lz4")
        return str(path)

    return {
        "predictions": written("predictions.parquet", predictions),
        "live_predictions": written("live-predictions.parquet", live_predictions)
        if live_predictions is not None
        else None,
        "holdout": written("holdout.parquet", data.holdout),
        "train": written("train.parquet", data.train),
        "schema": data.schema,
        "reference_schema": None,
        "features": list(data.features),
        "doubts": [{**asdict(gate), "numbers": dict(gate.numbers)} for gate in data.doubts],
        "train_seconds": train_seconds,
        "live": None,
        "live_problem": None,
        "seed": 0,
        "manifest": rules_of(manifest),
    }


def rules_of(manifest: Manifest) -> dict[str, Any]:
    """What of the manifest the judge goes by."""
    rules = manifest.validation
    return {
        "target": manifest.data.target,
        "task": rules.task,
        "positive": rules.positive,
        "metrics": list(rules.metrics),
        "segments": list(rules.segments),
        "gates": [asdict(rule) for rule in manifest.gates],
    }
