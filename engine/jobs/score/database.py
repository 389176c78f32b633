"""Rows out of a database, behind a URL that only the environment holds; nothing repeats it.

They are what one statement sees: what others commit while it is read is not in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.errors import Refusal
from engine.jobs.score.learnt import Learnt, key_type, wanted
from engine.jobs.score.reading import PIECE, Piece
from engine.jobs.score.records import Place
from engine.projects.manifest.fields import shown
from engine.scaffold.database import engine_of, said_by
from engine.storage.disk import refused
from engine.text import plain
from engine.withheld import environment

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

_LONGEST = 100_000  # characters of a query


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


class Database:
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
        except (OverflowError, TypeError, ValueError):  # Of the driver's own; what it says may hold somebody's data.
            raise Refusal(f"{self.place.told} {what}: a value is none that it and its driver keep.") from None

    def named(self) -> tuple[str | None, str]:
        """The schema and the table."""
        schema, _, table = self.place.name.rpartition(".")
        return schema or None, table

    def quoted(self, table: str | None = None) -> str:
        schema, own = self.named()
        name = self.quote(table or own)
        return f"{self.quote(schema)}.{name}" if schema else name

    def quote(self, name: str) -> str:
        """A name as it stands in a statement for ``escaped``, which doubles a % itself where the driver wants that."""
        return self.engine.dialect.identifier_preparer.quote(name.replace("%", "\0")).replace("\0", "%")

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
        self._database = Database(place)
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
            asked = only_read.execute(sqlalchemy.text(escaped(self._select(place))))
        self._names = list(map(str, asked.keys()))
        self.columns = wanted(self._learnt, self._names, self.told)
        return asked

    def _select(self, place: Place) -> str:
        if place.kind == "query":
            return _query(Path(place.name))
        names = self._database.columns()
        if names is None:
            raise Refusal(f"{self.told} is not there; name a table that is.")
        quote = self._database.quote
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
                self._let_go()
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
                if pa.types.is_nested(columns[name].type):
                    raise TypeError(name)
            except (pa.ArrowException, OverflowError, TypeError, ValueError):
                raise Refusal(
                    f"The column {shown(name)} of {self.told} holds values of several types, or that no table keeps, "
                    f"in rows {start + 1:,} to {start + len(rows):,}; cast it in the query, such as CAST(it AS text)."
                ) from None
        return pa.table(columns)

    def _array(self, name: str, values: list[Any]) -> pa.Array:
        import pyarrow as pa

        word = None if name in self._learnt.features.names else key_type(self._learnt, name)
        plain_values = [_told(value, whole=word == "integer") for value in values]
        return pa.array(plain_values, {"integer": pa.int64(), "text": pa.string()}.get(word or ""))

    def _let_go(self) -> None:
        """Of what keeps others from writing, where the database is such."""
        with self._database.told("cannot be read to its end"):
            self._asked.close()
            self._database.connection.rollback()

    def share(self) -> float | None:
        return None

    def close(self) -> None:
        self._database.close()


def _told(value: Any, *, whole: bool) -> Any:
    """A value of a driver's as tables have it: decimals as numbers, like in a file, and identifiers as text."""
    if isinstance(value, Decimal):
        return int(value) if whole and value == value.to_integral_value() else float(value)
    return str(value) if isinstance(value, UUID) else value


def escaped(query: str) -> str:
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
