"""new: a project made from a file of data, or from a query."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.printing import document, say, table
from console.cli.session import Session, Verb
from console.text.lines import Span

if TYPE_CHECKING:
    from engine.scaffold.look import AskedTask
    from engine.scaffold.write import NewProject

_SHOWN = 8  # columns that are left out; all of them stand in the manifest


@click.command(cls=Verb)
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@click.option(
    "--from", "data", required=True, type=click.Path(path_type=Path), metavar="FILE",
    help="A .csv or .parquet file; or a .sql file with one SELECT, with --database.",
)  # fmt: skip
@click.option(
    "--database", metavar="VARIABLE", help="The environment variable that holds the database's URL, for SQLAlchemy."
)
@click.option("--target", required=True, metavar="COLUMN", help="What is to be predicted.")
@click.option("--time", metavar="COLUMN", help="When a row happened; the newest rows are then held out.")
@click.option("--key", multiple=True, metavar="COLUMN", help="What tells a row from every other; may be given again.")
@click.option(
    "--task", type=click.Choice(["regression", "classification"]), help="Where the guess from the target is wrong."
)
@click.option(
    "--from-model", "model", type=click.Path(path_type=Path), metavar="FILE",
    help="A model that exists: an estimator that joblib, pickle or skops wrote, or an ONNX file.",
)  # fmt: skip
@click.option(
    "--from-mlflow", "mlflow", type=click.Path(path_type=Path), metavar="FOLDER",
    help="The folder that MLflow keeps a model in, of any flavour that has a python_function.",
)  # fmt: skip
@click.pass_obj
def new(
    session: Session, folder: Path, data: Path, database: str | None, target: str, time: str | None,
    key: tuple[str, ...], task: AskedTask | None, model: Path | None, mlflow: Path | None,
) -> None:  # fmt: skip
    """Make a project in the folder NAME from data: manifest, code, requirements, a first commit.

    What the columns are is guessed from the data, and said. Nothing of it is registered yet.
    """
    from engine.scaffold.write import make

    session.needs_now("new")
    made = make(
        folder, data, target, time, key, model, mlflow=mlflow, task=task, database=database, environment=os.environ
    )
    if session.json:
        document(_document(made))
        return
    look = made.look
    say(f"The project {made.name} is made in {made.folder}, committed in a Git repository of its own.")
    table([(Span(what, "dim"), said) for what, said in _seen(made)], indent=2)
    for each in look.left_out[:_SHOWN]:
        say(f"not given to the model: {each.name} ({each.why})", indent=4, hang=2)
    if len(look.left_out) > _SHOWN:
        say(f"... and {len(look.left_out) - _SHOWN:,} more; leverframe.toml lists all", indent=4)
    for note in (*look.notes, *_notes(made)):
        say(Span(note, "watch"), indent=2, hang=2)
    say("Where a guess is wrong, change its line in leverframe.toml and commit. Next:")
    for words in _next(session, made, folder):
        say(Span(session.act(words), "key"), indent=2)


def _seen(made: NewProject) -> Iterator[tuple[str, str]]:
    look = made.look
    looked = f"{look.rows:,} rows" if made.whole else f"the first {look.rows:,} rows looked at"
    where = "read where it lies, as [sandbox] read says"
    if made.database:
        where = f"asked by each run, through {made.database}"
    elif made.copied:
        where = "copied into data/ and committed"
    yield "data", f"{made.data.name}, {looked}; {where}"
    said = f"{look.target}: {_task(made)}"
    yield "target", said
    if look.time:
        yield "time", f"{look.time}; the newest fifth of the rows is held out to judge by"
    elif look.times:
        yield "time", f"none named, so a fifth of the rows is drawn to judge by; {look.times[0]} holds times (--time)"
    else:
        yield "time", "none, so a fifth of the rows is drawn to judge by"
    if look.key:
        yield "key", ", ".join(look.key)
    left_out = f", {len(look.left_out):,} left out" if look.left_out else ""
    yield "features", f"{len(look.features):,} columns{left_out}"


def _task(made: NewProject) -> str:
    """What the target is taken for; where that was guessed from numbers, what takes them for the other."""
    look = made.look
    if look.task == "regression":
        return "a number, so a regression"
    if look.task == "binary":
        said = f"; {look.positive} is looked for" if look.positive else ""
        return f"{' or '.join(look.classes)}, so a classification{said}"
    numbers = made.guessed and all(re.fullmatch(r"-?\d+", name) for name in look.classes)
    other = "; --task regression takes them for amounts" if numbers else ""
    return f"one of {len(look.classes)} {'numbers' if numbers else 'classes'}, so a classification{other}"


def _notes(made: NewProject) -> Iterator[str]:
    if made.database:
        yield (
            f"Whatever runs steps needs {made.database} in its environment: the shell that opens the console, and the "
            "engine's service. [environment] pass lets steps see it; it is kept nowhere."
        )
    elif not made.copied:
        yield "The file is too large for Git. Adding the project lets its steps read it; another path needs an admin."
    if made.left_out:
        yield f"Left out of the model's requirements: {', '.join(made.left_out[:_SHOWN])}."
    if made.model:
        yield "If the model learnt from these rows, its first figures are too good: it is judged by rows that it knows."


def _next(session: Session, made: NewProject, folder: Path) -> Iterator[str]:
    if not session.has_workspace():
        yield "init"
    place = shlex.quote(str(folder))
    yield f"check {place}"
    yield f"add {place}"
    yield f"retrain {made.name} --wait"


def _document(made: NewProject) -> dict[str, object]:
    look = made.look
    return {
        "project": made.name, "folder": str(made.folder), "data": str(made.data), "copied": made.copied,
        "database": made.database, "guessed": made.guessed,
        "rows": look.rows, "task": look.task, "target": look.target, "positive": look.positive, "time": look.time,
        "times": list(look.times), "key": list(look.key), "features": list(look.features),
        "left_out": [{"column": each.name, "why": each.why} for each in look.left_out],
        "segments": list(look.segments), "notes": [*look.notes, *_notes(made)],
    }  # fmt: skip
