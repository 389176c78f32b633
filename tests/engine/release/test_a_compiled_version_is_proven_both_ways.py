"""A version that is scored by compiled tables goes live only where they and its model give its golden rows again."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from engine.api import Engine
from engine.errors import Damage, Refusal
from engine.versions import document as documents
from engine.versions.records import ScorerSection
from tests import tiny
from tests.compiled_models import compiler
from tests.engine.release.test_nothing_moves_unproven import with_other, written_over
from tests.ledger import store_of

pytestmark = pytest.mark.slow
LABEL = "tiny@4"
BY_TABLES = "200 of 200 golden rows equal by its compiled tables too"


def estimator(rows: pd.DataFrame, weight: float = 3.0) -> Pipeline:
    """The chance grows with x by a rule that the version's score step computes too."""
    found = make_pipeline(ColumnTransformer([("x", "passthrough", ["x"])]), LogisticRegression())
    found.fit(rows, rows["x"] > rows["x"].median())
    found[-1].coef_[:], found[-1].intercept_[:], found[-1].classes_ = weight, -1.25, pd.Series([0, 1]).to_numpy()
    return found


def made_compiled(engine: Engine, folder: Path, tables: Callable[[Pipeline], Pipeline] = lambda same: same) -> None:
    """Let tiny@4 score by that rule, have recorded what comes of it, and be compiled from ``tables`` of it."""
    store = store_of(engine)
    document = documents.of_version(store, LABEL, engine.version(LABEL).digest)
    given = pa.parquet.read_table(pa.BufferReader(store.read(document.golden.inputs)))
    rows = given.select(list(document.model.features)).to_pandas()
    rule = estimator(rows)
    score = "p = 1 / (1 + math.exp(-(3.0 * x - 1.25)))"
    old = next(line.strip() for line in tiny.STEPS.splitlines() if line.strip().startswith("p = "))
    code = with_other(engine, document.code.files, "steps.py", tiny.STEPS.replace(old, score).encode())
    chances = rule.predict_proba(rows)
    recorded, written = io.BytesIO(), folder / "compiled"
    said = {"prediction": (chances[:, 1] > 0.5).astype(int), "p_0": chances[:, 0], "p_1": chances[:, 1]}
    pa.parquet.write_table(pa.table(said), recorded)
    program, about = compiler().document(tables(rule), rows, False)
    compiler().write(program, about, written)
    written_over(engine, LABEL, replace(
        document,
        code=replace(document.code, files=code),
        golden=replace(document.golden, predictions=store.put_content(recorded.getvalue())),
        scorer=ScorerSection("compiled", "", documents.store_folder(store, written)),
    ))  # fmt: skip


def moved(engine: Engine) -> list[str]:
    told: list[str] = []
    engine.move(engine.plan_release(LABEL), "newer data", lambda step: told.append(step.what))
    return told


def test_where_both_give_them_again_it_goes_live_and_says_so(releases: Engine, tmp_path: Path) -> None:
    made_compiled(releases, tmp_path)
    assert BY_TABLES in moved(releases) and releases.version(LABEL).state == "live"
    assert sorted(path.name for path in (releases.home / "live" / "tiny" / "compiled").iterdir()) == [
        "model.json", "numbers.bin", "places.bin",
    ]  # fmt: skip
    assert releases.card(LABEL, releases.version(LABEL).made_at).scored_by == "compiled tables"


def test_where_the_tables_say_otherwise_it_does_not(releases: Engine, tmp_path: Path) -> None:
    def other(rule: Pipeline) -> Pipeline:
        rule[-1].coef_[:] = 3.0001
        return rule

    made_compiled(releases, tmp_path, other)
    with pytest.raises(Refusal, match=r"does not reproduce its own predictions by its compiled tables: \d+ of 200"):
        moved(releases)
    assert releases.version(LABEL).state == "candidate"


def test_tables_that_are_not_whole_are_told_as_damage(releases: Engine, tmp_path: Path) -> None:
    made_compiled(releases, tmp_path)
    store = store_of(releases)
    document = documents.of_version(store, LABEL, releases.version(LABEL).digest)
    files = with_other(releases, document.scorer.files, "numbers.bin", b"")
    written_over(releases, LABEL, replace(document, scorer=replace(document.scorer, files=files)))
    with pytest.raises(Damage, match=f"{LABEL} is damaged: its compiled tables cannot be read"):
        moved(releases)
    assert releases.version(LABEL).state == "candidate"
