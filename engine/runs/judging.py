"""The judge: a process of the engine's own that measures predictions, started early to have its libraries loaded."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.projects.manifest import Manifest
from engine.runs import steplog
from engine.runs.data import Prepared
from engine.runs.step import Limits, StepResult, StepSpec, clean_environment, start_step

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
    """One judge for one judgement, in ``folder``; ``close`` ends it if it was never asked.

    It is started like a step of a project: bounded in time, its output kept, and gone when the run's process is.
    """

    def __init__(self, folder: Path, marker: str, held: int, record: Callable[[StepResult], None]) -> None:
        self._record = record
        self._job = folder / "job.json"
        self._log = folder / "validate.log"
        extra = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "LEVERFRAME_WAIT": "1"}
        spec = StepSpec(
            name="validation",
            argv=(sys.executable, "-P", "-m", "engine.validation.judge", str(self._job)),
            cwd=folder,
            environment=clean_environment((), extra, 1),
            log=self._log,
            limits=Limits(SECONDS, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
            marker=marker,
            held=held,
        )
        self._running = start_step(spec, lambda done, text: None)

    def judge(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Give the judge its ``job`` and wait for the judgement. Raises StepFailed when it cannot judge."""
        self._job.write_text(json.dumps(dict(job), indent=1), encoding="utf-8")
        self._running.go()
        result = self._running.wait()
        self._record(replace(result, name="validate"))
        if result.exit_code == 1:
            raise StepFailed(f"Validation failed: {steplog.last_words(self._log) or 'it left no word'}")
        if result.state != "succeeded":
            raise StepFailed(f"{result.why}.")
        judgement: dict[str, Any] = json.loads(self._job.with_name("judgement.json").read_bytes())
        return judgement

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._running.cancel("the run ended")
        self._running.wait()
