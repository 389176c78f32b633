"""Where rows come from and go to, by what people write: a file by its ending, or a table or a query of a database.

``late.parquet``, ``late.csv``; ``table:incoming`` and ``incoming.sql`` behind the URL that a variable holds.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from engine.errors import Invalid, Refusal
from engine.jobs.score.records import Kind, Place
from engine.storage.workspace import Workspace
from engine.text import plain

TABLE = "table:"
_ENDINGS: dict[str, Kind] = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,49}(?:\.[A-Za-z_][A-Za-z0-9_]{0,49})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LONGEST = 1000


def place_of(text: str, variable: str | None, *, output: bool, base: Path) -> Place:
    """The place that ``text`` names; a path counts from ``base`` on. Raises Invalid where it names none."""
    if text.startswith(TABLE):
        name = text.removeprefix(TABLE)
        if not _TABLE.fullmatch(name):
            raise Invalid(
                f"'{plain(text, 80)}' names no table; write table:NAME of letters, digits and _, or "
                "table:SCHEMA.NAME."
            )
        return Place("table", name, _variable(text, variable))
    ending = Path(text).suffix.lower()
    if ending == ".sql" and not output:
        return Place("query", _whole(text, base), _variable(text, variable))
    if ending not in _ENDINGS:
        also = "table:NAME" if output else "a query .sql, or table:NAME"
        raise Invalid(
            f"'{plain(text, 200)}' does not say what it is; name a file that ends with .parquet or .csv, {also}."
        )
    return Place(_ENDINGS[ending], _whole(text, base))


def _variable(text: str, variable: str | None) -> str:
    if not variable:
        raise Invalid(f"{plain(text, 80)} is in a database; say with --database which variable holds its URL.")
    if not _VARIABLE.fullmatch(variable) or variable.upper().startswith("LEVERFRAME"):
        # What is no name may be the URL itself, with its password: it is not repeated.
        raise Invalid(
            "--database takes the name of an environment variable that holds the URL, of letters, digits and _, and "
            "none of the engine's own; such as WAREHOUSE_URL."
        )
    return variable


def _whole(text: str, base: Path) -> str:
    path = os.path.normpath(base / text)
    if plain(path, _LONGEST) != path:
        raise Invalid(f"{plain(path, 200)} has a name that cannot be shown and kept; give it another.")
    return path


def refuse_input(place: Place) -> None:
    """Raise Refusal where there is no such file. Whether a database answers is seen when it is asked."""
    if place.kind == "table":
        return
    path = Path(place.name)
    if not path.exists():
        raise Refusal(f"{place.name} is not there; name the file that is to be scored.")
    if not path.is_file():
        raise Refusal(f"{place.name} is no file; name the file that is to be scored.")
    if not os.access(path, os.R_OK):
        raise Refusal(f"{place.name} may not be read by this account; look at its permissions.")


def refuse_output(workspace: Workspace, source: Place, output: Place, *, replace: bool) -> None:
    """Raise Refusal where nothing can be written there, or where something is that nobody asked to ``replace``."""
    if output.in_database:
        if source == output:
            raise Refusal(f"{output.told} is what is to be scored; write to another table.")
        return
    path = Path(output.name)
    real = Path(os.path.realpath(path))
    if real.is_relative_to(os.path.realpath(workspace.root)):
        raise Refusal(f"{output.name} is inside the workspace, which keeps its own files; write to another folder.")
    if not path.parent.is_dir():
        raise Refusal(f"{path.parent} is no folder; make it, or write to another.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Refusal(f"{path.parent} may not be written by this account; write to another folder.")
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_file():
        raise Refusal(f"{output.name} is there and is no file; write to another place.")
    if not source.in_database and os.path.exists(source.name) and os.path.samefile(source.name, path):
        raise Refusal(f"{output.name} is the very file that is to be scored; write to another one.")
    if not replace:
        raise Refusal(f"{output.name} is there already; --replace writes over it, or name another place.")
