"""The judge: a process of the engine's own that measures predictions, started early to have its libraries loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.projects.manifest import Manifest
from engine.runs.data import Prepared
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

SECONDS = 600.0


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

    rules = manifest.validation
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
        "train_seconds": train_seconds,
        "live": None,
        "live_problem": None,
        "seed": 0,
        "manifest": {
            "target": manifest.data.target,
            "task": rules.task,
            "positive": rules.positive,
            "metrics": list(rules.metrics),
            "segments": list(rules.segments),
            "gates": [asdict(rule) for rule in manifest.gates],
        },
    }


class Judge:
    """One judge for one judgement; ``close`` ends it if it was never asked."""

    def __init__(self, log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "engine.validation.judge"],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
            )

    def judge(self, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """Give the judge its ``job`` and wait for the judgement. Raises StepFailed when it cannot judge."""
        path = folder / "job.json"
        path.write_text(json.dumps(dict(job), indent=1), encoding="utf-8")
        try:
            self._process.communicate(f"{path}\n".encode(), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.close()
            raise StepFailed(f"Validation took longer than {SECONDS / 60:.0f} minutes and was stopped.") from None
        if self._process.returncode != 0:
            lines = [plain(line) for line in self._log.read_text("utf-8", "replace").splitlines() if line.strip()]
            raise StepFailed(f"Validation failed: {lines[-1] if lines else 'it left no word'}.")
        judgement: dict[str, Any] = json.loads((folder / "judgement.json").read_bytes())
        return judgement

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
