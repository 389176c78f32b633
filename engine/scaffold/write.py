"""A new project's folder: made whole under another name, committed, then renamed; or not made at all."""

from __future__ import annotations

import importlib.metadata
import os
import re
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Refusal
from engine.projects.manifest.fields import text_problem
from engine.projects.manifest.reader import parse_manifest
from engine.projects.manifest.sections import NAME, NAME_FORM
from engine.projects.source import git_process
from engine.scaffold import compose
from engine.scaffold.database import Database, refuse_url
from engine.scaffold.database import read as read_query
from engine.scaffold.look import AskedTask, Look, look
from engine.scaffold.reading import DataFile, read
from engine.text import plain

# A file up to this size is copied and committed; a larger one is read where it lies.
COPIED = 20_000_000
MODEL_BYTES = 100_000_000
_AUTHOR = {"NAME": "leverframe new", "EMAIL": "leverframe@localhost"}
_PANDAS = "pandas>=2.2,<4"


@dataclass(frozen=True)
class NewProject:
    """What was made in ``folder``. ``whole``: whether all rows were looked at. ``model``: whether it brings one.

    ``guessed``: whether the task was, and not said. ``database``: the variable that holds the URL of one, else None.
    """

    name: str
    folder: Path
    look: Look
    data: Path
    copied: bool
    whole: bool
    model: bool
    guessed: bool = True
    database: str | None = None


def make(
    folder: Path, data: Path, target: str, time: str | None = None, key: Sequence[str] = (), model: Path | None = None,
    *, task: AskedTask | None = None, database: str | None = None, environment: Mapping[str, str] | None = None,
) -> NewProject:  # fmt: skip
    """Make a project in ``folder``, which is named like it. Raises Refusal; then nothing was made.

    ``database``: a variable of ``environment`` that holds a URL; ``data`` is then a file with a query.
    """
    folder, model = folder.expanduser().absolute(), model.expanduser() if model else None
    _check_place(folder)
    found, asked = _read(data, database, environment or {}, time)
    seen = look(found.table, target, time, key, every_column=model is not None, task=task)
    origin = _origin(found, model, asked)
    files = compose.files(folder.name, seen, origin, _packages(model, asked), guessed=task is None)
    parse_manifest(files["leverframe.toml"])
    _write(folder, files, found, origin, model)
    return NewProject(
        folder.name, folder, seen, found.path, origin.inside is not None, found.whole, model is not None, task is None,
        database,
    )  # fmt: skip


def _read(
    data: Path, variable: str | None, environment: Mapping[str, str], time: str | None
) -> tuple[DataFile, Database | None]:
    refuse_url(str(data))
    query = data.suffix.lower() == ".sql"
    if query and variable is None:
        raise Refusal(
            f"{plain(data.name, 100)} is a query; say with --database which variable of the environment holds its "
            "database's URL, such as --database WAREHOUSE_URL."
        )
    if variable is None:
        return read(data.expanduser()), None
    if not query:
        refuse_url(variable)
        raise Refusal("--database goes with a query; put one SELECT into a file such as query.sql, and name that file.")
    return read_query(data.expanduser(), variable, environment, time)


def _check_place(folder: Path) -> None:
    said = plain(str(folder), 200)
    if not re.fullmatch(NAME, folder.name):
        raise Refusal(f"'{plain(folder.name, 60)}' cannot be a project's name; it must be {NAME_FORM}.")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Refusal(f"{said} is there already and is no folder; choose another name.")
    if folder.is_dir() and any(folder.iterdir()):
        raise Refusal(f"The folder {said} is not empty; choose another name, or empty it.")
    if not folder.parent.is_dir():
        raise Refusal(f"There is no folder {plain(str(folder.parent), 200)} to make the project in; make it first.")


def _origin(found: DataFile, model: Path | None, asked: Database | None) -> compose.Origin:
    if asked is not None:
        name = f"{plain(found.path.name, 100)} through {asked.variable}"
        return compose.Origin(name, None, str(asked.file or ""), found.read, model is not None, asked)
    place = str(found.path)
    inside = None
    if found.size <= COPIED:
        inside = found.path.name if re.fullmatch(r"\w[\w.-]{0,100}", found.path.name, re.ASCII) else None
        inside = inside or f"data{found.path.suffix.lower()}"
    elif text_problem(place, 1000):
        raise Refusal(f"{plain(place, 200)} has a name that leverframe.toml could not say; rename it.")
    return compose.Origin(plain(found.path.name, 100), inside, place, found.read, model is not None)


def _packages(model: Path | None, asked: Database | None) -> compose.Packages:
    """What this Leverframe runs with; scikit-learn as a model that exists was made with, where it says so."""
    pins = [f"pyarrow=={importlib.metadata.version('pyarrow')}"]
    try:
        pins.append(f"pandas=={importlib.metadata.version('pandas')}")
    except importlib.metadata.PackageNotFoundError:
        pins.append(_PANDAS)
    pins.append(f"scikit-learn=={_made_with(model) or importlib.metadata.version('scikit-learn')}")
    pins += asked.packages if asked else ()
    return compose.Packages(f"{sys.version_info.major}.{sys.version_info.minor}", tuple(sorted(pins)))


def _made_with(model: Path | None) -> str | None:
    """The version that scikit-learn wrote into a model's file. Its bytes are searched; nothing is unpickled here."""
    if model is None:
        return None
    said = plain(str(model), 200)
    if not model.is_file():
        raise Refusal(f"{said} is not there or is not a file; name a model's file with --from-sklearn.")
    if model.stat().st_size > MODEL_BYTES:
        raise Refusal(
            f"{said} is larger than {MODEL_BYTES // 1_000_000} MB, too much for Git; "
            "make the project without it and let train load it from where it lies."
        )
    # A short text in a pickle: its mark, its length, its letters; between the two texts a note to remember it.
    text = rb"_sklearn_version(?:\x94|q.)?(?:\x8c.|X.\0\0\0)([0-9][0-9a-z.]{2,20})"
    match = re.search(text, model.read_bytes(), re.DOTALL)
    return re.sub(r"[^0-9.].*", "", match[1].decode()).rstrip(".") if match else None


def _write(folder: Path, files: dict[str, str], found: DataFile, origin: compose.Origin, model: Path | None) -> None:
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.new")
    try:
        unfinished.mkdir()
        for name, text in files.items():
            (unfinished / name).write_text(text, "utf-8")
        if origin.inside:
            (unfinished / "data").mkdir()
            shutil.copyfile(found.path, unfinished / "data" / origin.inside)
        if model is not None:
            shutil.copyfile(model, unfinished / "model.joblib")
        _git(unfinished, "init", "--quiet", "--initial-branch", "main", "--template=")
        _git(unfinished, "add", "--all", "--force")
        _git(unfinished, "commit", "--quiet", "--message", f"A first model for {folder.name}")
        os.rename(unfinished, folder)
    except OSError as error:
        raise Refusal(f"{plain(str(folder), 200)} cannot be made ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _git(folder: Path, *args: str) -> None:
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _AUTHOR.items()}
    git_process.output(args, folder, git_process.environment(**who), 1_000_000)
