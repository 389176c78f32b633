"""A query's rows as a table, and how the new project reads them: by a URL that only the environment holds.

The URL has a password in it. It is taken from a variable, handed to SQLAlchemy and kept nowhere; no sentence repeats
it, and what a driver says when it fails is told without it.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Refusal
from engine.projects.manifest.fields import shown, text_problem
from engine.scaffold.reading import DataFile, check_names
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL, Connection, Engine

# Rows of the answer that are looked at.
ROWS_LOOKED_AT, BATCH = 100_000, 10_000
_LONGEST = 100_000  # characters of a query
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_ASKS = re.compile(r"(?<![:\w\\]):as_of\b(?!:)")
# What brings a driver, where it is not called like the module.
_PACKAGES = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
_AS_TEXT, _WITHOUT_ZONE = "as_of.isoformat()", "as_of.replace(tzinfo=None)"
_WAY = "leverframe new NAME --from query.sql --database VARIABLE --target COLUMN"


@dataclass(frozen=True)
class Database:
    """``query``: what the project asks, with ``:as_of`` where it is bound as ``bound`` (pandas' words; "" where not).

    ``variable`` holds the URL. ``packages`` read it, as requirements. ``file``: what SQLite's steps must be let read.
    """

    variable: str
    query: str
    bound: str
    packages: tuple[str, ...]
    file: Path | None


def read(path: Path, variable: str, environment: Mapping[str, str], time: str | None) -> tuple[DataFile, Database]:
    """The rows that the query in ``path`` answers with. Raises Refusal where it cannot be asked."""
    query = _query(path)
    engine, url = engine_of(variable, environment)
    database = _database(query, engine, url, variable, time)
    try:
        table, whole = _answer(engine, database, url.password)
    finally:
        engine.dispose()
    check_names(table.column_names, plain(path.name, 100))
    return DataFile(path.resolve(), len(query), table, whole, "pd.read_sql(asked, connection)"), database


def refuse_url(given: str) -> None:
    """A URL that was typed is in the shell's history already; it goes no further, and is not repeated."""
    if re.search(r"\w{3}:/", given):
        raise Refusal(
            "A database's URL is not taken from the command line: its password would stay in the shell's history. "
            f"Put it into an environment variable, the query into a file, and name both: '{_WAY}'."
        )


def _query(path: Path) -> str:
    said = plain(str(path), 200)
    if not path.is_file():
        raise Refusal(f"{said} is not there or is not a file; name a file with one SELECT with --from.")
    try:
        query = path.read_bytes()[: 4 * _LONGEST].decode("utf-8-sig").strip().rstrip(";").rstrip()
    except UnicodeDecodeError:
        raise Refusal(f"{said} is no text in UTF-8; save the query as that.") from None
    if not query or len(query) > _LONGEST:
        what = "holds no query" if not query else f"is longer than {_LONGEST:,} characters"
        raise Refusal(f"{said} {what}; write one SELECT into it.")
    return query


def engine_of(variable: str, environment: Mapping[str, str]) -> tuple[Engine, URL]:
    """What speaks to the database whose URL ``variable`` holds. Raises Refusal, without the URL."""
    refuse_url(variable)
    if not _NAME.fullmatch(variable) or variable.upper().startswith("LEVERFRAME"):
        raise Refusal(
            "--database takes the name of an environment variable that holds the URL, of letters, digits and _, and "
            "none of the engine's own; such as WAREHOUSE_URL."
        )
    if not environment.get(variable):
        raise Refusal(
            f"The environment has no variable {variable}; let it hold the database's URL, such as "
            "postgresql+psycopg://reader:password@host/warehouse or sqlite:////data/shop.db."
        )
    try:
        import sqlalchemy
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    except ImportError:
        raise Refusal(
            "SQLAlchemy reads databases, and it is not installed beside Leverframe; install leverframe[sql]."
        ) from None
    try:
        url = sqlalchemy.make_url(environment[variable])
        return sqlalchemy.create_engine(url), url
    except NoSuchModuleError:
        raise Refusal(
            f"{variable} names a kind of database that SQLAlchemy does not know; install the package that brings its "
            "dialect beside Leverframe, or mend the beginning of the URL."
        ) from None
    except ImportError as error:
        module = plain(str(error.name or "its driver"), 60)
        raise Refusal(
            f"{variable} asks for the driver {module}, which is not installed beside Leverframe; install "
            f"{_PACKAGES.get(module, module)}, or name another in the URL."
        ) from None
    except (ArgumentError, ValueError, TypeError):
        raise Refusal(
            f"{variable} holds no URL that SQLAlchemy reads; write it such as "
            "postgresql+psycopg://reader:password@host/warehouse or sqlite:////data/shop.db."
        ) from None


def _database(query: str, engine: Engine, url: URL, variable: str, time: str | None) -> Database:
    file = _file(url, engine, variable)
    asked, bound = up_to_a_moment(query, engine, time)
    return Database(variable, asked, bound, tuple(_packages(engine)), file)


def up_to_a_moment(query: str, engine: Engine, time: str | None) -> tuple[str, str]:
    """The query that is kept, and how ``as_of`` is bound in it: where it asks for it, else around it by ``time``."""
    kind = engine.dialect.name
    # As text both understand a zone, also where the column has none: that is UTC then. Others get UTC without one.
    bound = _AS_TEXT if kind in ("sqlite", "postgresql") else _WITHOUT_ZONE
    if _ASKS.search(query):
        return f"{query}\n", bound
    if time is None:
        return f"{query}\n", ""
    column = engine.dialect.identifier_preparer.quote_identifier(time).replace(":", r"\:")
    up_to = f"datetime({column}) <= datetime(:as_of)" if kind == "sqlite" else f"{column} <= :as_of"
    head = "-- The query, up to the moment that is asked for.\nSELECT * FROM ("
    return f"{head}\n{query}\n) AS found\nWHERE {up_to}\n", bound


def _answer(engine: Engine, database: Database, secret: object) -> tuple[pa.Table, bool]:
    """The first rows of what it answers of now, and whether they are all. ``secret`` is taken out of what it says."""
    import sqlalchemy

    from engine import clock

    now = clock.now()
    value = now.isoformat() if database.bound == _AS_TEXT else now.replace(tzinfo=None)
    try:
        with engine.connect() as connection:
            only_read = _only_read(connection)
            rows: Any = only_read.execution_options(stream_results=True, max_row_buffer=BATCH).execute(
                sqlalchemy.text(database.query), {"as_of": value} if database.bound else {}
            )
            names = list(map(str, rows.keys()))
            found = rows.fetchmany(ROWS_LOOKED_AT + 1)
    except sqlalchemy.exc.SQLAlchemyError as error:
        said = said_by(error, secret)
        raise Refusal(f"The database that {database.variable} names did not answer: {said}.") from None
    return _table(names, found[:ROWS_LOOKED_AT]), len(found) <= ROWS_LOOKED_AT


def _only_read(connection: Connection) -> Connection:
    """In the file may be anything, and to look changes nothing, where the kind of database has a way to say so."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        if mode == "wal" and "immutable" not in connection.engine.url.query:
            raise Refusal(
                "The database is in SQLite's WAL mode, which writes beside its file to read it, and a step writes "
                "nothing there; 'PRAGMA journal_mode=DELETE' ends that. Of a file that nobody writes to, the URL can "
                "say so: sqlite:///file:/data/shop.db?immutable=1&uri=true."
            )
    return connection.execution_options(postgresql_readonly=True)


def said_by(error: Exception, secret: object) -> str:
    """The first line of the driver's own words; SQLAlchemy's would add the query."""
    own = getattr(error, "orig", None) or error
    said = (str(own).strip().splitlines() or [type(own).__name__])[0].partition(" (Background on this error")[0]
    if secret:
        said = said.replace(str(secret), "...")
    return plain(re.sub(r"\S+://\S*", "the URL", said), 200).rstrip(".")


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    import pyarrow as pa

    columns = []
    for place, name in enumerate(names):
        try:
            column = pa.array([row[place] for row in rows])
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            raise Refusal(
                f"The column {shown(plain(name, 60))} of the query holds values that no table keeps, or of several "
                "types; cast it in the query, such as CAST(it AS text)."
            ) from None
        # pandas makes floats of exact decimals, and it is pandas that reads them in extract.
        columns.append(column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column)
    return pa.table(columns, names=list(names))


def _file(url: URL, engine: Engine, variable: str) -> Path | None:
    """The file of SQLite, which steps must be let read; None for a database that is reached over the network."""
    if engine.dialect.name != "sqlite":
        return None
    path = Path((url.database or "").removeprefix("file:").partition("?")[0])
    if not path.is_absolute():
        raise Refusal(
            f"{variable} names SQLite's file from this folder on, and steps run in others; write its whole path, such "
            "as sqlite:////data/shop.db."
        )
    if not path.is_file():
        raise Refusal(f"{variable} names {plain(str(path), 200)}, and there is no such file; mend the URL.")
    if text_problem(str(path), 1000):
        raise Refusal(f"{plain(str(path), 200)} has a name that leverframe.toml could not say; rename it.")
    return path.resolve()


def _packages(engine: Engine) -> Iterator[str]:
    """SQLAlchemy, what brings the dialect, and the driver, as they are installed here."""
    brought = importlib.metadata.packages_distributions()
    driver = getattr(engine.dialect.dbapi, "__name__", "")
    modules = {"sqlalchemy", type(engine.dialect).__module__.partition(".")[0], driver.partition(".")[0]}
    for module in sorted(modules):
        for package in brought.get(module, [])[:1]:  # none for what comes with Python
            yield f"{_PACKAGES.get(module, package.lower())}=={importlib.metadata.version(package)}"
