"""A scoring of five rows in three pieces, in a process that is killed before its Nth change of a file, or before its
Nth statement that changes something."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from tests.forks import Forks

IMPORTED = (
    "engine.jobs.score.table_writing", "engine.scaffold.database", "tests.scoring_ground", "psycopg", "pyarrow.csv",
    "pyarrow.compute", "pyarrow.parquet", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite",
)  # fmt: skip
# A statement is told of before the database is: SQLite's own changes are no events of Python's.
PREPARATION = """
import os, signal, tempfile
from functools import partial
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from engine.jobs.score import database, reading, table_writing, writing
from engine.jobs.score.passage import Passage
from engine.jobs.score.places import place_of
from engine.storage.workspace import Workspace
from tests.scoring_ground import Doubling, learnt, scored
for module in (database, reading, table_writing, writing):
    module.PIECE = 2
left = [{statement}]
def told(connection, cursor, statement, *_):
    left[0] -= not statement.startswith(("SELECT", "PRAGMA"))
    if left[0] == 0 and not statement.startswith(("SELECT", "PRAGMA")):
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, "before_cursor_execute", told)
def to_table(folder, replace):
    tempfile.tempdir = str(folder)  # as a run's lies in its own folder, where what a killed one kept is found
    place = lambda name: place_of("table:" + name, "WAREHOUSE_URL", output=False, base=folder)
    given = database.DatabaseSource(place("incoming"), learnt())
    sink = partial(table_writing.TableSink, Workspace(folder / "home"), folder, place("scored"), replace=replace)
    passage = Passage(given, Doubling(), learnt(), 7, sink)
    try:
        passage.all()
        passage.publish(replace=replace)
    finally:
        passage.close()
        given.close()
"""


@cache
def forks() -> Forks:
    return Forks(*IMPORTED, environment=os.environ)


def killed(act: str, *, change: int = 0, statement: int = 0) -> bool:
    """Whether ``act`` was killed: before its ``change``, or before its ``statement``; 0: never."""
    code, said = forks().run(act, os.environ, PREPARATION.replace("{statement}", str(statement)), change)
    assert code in (0, -9), said
    return code != 0


def to_file(source: Path, output: Path) -> str:
    return f"scored(Path({str(source)!r}), Path({str(output)!r}))"


def to_table(folder: Path, *, replace: bool) -> str:
    return f"to_table(Path({str(folder)!r}), {replace})"
