"""Gates that do not pass, what their sentences name, and the jobs before and after somebody follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.records import Gate
from engine.validation.schema import infer_schema
from tests.engine.validation.validation_cases import job, judged, predictions, rule, world

TRAIN, HOLDOUT = world(3000, seed=1), world(1200, seed=2)
Judged = dict[str, Any]
JOB = ("live_problem", "waivers_in", "score_seconds", "model_bytes")


def few(table: pa.Table, rows: int) -> dict[str, Any]:
    """A holdout of ``rows`` rows and what both versions say about it."""
    part = table.slice(0, rows)
    return {"holdout": part, "said": predictions(part)}


def made(
    folder: Path, *, holdout: pa.Table = HOLDOUT, train: pa.Table = TRAIN, said: Any = None, **more: Any
) -> Judged:
    said = predictions(holdout) if said is None else said
    own = {k: more.pop(k) for k in list(more) if k.startswith("reference_") or k in JOB}
    live = more.pop("live_said", None)
    document = job(folder, holdout, train, said, live, gates=more.pop("gates", []), **more)
    waived = own.pop("waivers_in", {})
    document["manifest"]["waivers"] = waived
    if any(key.startswith("reference_") for key in own) and not document["live"]:
        document["live"] = "flights@9"
        own.setdefault("live_problem", "gone")
    return judged(document | own)


def found(judgement: Judged, name: str) -> Gate | None:
    return next((Gate(**each) for each in judgement["gates"] if each["name"].startswith(name)), None)


def leaky(table: pa.Table) -> pa.Table:
    return table.append_column("paid", pa.array(table["late"].to_numpy() + 0.0))


def turned(table: pa.Table) -> pa.Table:
    return pa.table({"prediction": 1 - table["prediction"].to_numpy(), "p_0": table["p_1"], "p_1": table["p_0"]})


def retyped() -> dict[str, Any]:
    schema = infer_schema(HOLDOUT)
    schema["columns"][1] |= {"type": "text"}
    return schema


def emptied(table: pa.Table, column: str) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, pa.array(np.full(table.num_rows, np.nan)))


def said_of(chance: np.ndarray[Any, Any]) -> pa.Table:
    return pa.table({"prediction": (chance > 0.5).astype(int), "p_0": 1 - chance, "p_1": chance})


def constant(rows: int) -> pa.Table:
    return pa.table({"prediction": np.zeros(rows, dtype=int), "p_0": np.full(rows, 0.6), "p_1": np.full(rows, 0.4)})


def broken() -> pa.Table:
    return predictions(HOLDOUT).set_column(2, "p_1", pa.array([float("nan")] * 1200))


ONE = HOLDOUT.set_column(3, "late", pa.array([1] * 1200))
ALIKE = TRAIN.set_column(3, "late", pa.array([1] * 3000))
RARE = TRAIN.take(pa.array(np.flatnonzero(np.cumsum(TRAIN["late"].to_numpy()) * TRAIN["late"].to_numpy() <= 3)))
RISKY = HOLDOUT.take(
    pa.array([*np.flatnonzero(HOLDOUT["late"].to_numpy() == 0), *np.flatnonzero(HOLDOUT["late"].to_numpy())[:12]])
)
WELL = predictions(HOLDOUT)
WORSE = predictions(HOLDOUT, 1.5)
SURE = said_of(np.round(WELL["p_1"].to_numpy()))
CLASSES = WELL.select(["prediction"])
OFF, EXACT = [rule("calibration_error_at_most", None, 0.08)], [rule("calibration_error_at_most", None, 0.001)]
NEAR = predictions(HOLDOUT, 0.3)


def limit(low: float, **more: Any) -> list[dict[str, Any]]:
    return [rule("at_least", "roc_auc", low, **more)]


def waived(name: str) -> dict[str, Any]:
    return {"waivers_in": {name: "we know"}}
