"""A version whose pipeline begins with a step of the project's own, which does what a row tells it to; and the tables
behind that step. Its environment is that of the tests, as in ``staying``."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from engine.runs.steps.launch import Stage
from engine.scoring.compiled.scorer import CompiledScorer
from engine.scoring.split_program import SplitProgram, TablesBehind, Wholes
from engine.scoring.warm_process import WarmProcess
from tests.compiled_models import compiler
from tests.engine.scoring.staying import AT, stage

PROJECT = """
import os, sys, time
import numpy

class FromNothing:
    def __init__(self, wide=False):
        self.wide = wide

    def fit(self, rows, target=None):
        return self

    def transform(self, rows):
        if (rows["deed"] == "in place").any():
            rows["x"], rows["count"] = rows["x"] + 1.0, rows["count"].astype(float)
        made = rows.assign(x=rows["x"].clip(lower=0.0), many=rows["count"] > 5)
        if self.wide:
            made = made.assign(x=made["x"] - made["x"].mean())
        for deed in rows["deed"].dropna():
            made = deeds.get(deed, lambda rows: rows)(made)
        return made

def raises(rows):
    raise ValueError("no such deed")

def dies(rows):
    print("out of luck", file=sys.stderr, flush=True)
    os.abort()

def babbles(rows):
    with open(os.environ["LEVERFRAME_ANSWERS"], "wb", buffering=0) as pipe:
        pipe.write(b"\\xff" * 64)

deeds = {
    "float": lambda rows: rows.assign(count=rows["count"].astype(float)),
    "objects": lambda rows: rows.assign(kind=[7] * len(rows)),
    "another": lambda rows: rows.assign(more=1.0),
    "order": lambda rows: rows[list(rows.columns[::-1])],
    "endless": lambda rows: rows.assign(x=numpy.inf),
    "gap": lambda rows: rows.assign(x=numpy.nan),
    "wide": lambda rows: rows.assign(count=rows["count"] + 2**60),
    "array": lambda rows: rows[["x", "count"]].to_numpy(),
    "raise": raises, "die": dies, "babble": babbles, "hang": lambda rows: time.sleep(600),
}
"""
SCHEMA = pa.schema([("x", pa.float64()), ("count", pa.int64()), ("deed", pa.string()), ("kind", pa.string())])
Row = tuple[float, int, str | None, str | None]


def rows(*each: Row) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in each], SCHEMA)


def many(count: int, seed: int = 1) -> pa.Table:
    drawn = np.random.RandomState(seed)
    kinds = drawn.choice(["a", "b", None], count)  # type: ignore[arg-type]
    whole = drawn.randint(0, 12, count).tolist()
    return rows(*zip(drawn.normal(size=count), whole, [None] * count, kinds, strict=True))


FIRST = rows((0.5, 3, None, "a"), (-1.0, 9, "float?", "b"), (2.0, 1, None, None))


class Module:
    """The module ``project`` while it is wanted, so that what is of it can be pickled."""

    def __enter__(self) -> ModuleType:
        module = ModuleType("project")
        exec(PROJECT, module.__dict__)
        module.FromNothing.__module__ = "project"
        sys.modules["project"] = module
        return module

    def __exit__(self, *how: object) -> None:
        del sys.modules["project"]


def frame(table: pa.Table) -> pd.DataFrame:
    """As the process makes it of what it is sent."""
    found: pd.DataFrame = table.to_pandas()
    return found


def fitted(project: ModuleType, *, wide: bool = False, last: Any = None) -> Pipeline:
    """A pipeline with a step of ``project``, ``wide``: one whose answer for a row hangs on the others."""
    given = frame(many(400, 7))
    kinds = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    columns = ColumnTransformer([("kind", kinds, ["kind"]), ("rest", "passthrough", ["x", "count", "many"])])
    target = (given["x"] + (given["kind"] == "a") + given["count"] / 12 > 0.8).astype(int)
    return make_pipeline(project.FromNothing(wide), columns, last or LogisticRegression()).fit(given, target)


def laid(folder: Path, *, wide: bool = False, last: Any = None) -> tuple[Stage, Pipeline]:
    """The version's code and model in ``folder``, and the tables behind its first step in ``folder``/compiled."""
    found = stage(folder)
    (folder / "code" / "project.py").write_text(PROJECT)
    with Module() as project:
        model = fitted(project, wide=wide, last=last)
        (folder / "model" / "model.pickle").write_bytes(pickle.dumps(model))
        program, said = compiler().whole_or_behind(model, frame(FIRST), False, "parquet")
    compiler().write(program, said, folder / "compiled")
    return found, model


def process(folder: Path, patience: float = 60.0) -> tuple[WarmProcess, Pipeline]:
    """The version, held ready once it is started, and its model."""
    found, model = laid(folder)
    tables = TablesBehind(CompiledScorer.read(folder / "compiled", behind=True))
    program = SplitProgram(found, folder / "model", tables=tables)
    return WarmProcess(program, folder / "process", "scoring split@1", FIRST, patience, lambda: AT), model


def wholes(stays: WarmProcess) -> Wholes:
    """How often the whole pipeline answered, and why the last time."""
    program = stays.program
    assert isinstance(program, SplitProgram)
    return program.wholes
