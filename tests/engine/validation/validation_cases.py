"""Small tables and jobs that the tests of validation share."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.json_records import read
from engine.validation.judge import judge
from engine.validation.judge_job import JudgeJob
from engine.validation.metrics import Predicted, Truth


def manifest(
    holdout: timedelta | float,
    *,
    time: str | None = "at",
    target: str = "late",
    window: timedelta | None = None,
    key: tuple[str, ...] = (),
    metric: str = "roc_auc",
    exclude: tuple[str, ...] = (),
) -> Any:
    """What ``split`` reads of a manifest."""
    data = SimpleNamespace(target=target, time=time, key=key, exclude=exclude, sensitive=(), features=None)
    return SimpleNamespace(
        data=data,
        validation=SimpleNamespace(holdout=holdout, metrics=(metric,), task=None),
        train=SimpleNamespace(window=window),
    )


def binary(n: int, seed: int = 0, strength: float = 1.0) -> tuple[Truth, Predicted]:
    """A binary target and predictions as good as ``strength``, with ties."""
    rng = np.random.default_rng(seed)
    actual = (rng.random(n) < 0.3).astype(np.int64)
    chance = np.round(1 / (1 + np.exp(-(strength * (2 * actual - 1) + rng.normal(size=n)))), 2)
    return Truth("binary", actual, ("0", "1")), said(chance)


def said(chance: np.ndarray[Any, Any]) -> Predicted:
    return Predicted((chance > 0.5).astype(np.int64), np.stack([1 - chance, chance], axis=1), chance)


def rule(kind: str, metric: str | None = None, limit: float | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metric": metric, "limit": limit, "segment": None, "minimum_rows": None, "line": 1, **more}


def world(n: int, seed: int = 0) -> pa.Table:
    """Rows whose target follows ``x``, with a few gaps and three places."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    gaps = x.copy()
    gaps[rng.random(n) < 0.05] = np.nan
    return pa.table(
        {
            "x": gaps,
            "noise": rng.normal(size=n),
            "place": pa.array(rng.choice(["A", "B", "C"], n)).dictionary_encode(),
            "late": (rng.random(n) < 1 / (1 + np.exp(-2 * x))).astype(np.int64),
        }
    )


def predictions(holdout: pa.Table, noise: float = 0.0, seed: int = 1) -> pa.Table:
    """What a fair model says about ``world``, the worse the more ``noise``."""
    x = np.nan_to_num(holdout["x"].to_numpy()) + noise * np.random.default_rng(seed).normal(size=holdout.num_rows)
    chance = 1 / (1 + np.exp(-2 * x))
    return pa.table({"prediction": (chance > 0.5).astype(np.int64), "p_0": 1 - chance, "p_1": chance})


def job(
    folder: Path,
    holdout: pa.Table,
    train: pa.Table,
    said_now: pa.Table,
    said_live: pa.Table | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A job with its files in ``folder``; ``more`` changes the manifest or, for keys that the job has, the job."""

    def written(name: str, table: pa.Table) -> str:
        pq.write_table(table, folder / name)
        return str(folder / name)

    document: dict[str, Any] = {
        "predictions": written("predictions.parquet", said_now),
        "live_predictions": written("live.parquet", said_live) if said_live is not None else None,
        "holdout": written("holdout.parquet", holdout),
        "train": written("train.parquet", train),
        "reference_schema": None,
        "features": ["x", "noise", "place"],
        "train_seconds": 1.0,
        "live": "flights@9" if said_live is not None else None,
        "manifest": {
            "target": "late",
            "task": None,
            "positive": None,
            "metrics": ["roc_auc", "log_loss"],
            "segments": ["place"],
            "gates": [rule("at_least", "roc_auc", 0.6)],
        },
    }
    for key, value in more.items():
        (document if key in document or key in ("live_problem", "schema") else document["manifest"])[key] = (
            value
        )
    (folder / "job.json").write_text(json.dumps(document), "utf-8")
    return document


def judged(document: dict[str, Any]) -> dict[str, Any]:
    """The judgement of a job that was read as the judge's process reads it."""
    return judge(read(JudgeJob, document, "The job"))


def gate(judgement: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(g for g in judgement["gates"] if g["name"].startswith(name))
    return found
