"""`kill -9` of each kind of process, in turn, under load: what failed, and what stands again by itself.

    benchmarks/serving_kills.py [--rate 200] [--beside 10] [--rounds 1] [--home HOME]

On a workspace of two served projects (see `serving_ground.py`) `leverframe serve` and `leverframe engine` run as their
units for systemd have them: begun again two seconds after they end. Requests go to both projects. A worker, the process
of the version that has one, its warden, the engine, its fork server, a run at its work, a console on a terminal and the
server itself are killed, one after the other. For each there is a line: what failed meanwhile by kind, how long it
took until everything stood again, and what became of it. It ends with 1 where an answer was mixed or by the old
version, a process did not come back or outlived the server, a run did not say what became of it, or the trail is not
whole. At last a worker says that it answers with another version than is live: how long until that is red.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import serving_ground as ground  # noqa: E402
from benchmarks.terminal import Terminal  # noqa: E402
from engine.scoring import beats  # noqa: E402

RESTARTS = 2.0  # seconds, as RestartSec in docs/leverframe-serve.service
RED_WITHIN = 10.0
AFTER = 10.0  # seconds for which failures are counted to a kill once everything stands again


class Unit:
    """A verb that is begun again when it ends, as systemd does it."""

    def __init__(self, home: Path, words: Sequence[str], log: Path) -> None:
        self._argv = [sys.executable, "-m", "console", "--home", str(home), *words]
        self._log, self._over = log, threading.Event()
        self.begun = 0
        self._begin()
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _begin(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._argv, cwd=ROOT, start_new_session=True, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        self.begun += 1

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._over.wait(RESTARTS):
                return
            self._begin()

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        self._over.set()
        self._process.terminate()
        self._thread.join(60)


class Trial:
    """All that runs. ``bad``: sentences of what should not be."""

    def __init__(self, home: Path, port: int, workers: int, log: Path, loads: Sequence[ground.Load]) -> None:
        self.home, self.workers, self.loads, self.bad = home, workers, loads, list[str]()
        self.server = Unit(home, ("serve", "--port", str(port), "--workers", str(workers)), log)
        self.engine = Unit(home, ("engine",), log)
        self.stands()

    def stands(self) -> None:
        """Wait until every worker answers for both projects with what is live, and an engine sees to the schedule."""
        ground.ready(self.home, (ground.DIAMONDS, ground.MOODY), self.workers)
        ground.until(self._has_engine, 120, "an engine comes")

    def _has_engine(self) -> bool:
        said = json.loads(ground.said_by(self.home, "status", "--json").stdout)
        return bool(said["engine"]["running"]) and said["engine"]["pid"] == self.engine.pid

    def below(self, unit: Unit, name: str) -> list[int]:
        return [pid for pid, called in ground.tree("", unit.pid).items() if called == name]

    def failures(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for load in self.loads:
            found.update({f"{load.asking.project}: {kind}": count for kind, count in load.failures.items()})
            fallbacks = sum(load.counts[f"by fallback {kind}"] for kind in ("previous", "rule"))
            found.update({f"{load.asking.project}: answered by a fallback": fallbacks})
        return found

    def asked(self) -> int:
        return sum(load.counts["asked"] for load in self.loads)

    def wrong(self) -> int:
        return sum(load.counts["mixed"] + load.counts["old"] for load in self.loads)

    def kill(self, what: str, pid: int, after: Callable[[], str] = lambda: "") -> None:
        """Kill it, wait until everything stands, and tell what came of it."""
        before, asked, wrong = self.failures(), self.asked(), self.wrong()
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        became = after()
        self.stands()
        took = time.monotonic() - began
        time.sleep(AFTER)
        failed = self.failures() - before
        bad = self.wrong() - wrong
        said = ", ".join(f"{count} {kind}" for kind, count in failed.items()) or "none failed"
        print(f"{what} ({pid}): stands again after {took:.1f} s; of {self.asked() - asked:,} asked: {said}; "
              f"{bad} mixed or old{'; ' + became if became else ''}", flush=True)  # fmt: skip
        if bad:
            self.bad.append(f"{what}: {bad} answers mixed or by the old version")

    def end(self) -> None:
        self.server.end()
        self.engine.end()


def is_gone(pid: int) -> bool:
    try:
        return str(psutil.Process(pid).status()) == "zombie"
    except psutil.NoSuchProcess:
        return True


def killed(trial: Trial) -> None:
    home = trial.home
    trial.kill("a worker", trial.below(trial.server, "worker")[0])
    trial.kill("the process of a version", trial.below(trial.server, "scorer")[0])
    trial.kill("its warden", trial.below(trial.server, "warden")[0])
    trial.kill("the engine", trial.engine.pid)
    for name in ("fork server", "step server"):
        there = trial.below(trial.engine, name)
        if there:
            trial.kill(f"the engine's {name}", there[0])
    run = json.loads(ground.said_by(home, "retrain", ground.DIAMONDS, "--force", "--json").stdout)["id"]
    ground.until(lambda: _pid(home, run) is not None and _steps(home, run) > 2, 180, "the run is at its work")

    def what_it_says() -> str:
        over = lambda: _run(home, run)["state"] not in ("running", "queued")  # noqa: E731
        ground.until(over, 180, "the run says what became of it")
        found = _run(home, run)
        if found["state"] != "interrupted":
            trial.bad.append(f"run {run} is {found['state']}")
        return f"run {run} is {found['state']}: {found['why']}"

    trial.kill("a run", _pid(home, run) or 0, what_it_says)
    shown = Terminal([sys.executable, "-m", "console", "--home", str(home)])
    shown.until("diamonds", "moody")
    trial.kill("a console", shown.pid)
    shown.wait()
    old = trial.below(trial.server, "worker") + trial.below(trial.server, "scorer")

    def old_ones_go() -> str:
        took = ground.until(lambda: all(map(is_gone, old)), 120, "the old workers go")
        return f"its {len(old)} workers and processes were gone after {took:.1f} s"

    trial.kill("the server", trial.server.pid, old_ones_go)


def left_behind(trial: Trial) -> None:
    """How long it takes until a worker that says it answers with another version is red, with both values."""
    home, over = trial.home, threading.Event()
    place = beats.Place(home / "locks", f"{os.getpid()}-leftover")
    said = {ground.DIAMONDS: beats.Answering("diamonds@0", "0" * 64, 1)}

    def beat() -> None:
        while not over.wait(1.0):
            place.say(said, {})

    def told() -> list[str]:
        found = json.loads(ground.said_by(home, "alerts", "--json").stdout)
        return [each["why"] for each in found if "answers with diamonds@0" in each["why"]]

    place.say(said, {})
    thread = threading.Thread(target=beat)
    thread.start()
    try:
        took = ground.until(lambda: bool(told()), 60, "it is red")
        print(f"a worker left behind: an alert after {took:.1f} s: {told()[0]}", flush=True)
        if took > RED_WITHIN:
            trial.bad.append(f"a worker left behind was red after {took:.1f} s")
    finally:
        over.set()
        thread.join()
        place.leave()
    took = ground.until(lambda: not told(), 60, "it is over")
    print(f"  and it was over {took:.1f} s after it had gone", flush=True)


def _run(home: Path, run: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(ground.said_by(home, "runs", "--json").stdout)
    return next(each for each in found if each["id"] == run)


def _steps(home: Path, run: int) -> int:
    return len(_run(home, run)["steps"])


def _pid(home: Path, run: int) -> int | None:
    """The process of a run: whoever has its lock open."""
    lock = str(home / "runs" / f"{run:07d}" / "lock")
    for process in psutil.process_iter():
        try:
            if any(os.readlink(each) == lock for each in Path(f"/proc/{process.pid}/fd").iterdir()):
                return int(process.pid)
        except OSError:
            continue
    return None


def is_whole(home: Path) -> bool:
    """Whether the trail and the ledger are; what else is not well is told."""
    verified = json.loads(ground.said_by(home, "audit", "--verify", "--json").stdout)
    print(f"audit --verify: {verified}")
    for finding in json.loads(ground.said_by(home, "doctor", "--json").stdout)["findings"]:
        if finding.get("verdict") not in ("ok", None):
            print(f"doctor: {finding}")
    return bool(verified["ok"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--beside", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=ground.cores())
    parser.add_argument("--port", type=int, default=8499)
    parser.add_argument("--home", type=Path, help="a workspace that an earlier call left, or where to leave one")
    parser.add_argument("--log", type=Path, help="where what the server and the engine say is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-kills-") as name:
        home = (given.home or Path(name) / "home").resolve()
        ground.made(home)
        askings = [ground.asking(home, each, Path(name)) for each in (ground.DIAMONDS, ground.MOODY)]
        loads = [
            ground.Load(given.port, askings[0], given.rate),
            ground.Load(given.port, askings[1], given.beside, connections=4),
        ]
        trial = Trial(home, given.port, given.workers, given.log or Path(name) / "log", loads)
        threads = [threading.Thread(target=lambda load=load: asyncio.run(load.run())) for load in loads]
        for each in threads:
            each.start()
        try:
            time.sleep(5)
            for _ in range(given.rounds):
                killed(trial)
            left_behind(trial)
        finally:
            for load in loads:
                load.over = True
            for each in threads:
                each.join()
            trial.end()
        for load in loads:
            counts = ", ".join(f"{kind} {count:,}" for kind, count in sorted(load.counts.items()))
            print(f"{load.asking.project}: {counts}; failed {load.failed:,} {dict(load.failures)}")
        if not is_whole(home):
            trial.bad.append("the trail is not whole")
        print("\n".join(trial.bad) or "nothing was wrong")
        return 1 if trial.bad else 0


if __name__ == "__main__":
    sys.exit(main())
