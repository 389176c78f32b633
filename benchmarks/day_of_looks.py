"""A day of looks every 15 minutes, lived through by some projects as fast as they go: what 1,000 would need of a day.

    python benchmarks/day_of_looks.py [--projects 10] [--quarters 96] [--home FOLDER]

Each project is flights under another name, with a version of its own. Each quarter of an hour of a Tuesday is looked
at by all of them, queued at once as schedules do, by an engine with its servers; the next one when all are done. It
leaves out what a ledger with 96,000 looks a day and an engine with 1,000 projects cost more, and that other projects
are not flights.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import figures
from flights_workspace import arguments, workspace
from kept_servers import kept_servers

from engine.api import Engine

QUARTER = timedelta(minutes=15)
LEARNT, DAY = datetime(2026, 6, 1, 7, tzinfo=UTC), datetime(2026, 6, 9, 4, tzinfo=UTC)  # midnight in New York
MANY = 1000


def copies(engine: Engine, count: int) -> list[str]:
    """``count`` projects, each with a live version."""
    folder = engine.home / "demo-projects"
    names = [f"flights-{number:03}" for number in range(count)]
    known = {project.name for project in engine.projects()}
    for name in names:
        if name not in known:
            copy = folder / name
            shutil.copytree(folder / "flights", copy, ignore=shutil.ignore_patterns(".git"))
            manifest = copy / "leverframe.toml"
            manifest.write_text(manifest.read_text("utf-8").replace('name = "flights"', f'name = "{name}"'), "utf-8")
            for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "as flights")):
                git = ["git", "-c", "user.name=b", "-c", "user.email=b@example.org", *command]
                subprocess.run(git, cwd=copy, check=True)
            engine.add(copy)
        if not engine.versions(name):
            run = engine.wait(engine.retrain(name, as_of=LEARNT).id, lambda _: None)
            if run.version is None:
                raise SystemExit(f"run {run.id} {run.state}: {run.why}")
            engine.move(engine.plan_release(run.version), "for the benchmark", lambda _: None)
    return names


def looked(engine: Engine, names: list[str], moment: datetime) -> None:
    """All of them look, and are done."""
    runs = [engine.look(name, as_of=moment) for name in names]
    for run in runs:
        ended = engine.wait(run.id, lambda _: None)
        if ended.state != "succeeded":
            raise SystemExit(f"run {run.id} {ended.state}: {ended.why}")


def main() -> int:
    """Live through the day and print what it took."""
    parser = arguments(__doc__)
    parser.add_argument("--projects", type=int, default=10)
    parser.add_argument("--quarters", type=int, default=96)
    options = parser.parse_args()
    home: Path | None = options.home
    with workspace(home) as engine, kept_servers(engine):
        names = copies(engine, options.projects)
        for early in (4, 3, 2, 1):  # until their steps have servers
            looked(engine, names, DAY - early * QUARTER)
        began = time.monotonic()
        for number in range(options.quarters):
            looked(engine, names, DAY + number * QUARTER)
            print(f"{number + 1} of {options.quarters}", end="\r", file=sys.stderr, flush=True)
        took = time.monotonic() - began
    day = took * 96 / options.quarters
    print(f"{options.projects} projects, {options.quarters} looks each: {took:.0f} s")
    share = day * MANY / options.projects / 86_400
    return figures.show([figures.Figure(f"the day of {MANY:,} projects, of what a day has here", share, 1.0, "days")])


if __name__ == "__main__":
    sys.exit(main())
