"""Small projects whose model a test chooses: numbers with and without gaps, whole numbers, categories, some new.

``x`` is a number, ``gap`` one that is missing in a tenth of the rows, ``count`` a whole number, ``place`` a text: in
the newest rows, which are the holdout, there is a place that training had not.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.versions.parity import Parity

MANIFEST = """
[project]
name = "{name}"
title = "A model called {name}"
owner = "ops@example.org"

[environment]
requirements = "requirements.txt"

[data]
extract = "steps:extract"
target = "y"
time = "at"
key = ["id"]

[train]
run = "steps:train"

[validation]
task = "{task}"
holdout = 0.3
metrics = ["{metric}"]

[approval]
"""
STEPS = '''
import numpy as np, pandas as pd

ROWS = {rows}

def extract(as_of):
    rng = np.random.default_rng(11)
    at = as_of - pd.to_timedelta(np.arange(ROWS)[::-1], unit="min")
    table = pd.DataFrame({{
        "id": np.arange(ROWS), "at": at, "x": rng.normal(40, 100, ROWS), "gap": rng.normal(0, 3, ROWS),
        "count": rng.integers(0, 50, ROWS), "place": rng.choice(["north", "south", "east"], ROWS),
    }})
    table.loc[rng.random(ROWS) < 0.1, "gap"] = np.nan
    table.loc[table.index[-ROWS // 10 :][::7], "place"] = "nowhere"
    score = table["x"] / 100 + table["count"] / 25 + (table["place"] == "north") + table["gap"].fillna(1) / 5
    score = score + rng.normal(size=ROWS) / 2
    table["y"] = {target}
    return table

def train(features, target):  # Whoever extracts does not wait for what only this needs.
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.ensemble import (
        GradientBoostingClassifier, HistGradientBoostingClassifier, HistGradientBoostingRegressor,
        RandomForestClassifier,
    )
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler
    from sklearn.svm import LinearSVC
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    def encoded(numbers):
        return ColumnTransformer([
            ("place", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["place"]),
            ("numbers", numbers, ["x", "gap", "count"]),
        ])

    def filled():
        return encoded(make_pipeline(SimpleImputer(), StandardScaler()))

    return ({model}).fit(features, target)
'''
CLASSES = "(score > 2).astype(int)"
NUMBERS = "score * 7"
REQUIREMENTS = "pandas>=3,<4\npyarrow>=21,<27\nscikit-learn==1.9.1\n"


def project(
    folder: Path, name: str, model: str, *, target: str = CLASSES, rows: int = 4000, more: str = "", needs: str = ""
) -> Path:
    """A project in a Git repository of its own, whose train returns ``model``, an expression that is fitted.

    ``more``: code behind the rest; ``needs``: requirements beside the usual.
    """
    folder.mkdir(parents=True)
    regression = target == NUMBERS or target.startswith("np.exp")
    task, metric = ("regression", "mae") if regression else ("multiclass", "log_loss")
    if target == CLASSES:
        task = "binary"
    manifest = MANIFEST.format(name=name, task=task, metric=metric)
    (folder / "leverframe.toml").write_text(manifest, "utf-8")
    (folder / "steps.py").write_text(STEPS.format(rows=rows, target=target, model=model) + more, "utf-8")
    (folder / "requirements.txt").write_text(REQUIREMENTS + needs, "utf-8")
    git = ["git", "-C", str(folder), "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    return folder


def answers_alike(found: Parity, target: str) -> None:
    """What an export of one of these is held to: all of the holdout compared, and nothing off but in the last bits."""
    assert found.holds and found.rows == found.holdout_rows == 900
    assert found.gaps.rows > 50 and found.unseen.rows > 30, "rows with gaps and with new categories are among them"
    assert found.largest is not None and found.largest < 1e-5 and found.changed in (0, None)
    said = {"onnx": "ONNX Runtime", "sqlite": "SQLite", "duckdb": "DuckDB", "postgresql": "PostgreSQL"}
    assert found.measured_by.startswith(said[target])
