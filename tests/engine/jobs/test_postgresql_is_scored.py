"""PostgreSQL as what is read and what is written: types, gaps, names, who writes at once, what changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import Refusal
from engine.jobs.score import database, table_writing
from engine.jobs.score.database import DatabaseSource
from engine.jobs.score.learnt import Learnt
from engine.jobs.score.passage import Passage
from engine.jobs.score.places import place_of
from engine.jobs.score.records import Place
from engine.jobs.score.table_writing import TableSink
from engine.storage.workspace import Workspace
from tests import postgres
from tests.scoring_ground import ANSWERS, FEATURES, LABEL, Doubling, learnt

VARIABLE = "WAREHOUSE_URL"
ROWS = (
    "INSERT INTO incoming SELECT 100 + g, substr('AB', 1 + g % 2, 1), g / 4.0, g, 'a:b'"
    " FROM generate_series(4, 0, -1) g"
)
Ask = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.serving() as address:
        yield address


@pytest.fixture
def ask(server: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks a database of the test's own, which has a table ``incoming`` with five rows, the last first."""
    for module in (database, table_writing):
        monkeypatch.setattr(module, "PIECE", 2)
    postgres.ask(server, "DROP DATABASE IF EXISTS shop WITH (FORCE)", "CREATE DATABASE shop")
    address = f"{server.rpartition('/')[0]}/shop"
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://{address}")
    found = partial(postgres.ask, address)
    found("CREATE TABLE incoming (id bigint, place text, x double precision, n integer, note text)", ROWS)
    return found


def place(text: str, folder: Path) -> Place:
    return place_of(text, VARIABLE, output=False, base=folder)


def begun(
    folder: Path, source: str, output: str, of: Learnt | None, *, replace: bool = False, left: str | None = None
) -> tuple[DatabaseSource, Passage]:
    of = of or learnt()
    given = DatabaseSource(place(source, folder), of)
    sink = partial(TableSink, Workspace(folder / "home"), folder, place(output, folder), replace=replace, left=left)
    return given, Passage(given, Doubling(), of, 7, sink)


def scored(
    folder: Path, source: str = "table:incoming", output: str = "table:scored", of: Learnt | None = None,
    *, replace: bool = False, left: str | None = None,
) -> tuple[int, str]:  # fmt: skip
    given, passage = begun(folder, source, output, of, replace=replace, left=left)
    try:
        done = passage.all()
        passage.publish(replace=replace)
    finally:
        passage.close()
        given.close()
    return done


def test_a_table_is_read_in_the_order_of_its_key_and_gives_the_same_rows_again(ask: Ask, tmp_path: Path) -> None:
    first = scored(tmp_path)
    said = ask("SELECT * FROM scored")
    assert said.splitlines()[::4] == [f"100|0|0|{LABEL}|7", f"104|1|2|{LABEL}|7"]
    assert scored(tmp_path, replace=True) == first and ask("SELECT * FROM scored") == said
    with pytest.raises(Refusal, match="table:scored in WAREHOUSE_URL is there already; --replace writes over its rows"):
        scored(tmp_path)


def test_a_query_is_asked_as_it_stands(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "some.sql").write_text(
        "SELECT * FROM incoming WHERE note LIKE '%:%' AND id::text <> '100' ORDER BY id DESC;\n"
    )
    assert scored(tmp_path, "some.sql")[0] == 4
    assert [line[:3] for line in ask("SELECT * FROM scored").splitlines()] == ["104", "103", "102", "101"]


@pytest.mark.parametrize("query", ["DROP TABLE incoming", "DELETE FROM incoming RETURNING *", "COMMIT; SELECT 1",
                                   "SELECT id, place, x, n, nextval('counter') FROM incoming"])  # fmt: skip
def test_a_query_that_changes_something_is_refused(ask: Ask, tmp_path: Path, query: str) -> None:
    (tmp_path / "some.sql").write_text(query)
    ask("CREATE SEQUENCE counter")
    with pytest.raises(Refusal, match="cannot be read"):
        scored(tmp_path, "some.sql")
    assert ask("SELECT count(*) FROM incoming") == "5\n"


def test_names_of_any_case_words_of_sql_and_schemas_are_names(ask: Ask, tmp_path: Path) -> None:
    ask('CREATE SCHEMA "Big"', 'CREATE TABLE "Big"."Order" AS SELECT * FROM incoming')
    assert scored(tmp_path, "table:Big.Order", "table:Big.select")[0] == 5
    assert scored(tmp_path, "table:Big.Order", "table:Big.select", replace=True)[0] == 5
    assert ask('SELECT count(*) FROM "Big"."select"') == "5\n"
    with pytest.raises(Refusal, match='table:nowhere.scored .* schema "nowhere" does not exist'):
        scored(tmp_path, output="table:nowhere.scored")


def test_columns_of_any_name_are_read_and_written(ask: Ask, tmp_path: Path) -> None:
    odd = 'a "b" %s: (c)'
    quoted = '"a ""b"" %s: (c)"'
    ask(f"ALTER TABLE incoming RENAME COLUMN id TO {quoted}")
    of = Learnt(LABEL, FEATURES, ANSWERS, (odd,), {"columns": [{"name": odd, "type": "integer"}]}, {})
    assert scored(tmp_path, of=of)[0] == scored(tmp_path, of=of, replace=True)[0] == 5
    assert ask(f"SELECT max({quoted}) FROM scored") == "104\n"


def test_a_long_name_has_a_table_beside_it_all_the_same(ask: Ask, tmp_path: Path) -> None:
    name = "a" * 50
    assert scored(tmp_path, output=f"table:{name}")[0] == 5
    assert ask(f"SELECT count(*) FROM {name}") == "5\n"


def test_gaps_and_decimals_are_numbers_or_missing(ask: Ask, tmp_path: Path) -> None:
    ask("CREATE TABLE exact (id numeric(10), place char(2), x numeric, n smallint)",
        "INSERT INTO exact VALUES (1, 'A', 0.1, 1), (2, NULL, NULL, NULL), (3, 'B', 'NaN', 3), (4, 'C', 1e30, 4)")
    scored(tmp_path, "table:exact")
    assert ask("SELECT id, p_1 FROM scored").splitlines() == ["1|0.2", "2|", "3|NaN", "4|2e+30"]


def test_a_key_may_be_an_identifier_or_a_moment(ask: Ask, tmp_path: Path) -> None:
    ask("CREATE TABLE keyed AS SELECT gen_random_uuid() AS id, now() AS at, place, x, n FROM incoming")
    of = Learnt(LABEL, FEATURES, ANSWERS, ("id", "at"), {"columns": [{"name": "id", "type": "text"}]}, {})
    scored(tmp_path, "table:keyed", of=of)
    assert ask("SELECT count(*) FROM scored JOIN keyed ON scored.id = keyed.id::text AND scored.at = keyed.at") == "5\n"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("ALTER COLUMN place TYPE text[] USING ARRAY[place]", "The column 'place' of table:incoming"),
        ("ALTER COLUMN place TYPE jsonb USING '{}'", "The column 'place' of table:incoming"),
        ("ALTER COLUMN x TYPE boolean USING true", "The column 'x' of table:incoming .* is yes/no, and tiny@1 learnt"),
        ("ALTER COLUMN x TYPE text", "The column 'x' of table:incoming .* is text, and tiny@1 learnt it as number"),
    ],
)
def test_a_column_of_another_kind_is_refused(ask: Ask, tmp_path: Path, change: str, sentence: str) -> None:
    ask(f"ALTER TABLE incoming {change}")
    with pytest.raises(Refusal, match=sentence):
        scored(tmp_path)
    assert ask("SELECT count(*) FROM pg_tables WHERE tablename LIKE '%scored'") == "0\n"


def test_what_others_commit_while_it_is_read_is_not_in_it(ask: Ask, tmp_path: Path) -> None:
    source = DatabaseSource(place("table:incoming", tmp_path), learnt())
    pieces = source.pieces()
    found = [next(pieces).table]
    ask("UPDATE incoming SET x = 9", "DELETE FROM incoming WHERE id = 104", "INSERT INTO incoming VALUES (105)")
    found += [each.table for each in pieces]
    source.close()
    assert pa.concat_tables(found).column("x").to_pylist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_of_two_who_write_to_one_place_the_second_is_refused(ask: Ask, tmp_path: Path) -> None:
    given, first = begun(tmp_path, "table:incoming", "table:scored", None)
    first.all()
    with pytest.raises(Refusal, match="table:scored in WAREHOUSE_URL is being written by somebody else; wait for that"):
        scored(tmp_path)
    assert scored(tmp_path, output="table:other")[0] == 5
    first.publish(replace=False)
    first.close()
    given.close()
    assert ask("SELECT count(*) FROM scored") == "5\n"


def test_what_a_killed_run_put_there_may_be_written_over_and_nothing_else(ask: Ask, tmp_path: Path) -> None:
    digest = scored(tmp_path)[1]
    assert scored(tmp_path, left=digest) == (5, digest)
    ask("UPDATE scored SET prediction = 1 WHERE id = 100")
    with pytest.raises(Refusal, match="is there already"):
        scored(tmp_path, left=digest)


def test_a_reader_may_not_write_and_is_told_so_without_the_password(
    ask: Ask, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 's3cret'",
        "GRANT SELECT ON incoming TO reader")
    host = server.partition("@")[2].rpartition("/")[0]
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://reader:s3cret@{host}/shop")
    with pytest.raises(Refusal, match="table:scored .* cannot be written: permission denied for schema public") as told:
        scored(tmp_path)
    assert "s3cret" not in str(told.value)
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://reader:wr0ng@{host}/shop")
    with pytest.raises(Refusal, match="cannot be reached") as told:
        scored(tmp_path)
    assert "wr0ng" not in str(told.value)
    ask("DROP OWNED BY reader", "DROP ROLE reader")
