"""The sample project prices: a query extracts, SQL fits, an expression scores, in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import postgres, tiny
from tests.cli.calling import Told, call
from tests.journeys import whole_path

SAMPLE = Path(__file__).resolve().parents[2] / "sample_projects" / "prices"
MOMENTS = (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the shop lists, as csv, in a folder with nothing else."""
    path = tmp_path_factory.mktemp("shop") / "stones.csv"
    with path.open("w") as file:
        subprocess.run([sys.executable, SAMPLE / "stones.py"], stdout=file, check=True)
    return path


@pytest.fixture(scope="module")
def shop(stones: Path) -> Path:
    """The same as SQLite's file."""
    path = stones.with_name("shop.db")
    with contextlib.closing(sqlite3.connect(path)) as database, database, stones.open() as rows:
        database.executescript((SAMPLE / "table.sql").read_text())
        next(rows)
        database.executemany("INSERT INTO diamonds VALUES (?, ?, ?, ?, ?, ?, ?)", (row.split(",") for row in rows))
    return path


@pytest.fixture
def project(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample over SQLite, whose file its steps are let read, committed and registered."""
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{shop}")
    folder = copied(tmp_path)
    with (folder / "leverframe.toml").open("a") as manifest:
        manifest.write(f'\n[sandbox]\nread = ["{shop}"]\n')
    whole_path.begin(folder, monkeypatch)
    return folder


@pytest.fixture(scope="module")
def served(stones: Path) -> Iterator[str]:
    """The same in PostgreSQL."""
    with postgres.serving() as address:
        copy = f"\\copy diamonds from '{stones}' with (format csv, header)"
        postgres.ask(address, (SAMPLE / "table.sql").read_text(), copy)
        yield address


def copied(folder: Path) -> Path:
    to: Path = shutil.copytree(SAMPLE, folder / "prices", ignore=shutil.ignore_patterns("__pycache__"))
    return to


def error(name: str) -> float:
    metrics = whole_path.done("show", name, "--json").json["metrics"]["metrics"]
    return float(metrics["mape"]["value"])


def test_sqlite_does_all_of_it(project: Path) -> None:
    assert "All is well" in whole_path.done("check", project).out
    whole_path.walk("prices", MOMENTS)
    assert 0.10 < error("prices@2") < 0.15
    said = (Path(os.environ["LEVERFRAME_HOME"]) / "live" / "prices" / "model" / "price.sql").read_text()
    assert said.startswith("exp(8.") and "CASE clarity" in said
    assert "found nothing new" in whole_path.done("retrain", "prices", "--wait", "--as-of", "2026-04-01").out


def test_postgresql_does_all_of_it_and_says_the_same(
    tmp_path: Path, served: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", f"postgresql+psycopg://{served}")
    folder = copied(tmp_path)
    whole_path.begin(folder, monkeypatch)
    whole_path.walk("prices", MOMENTS)
    theirs = error("prices@2")
    home = Path(os.environ["LEVERFRAME_HOME"])
    secret = served.partition("@")[0].partition(":")[2].encode()
    assert not [path for path in home.rglob("*") if path.is_file() and secret in path.read_bytes()]
    expression = (home / "live" / "prices" / "model" / "price.sql").read_text()
    # What was learnt in the one is an expression that the other understands, with the same answer.
    ask = f"SELECT {expression} FROM diamonds WHERE listing = '00042'"
    with contextlib.closing(sqlite3.connect(shop)) as database:
        (mine,) = database.execute(ask).fetchone()
    assert float(postgres.ask(served, ask)) == pytest.approx(mine, rel=1e-12)
    assert 0.10 < theirs < 0.15


def changed(project: Path, file: str, was: str, becomes: str) -> Told:
    tiny.replace(project, file, was, becomes)
    return call("retrain", "prices", "--wait", "--as-of", "2026-04-01")


def test_a_query_that_returns_nothing_is_told_as_that(project: Path) -> None:
    told = changed(project, "extract.sql", "WHERE listed_at <= :as_of", "WHERE listed_at > :as_of AND carat < 0")
    assert told.code == 1
    assert "extract returned no rows; there is nothing to train on" in told.out + told.err


def test_a_query_whose_join_doubles_rows_is_seen_on_the_card(project: Path) -> None:
    doubled = "FROM diamonds CROSS JOIN (SELECT 1 AS one UNION ALL SELECT 2) AS twice"
    changed(project, "extract.sql", "FROM diamonds", doubled)
    assert "does not tell rows apart" in whole_path.done("show", "prices@1").out


def test_scores_in_another_order_are_put_to_their_rows(project: Path) -> None:
    first = whole_path.retrained("prices", MOMENTS[0])
    tiny.replace(project, "score.sql", "FROM given", "FROM given ORDER BY prediction DESC")
    done = whole_path.done("retrain", "prices", "--wait", "--as-of", "2026-04-01", "--force").out
    assert first["version"] == "prices@1" and "prices@2" in done
    assert error("prices@2") == error("prices@1")


@pytest.mark.parametrize(
    ("becomes", "why"),
    [
        ("FROM given WHERE clarity <> 'IF'", "it must give one for each row"),
        ("FROM given JOIN (SELECT 'IF' AS c UNION ALL SELECT 'IF') AS pairs ON true", "it must give one for each row"),
        ("FROM (SELECT leverframe_row / 2 * 2 AS leverframe_row, carat, color, clarity FROM given) AS given",
         "rows more than one prediction and"),
    ],
)  # fmt: skip
def test_scores_that_are_not_one_for_each_row_are_refused(project: Path, becomes: str, why: str) -> None:
    told = changed(project, "score.sql", "FROM given", becomes)
    assert told.code == 1
    assert why in told.out + told.err
