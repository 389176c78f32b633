"""Rows out of a database and into one, behind a URL that only the environment holds.

Rows are written to a table beside the place and put there in one transaction: whoever reads sees what was there before
or all of it. What stands there keeps its rights, its indexes and the views on it. Nothing repeats the URL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Refusal
from engine.jobs.score.learnt import Learnt, key_type, wanted
from engine.jobs.score.reading import PIECE, Piece
from engine.jobs.score.records import Place
from engine.projects.manifest.fields import shown
from engine.scaffold.database import engine_of, said_by
from engine.storage.disk import refused
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.withheld import environment

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

WRITABLE = ("sqlite", "postgresql")
_LONGEST = 100_000  # characters of a query
_STAGING = "leverframe_staging_"


class RowsDigest:
    """SHA-256 of rows as CSV, piece by piece: the same for the same rows, wherever they are."""

    def __init__(self) -> None:
        self._found = hashlib.sha256()

    def add(self, table: pa.Table) -> None:
        import pyarrow as pa
        import pyarrow.csv

        text = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, text, pyarrow.csv.WriteOptions(include_header=False))
        self._found.update(text.getvalue())

    @property
    def found(self) -> str:
        return self._found.hexdigest()


class _Database:
    """A connection, and what its driver says as a Refusal that tells no secret."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.engine, url = engine_of(place.variable, environment())
        self._secret, self.file = url.password, url.database if self.engine.dialect.name == "sqlite" else None
        with self.told("cannot be reached"):
            self.connection: Connection = self.engine.connect()

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        import sqlalchemy.exc

        try:
            yield
        except sqlalchemy.exc.SQLAlchemyError as error:
            said = said_by(error, self._secret)
            raise Refusal(f"{self.place.told} {what}: {said}.") from None

    def named(self) -> tuple[str | None, str]:
        """The schema and the table."""
        schema, _, table = self.place.name.rpartition(".")
        return schema or None, table

    def quoted(self, table: str | None = None) -> str:
        schema, own = self.named()
        quote = self.engine.dialect.identifier_preparer.quote
        name = quote(table or own)
        return f"{quote(schema)}.{name}" if schema else name

    def columns(self, table: str | None = None) -> list[str] | None:
        """The columns of the table in their order; None where there is none."""
        import sqlalchemy

        schema, own = self.named()
        found = sqlalchemy.inspect(self.connection)
        if not found.has_table(table or own, schema=schema):
            return None
        return [str(each["name"]) for each in found.get_columns(table or own, schema=schema)]

    def close(self) -> None:
        import sqlalchemy.exc

        with suppress(sqlalchemy.exc.SQLAlchemyError):
            self.connection.close()
        self.engine.dispose()


class DatabaseSource:
    """A table, ordered by the project's key where it has it, or what a query answers in the order that it says."""

    rows: int | None = None

    def __init__(self, place: Place, learnt: Learnt) -> None:
        self.told = place.told
        self.digest: str | None = None
        self._learnt, self._digest = learnt, RowsDigest()
        self._database = _Database(place)
        try:
            self._asked = self._ask(place)
        except BaseException:
            self._database.close()
            raise

    def _ask(self, place: Place) -> Any:
        import sqlalchemy

        database, connection = self._database, self._database.connection
        with database.told("cannot be read"):
            if database.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            only_read = connection.execution_options(
                postgresql_readonly=True, stream_results=True, max_row_buffer=PIECE
            )
            asked = only_read.execute(sqlalchemy.text(_escaped(self._select(place))))
        self._names = list(map(str, asked.keys()))
        self.columns = wanted(self._learnt, self._names, self.told)
        return asked

    def _select(self, place: Place) -> str:
        if place.kind == "query":
            return _query(Path(place.name))
        names = self._database.columns()
        if names is None:
            raise Refusal(f"{self.told} is not there; name a table that is.")
        quote = self._database.engine.dialect.identifier_preparer.quote
        read = wanted(self._learnt, names, self.told)
        key = [name for name in self._learnt.key if name in read]
        order = f" ORDER BY {', '.join(map(quote, key))}" if key else ""
        return f"SELECT {', '.join(map(quote, read))} FROM {self._database.quoted()}{order}"

    def pieces(self) -> Iterator[Piece]:
        start = 0
        while True:
            with self._database.told(f"cannot be read from row {start + 1:,} on"):
                rows = self._asked.fetchmany(PIECE)
            if not rows:
                self.digest = self._digest.found
                return
            table = self._table(rows, start)
            self._digest.add(table)
            yield Piece(start, table)
            start += len(rows)

    def _table(self, rows: Sequence[Sequence[Any]], start: int) -> pa.Table:
        import pyarrow as pa

        columns = {}
        for name in self.columns:
            values = [row[self._names.index(name)] for row in rows]
            try:
                columns[name] = self._array(name, values)
            except (pa.ArrowException, OverflowError, TypeError, ValueError):
                raise Refusal(
                    f"The column {shown(name)} of {self.told} holds values of several types, or that no table keeps, "
                    f"in rows {start + 1:,} to {start + len(rows):,}; cast it in the query, such as CAST(it AS text)."
                ) from None
        return pa.table(columns)

    def _array(self, name: str, values: list[Any]) -> pa.Array:
        import pyarrow as pa

        if name in self._learnt.features.names:
            found = pa.array(values)
            return found.cast(pa.float64()) if pa.types.is_decimal(found.type) else found
        word = key_type(self._learnt, name)
        return pa.array(values, {"integer": pa.int64(), "text": pa.string()}.get(word or ""))

    def share(self) -> float | None:
        return None

    def close(self) -> None:
        self._database.close()


def _escaped(query: str) -> str:
    """Without names to bind: a colon is one."""
    return query.replace("\\", "\\\\").replace(":", "\\:")


def _query(path: Path) -> str:
    with refused(f"{path} cannot be read"), path.open("rb") as file:
        content = file.read(4 * _LONGEST)
    try:
        query = content.decode("utf-8-sig").strip().rstrip(";").rstrip()
    except UnicodeDecodeError:
        raise Refusal(f"{plain(str(path), 200)} is no text in UTF-8; save the query as that.") from None
    if not query or len(query) > _LONGEST:
        what = "holds no query" if not query else f"is longer than {_LONGEST:,} characters"
        raise Refusal(f"{plain(str(path), 200)} {what}; write one SELECT into it.")
    return query


class TableSink:
    """A table of SQLite or PostgreSQL. ``schema``: of the rows as they are laid out."""

    def __init__(self, workspace: Workspace, place: Place, schema: pa.Schema, *, replace: bool) -> None:
        self._place, self._schema, self._digest = place, schema, RowsDigest()
        self._database = _Database(place)
        self._staging = f"{_STAGING}{self._database.named()[1]}"
        try:
            self._refuse(workspace, replace=replace)
            self._create()
        except BaseException:
            self._database.close()
            raise

    def _refuse(self, workspace: Workspace, *, replace: bool) -> None:
        database, told = self._database, self._place.told
        kind = database.engine.dialect.name
        if kind not in WRITABLE:
            raise Refusal(f"{told}: only {' and '.join(WRITABLE)} are written to; write a file, and load it there.")
        if database.file and Path(database.file).resolve().is_relative_to(workspace.root.resolve()):
            raise Refusal(f"{told} is inside the workspace, which keeps its own files; write to another database.")
        with database.told("cannot be written"):
            there = database.columns()
        if there is not None and not replace:
            raise Refusal(f"{told} is there already; --replace writes over its rows, or name another table.")
        if there is not None and there != self._schema.names:
            raise Refusal(
                f"{told} has other columns than are written ({', '.join(map(shown, self._schema.names))}); "
                "drop it, or name another table."
            )

    def _create(self) -> None:
        import sqlalchemy

        database = self._database
        with database.told("cannot be written"):
            database.connection.rollback()
            database.connection = database.connection.execution_options(isolation_level="AUTOCOMMIT")
            self._drop_staging()
            columns = [sqlalchemy.Column(each.name, _sql_type(each.type)) for each in self._schema]
            schema = database.named()[0]
            self._table = sqlalchemy.Table(self._staging, sqlalchemy.MetaData(), *columns, schema=schema)
            self._table.create(database.connection)

    def _drop_staging(self) -> None:
        self._database.connection.exec_driver_sql(f"DROP TABLE IF EXISTS {self._database.quoted(self._staging)}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self._database.connection
        connection.exec_driver_sql("BEGIN IMMEDIATE" if self._database.engine.dialect.name == "sqlite" else "BEGIN")
        try:
            yield
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")

    def write(self, table: pa.Table) -> None:
        rows = table.to_pylist()
        self._digest.add(table)
        if not rows:
            return
        with self._database.told("cannot be written"), self._transaction():
            self._database.connection.execute(self._table.insert(), rows)

    def finish(self) -> str:
        return self._digest.found

    def publish(self, *, replace: bool) -> None:
        database = self._database
        to, beside = database.quoted(), database.quoted(self._staging)
        quote = database.engine.dialect.identifier_preparer.quote
        names = ", ".join(map(quote, self._schema.names))
        with database.told("cannot be written"), self._transaction():
            if database.columns() is None:
                database.connection.exec_driver_sql(f"ALTER TABLE {beside} RENAME TO {quote(database.named()[1])}")
                return
            if not replace:
                raise Refusal(f"{self._place.told} is there by now; --replace writes over its rows.")
            database.connection.exec_driver_sql(f"DELETE FROM {to}")
            database.connection.exec_driver_sql(f"INSERT INTO {to} ({names}) SELECT {names} FROM {beside}")
            database.connection.exec_driver_sql(f"DROP TABLE {beside}")

    def close(self) -> None:
        import sqlalchemy.exc

        with suppress(sqlalchemy.exc.SQLAlchemyError):
            self._drop_staging()
        self._database.close()


def _sql_type(kind: pa.DataType) -> Any:
    import pyarrow as pa
    import sqlalchemy

    if pa.types.is_boolean(kind):
        return sqlalchemy.Boolean()
    if pa.types.is_integer(kind):
        return sqlalchemy.BigInteger()
    if pa.types.is_floating(kind):
        return sqlalchemy.Double()
    if pa.types.is_timestamp(kind):
        return sqlalchemy.DateTime(timezone=kind.tz is not None)
    if pa.types.is_date(kind):
        return sqlalchemy.Date()
    if pa.types.is_decimal(kind):
        return sqlalchemy.Numeric(kind.precision, kind.scale)
    return sqlalchemy.Text()
