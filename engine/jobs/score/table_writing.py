"""What is said of rows, written as a table of SQLite or PostgreSQL that is there whole or as it was before.

Rows are written beside the place and put there in one transaction. What stands there keeps its rights, its indexes and
the views on it. SQLite lets nobody write while its rows are read, so there they wait in a file of the run's; PostgreSQL
has a table beside the place, and of two who write to one place the second is refused by the server's own lock, which
goes with the connection of whoever is killed.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Refusal
from engine.jobs.score.database import Database, RowsDigest, escaped
from engine.jobs.score.reading import PIECE
from engine.jobs.score.records import Place
from engine.projects.manifest.fields import shown
from engine.storage.disk import refused
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Table

WRITABLE = ("sqlite", "postgresql")
_STAGING = "leverframe_staging_"
_LONGEST_NAME = 63  # bytes, in PostgreSQL
_FILE = "leverframe_rows"  # what the file of the run's is called where it is attached


class TableSink:
    """A table. ``waiting``: a folder of the run's own, which goes with what it keeps for a while, also where it is
    killed; ``schema``: of the rows as they are laid out; ``left``: the digest of what a run wrote there that did not
    come to its end, which may be written over."""

    def __init__(
        self, workspace: Workspace, waiting: Path, place: Place, schema: pa.Schema, *, replace: bool,
        left: str | None = None,
    ) -> None:  # fmt: skip
        self._waiting, self._place, self._schema, self._digest = waiting, place, schema, RowsDigest()
        self._database = Database(place)
        self._beside: Path | None = None
        try:
            self._refuse_place(workspace)
            with self._database.told("cannot be written"):
                self._prepare()
                self._replace = replace or (left is not None and self._found() == left)
                self._refuse_table()
                self._create()
        except BaseException:
            self.close()
            raise

    @property
    def _kind(self) -> str:
        return self._database.engine.dialect.name

    def _refuse_place(self, workspace: Workspace) -> None:
        database, told = self._database, self._place.told
        if self._kind not in WRITABLE:
            raise Refusal(f"{told}: only {' and '.join(WRITABLE)} are written to; write a file, and load it there.")
        if database.file and Path(database.file).resolve().is_relative_to(workspace.root.resolve()):
            raise Refusal(f"{told} is inside the workspace, which keeps its own files; write to another database.")

    def _prepare(self) -> None:
        database = self._database
        database.connection.rollback()
        database.connection = database.connection.execution_options(isolation_level="AUTOCOMMIT")
        if self._kind == "postgresql" and not self._alone():
            raise Refusal(f"{self._place.told} is being written by somebody else; wait for that, or end it.")

    def _alone(self) -> bool:
        """Whether this connection has the place to itself, for as long as it lasts."""
        import sqlalchemy

        asked = sqlalchemy.text("SELECT pg_try_advisory_lock(hashtextextended(:place, 8485))")
        return bool(self._database.connection.execute(asked, {"place": self._database.quoted()}).scalar())

    def _refuse_table(self) -> None:
        told, there = self._place.told, self._database.columns()
        if there is not None and not self._replace:
            raise Refusal(f"{told} is there already; --replace writes over its rows, or name another table.")
        if there is not None and there != self._schema.names:
            raise Refusal(
                f"{told} has other columns than are written ({', '.join(map(shown, self._schema.names))}); "
                "drop it, or name another table."
            )

    def _found(self) -> str | None:
        """The digest of the rows that stand there, in the order in which they do; None where they are none of ours."""
        import pyarrow as pa

        if self._database.columns() != self._schema.names:
            return None
        found, names = RowsDigest(), self._schema.names
        asked = self._run(f"SELECT {self._names()} FROM {self._database.quoted()}")
        while rows := asked.fetchmany(PIECE):
            columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            try:
                found.add(pa.table([pa.array(columns[each.name], each.type) for each in self._schema], names=names))
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                return None
        return found.found

    def _table_of(self, schema: str | None, name: str) -> Table:
        import sqlalchemy

        columns = [sqlalchemy.Column(each.name, _sql_type(each.type)) for each in self._schema]
        return sqlalchemy.Table(name, sqlalchemy.MetaData(), *columns, schema=schema)

    def _create(self) -> None:
        schema, own = self._database.named()
        if self._kind == "sqlite":
            with refused("The rows have nowhere to wait"):
                self._beside = Path(tempfile.mkdtemp(prefix="rows-", dir=self._waiting)) / "rows.db"
            self._run(f"ATTACH DATABASE '{str(self._beside).replace(chr(39), 2 * chr(39))}' AS {_FILE}")
            for setting in ("journal_mode = OFF", "synchronous = OFF"):
                self._run(f"PRAGMA {_FILE}.{setting}")
            self._table = self._table_of(_FILE, "rows")
        else:
            self._table = self._table_of(schema, _staging(own))
            self._table.drop(self._database.connection, checkfirst=True)
        self._table.create(self._database.connection)
        self._created = True

    _created = False

    def _run(self, statement: str) -> Any:
        import sqlalchemy

        return self._database.connection.execute(sqlalchemy.text(escaped(statement)))

    def _names(self) -> str:
        return ", ".join(map(self._database.quote, self._schema.names))

    def _staged(self) -> str:
        quote, schema = self._database.quote, self._table.schema
        return f"{quote(schema)}.{quote(self._table.name)}" if schema else quote(self._table.name)

    @contextmanager
    def _transaction(self, begin: str = "BEGIN") -> Iterator[None]:
        self._run(begin)
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

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
        immediate = "BEGIN IMMEDIATE" if self._kind == "sqlite" else "BEGIN"
        with self._database.told("cannot be written"), self._transaction(immediate):
            if self._database.columns() is None:
                self._named()
                return
            if not (replace or self._replace):
                raise Refusal(f"{self._place.told} is there by now; --replace writes over its rows.")
            self._run(f"DELETE FROM {self._database.quoted()}")
            self._copy()

    def _named(self) -> None:
        """Give the rows the name of the place, which nobody has."""
        if self._kind == "postgresql":
            own = self._database.quote(self._database.named()[1])
            self._run(f"ALTER TABLE {self._staged()} RENAME TO {own}")
            self._created = False
            return
        self._table_of(*self._database.named()).create(self._database.connection)
        self._copy()

    def _copy(self) -> None:
        to, names, order = self._database.quoted(), self._names(), " ORDER BY rowid" if self._kind == "sqlite" else ""
        self._run(f"INSERT INTO {to} ({names}) SELECT {names} FROM {self._staged()}{order}")

    def close(self) -> None:
        import sqlalchemy.exc

        with suppress(sqlalchemy.exc.SQLAlchemyError):
            if self._created and self._kind == "postgresql":
                self._table.drop(self._database.connection, checkfirst=True)
        self._database.close()
        if self._beside is not None:
            with suppress(OSError):
                self._beside.unlink(missing_ok=True)
                self._beside.parent.rmdir()


def _staging(table: str) -> str:
    """The name of the table beside the place, no longer than a name may be."""
    name = f"{_STAGING}{table}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 13]}_{hashlib.sha256(table.encode()).hexdigest()[:12]}"


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
