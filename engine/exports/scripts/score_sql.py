"""Score rows with each query that was written, in DuckDB or SQLite: ``<way>.parquet`` for ``<way>.sql``."""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import sys

if __name__ == "__main__":
    # This folder would shadow a module of the project's.
    sys.path.pop(0)

import importlib.util
from pathlib import Path
from typing import Any, Dict


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


common: Any = _beside("export_model")


def _in_duckdb(query: str, asked: Dict[str, Any], rows: Any) -> Any:
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute(asked["create"])
    connection.register("given", rows)
    connection.execute(f'INSERT INTO "{asked["table"]}" SELECT * FROM given')
    cursor = connection.execute(query)
    return [each[0] for each in cursor.description], cursor.fetchall(), f"DuckDB {duckdb.__version__}"


def _in_sqlite(query: str, asked: Dict[str, Any], rows: Any) -> Any:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.execute(asked["create"])
    marks = ", ".join("?" * rows.num_columns)
    columns = [column.to_pylist() for column in rows.columns]
    connection.executemany(f'INSERT INTO "{asked["table"]}" VALUES ({marks})', zip(*columns))
    cursor = connection.execute(query)
    return [each[0] for each in cursor.description], cursor.fetchall(), f"SQLite {sqlite3.sqlite_version}"


def _table(names: Any, found: Any, key: str, rows: int) -> Any:
    """The answers in the order of the rows: a query promises none."""
    import pyarrow as pa

    found = sorted(found, key=lambda row: row[names.index(key)])
    if [row[names.index(key)] for row in found] != list(range(rows)):
        raise ValueError(f"the query gave {len(found)} answers for {rows} rows")
    columns = {}
    for place, name in enumerate(names):
        values = [row[place] for row in found]
        if name[:2] == "p_":
            values = [None if each is None else float(each) for each in values]
        columns[name] = pa.array(values)
    return pa.table(columns)


def score() -> None:
    """Run each query over ``rows.parquet``."""
    import pyarrow.parquet

    asked, failed, by = common.request(), {}, ""
    rows = pyarrow.parquet.read_table(common.INPUT / "rows.parquet")
    run = _in_duckdb if asked["dialect"] == "duckdb" else _in_sqlite
    for way in asked["ways"]:
        query = (common.INPUT / f"{way}.sql").read_text("utf-8")
        try:
            names, found, by = run(query, {**asked, "create": asked["create"][way]}, rows)
            table = _table(names, found, asked["key"], rows.num_rows)
        except Exception as error:  # noqa: BLE001 - whatever a database says to a query; another way may do
            failed[way] = common.line(error)
            continue
        pyarrow.parquet.write_table(table, common.OUTPUT / f"{way}.parquet")
    common.answer({"failed": failed, "by": by})


if __name__ == "__main__":
    sys.exit(common.main(score))
