"""What a version can be exported to, by which packages, and within which bounds. Data; nothing here acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Invalid
from engine.text import plain


@dataclass(frozen=True)
class Target:
    """``kind``: onnx or sql; ``packages``: what is added to the version's own for it, as requirements; ``file``: what
    the model is called in the folder; ``words``: what it is called in sentences."""

    kind: str
    dialect: str
    packages: tuple[str, ...]
    file: str
    words: str

    @property
    def name(self) -> str:
        return f"{self.kind} {self.dialect}".rstrip()


# The converters are held to what was tried: a release of theirs may write another file for the same model.
_READS = "pyarrow"
_SQL = ("orbital==0.6.0", "skl2onnx==1.20.0", _READS)
_ALL = (
    Target("onnx", "", ("skl2onnx==1.20.0", "onnxruntime>=1.18,<2", _READS), "model.onnx", "ONNX"),
    Target("sql", "duckdb", (*_SQL, "duckdb>=1,<3"), "model.duckdb.sql", "SQL for DuckDB"),
    Target("sql", "sqlite", _SQL, "model.sqlite.sql", "SQL for SQLite"),
    Target("sql", "postgresql", _SQL, "model.postgresql.sql", "SQL for PostgreSQL"),
)
TARGETS: Mapping[str, Target] = {each.name: each for each in _ALL}
KINDS = ("onnx", "sql")
DIALECTS = tuple(each.dialect for each in _ALL if each.dialect)

CONVERT_SECONDS = 300.0
SCORE_SECONDS = 600.0
MEMORY = 4 << 30


@dataclass(frozen=True)
class SqlBounds:
    """A forest of 100 trees took 117 s to write as SQL, and gave wrong rows; nothing larger than this is tried."""

    trees: int = 20
    nodes: int = 2_000


SQL_BOUNDS = SqlBounds()


def target(kind: str, dialect: str = "") -> Target:
    """The target of that name. Raises Invalid."""
    found = TARGETS.get(f"{kind} {dialect or ('duckdb' if kind == 'sql' else '')}".rstrip())
    if found is None:
        raise Invalid(
            f"'{plain(f'{kind} {dialect}'.rstrip(), 40)}' is nothing that a version can be exported to; choose "
            f"{' or '.join(KINDS)}, and for sql one of the dialects {', '.join(DIALECTS)}."
        )
    return found
