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
from engine.scaffold.model import BroughtModel, from_file, from_mlflow
from engine.scaffold.reading import DataFile, read
from engine.text import plain

# A file up to this size is copied and committed; a larger one is read where it lies.
COPIED = 20_000_000
_AUTHOR = {"NAME": "leverframe new", "EMAIL": "leverframe@localhost"}
_PANDAS = "pandas>=2.2,<4"


@dataclass(frozen=True)
class NewProject:
    """What was made in ``folder``. ``whole``: whether all rows were looked at. ``model``: whether it brings one.

    ``left_out``: requirements of its model that the project does not have.
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
    left_out: tuple[str, ...] = ()


def make(
    folder: Path, data: Path, target: str, time: str | None = None, key: Sequence[str] = (), model: Path | None = None,
    *, mlflow: Path | None = None, task: AskedTask | None = None, database: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> NewProject:  # fmt: skip
    """Make a project in ``folder``, which is named like it. Raises Refusal; then nothing was made.

    ``model``: the file of a model that exists, or ``mlflow`` the folder that MLflow keeps one in.
    ``database``: a variable of ``environment`` that holds a URL; ``data`` is then a file with a query.
    """
    folder = folder.expanduser().absolute()
    _check_place(folder)
    brought = _brought(model, mlflow)
    found, asked = _read(data, database, environment or {}, time)
    named = brought.features if brought else None
    seen = look(found.table, target, time, key, every_column=brought is not None, task=task, named=named)
    origin = _origin(found, brought, asked)
    files = compose.files(folder.name, seen, origin, _packages(brought, asked), guessed=task is None)
    parse_manifest(files["leverframe.toml"])
    _write(folder, files, found, origin, brought)
    return NewProject(
        folder.name, folder, seen, found.path, origin.inside is not None, found.whole, brought is not None,
        task is None, database, brought.left_out if brought else (),
    )  # fmt: skip


def _brought(model: Path | None, mlflow: Path | None) -> BroughtModel | None:
    if model is not None and mlflow is not None:
        raise Refusal("--from-model and --from-mlflow both name a model, and a project takes one; leave one out.")
    if mlflow is not None:
        return from_mlflow(mlflow)
    return from_file(model) if model is not None else None


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


def _origin(found: DataFile, model: BroughtModel | None, asked: Database | None) -> compose.Origin:
    called = model.called if model else None
    scoring, labels = (model.scoring, model.labels) if model else (None, False)
    if asked is not None:
        name = f"{plain(found.path.name, 100)} through {asked.variable}"
        return compose.Origin(name, None, str(asked.file or ""), found.read, called, asked, scoring, labels)
    place = str(found.path)
    inside = None
    if found.size <= COPIED:
        inside = found.path.name if re.fullmatch(r"\w[\w.-]{0,100}", found.path.name, re.ASCII) else None
        inside = inside or f"data{found.path.suffix.lower()}"
    elif text_problem(place, 1000):
        raise Refusal(f"{plain(place, 200)} has a name that leverframe.toml could not say; rename it.")
    return compose.Origin(
        plain(found.path.name, 100), inside, place, found.read, called, scoring=scoring, labels=labels
    )


def _packages(model: BroughtModel | None, asked: Database | None) -> compose.Packages:
    """What this Leverframe runs with; of a model that exists what that was made with, where something says so."""
    python = (model.python if model else None) or f"{sys.version_info.major}.{sys.version_info.minor}"
    ours = [f"pyarrow=={importlib.metadata.version('pyarrow')}"]
    try:
        ours.append(f"pandas=={importlib.metadata.version('pandas')}")
    except importlib.metadata.PackageNotFoundError:
        ours.append(_PANDAS)
    if model is None:
        ours.append(f"scikit-learn=={importlib.metadata.version('scikit-learn')}")
    theirs = model.requirements if model else ()
    said = {re.split(r"[^A-Za-z0-9-]", each.replace("_", "-"), maxsplit=1)[0].lower() for each in theirs}
    if "pandas" in said or "numpy" in said:  # Which arrow goes with that is found when they are locked.
        ours = ["pyarrow", "pandas"]
    pins = [each for each in ours if re.split(r"[^a-z-]", each, maxsplit=1)[0] not in said]
    return compose.Packages(python, tuple(sorted((*pins, *theirs, *(asked.packages if asked else ())))))


def _write(
    folder: Path, files: dict[str, str], found: DataFile, origin: compose.Origin, model: BroughtModel | None
) -> None:
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.new")
    try:
        unfinished.mkdir()
        for name, text in files.items():
            (unfinished / name).write_text(text, "utf-8")
        if origin.inside:
            (unfinished / "data").mkdir()
            shutil.copyfile(found.path, unfinished / "data" / origin.inside)
        if model is not None:
            copy = shutil.copytree if model.file.is_dir() else shutil.copyfile
            copy(model.file, unfinished / model.called)
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
