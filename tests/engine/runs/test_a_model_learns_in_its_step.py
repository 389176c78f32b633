"""The runner's step learn: each chunk is predicted before it is learnt, whichever way a model learns."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from engine.runs.steps import online_learner

RUNNER = Path(online_learner.__file__).with_name("python_runner.py")
# Models of the project's, each of which says how many rows it has learnt.
CODE = '''
class Counting:
    """Learns by partial_fit; it has nothing of scikit-learn's."""
    classes_ = [0, 1]
    def __init__(self): self.seen = 0
    def partial_fit(self, features, target): self.seen += len(target)
    def predict(self, features): return [self.seen] * len(features)

class Scaler:
    def __init__(self): self.asked = 0
    def transform(self, features): return features * 10
    def fit(self, *given): raise AssertionError("it stays as it was fitted")

class Last(Counting):
    def partial_fit(self, features, target): self.seen += int(features["x"].sum())

class Line:
    """As scikit-learn's pipeline has its steps."""
    def __init__(self): self.steps = [("scale", Scaler()), ("nothing", "passthrough"), ("last", Last())]
    @property
    def named_steps(self): return dict(self.steps)
    def predict(self, features): return self.steps[-1][1].predict(features)

class RiverLike:
    """Learns one row at a time, and has met no class to begin with."""
    def __init__(self): self.met = {}
    def learn_one(self, row, label): self.met[label] = self.met.get(label, 0) + 1
    def predict_one(self, row): return max(self.met, key=self.met.get) if self.met else None
    def predict_proba_one(self, row):
        return {label: count / sum(self.met.values()) for label, count in self.met.items()}

class Forest:
    def predict(self, features): return [0] * len(features)

def own(model, features, target):
    model.seen += 100
    return model

def nothing(model, features, target): pass
'''


def learnt(tmp_path: Path, model: str, function: str = "", rows: int = 5) -> tuple[int, str, pd.DataFrame, object]:
    for name in ("code", "input/model", "output"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "code" / "made.py").write_text(CODE)
    make = f"import pickle, made; pickle.dump(made.{model}(), open('../input/model/model.pickle', 'wb'))"
    subprocess.run([sys.executable, "-c", make], cwd=tmp_path / "code", check=True)
    pd.DataFrame({"x": range(rows), "late": [n % 2 for n in range(rows)]}).to_csv(
        tmp_path / "input" / "data.csv", index=False
    )
    asked = {"INPUT": tmp_path / "input", "OUTPUT": tmp_path / "output", "FORMAT": "csv", "TARGET": "late", "CHUNK": 2}
    done = subprocess.run(
        [sys.executable, str(RUNNER), "learn", *([function] if function else [])], cwd=tmp_path / "code", text=True,
        env={**os.environ, **{f"LEVERFRAME_{name}": str(value) for name, value in asked.items()}}, capture_output=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        return done.returncode, done.stderr, pd.DataFrame(), None
    sys.path.insert(0, str(tmp_path / "code"))
    try:
        model_now = pickle.loads((tmp_path / "output" / "model" / "model.pickle").read_bytes())
    finally:
        sys.path.remove(str(tmp_path / "code"))
        sys.modules.pop("made", None)
    return 0, done.stdout, pd.read_csv(tmp_path / "output" / "predictions.csv"), model_now


def test_each_chunk_is_predicted_before_it_is_learnt(tmp_path: Path) -> None:
    code, said, found, model = learnt(tmp_path, "Counting")
    assert code == 0 and list(found["prediction"]) == [0, 0, 2, 2, 4]
    assert model.seen == 5 and "::progress 1.000 5 of 5 rows" in said  # type: ignore[attr-defined]


def test_of_a_pipeline_the_last_step_learns_what_the_others_make_of_the_rows(tmp_path: Path) -> None:
    _, _, found, model = learnt(tmp_path, "Line")
    assert list(found["prediction"]) == [0, 0, 10, 10, 60] and model.steps[-1][1].seen == 100  # type: ignore[attr-defined]


def test_a_model_of_rivers_learns_row_by_row_and_speaks_of_no_class_before_it_has_met_it(tmp_path: Path) -> None:
    _, _, found, model = learnt(tmp_path, "RiverLike")
    assert list(found.columns) == ["prediction", "p_0", "p_1"] and list(found["p_0"]) == [0, 0, 0.5, 0.5, 0.5]
    assert model.met == {0: 3, 1: 2}  # type: ignore[attr-defined]


def test_a_function_of_the_projects_learns_its_own_way(tmp_path: Path) -> None:
    _, _, found, _ = learnt(tmp_path, "Counting", "made:own")
    assert list(found["prediction"]) == [0, 0, 100, 100, 200]


@pytest.mark.parametrize(("model", "function", "said"), [
    ("Forest", "", "a Forest, has no partial_fit and no learn_one; name a function of the project's in [learn]"),
    ("Counting", "made:nothing", "made:nothing returned nothing; it must return the model."),
    ("Counting", "made:Scaler", "made:Scaler is called with (model, features, target), but is defined as ()"),
])  # fmt: skip
def test_what_cannot_learn_is_refused_in_a_sentence(tmp_path: Path, model: str, function: str, said: str) -> None:
    code, told, _, _ = learnt(tmp_path, model, function)
    assert code == 3 and said in told and not list((tmp_path / "output").rglob("*.pickle"))
