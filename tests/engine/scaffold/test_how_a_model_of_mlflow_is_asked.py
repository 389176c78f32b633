"""The scoring.py that a new project is given, run against stand-ins of the libraries that it asks."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from engine.scaffold import compose
from engine.scaffold.compose import Origin, Packages
from engine.scaffold.look import Look, look
from engine.scaffold.model import Scoring

ROWS = pd.DataFrame({"spend": [0.1, 0.9, 0.4]})
LIBRARIES: tuple[Scoring, ...] = ("xgboost", "lightgbm", "pyfunc")


def asked(
    monkeypatch: pytest.MonkeyPatch, library: Scoring, said: Any, seen: Look, *, labels: bool = False
) -> pd.DataFrame:
    """What ``score`` of the project makes of what its library ``said``."""

    def model(*words: Any, **named: Any) -> Any:
        return SimpleNamespace(predict=lambda table: said)

    for name in ("xgboost", "lightgbm", "mlflow", "mlflow.pyfunc"):
        module = ModuleType(name)
        vars(module).update(Booster=model, load_model=model, DMatrix=lambda table: table)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys.modules["mlflow"], "pyfunc", sys.modules["mlflow.pyfunc"], raising=False)
    origin = Origin("x.csv", "x.csv", "x.csv", "None", "model.x", scoring=library, labels=labels)
    code = compose.files("churn", seen, origin, Packages("3.11", ()))["scoring.py"]
    space: dict[str, Any] = {}
    exec(compile(code, "scoring.py", "exec"), space)
    found = space["score"](Path("model"), ROWS)
    assert isinstance(found, pd.DataFrame) and len(found) == len(ROWS)
    return found


@pytest.fixture
def classes() -> Look:
    spend = [place / 300 for place in range(300)]
    table = pa.table({"spend": spend, "churned": [int(each > 0.5) for each in spend]})
    return look(table, "churned", None, (), every_column=True)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_chance_is_that_of_the_second_class(
    monkeypatch: pytest.MonkeyPatch, classes: Look, library: Scoring
) -> None:
    for said in (np.array([0.2, 0.9, 0.5]), pd.DataFrame({"said": [0.2, 0.9, 0.5]})):
        found = asked(monkeypatch, library, said, classes)
        assert list(found.columns) == ["prediction", "p_0", "p_1"]
        assert found["p_1"].tolist() == [0.2, 0.9, 0.5] and found["prediction"].tolist()[:2] == [0, 1]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_table_of_chances_names_the_likeliest_class(
    monkeypatch: pytest.MonkeyPatch, classes: Look, library: Scoring
) -> None:
    said = np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.3, 0.4, 0.3]])
    found = asked(monkeypatch, library, said, classes)
    assert found["prediction"].tolist() == [2, 0, 1] and found["p_2"].tolist() == [0.7, 0.1, 0.3]


def test_what_is_no_chance_is_said(monkeypatch: pytest.MonkeyPatch, classes: Look) -> None:
    for said in (np.array([-1.5, 0.2, 0.3]), np.array([0.0, 2.0, 1.0]), np.array([np.nan, 0.5, 0.5])):
        with pytest.raises(ValueError, match="which are no chances"):
            asked(monkeypatch, "xgboost", said, classes)


def test_labels_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, classes: Look) -> None:
    found = asked(monkeypatch, "pyfunc", np.array(["no", "yes", "no"]), classes, labels=True)
    assert list(found.columns) == ["prediction"] and found["prediction"].tolist() == ["no", "yes", "no"]
