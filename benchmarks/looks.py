"""What a look at flights costs beside the same look of another commit: at everything, what is new, nothing new.

    .venv/bin/python -m benchmarks.looks [--commit 014d2c7] [--rounds 3] [--projects 1000] [--home FOLDER]

Counted is the CPU of every process that a look starts, whoever reaps it, by a control group (so it wants root); not
that of the process that asks and waits. Where a commit has a fork server and step servers, they are there. Both commits
look at the same moments, in turns, each in a workspace of its own with flights as that commit ships it, and with this
Python and its packages. A look without news is one between whose moment and the one before no flight has landed. Looks
that find the servers of their steps not there yet come first and are not counted.

The day of many projects is computed, not lived through: so many looks of each kind as flights has on such a day, at
what they cost here, for so many projects as are asked for, on two cores. It leaves out what projects at the same moment
cost each other (caches, the disk, a ledger with 96,000 more looks a day), and that other projects are not flights.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
QUARTER = timedelta(minutes=15)
LEARNT = datetime(2026, 6, 1, 7, tzinfo=UTC)
# A Tuesday: at night in New York nothing lands for a while, in the evening much does.
NIGHT, EVENING = datetime(2026, 6, 9, 8, 30, tzinfo=UTC), datetime(2026, 6, 9, 22, tzinfo=UTC)
# Of the 96 quarters of an hour of that Tuesday so many have landings; one look asks for everything.
WITH_NEWS, LOOKS = 85, 96
KINDS = ("everything", "what is new", "nothing new")


class Group:
    """A control group of our own: the processor time of all that is started in it, whoever reaps it. As root only."""

    def __init__(self) -> None:
        for root, told in ((Path("/sys/fs/cgroup/cpuacct"), "cpuacct.usage"), (Path("/sys/fs/cgroup"), "cpu.stat")):
            self._folder = root / f"leverframe-looks-{os.getpid()}"
            with suppress(OSError):
                self._folder.mkdir()
                (self._folder / "cgroup.procs").write_text(str(os.getpid()))
                if (self._folder / told).exists():
                    self._told = self._folder / told
                    return
        raise SystemExit("There is no control group to count processor time in; be root, with cgroups mounted.")

    def seconds(self) -> float:
        """Of all processes but this one, since the group was made."""
        words = self._told.read_text().split()
        used = int(words[0]) / 1e9 if len(words) == 1 else int(words[1]) / 1e6
        return used - time.process_time()

    def close(self) -> None:
        (self._folder.parent / "cgroup.procs").write_text(str(os.getpid()))
        for _ in range(100):
            with suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.1)


def worker(home: Path) -> None:
    """Looks as a line on standard input asks for them, each answered by a line with what it cost."""
    from console.demo import repository
    from console.demo.story import Tale
    from engine.api import open_engine

    group = Group()
    engine = open_engine(home, "bench", create=True)
    if not engine.projects():
        (home / "demo-projects").mkdir(exist_ok=True)
        engine.add(repository.ensure(Tale("flights", 1), home / "demo-projects", repository.samples()))
    if not engine.versions("flights"):
        run = engine.wait(engine.retrain("flights", as_of=LEARNT).id, lambda _: None)
        assert run.version is not None, run.why
        engine.move(engine.plan_release(run.version), "for the benchmark", lambda _: None)
    stop = servers(engine)
    last = engine.health("flights")
    print(json.dumps({"newest": (last.as_of if last else LEARNT).isoformat()}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        before, began = group.seconds(), time.perf_counter()
        options: dict[str, Any] = {"whole": True} if asked["whole"] else {}
        queued = engine.look("flights", as_of=datetime.fromisoformat(asked["at"]), **options)
        run = engine.wait(queued.id, lambda _: None)
        took = time.perf_counter() - began
        assert run.state == "succeeded", run.why
        time.sleep(0.5)  # its process writes the outcome, then ends
        kept = engine.health("flights")
        steps = [step.name for step in run.steps]
        told = {"cpu": group.seconds() - before, "seconds": took, "rows": kept.rows if kept else 0, "steps": steps}
        print(json.dumps(told), flush=True)
    stop()
    engine.close()
    group.close()


def servers(engine: Any) -> Callable[[], None]:
    """What a long-lived engine keeps beside itself, where this commit has it: kept until what it returns is called."""
    try:
        place, keeping = (import_module(f"engine.runs.warm.{name}") for name in ("place", "keeper"))
    except ImportError:
        return lambda: None
    keeper = keeping.Keeper(engine._workspace)
    for _ in range(keeping.WANTED):
        place.note_unanswered(engine.home, "run")
    over = threading.Event()

    def keep() -> None:
        while not over.wait(0.5):
            keeper.look()
        keeper.stop()

    thread = threading.Thread(target=keep)
    keeper.look()
    thread.start()
    until = time.monotonic() + 60
    while not (place.folder_of(engine.home) / place.SOCKET).exists() and time.monotonic() < until:
        time.sleep(0.05)

    def stop() -> None:
        over.set()
        thread.join()

    return stop


class Side:
    """One commit, with a workspace of its own and a process that looks."""

    def __init__(self, name: str, source: Path, home: Path, *, new: bool) -> None:
        self.name, self.new = name, new
        self.costs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__)), "--worker", str(home)],
            cwd=source,
            env={**os.environ, "PYTHONPATH": str(source)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.newest = datetime.fromisoformat(json.loads(self._answer())["newest"])

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise SystemExit(f"{self.name}: the looks ended before their time.")
        return answer

    def look(self, at: datetime, *, whole: bool = False) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps({"at": at.isoformat(), "whole": whole and self.new}), file=self._process.stdin, flush=True)
        told: dict[str, Any] = json.loads(self._answer())
        return told

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def measured(sides: list[Side], rounds: int) -> None:
    """Looks in turns. The first of each round is not counted: the next ones have one before them. In a workspace that
    was kept, on a day that nobody has looked at."""
    days = max(0, *((side.newest - NIGHT).days + 2 for side in sides))
    for begin, kinds in ((NIGHT, KINDS), (EVENING, KINDS[:2]))[:rounds]:
        start = begin + timedelta(days=days)
        for side in sides:
            for early in (4, 3, 2):
                side.look(start - early * QUARTER)
            side.look(start - QUARTER, whole=True)
        last = [side.look(start)["rows"] for side in sides]
        for number in range(1, 4 * rounds + 1):
            for place, side in enumerate(sides):
                told = side.look(start + number * QUARTER)
                kind = KINDS[2] if told["rows"] == last[place] else KINDS[1]
                last[place] = told["rows"]
                if kind in kinds and len(side.costs[kind]) < 2 * rounds:
                    side.costs[kind].append(told)
        for side in sides:
            side.costs[KINDS[0]].append(side.look(start + (4 * rounds + 1) * QUARTER, whole=True))


def checkout(commit: str, folder: Path) -> Path:
    content = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def report(sides: list[Side], projects: int) -> None:
    from benchmarks.figures import machine

    print(machine())
    then, now = sides
    costs = {side.name: {kind: median(one["cpu"] for one in side.costs[kind]) for kind in KINDS} for side in sides}
    print(f"{'CPU of a look, median':<28}{then.name:>12}{now.name:>12}{'of it':>9}{'looks':>8}")
    for kind in KINDS:
        old, new = costs[then.name][kind], costs[now.name][kind]
        print(f"{kind:<28}{old:>10.2f} s{new:>10.2f} s{new / old:>9.3f}{len(now.costs[kind]):>8}")
    for side in sides:
        each = costs[side.name]
        day = each[KINDS[0]] + (WITH_NEWS - 1) * each[KINDS[1]] + (LOOKS - WITH_NEWS) * each[KINDS[2]]
        load, carried = projects * day / (2 * 86_400), int(2 * 86_400 / day)
        print(f"{side.name}: a day of {LOOKS} looks takes {day:,.0f} s of CPU, that of {projects:,} such projects")
        print(f"  {load:.2f} times what two cores have in a day, which carry {carried:,} (computed, see --help)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", default="014d2c7", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--home", type=Path, help="a folder that is kept: environments and versions are not made anew")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        worker(given.worker)
        return
    with tempfile.TemporaryDirectory(prefix="leverframe-looks-") as temporary:
        folder = given.home or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        sides = [
            Side(given.commit, checkout(given.commit, Path(temporary) / "then"), folder / "home-then", new=False),
            Side("now", ROOT, folder / "home-now", new=True),
        ]
        try:
            measured(sides, given.rounds)
        finally:
            for side in sides:
                side.close()
        report(sides, given.projects)


if __name__ == "__main__":
    main()
