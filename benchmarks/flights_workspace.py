"""A workspace with the flights sample in it, for the benchmarks that need real versions."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from console.demo import repository
from console.demo.story import Tale
from engine.api import Engine, open_engine
from engine.records import Run

Own = Literal["steps", "model"]
"""``steps``: a function before its other steps; ``model``: the class of its trees."""
MONDAY = datetime(2026, 6, 1, 7, tzinfo=UTC)


def week(number: int) -> datetime:
    """The as-of moment of the benchmarks' week ``number``, from 0."""
    return MONDAY + timedelta(weeks=number)


def arguments(description: str | None, *, own: bool = False) -> argparse.ArgumentParser:
    """``--home``, for a workspace that is kept and used again: its environment is not built anew. ``own``: ``--own``
    too, see ``workspace``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a workspace of the benchmark's own, kept (default: a temporary one)")
    if own:
        parser.add_argument("--own", choices=get_args(Own), help="what of the model is the project's own (a new home)")
    return parser


@contextmanager
def workspace(home: Path | None, *, served: bool = False, own: Own | None = None) -> Iterator[Engine]:
    """The engine of a workspace that has flights; ``served``: its versions answer requests over HTTP. ``own``: what of
    its model is the project's own, which nothing but the project's own environment can do."""
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        place = home or Path(temporary) / "home"
        engine = open_engine(place, "bench", create=True)
        try:
            if not engine.projects():
                (place / "demo-projects").mkdir(exist_ok=True)
                project = repository.ensure(Tale("flights", 1), place / "demo-projects", repository.samples())
                if own is not None:
                    _with(project, own)
                if served:
                    _serve(project)
                engine.add(project)
            yield engine
        finally:
            engine.close()


_FILES = {"steps": ("first_step", '''"""What the model does to its rows first."""


def from_nothing(rows):
    """A delay before nothing is none."""
    return rows.assign(recent_delay=rows["recent_delay"].clip(lower=0))
'''), "model": ("own_trees", '''"""What the model's trees are."""

from sklearn.ensemble import HistGradientBoostingClassifier


class OwnTrees(HistGradientBoostingClassifier):
    """They answer as scikit-learn's, which nobody can know of a class of the project's."""
''')}
_CHANGES = {
    "steps": (
        ("import pandas as pd\n", "import pandas as pd\nfrom first_step import from_nothing\n"),
        ("import OrdinalEncoder\n", "import FunctionTransformer, OrdinalEncoder\n"),
        ("make_pipeline(columns,", "make_pipeline(FunctionTransformer(from_nothing), columns,"),
    ),
    "model": (
        ("from sklearn.ensemble import HistGradientBoostingClassifier\n", "from own_trees import OwnTrees\n"),
        ("trees = HistGradientBoostingClassifier(", "trees = OwnTrees("),
    ),
}


def _with(project: Path, own: Own) -> None:
    name, content = _FILES[own]
    (project / f"{name}.py").write_text(content, encoding="utf-8")
    code = (project / "model.py").read_text("utf-8")
    for before, after in _CHANGES[own]:
        assert code.count(before) == 1, f"the sample has no {before!r}, or several"
        code = code.replace(before, after)
    (project / "model.py").write_text(code, encoding="utf-8")
    subprocess.run(["git", "-C", project, "add", f"{name}.py"], check=True)
    _committed(project, f"the project's own {own}")


def _serve(project: Path) -> None:
    with (project / "leverframe.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[serve]\nrealtime = true\n")
    _committed(project, "serve")


def _committed(project: Path, why: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    subprocess.run(["git", "-C", project, *who, "commit", "-qam", why], check=True)


def retrained(engine: Engine, as_of: datetime) -> Run:
    """One retrain of flights, to its end."""
    run = engine.wait(engine.retrain("flights", as_of=as_of).id, lambda r: None)
    if run.version is None:
        raise SystemExit(f"run {run.id} {run.state}: {run.why}")
    return run


def approved(engine: Engine, label: str) -> None:
    """Make ``label`` live."""
    engine.move(engine.plan_release(label), "for the benchmark", lambda step: None)
