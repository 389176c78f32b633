"""A model of LightGBM that MLflow kept becomes a project whose first version is that model, with the library itself."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from engine.scaffold.write import make
from tests.forked_runs import forking
from tests.people import open_engine
from tests.workspaces import copied

pytestmark = pytest.mark.slow

SIGNATURE = """\
mlflow_version: 3.17.2
signature:
  inputs: '[{"type": "double", "name": "spend"}, {"type": "double", "name": "age"}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
"""
LIGHTGBM = """\
flavors:
  lightgbm:
    code: null
    data: model.lgb
    lgb_version: 4.7.0
    model_class: lightgbm.basic.Booster
  python_function:
    data: model.lgb
    loader_module: mlflow.lightgbm
    python_version: 3.11.7
"""
# Two leaves, as LightGBM 4.7 writes them: spend above a half or not.
TREES = """\
tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=spend age
feature_infos=[0:1] [18:79]
tree_sizes=281

Tree=0
num_leaves=2
num_cat=0
split_feature=0
split_gain=400
threshold=0.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=-2 2
leaf_weight=45 53
leaf_count=184 216
internal_value=0
internal_weight=98
internal_count=400
is_linear=0
shrinkage=1


end of trees

feature_importances:
spend=1

parameters:
end of parameters
"""

@pytest.fixture
def data(tmp_path: Path) -> Path:
    draw = random.Random(3)
    path = tmp_path / "customers.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer", "age", "spend", "churned"])
        for number in range(1000):
            spend = round(draw.random(), 4)
            churned = draw.random() < (0.85 if spend > 0.5 else 0.15)
            rows.writerow([number, draw.randint(18, 80) + 0.5, spend, int(churned)])
    return path


def test_lightgbm_asks_a_model_of_its_own(tmp_path: Path, data: Path, first_minutes: Path) -> None:
    kept = tmp_path / "mlflow"
    kept.mkdir()
    (kept / "MLmodel").write_text(LIGHTGBM + SIGNATURE)
    (kept / "model.lgb").write_text(TREES)
    (kept / "requirements.txt").write_text("mlflow==3.17.2\nlightgbm==4.7.0\npandas==3.1.1\n")
    made = make(tmp_path / "churn", data, "churned", key=("customer",), mlflow=kept)
    copied(first_minutes / "home", tmp_path / "home")  # Nothing is in it but packages, of which it wants most.
    engine = forking(open_engine(tmp_path / "home"))
    engine.add(made.folder)
    run = engine.wait(engine.retrain("churn").id, lambda run: None)
    assert run.version == "churn@1", run.why
    card = engine.card("churn@1", engine.now())
    (measured,) = [each for each in card.metrics if each.name == "roc_auc"]
    assert measured.value is not None and 0.78 < measured.value < 0.92
    assert {gate.verdict for gate in card.gates if gate.kind == "predictions"} == {"pass"}
