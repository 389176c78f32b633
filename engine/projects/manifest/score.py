"""The manifest's ``[score]``: what the scheduled job ``score`` reads and where it writes what the live version says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, shown
from engine.projects.manifest.records import ScoreSpec

FORMATS = ("parquet", "csv")
TABLE = "table:"
_TABLE = re.compile(r"table:[A-Za-z_][A-Za-z0-9_]{0,49}(?:\.[A-Za-z_][A-Za-z0-9_]{0,49})?")
_ENDINGS = (".parquet", ".pq", ".csv")
_LONGEST = 500


def score(table: Table, schedule: Table, compute: Table | None = None) -> ScoreSpec | None:
    """What is scored. ``compute``: the section of that name, where it is known.

    None where the section is not there, or says too little to go by."""
    if not table.values:
        if "score" in schedule:
            schedule.mistake("score", "says when, and no section [score] says what; add one with from and to.")
        return None
    table.only("from", "to", "format", "database", "workers")
    source = table.text("from", required=True, limit=_LONGEST)
    output = table.text("to", required=True, limit=_LONGEST)
    form = table.choice("format", FORMATS)
    database = table.matching(
        "database", r"(?!(?i:LEVERFRAME))[A-Za-z_][A-Za-z0-9_]{0,99}",
        "the name of a variable of the engine's environment that holds the database's URL, such as WAREHOUSE_URL",
    )  # fmt: skip
    workers = table.flag("workers", False)
    if workers and compute is not None and not compute.values:
        table.mistake("workers", "asks for those of [compute], and there is no such section; add one, or take it out.")
    for key, value in (("from", source), ("to", output)):
        if value is not None and (problem := _problem(key, value)):
            table.mistake(key, problem)
    _check_database(table, source or "", output or "")
    return ScoreSpec(source, output, form or "parquet", database, workers) if source and output else None


def spec_of(settings: Mapping[str, Any]) -> ScoreSpec | None:
    """``[score]`` of a manifest that was checked when it was read."""
    page = Mistakes({})
    return score(Table(page, ("score",), settings.get("score", {})), Table(page, ("schedule",), {}))


def _check_database(table: Table, source: str, output: str) -> None:
    inside = [key for key, value in (("from", source), ("to", output)) if value.startswith(TABLE)]
    inside += ["from"] if source.endswith(".sql") else []
    if inside and "database" not in table:
        table.mistake(inside[0], "is in a database; say in database which variable holds its URL.")
    if not inside and "database" in table:
        table.mistake("database", 'is for a table or a query, and neither from nor to is one: from = "table:x".')
    if source and source == output:
        table.mistake("to", "is what is to be scored; write to another place.")
    if output.startswith(TABLE) and "*" in source:
        table.mistake("to", "is one table, and from may be many files; name a folder.")
    if output.startswith(TABLE) and "format" in table:
        table.mistake("format", "is of files, and to is a table; take it out.")


def _problem(key: str, value: str) -> str | None:
    if value.startswith(TABLE):
        return None if _TABLE.fullmatch(value) else f"is {shown(value)}; write table:NAME or table:SCHEMA.NAME."
    if value.startswith("~"):
        return "a home folder is written out, such as '/home/ops/incoming'."
    if ".." in value.split("/"):
        return "write it without '..'."
    folder, _, name = value.rpartition("/")
    if key == "to":
        if any(mark in value for mark in "*?["):
            return f"is {shown(value)}; it must be a folder, without * or ?."
        return None
    if any(mark in folder for mark in "*?["):
        return f"is {shown(value)}; * and ? may stand in the name of the file alone, behind the last /."
    if name.endswith(".sql") and not (value.startswith("/") or "*" in name or "?" in name):
        return None
    if not name.endswith(_ENDINGS):
        return (
            f"is {shown(value)}; it must name files that end with .parquet or .csv, such as 'incoming/*.parquet', a "
            "query .sql of the project, or table:NAME."
        )
    return None
