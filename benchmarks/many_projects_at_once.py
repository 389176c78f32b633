"""Many projects retrained at once: by this machine alone, and through two Dask workers that run on it too.

    python benchmarks/many_projects_at_once.py [--projects 12] [--seconds 3] [--at-once 4] [--rounds 2]

The projects are copies of one that needs the standard library only and trains for so many seconds of CPU; everything
else about a run is real. "Here" is the default: as many runs at once as half the cores, at least two. Through the
workers ``--at-once`` runs may wait for them at the same time; a worker takes one step at a time.

The workers share the cores of this machine, so they cannot win: what is measured is what the way to a worker costs, and
that many runs at once come to their ends. What a cluster is for, the cores of other machines, adds to that what it has:
with W workers elsewhere the training itself takes about its total divided by W. There is no limit to keep.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import figures

from engine import clock
from engine.api import Engine, open_engine
from engine.housekeeping import settings
from engine.runs import capacity
from tests import tiny
from tests.engine.runs.compute.cluster import Cluster

AS_OF = datetime(2026, 11, 3, tzinfo=UTC)
TRAIN = "def train():\n    import time\n    while time.process_time() < {seconds}: sum(range(10_000))\n"


def workspace(folder: Path, count: int, seconds: float, scheduler: str | None, at_once: int | None) -> Engine:
    """A workspace with ``count`` projects, which train through ``scheduler`` where there is one."""
    engine = open_engine(folder / "home", "bench", create=True)
    if at_once is not None:
        settings.choose(engine._ledger, capacity.AT_ONCE, str(at_once), engine.caller, "benchmark", clock.now())
    for number in range(count):
        place = folder / f"project-{number}"
        tiny.make(place, name=place.name, steps=tiny.STEPS.replace("def train():\n", TRAIN.format(seconds=seconds), 1))
        if scheduler is not None:
            with (place / "leverframe.toml").open("a") as file:
                file.write(f'\n[compute]\nscheduler = "{scheduler}"\n')
            tiny.commit(place, "through a cluster")
        engine.add(place)
    engine.wait(engine.retrain("project-0", as_of=AS_OF).id, lambda run: None)  # builds the environment
    return engine


def retrained(engine: Engine, names: list[str]) -> float:
    """Seconds until all of these projects were retrained, asked for at once."""
    began = time.perf_counter()
    runs = [engine.retrain(name, as_of=AS_OF, force=True).id for name in names]
    for run in runs:
        ended = engine.wait(run, lambda run: None)
        if ended.version is None:
            raise SystemExit(f"run {run} {ended.state}: {ended.why}")
    return time.perf_counter() - began


def main() -> int:
    """Measure both in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=3.0, help="of CPU that one training takes")
    parser.add_argument("--at-once", type=int, default=4, help="runs that may wait for the workers at the same time")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        for name in ("cluster", "here", "there"):
            (Path(temporary) / name).mkdir()
        cluster = Cluster(Path(temporary) / "cluster")
        try:
            for _ in range(2):
                cluster.worker(memory="2GiB")
            sides = {
                "here": workspace(Path(temporary) / "here", options.projects, options.seconds, None, None),
                "through two workers": workspace(
                    Path(temporary) / "there", options.projects, options.seconds, cluster.address, options.at_once
                ),
            }
            measured = measure(sides, options.projects, options.rounds)
        finally:
            cluster.close()
    (here, one_here), (there, one_there) = measured.values()
    print(f"{options.projects} projects, {options.seconds:g} s of training each; the workers share these cores:")
    return figures.show(
        [
            figures.Figure("one project, here", one_here),
            figures.Figure("one project, through a worker", one_there),
            figures.Figure("all at once, here", here),
            figures.Figure("all at once, through two workers", there),
            figures.Figure("through two workers / here", there / here, unit=""),
        ]
    )


def measure(sides: dict[str, Engine], count: int, rounds: int) -> dict[str, tuple[float, float]]:
    """For each side the median seconds of all projects at once, and of one alone."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, engine in sides.items():
            both = retrained(engine, [f"project-{n}" for n in range(count)]), retrained(engine, ["project-0"])
            seconds[name].append(both)
            print(f"{name}: all at once {both[0]:.1f} s, one {both[1]:.1f} s", flush=True)
    return {
        name: (median(all_ for all_, _ in pairs), median(one for _, one in pairs)) for name, pairs in seconds.items()
    }


if __name__ == "__main__":
    sys.exit(main())
