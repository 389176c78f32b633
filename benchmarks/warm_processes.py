"""What it is worth that processes of runs, meters and judges, and steps, are forked with their imports paid.

    python benchmarks/warm_processes.py [--rounds 5] [--home FOLDER]

Looks and retrains of flights with the fork server and step servers, and without them, in turns, and the plain script of
retrain_overhead.py beside the retrains. Processor time is that of everything that a run starts, by a cgroup of the
benchmark's own (as root; left out where there is none); steps' is what their wardens measured, and what is left is the
run's process and the wardens themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import figures
import retrain_overhead
from flights_workspace import approved, arguments, retrained, week, workspace
from kept_servers import aside, kept_servers

from engine.api import Engine
from engine.records import Run

BEGAN = "began"
EARLY = 4
SAYS_WHEN = f"import time\nprint('{BEGAN}', time.monotonic_ns(), flush=True)\n"


@dataclass(frozen=True)
class Took:
    """Seconds of one run: by the clock, until its first step's code began, of processor in all, and of its steps."""

    whole: float
    until_code: float
    cpu: float | None
    own_step: float
    steps: float

    @property
    def around(self) -> float | None:
        """Of the run's process, and of what watches over its steps."""
        return None if self.cpu is None else self.cpu - self.steps


class Group:
    """A cgroup with this process and all that it starts; where none can be made, it knows nothing."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        for root, told in (("/sys/fs/cgroup/cpuacct", "cpuacct.usage"), ("/sys/fs/cgroup", "cpu.stat")):
            folder = Path(root) / f"leverframe-benchmark-{os.getpid()}"
            try:
                folder.mkdir()
                (folder / "cgroup.procs").write_text(str(os.getpid()))
            except OSError:
                continue
            if (folder / told).exists():
                self._folder, self._told = folder, folder / told
                return

    def seconds(self) -> float | None:
        if self._folder is None:
            return None
        words = self._told.read_text().split()
        return int(words[0]) / 1e9 if len(words) == 1 else int(words[1]) / 1e6

    def close(self) -> None:
        if self._folder is not None:
            (self._folder.parent / "cgroup.procs").write_text(str(os.getpid()))
            for _ in range(100):
                try:
                    self._folder.rmdir()
                    return
                except OSError:
                    time.sleep(0.1)


def says_when(repository: Path) -> None:
    """Have the project's code say when its first line runs."""
    code = repository / "flights.py"
    text = code.read_text("utf-8")
    if SAYS_WHEN not in text:
        code.write_text(text.replace("\nimport io\n", f"\n{SAYS_WHEN}import io\n", 1), "utf-8")
        subprocess.run(
            ["git", "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qam", "says when"],
            cwd=repository, check=True,
        )  # fmt: skip


def took(engine: Engine, group: Group, own: str, ask: str) -> Took:
    """One run to its end, and until its process is gone."""
    before, began, clock = group.seconds(), time.perf_counter(), time.monotonic_ns()
    run: Run = engine.retrain("flights", as_of=week(1), force=True) if ask == "retrain" else engine.look("flights")
    run = engine.wait(run.id, lambda r: None)
    whole = time.perf_counter() - began
    if run.state != "succeeded":
        raise SystemExit(f"run {run.id} {run.state}: {run.why}")
    while engine._workspace.is_locked(f"../runs/{run.id:07d}/lock"):
        time.sleep(0.01)
    time.sleep(0.3)  # for what has let go of the lock and is not gone yet
    after, run = group.seconds(), engine.run(run.id)
    text = next(engine.home.glob(f"runs/{run.id:07d}/steps/extract*/step.log")).read_text("utf-8")
    first = next(line for line in text.splitlines() if line.startswith(BEGAN))
    cpu = {step.name: step.cpu_seconds or 0.0 for step in run.steps}
    return Took(
        whole,
        (int(first.split()[1]) - clock) / 1e9,
        None if after is None or before is None else after - before,
        cpu.get(own, 0.0),
        sum(cpu.values()),
    )


def main() -> int:
    """Measure all in turns and print the medians."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    group = Group()
    found: dict[tuple[str, bool], list[Took]] = {}
    plain = []
    try:
        with workspace(options.home) as engine:
            says_when(engine.home / "demo-projects" / "flights")
            if not engine.count_versions():
                approved(engine, str(retrained(engine, week(0)).version))
            live = engine.home / "live" / "flights"
            with kept_servers(engine) as files:
                for _ in range(EARLY):  # until its steps have servers
                    took(engine, group, "measure", "look")
                    took(engine, group, "validate", "retrain")
                for _ in range(options.rounds):
                    plain.append(
                        retrain_overhead.plain(live / "environment" / "bin" / "python", live / "code", week(1))
                    )
                    for ask, own in (("look", "measure"), ("retrain", "validate")):
                        for forked in (False, True):
                            with nullcontext() if forked else aside(*files):
                                each = took(engine, group, own, ask)
                            found.setdefault((ask, forked), []).append(each)
                            print(ask, "forked" if forked else "afresh", each, flush=True)
    finally:
        group.close()
    return figures.show([figures.Figure("plain script", median(plain)), *_table(found, median(plain))])


def _table(found: dict[tuple[str, bool], list[Took]], plain: float) -> Iterator[figures.Figure]:
    for (ask, forked), each in found.items():
        how = f"{ask}, {'forked' if forked else 'afresh'}"
        limit = 1.25 * plain + 1.0 if forked and ask == "retrain" else None
        yield figures.Figure(f"{how}: from its request to its end", median(one.whole for one in each), limit)
        until_code = median(one.until_code for one in each)
        yield figures.Figure(f"{how}: until the project's own code", until_code, 0.05 if forked else None)
        yield figures.Figure(f"{how}: CPU of the judge or meter", median(one.own_step for one in each))
        around = [one.around for one in each if one.around is not None]
        if around:
            yield figures.Figure(f"{how}: CPU of the run's process and wardens", median(around))
            yield figures.Figure(f"{how}: CPU in all", median(one.cpu or 0.0 for one in each))


if __name__ == "__main__":
    sys.exit(main())
