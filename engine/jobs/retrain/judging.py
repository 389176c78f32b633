"""What the judge is given: the files that a run made, and the rules of the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.jobs.retrain.data import Prepared
from engine.projects.manifest.reader import Manifest
from engine.validation.judge_job import JudgeJob
from engine.validation.rules import rules_of

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.columns import Mask
    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class JudgedRows:
    """The rows that both versions are judged on, and what they say about them."""

    holdout: pa.Table
    predictions: pa.Table
    live: pa.Table | None

    def only(self, rows: Mask | None) -> JudgedRows:
        """Of these rows alone; None: all."""
        if rows is None:
            return self
        import pyarrow as pa

        kept = pa.array(rows)
        live = None if self.live is None else self.live.filter(kept)
        return JudgedRows(self.holdout.filter(kept), self.predictions.filter(kept), live)


def job_of(
    manifest: Manifest,
    data: Prepared,
    folder: Path,
    judged: JudgedRows,
    seconds: tuple[float, float],
    model: Path,
) -> JudgeJob:
    """Write the files that the judge reads into ``folder`` and return the job that names them.

    ``seconds``: how long train and score took; ``model``: the folder of the model's files.
    """
    import pyarrow.parquet

    def written(name: str, table: pa.Table) -> str:
        path = folder / name
        pyarrow.parquet.write_table(table, path, compression="lz4")
        return str(path)

    return JudgeJob(
        manifest=rules_of(manifest),
        features=tuple(data.features),
        holdout=written("holdout.parquet", judged.holdout),
        train=written("train.parquet", data.train),
        predictions=written("predictions.parquet", judged.predictions),
        train_seconds=seconds[0],
        score_seconds=seconds[1],
        model_bytes=sum(each.stat().st_size for each in model.rglob("*") if each.is_file()),
        schema=data.schema,
        doubts=tuple(data.doubts),
        live_predictions=written("live-predictions.parquet", judged.live) if judged.live is not None else None,
    )


def against(
    job: JudgeJob, label: str, problem: str | None, document: VersionDocument, schema: Mapping[str, Any]
) -> JudgeJob:
    """``job`` with what it is held against: the live version, what its document says of the world that it was made for,
    and as much of ``schema`` as it knew; ``problem``: why it could not be scored."""
    data, measured = document.data, document.metrics
    constant = measured.constant_features
    return replace(
        job,
        live=label,
        live_problem=problem,
        reference_schema=schema,
        reference_rows=data.train_rows + data.holdout_rows,
        reference_classes=tuple(measured.classes) or None,
        reference_constant=None if constant is None else tuple(constant),
    )
