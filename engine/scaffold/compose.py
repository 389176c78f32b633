"""The files of a project, composed from templates. Pure.

Whatever comes from the data is quoted where it goes: by ``line``, ``entry`` and ``quoted`` in the manifest and in
Python, by ``words`` in comments and in the README; ``ours`` is for words of this house. A template that writes text
without one of them does not compose.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Damage
from engine.scaffold.look import Look
from engine.text import plain
from engine.vocabulary.metrics import METRICS, Task

if TYPE_CHECKING:
    from jinja2 import Environment

    from engine.scaffold.database import Database
    from engine.scaffold.model import Scoring

_COMMENTS_AT = 36
FOLDER = Path(__file__).parent / "templates"
FILES = ("leverframe.toml", "pipeline.py", "requirements.txt", "README.md", ".gitignore")
JUDGED_BY: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "log_loss", "brier"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("mae", "rmse", "r2"),
}
BY_LABELS = ("accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class Origin:
    """Where the rows come from. ``inside``: what the file is called in data/; None where it stays at ``place``.

    ``read``: pandas' words for it. ``model``: the file or folder of a model that exists; ``scoring``: what asks it,
    where the Python runner cannot; ``labels``: it names classes alone. ``database``: what is asked instead of a file;
    ``place`` is then SQLite's file, or "" where the network leads there.
    """

    name: str
    inside: str | None
    place: str
    read: str
    model: str | None = None
    database: Database | None = None
    scoring: Scoring | None = None
    labels: bool = False


@dataclass(frozen=True)
class Packages:
    """The Python and the packages that a project is given, as requirements say them."""

    python: str
    requirements: tuple[str, ...]


class _Quoted(str):
    """Text that can do no harm where it stands."""


def files(name: str, look: Look, origin: Origin, packages: Packages, *, guessed: bool = True) -> dict[str, str]:
    """The text of each file of the project ``name``. ``guessed``: whether the task was, or somebody said it."""
    judged_by = BY_LABELS if origin.labels and look.task != "regression" else JUDGED_BY[look.task]
    metric = METRICS[judged_by[0]]
    against_live = "not_below_live_by" if metric.better == "larger" else "not_above_live_by"
    floor = "at_least" if metric.better == "larger" else "at_most"
    given: dict[str, Any] = {
        "name": name,
        "kind": "Regressor" if look.task == "regression" else "Classifier",
        "guessed": guessed,
        "title": plain(f"Prediction of {look.target}", 100),
        "look": look,
        "origin": origin,
        "packages": packages,
        "metrics": judged_by,
        "metric": metric.name,
        "against_live": against_live,
        "floor": floor,
        "half": _half(look.rows),
        "gaps_at_most": _gaps_at_most(look.gaps),
    }
    wanted = (*FILES, *(("scoring.py",) if origin.scoring else ()))
    composed = {file: templates().get_template(f"{file.lstrip('.')}.j2").render(given) for file in wanted}
    return composed | ({"query.sql": origin.database.query} if origin.database else {})


def _half(rows: int) -> int:
    """Half of the rows, as a round number."""
    size: int = 10 ** max(0, len(str(rows // 2)) - 2)
    return rows // 2 // size * size


def _gaps_at_most(gaps: float) -> float | None:
    """Well above what is missing today; None where the gate that is always on, which stops at half, will do."""
    return min(1.0, round(gaps + 0.25, 1)) if gaps > 0.3 else None


@cache
def templates() -> Environment:
    """What fills the templates of a new project, and lets no text in that was not made safe for its place."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_only_quoted,
    )
    made.filters |= {"quoted": _quoted, "line": _line, "entry": _entry, "words": _words, "ours": _Quoted}
    return made


def _only_quoted(value: Any) -> Any:
    if type(value) is str:
        raise Damage("A template of a new project would write a text as it came; install Leverframe again.")
    return value


def _quoted(value: str | Sequence[str]) -> _Quoted:
    """A text or a list of texts. What JSON escapes, TOML and Python read, and they need no more where it is UTF-8."""
    if isinstance(value, str):
        return _Quoted(json.dumps(value, ensure_ascii=False))
    return _Quoted(f"[{', '.join(map(_quoted, value))}]")


def _line(value: str | Sequence[str], key: str, comment: str) -> _Quoted:
    """A line of the manifest with what it means beside it."""
    return _Quoted(f"{key} = {_quoted(value)}".ljust(_COMMENTS_AT - 2) + f"  # {comment}")


def _entry(value: str, comment: str) -> _Quoted:
    """An entry of a list of the manifest, with a comment that may hold words of the data."""
    return _Quoted(f"    {_quoted(value)},".ljust(_COMMENTS_AT - 2) + f"  # {_words(comment)}")


def _words(value: object) -> _Quoted:
    """One line that can be shown, for a comment or between backticks."""
    return _Quoted(plain(str(value), 120).replace("`", "'"))
