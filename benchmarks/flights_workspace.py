"""A workspace with the flights sample in it, for the benchmarks that need real versions."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.demo import repository
from console.demo.story import Tale
from engine.api import Engine, open_engine
from engine.records import Run

MONDAY = datetime(2026, 6, 1, 7, tzinfo=UTC)


def week(number: int) -> datetime:
    """The as-of moment of the benchmarks' week ``number``, from 0."""
    return MONDAY + timedelta(weeks=number)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """``--home``, for a workspace that is kept and used again: its environment is not built anew."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a workspace of the benchmark's own, kept (default: a temporary one)")
    return parser


@contextmanager
def workspace(home: Path | None, *, served: bool = False, own: bool = False) -> Iterator[Engine]:
    """The engine of a workspace that has flights; ``served``: its versions answer requests over HTTP. ``own``: its
    model has a step of the project's own, which nothing but the project's own environment can do."""
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        place = home or Path(temporary) / "home"
        engine = open_engine(place, "bench", create=True)
        try:
            if not engine.projects():
                (place / "demo-projects").mkdir(exist_ok=True)
                project = repository.ensure(Tale("flights", 1), place / "demo-projects", repository.samples())
                if own:
                    _with_a_step(project)
                if served:
                    _serve(project)
                engine.add(project)
            yield engine
        finally:
            engine.close()


_STEP = '''"""What the model does to its rows first."""


def from_nothing(rows):
    """A delay before nothing is none."""
    return rows.assign(recent_delay=rows["recent_delay"].clip(lower=0))
'''


def _with_a_step(project: Path) -> None:
    (project / "first_step.py").write_text(_STEP, encoding="utf-8")
    code = (project / "model.py").read_text("utf-8")
    code = code.replace("import pandas as pd\n", "import pandas as pd\nfrom first_step import from_nothing\n")
    code = code.replace("import OrdinalEncoder\n", "import FunctionTransformer, OrdinalEncoder\n")
    code = code.replace("make_pipeline(columns,", "make_pipeline(FunctionTransformer(from_nothing), columns,")
    (project / "model.py").write_text(code, encoding="utf-8")
    subprocess.run(["git", "-C", project, "add", "first_step.py"], check=True)


def _serve(project: Path) -> None:
    with (project / "leverframe.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[serve]\nrealtime = true\n")
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    subprocess.run(["git", "-C", project, *who, "commit", "-qam", "serve"], check=True)


def retrained(engine: Engine, as_of: datetime) -> Run:
    """One retrain of flights, to its end."""
    run = engine.wait(engine.retrain("flights", as_of=as_of).id, lambda r: None)
    if run.version is None:
        raise SystemExit(f"run {run.id} {run.state}: {run.why}")
    return run


def approved(engine: Engine, label: str) -> None:
    """Make ``label`` live."""
    engine.move(engine.plan_release(label), "for the benchmark", lambda step: None)
