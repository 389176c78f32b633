"""A project made from a query: what goes into it and what never does, and that to look changes nothing."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite

from engine.errors import Refusal
from engine.projects.manifest.reader import load_manifest
from engine.scaffold import database
from engine.scaffold.write import NewProject, make
from tests.cli.calling import call

FIRST, ROWS = datetime(2026, 8, 1, tzinfo=UTC), 200
SECRET = "s3cret"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Orders each half hour, whose times are text without a zone; ``query.sql`` asks for all of them."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE orders (id INTEGER, at TEXT, plan TEXT, amount NUMERIC, stars INTEGER, late INTEGER)")
        for n in range(ROWS):
            at = (FIRST + n * timedelta(minutes=30)).strftime("%Y-%m-%d %H:%M:%S")
            db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", (n, at, "ab"[n % 2], n / 7, n % 5, n % 3 == 0))
    db.close()
    (tmp_path / "query.sql").write_text("SELECT * FROM orders -- all of them\n;\n")
    return path


def made(shop: Path, time: str | None = "at", query: str = "", name: str = "shop") -> NewProject:
    file = shop.parent / "query.sql"
    if query:
        file.write_text(query)
    return make(
        shop.parent / name, file, "late", time, database="SHOP_URL", environment={"SHOP_URL": f"sqlite:///{shop}"}
    )


def extracted(project: NewProject, as_of: datetime, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the project's own code reads."""
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{project.folder.parent / 'shop.db'}")
    spec = importlib.util.spec_from_file_location("pipeline_of_shop", project.folder / "pipeline.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.extract(as_of)


def test_the_manifest_passes_the_variable_on_and_opens_the_very_file(shop: Path) -> None:
    project = made(shop)
    manifest = load_manifest(project.folder)
    assert (manifest.environment.variables, manifest.sandbox.read) == (("SHOP_URL",), (str(shop),))
    assert (manifest.data.time, manifest.data.key, project.look.rows, project.copied) == ("at", ("id",), ROWS, False)
    required = (project.folder / "requirements.txt").read_text()
    assert "\nsqlalchemy==" in required and "psycopg" not in required
    assert sorted(path.name for path in project.folder.iterdir()) == [
        ".git", ".gitignore", "README.md", "leverframe.toml", "pipeline.py", "query.sql", "requirements.txt",
    ]  # fmt: skip


def test_extract_brings_the_rows_up_to_a_moment(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = extracted(made(shop), FIRST + timedelta(hours=10), monkeypatch)
    assert (len(rows), rows["at"].max()) == (21, FIRST + timedelta(hours=10))


def test_a_query_that_asks_for_the_moment_itself_is_taken_as_it_is(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "SELECT * FROM orders WHERE datetime(at) < datetime(:as_of)"
    project = made(shop, None, query)
    assert (project.folder / "query.sql").read_text() == f"{query}\n"
    assert len(extracted(project, FIRST + timedelta(hours=10), monkeypatch)) == 20


def test_without_a_time_every_row_comes(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(extracted(made(shop, None), FIRST, monkeypatch)) == ROWS


@pytest.mark.parametrize(
    ("dialect", "up_to", "bound"),
    [
        (sqlite.dialect(), 'datetime("at:x") <= datetime(:as_of)', "as_of.isoformat()"),
        (postgresql.dialect(), '"at:x" <= :as_of', "as_of.isoformat()"),
        (mysql.dialect(), "`at:x` <= :as_of", "as_of.replace(tzinfo=None)"),
    ],
    ids=["sqlite", "postgresql", "mysql"],
)
def test_the_moment_is_bound_as_each_kind_of_database_says_it(dialect: Any, up_to: str, bound: str) -> None:
    query, how = database.up_to_a_moment("SELECT 1 -- one", SimpleNamespace(dialect=dialect), "at:x")  # type: ignore[arg-type]
    assert (query.splitlines()[-1].replace("\\", ""), how) == (f"WHERE {up_to}", bound)
    assert query.splitlines()[2:4] == ["SELECT 1 -- one", ") AS found"]


@pytest.mark.parametrize(
    ("query", "url", "why"),
    [
        ("", "sqlite:///{shop}", "holds no query"),
        ("SELECT * FROM nope", "sqlite:///{shop}", "did not answer: no such table: nope"),
        ("SELECT * FROM orders WHERE id = :x", "sqlite:///{shop}", "bind parameter 'x'."),
        ("DROP TABLE orders", "sqlite:///{shop}", "attempt to write a readonly database"),
        ("DELETE FROM orders", "sqlite:///{shop}", "attempt to write a readonly database"),
        ("SELECT *, 1 AS late FROM orders", "sqlite:///{shop}", "two columns 'late'"),
        ("SELECT late, CASE id WHEN 1 THEN 'a' ELSE id END AS id FROM orders", "sqlite:///{shop}", "CAST(it AS text)"),
        ("SELECT * FROM orders", "sqlite:///shop.db", "write its whole path"),
        ("SELECT * FROM orders", "sqlite://", "write its whole path"),
        ("SELECT * FROM orders", "sqlite:////nowhere/shop.db", "there is no such file"),
        ("SELECT * FROM orders", "nothing", "holds no URL that SQLAlchemy reads"),
        ("SELECT * FROM orders", f"foo://ada:{SECRET}@db/x", "a kind of database that SQLAlchemy does not know"),
        ("SELECT * FROM orders", f"oracle+oracledb://ada:{SECRET}@db/x", "asks for the driver oracledb"),
        ("SELECT * FROM orders", "", "has no variable SHOP_URL"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_made_or_changed(
    shop: Path, query: str, url: str, why: str
) -> None:
    (shop.parent / "query.sql").write_text(query)
    before, held = sorted(os.listdir(shop.parent)), shop.read_bytes()
    environment = {"SHOP_URL": url.format(shop=shop)}
    with pytest.raises(Refusal) as refused:
        make(shop.parent / "new", shop.parent / "query.sql", "late", database="SHOP_URL", environment=environment)
    said = str(refused.value)
    assert why in said and SECRET not in said
    assert (said.count("\n"), said[-1]) == (0, ".")
    assert (sorted(os.listdir(shop.parent)), shop.read_bytes()) == (before, held)


def test_what_a_driver_says_is_told_without_the_password() -> None:
    said = database.said_by(RuntimeError(f"no ada:{SECRET} at x://{SECRET}@db\nmore"), SECRET)
    assert said == "no ada:... at the URL"


def test_a_file_that_is_written_beside_to_be_read_is_refused(shop: Path) -> None:
    with sqlite3.connect(shop) as db:
        db.execute("PRAGMA journal_mode=WAL")
    db.close()
    with pytest.raises(Refusal, match="journal_mode=DELETE"):
        made(shop)
    url = f"sqlite:///file:{shop}?immutable=1&uri=true"
    project = make(shop.parent / "shop", shop.parent / "query.sql", "late", database="U", environment={"U": url})
    assert load_manifest(project.folder).sandbox.read == (str(shop),)


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "query.sql", "--database", f"postgresql://ada:{SECRET}@db/sales"),
        ("--from", f"postgresql://ada:{SECRET}@db/sales"),
        ("--from", "shop.csv", "--database", f"postgresql://ada:{SECRET}@db/sales"),
    ],
)
def test_a_url_on_the_command_line_is_refused_and_not_repeated(
    shop: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.parent)
    told = call("new", "shop", *words, "--target", "late")
    assert (told.code, SECRET in told.err + told.out) == (1, False)
    assert "--from query.sql --database VARIABLE" in told.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "query.sql"), "say with --database"),
        (("--from", "shop.csv", "--database", "SHOP_URL"), "goes with a query"),
        (("--from", "query.sql", "--database", "LEVERFRAME_X"), "none of the engine's own"),
        (("--from", "query.sql", "--database", "a b"), "letters, digits and _"),
    ],
)
def test_a_query_and_a_variable_go_together(
    shop: Path, words: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.parent)
    told = call("new", "shop", *words, "--target", "late")
    assert told.code == 1 and why in told.err


def test_whoever_makes_it_hears_what_else_needs_the_variable_and_what_was_guessed(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.parent)
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{shop}")
    told = call("new", "shop", "--from", "query.sql", "--database", "SHOP_URL", "--target", "stars")
    assert (told.code, told.err) == (0, "")
    assert "query.sql, 200 rows; asked by each run, through SHOP_URL" in told.out
    assert "one of 5 numbers, so a classification; --task regression takes them for amounts" in told.out
    assert "Whatever runs steps needs SHOP_URL in its environment" in told.out
