"""One workspace with small models, each retrained on the real path, of which every file has a copy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.api import Engine
from tests.builders.runs import retrained
from tests.engine.exports.models import CLASSES, NUMBERS, project
from tests.forked_runs import forking
from tests.journeys.readme import begun
from tests.killing import forget, let_go
from tests.ledger import store_of
from tests.people import open_engine
from tests.workspaces import copied, copied_with_projects, only_made

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMED = 'np.where(score > 3, "late", np.where(score > 1.5, "it\'s near", "early"))'
MODELS = {
    "logit": ("make_pipeline(filled(), LogisticRegression())", CLASSES),
    "named": ("make_pipeline(filled(), DecisionTreeClassifier(max_depth=4))", NAMED),
    "ridge": ("make_pipeline(filled(), Ridge())", NUMBERS),
    # A number that is filled in is rounded to 32 bits on the way, and a deep forest splits close to it.
    "forest": ("make_pipeline(filled(), RandomForestClassifier(n_estimators=20, random_state=1))", CLASSES),
    "gaps": (
        "make_pipeline(encoded(StandardScaler()), RandomForestClassifier(n_estimators=9, random_state=1))", CLASSES,
    ),
    "hist": (
        "make_pipeline(ColumnTransformer([('place', OrdinalEncoder(handle_unknown='use_encoded_value',"
        " unknown_value=np.nan), ['place'])], remainder='passthrough'),"
        " HistGradientBoostingClassifier(max_iter=20, categorical_features=[0], random_state=1))",
        CLASSES,
    ),
    "prices": (
        "TransformedTargetRegressor(make_pipeline(encoded(StandardScaler()),"
        " HistGradientBoostingRegressor(max_iter=20)), func=np.log, inverse_func=np.exp)",
        "np.exp(score / 3)",
    ),
    "boosted": (
        "make_pipeline(filled(), GradientBoostingClassifier(n_estimators=5, max_depth=3, random_state=1))", CLASSES,
    ),
    "nearest": ("make_pipeline(filled(), Odd())", CLASSES),
    "net": ("make_pipeline(filled(), MLPClassifier((8,), max_iter=40, random_state=1))", CLASSES),
    # skl2onnx puts some values into the bin beside theirs: 8 of 2,000 labels are others.
    "binned": (
        "make_pipeline(filled(), KBinsDiscretizer(5, encode='onehot-dense', quantile_method='averaged_inverted_cdf'),"
        " MLPClassifier((4,), max_iter=40, random_state=1))",
        CLASSES,
    ),
}
# An estimator that no converter knows.
ODD = """
from sklearn.base import BaseEstimator, ClassifierMixin

class Odd(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-np.asarray(X)[:, -1]))
        return np.stack([1 - chance, chance], axis=1)
"""


@dataclass
class Models:
    """The engine, and the version of each model that was wanted so far."""

    engine: Engine
    folder: Path
    labels: dict[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        if name not in self.labels:
            model, target = MODELS[name]
            more = ODD if "Odd" in model else ""
            self.engine.add(project(self.folder / name, name, model, target=target, rows=3000, more=more))
            self.labels[name] = retrained(self.engine, NOW, name)
        return self.labels[name]

    def golden(self, name: str) -> tuple[pa.Table, pa.Table]:
        """Rows of the version, and what it said of them when it was made."""
        golden = self.engine.show(self.label(name)).golden
        read = store_of(self.engine).read
        inputs, answers = pa.BufferReader(read(golden.inputs)), pa.BufferReader(read(golden.predictions))
        return pyarrow.parquet.read_table(inputs), pyarrow.parquet.read_table(answers)

    def rows_as_csv(self, name: str, *, key: bool = False) -> str:
        """Its golden rows as a caller has them; a gap is an empty cell."""
        inputs, _ = self.golden(name)
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n")
        write.writerow([*(["row_id"] if key else []), *inputs.column_names])
        for number, row in enumerate(zip(*(column.to_pylist() for column in inputs.columns), strict=True)):
            cells = ["" if value is None or value != value else value for value in row]
            write.writerow([*([number] if key else []), *cells])
        return out.getvalue()


EXPORTED = (
    ("hist", "onnx", ""), ("named", "onnx", ""), ("named", "sql", "postgresql"), ("named", "sql", "sqlite"),
    ("named", "sql", "duckdb"),
)  # fmt: skip


def _made(root: Path, packages: Path) -> None:
    """What the callers call. The environments of it are the others' too: to build them is more than all the rest."""
    copied(packages / "home", root / "home")
    (root / "out").mkdir()
    with closing(forking(open_engine(root / "home"))) as engine:
        models = Models(engine, root)
        for name, kind, dialect in EXPORTED:
            engine.export(models.label(name), kind, root / "out" / f"{name} {dialect or kind}", dialect=dialect)
    let_go(root / "home")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``_made`` left, which stays as it is."""
    packages = only_made(tmp_path_factory, "first-minutes", begun)
    return only_made(tmp_path_factory, "models", lambda root: _made(root, packages))


@contextmanager
def opened(folder: Path) -> Iterator[Models]:
    """Those in the copy ``folder``, which is gone after the block."""
    engine = forking(open_engine(folder / "home"))
    yield Models(engine, folder, {name: f"{name}@1" for name, *_ in EXPORTED})
    engine.close()
    forget(folder)


@pytest.fixture(scope="module")
def models(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with opened(copied_with_projects(made, tmp_path_factory.mktemp("models"))) as found:
        yield found
