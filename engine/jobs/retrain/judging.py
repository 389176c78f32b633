"""What the judge is given: the files that a run made, and the rules of the manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.jobs.retrain.data import Prepared
from engine.projects.manifest.reader import Manifest

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
) -> dict[str, Any]:
    """Write the files that the judge reads into ``folder`` and return the job that names them.

    ``seconds``: how long train and score took; ``model``: the folder of the model's files.
    """
    import pyarrow.parquet

    def written(name: str, table: pa.Table) -> str:
        path = folder / name
        pyarrow.parquet.write_table(table, path, compression="lz4")
        return str(path)

    return {
        "predictions": written("predictions.parquet", judged.predictions),
        "live_predictions": written("live-predictions.parquet", judged.live) if judged.live is not None else None,
        "holdout": written("holdout.parquet", judged.holdout),
        "train": written("train.parquet", data.train),
        "schema": data.schema,
        "reference_schema": None,
        "features": list(data.features),
        "doubts": [{**asdict(gate), "numbers": dict(gate.numbers)} for gate in data.doubts],
        "train_seconds": seconds[0],
        "score_seconds": seconds[1],
        "model_bytes": sum(each.stat().st_size for each in model.rglob("*") if each.is_file()),
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
        "known_before": list(rules.known_before),
        "gates": [asdict(rule) for rule in manifest.gates],
        "waivers": {waiver.gate: waiver.reason for waiver in manifest.waivers},
    }


def reference_of(document: VersionDocument) -> dict[str, Any]:
    """What the live version's document says of the world that it was made for; None where it was not recorded yet."""
    data, measured = document.data, document.metrics
    return {
        "reference_schema": document.schema,
        "reference_rows": data.train_rows + data.holdout_rows,
        "reference_classes": measured.classes or None,
        "reference_constant": measured.constant_features,
    }
