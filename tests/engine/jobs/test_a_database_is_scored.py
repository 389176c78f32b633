"""Rows out of a database and into one: there whole or as before, and the URL is told to nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refusal
from engine.jobs.score import reading
from engine.jobs.score.database import DatabaseSource
from engine.jobs.score.passage import Passage
from engine.jobs.score.places import place_of
from engine.jobs.score.records import Place
from engine.jobs.score.table_writing import TableSink
from engine.storage.workspace import Workspace
from tests.scoring_ground import LABEL, Doubling, learnt, rows

VARIABLE = "WAREHOUSE_URL"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A table ``incoming`` with five rows, the last first; its URL is in the environment."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # As a run's lies in its folder, and goes with that.
    monkeypatch.setattr(reading, "PIECE", 2)
    monkeypatch.setattr("engine.jobs.score.database.PIECE", 2)
    file = tmp_path / "shop.db"
    monkeypatch.setenv(VARIABLE, f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE incoming (id INTEGER, place TEXT, x REAL, n INTEGER, note TEXT)")
        given = [tuple(each.values()) for each in rows().drop_columns(["late"]).to_pylist()]
        db.executemany("INSERT INTO incoming VALUES (?, ?, ?, ?, 'a:b')", given[::-1])
        db.commit()
        yield db


def place(text: str, folder: Path) -> Place:
    return place_of(text, VARIABLE, output=False, base=folder)


def scored(
    folder: Path, source: str = "table:incoming", output: str = "table:scored", *, replace: bool = False
) -> tuple[int, str]:
    given = DatabaseSource(place(source, folder), learnt())
    sink = partial(TableSink, Workspace(folder / "home"), folder, place(output, folder), replace=replace)
    passage = Passage(given, Doubling(), learnt(), 7, sink)
    try:
        done = passage.all()
        passage.publish(replace=replace)
    finally:
        passage.close()
        given.close()
    return done


def everything(db: sqlite3.Connection, table: str = "scored") -> list[tuple[Any, ...]]:
    return db.execute(f"SELECT * FROM {table}").fetchall()


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_table_is_read_in_the_order_of_its_key_and_written_with_who_said_it(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    count, digest = scored(tmp_path)
    assert count == 5
    assert everything(database)[:2] == [(100, 0, 0.0, LABEL, 7), (101, 0, 0.5, LABEL, 7)]
    assert [row[0] for row in everything(database)] == [100, 101, 102, 103, 104]
    assert tables(database) == {"incoming", "scored"}
    assert scored(tmp_path, replace=True) == (5, digest)


def test_a_query_is_asked_as_it_stands_in_its_file(database: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "some.sql").write_text("SELECT * FROM incoming WHERE note = 'a:b' AND id > 102 ORDER BY id DESC;\n")
    scored(tmp_path, "some.sql")
    assert [row[0] for row in everything(database)] == [104, 103]


def test_what_is_there_keeps_its_views_and_indexes_when_its_rows_are_replaced(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    scored(tmp_path)
    database.execute("CREATE INDEX by_id ON scored (id)")
    database.execute("CREATE VIEW late AS SELECT id FROM scored WHERE prediction = 1")
    database.execute("DELETE FROM incoming WHERE id = 104")
    database.commit()
    with pytest.raises(Refusal, match="table:scored in WAREHOUSE_URL is there already; --replace writes over its rows"):
        scored(tmp_path)
    assert len(everything(database)) == 5
    scored(tmp_path, replace=True)
    assert [row[0] for row in everything(database, "late")] == [103]
    assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'by_id'").fetchone() == (1,)


def test_a_table_with_other_columns_is_not_written_over(database: sqlite3.Connection, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="table:incoming in WAREHOUSE_URL has other columns than are written"):
        scored(tmp_path, output="table:incoming", replace=True)
    assert len(everything(database, "incoming")) == 5


def test_rows_wait_in_the_folder_that_the_sink_was_given_and_go_with_it(
    database: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a run that is the folder of what it keeps for a while, which goes when it is settled, however it ended."""
    elsewhere, waiting = tmp_path / "elsewhere", tmp_path / "waiting"
    elsewhere.mkdir()
    waiting.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    given = DatabaseSource(place("table:incoming", tmp_path), learnt())
    sink = partial(TableSink, Workspace(tmp_path / "home"), waiting, place("table:scored", tmp_path), replace=True)
    passage = Passage(given, Doubling(), learnt(), 8, sink)
    passage.all()
    (file,) = waiting.rglob("*.db")
    assert file.stat().st_size > 0 and list(elsewhere.iterdir()) == []
    passage.publish(replace=True)
    passage.close()
    given.close()
    assert len(everything(database)) == 5 and list(waiting.iterdir()) == []


def test_rows_that_have_nowhere_to_wait_are_refused(database: sqlite3.Connection, tmp_path: Path) -> None:
    given = DatabaseSource(place("table:incoming", tmp_path), learnt())
    gone = partial(TableSink, Workspace(tmp_path / "home"), tmp_path / "gone", place("table:scored", tmp_path))
    passage = Passage(given, Doubling(), learnt(), 8, partial(gone, replace=False))
    with pytest.raises(Refusal, match="The rows have nowhere to wait"):
        passage.all()
    passage.close()
    given.close()
    assert tables(database) == {"incoming"}


def test_whoever_is_killed_leaves_what_was_there(database: sqlite3.Connection, tmp_path: Path) -> None:
    scored(tmp_path)
    before = everything(database)
    database.execute("UPDATE incoming SET x = 9.0")
    database.commit()
    given = DatabaseSource(place("table:incoming", tmp_path), learnt())
    sink = partial(TableSink, Workspace(tmp_path / "home"), tmp_path, place("table:scored", tmp_path), replace=True)
    passage = Passage(given, Doubling(), learnt(), 8, sink)
    passage.all()  # And no publish, nor close.
    assert everything(database) == before
    assert tables(database) == {"incoming", "scored"}
    given.close()
    scored(tmp_path, replace=True)
    assert everything(database)[0] == (100, 1, 18.0, LABEL, 7)
    assert tables(database) == {"incoming", "scored"}


def test_a_failure_while_it_is_put_there_leaves_what_was_there(database: sqlite3.Connection, tmp_path: Path) -> None:
    scored(tmp_path)
    database.execute("CREATE TRIGGER no BEFORE INSERT ON scored BEGIN SELECT RAISE(ABORT, 'no room'); END")
    database.commit()
    before = everything(database)
    with pytest.raises(Refusal, match=r"table:scored in WAREHOUSE_URL cannot be written: no room\."):
        scored(tmp_path, replace=True)
    assert everything(database) == before
    assert tables(database) == {"incoming", "scored"}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("table:nothing", "table:nothing in WAREHOUSE_URL is not there; name a table that is."),
        ("bad.sql", "cannot be read: near \"SELEC\": syntax error."),
        ("empty.sql", "empty.sql holds no query; write one SELECT into it."),
        ("drops.sql", "cannot be read: attempt to write a readonly database."),
        ("few.sql", "has no column 'x', which tiny@1 needs: it has 'id', 'place', 'n'."),
    ],
)
def test_what_cannot_be_asked_is_told(
    database: sqlite3.Connection, tmp_path: Path, source: str, sentence: str
) -> None:
    (tmp_path / "bad.sql").write_text("SELEC 1")
    (tmp_path / "empty.sql").write_text(" ; \n")
    (tmp_path / "drops.sql").write_text("DROP TABLE incoming")
    (tmp_path / "few.sql").write_text("SELECT id, place, n FROM incoming")
    with pytest.raises(Refusal) as refused:
        scored(tmp_path, source)
    assert str(refused.value).endswith(sentence)
    assert len(everything(database, "incoming")) == 5


def test_a_column_of_several_types_is_told_with_its_rows(database: sqlite3.Connection, tmp_path: Path) -> None:
    database.execute("UPDATE incoming SET x = 'many' WHERE id = 103")
    database.commit()
    with pytest.raises(Refusal, match="The column 'x' of table:incoming .* in rows 3 to 4; cast"):
        scored(tmp_path)
    assert tables(database) == {"incoming"}


@pytest.mark.parametrize("url", ["postgresql+psycopg://ada:s3cret@nowhere.invalid/x", "no url", ""])
def test_a_url_is_never_repeated(
    database: sqlite3.Connection, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    with pytest.raises(Refusal) as refused:
        scored(tmp_path)
    assert "s3cret" not in str(refused.value) and (not url or url not in str(refused.value))


def test_the_ledger_is_never_written_to(
    database: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    ledger = tmp_path / "home" / "ledger.db"
    ledger.write_bytes((tmp_path / "shop.db").read_bytes())
    monkeypatch.setenv(VARIABLE, f"sqlite:///{ledger}")
    with pytest.raises(Refusal, match="is inside the workspace, which keeps its own files"):
        scored(tmp_path)
    with closing(sqlite3.connect(ledger)) as db:
        assert tables(db) == {"incoming"}
