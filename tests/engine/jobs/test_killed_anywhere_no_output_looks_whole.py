"""Whoever is killed before any change of a file or any statement leaves what was there; done again all of it is."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import postgres
from tests.engine.jobs.killed_scorings import killed, to_file, to_table
from tests.scoring_ground import rows, sha256, written

VARIABLE = "WAREHOUSE_URL"
CREATE = "CREATE TABLE incoming (id BIGINT, place TEXT, x DOUBLE PRECISION, n BIGINT)"
GIVEN = ", ".join(str(tuple(each.values())) for each in rows().drop_columns(["late"]).to_pylist())
OLD = ("CREATE TABLE scored AS SELECT 9 AS id, 0 AS prediction, 0.5 AS p_1, CAST('old' AS TEXT) AS leverframe_version,"
       " 1 AS leverframe_run")  # fmt: skip
STAGED = "SELECT count(*) FROM leverframe_staging_scored"
ASKED = "SELECT id, prediction, p_1, leverframe_version, leverframe_run FROM scored"


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_file_is_whole_or_not_there(tmp_path: Path, form: str) -> None:
    source = written(tmp_path, rows(), f"in.{form}")
    whole, output = tmp_path / f"whole.{form}", tmp_path / f"out.{form}"
    assert not killed(to_file(source, whole))
    for change in itertools.count(1):
        was_killed = killed(to_file(source, output), change=change)
        assert not output.exists() or sha256(output) == sha256(whole)
        output.unlink(missing_ok=True)
        if not was_killed:
            break
        assert not killed(to_file(source, output))
        assert sha256(output) == sha256(whole)
        assert list(tmp_path.glob(".*")) == []
        output.unlink()
    assert change > 2, "it opens a file and gives it its name"


def walked(ask: Callable[[str], str], folder: Path, *, replace: bool) -> int:
    """A kill before each statement; how many there were. ``ask``: what the database answers to a statement."""

    def begun() -> str:
        ask("DROP TABLE scored")
        if replace:
            ask(OLD)
        return ask(ASKED)

    before = begun()
    assert not killed(to_table(folder, replace=replace))
    whole = ask(ASKED)
    assert whole.count("tiny@1") == 5
    for statement in itertools.count(1):
        begun()
        was_killed = killed(to_table(folder, replace=replace), statement=statement)
        found = ask(ASKED)
        assert found in (before, whole), f"before statement {statement}"
        if not was_killed:
            assert (found, ask(STAGED)) == (whole, "none")
            return statement
        if found == before and statement % 4 == 0:  # The next one comes upon what this one left, too.
            assert not killed(to_table(folder, replace=replace))
            assert ask(ASKED) == whole
            assert ask(STAGED) == "none"
    raise AssertionError


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'shop.db'}")

    def ask(statement: str) -> str:
        with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
            try:
                found = repr(db.execute(statement).fetchall())
            except sqlite3.OperationalError as error:
                assert "no such table" in str(error)
                return "none"
            db.commit()
            return found

    ask(CREATE)
    ask(f"INSERT INTO incoming VALUES {GIVEN}")
    return ask


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.serving() as address:
        yield address


@pytest.fixture
def warehouse(server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://{server}")

    def ask(statement: str) -> str:
        try:
            return postgres.ask(server, statement)
        except subprocess.CalledProcessError as error:
            assert "does not exist" in error.stderr
            return "none"

    ask("DROP TABLE incoming")
    ask(CREATE)
    ask(f"INSERT INTO incoming VALUES {GIVEN}")
    return ask


@pytest.mark.slow
def test_a_table_of_sqlite_is_whole_or_as_before(shop: Callable[[str], str], tmp_path: Path) -> None:
    assert walked(shop, tmp_path, replace=True) > 10


@pytest.mark.slow
@pytest.mark.parametrize("replace", [False, True])
def test_a_table_of_postgresql_is_whole_or_as_before(
    warehouse: Callable[[str], str], tmp_path: Path, replace: bool
) -> None:
    assert walked(warehouse, tmp_path, replace=replace) > 10
