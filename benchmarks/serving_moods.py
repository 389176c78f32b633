"""A version whose process raises, exits, segfaults, leaks or hangs, under a real server: who answers, and who is told.

    benchmarks/serving_moods.py [--home HOME] [--rate 50] [--port 8498]

The project `moody` of `serving_ground.py`, whose live version does what a row tells it to, and the one before answers
whatever it is asked. Beside a load that asks for nothing odd, each deed is asked for once; then one of them until the
version is taken out; an operator has it asked again. Then the manifest's rule is in force in place of the version
before. What each request got, how long it took and what the status, the alerts and the log say of it is printed; it
ends with 1 where a request had another answer than `[serve] fallback` promises.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import serving_ground as ground  # noqa: E402
from engine import clock  # noqa: E402
from engine.projects import in_force  # noqa: E402
from engine.storage.ledger import Ledger  # noqa: E402

DEEDS = ("raise", "exit", "segfault", "leak", "hang")
RULE = {"prediction": -1.0}
APART = 45.0  # seconds: three within a minute, and the time that one which hung was waited for, would take it out


class Trial:
    """A server that answers, and what went wrong so far."""

    def __init__(self, home: Path, port: int, expected: dict[str, Any]) -> None:
        self.home, self.port, self.wrong = home, port, 0
        self.live, self.before = sorted(expected, key=lambda label: int(label.rpartition("@")[2]), reverse=True)[:2]

    def ask(self, deed: str) -> tuple[int, dict[str, Any], float]:
        body = json.dumps({"records": [{"x": 0.5, "deed": deed}]}).encode()
        url = f"http://127.0.0.1:{self.port}/projects/{ground.MOODY}/score"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer), time.monotonic() - began
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), time.monotonic() - began

    def told(self, deed: str, fallback: str | None, version: str) -> None:
        """Ask for the deed; the answer is to be the one of ``version``, by ``fallback``."""
        status, said, took = self.ask(deed)
        good = status == 200 and (said["version"], said["fallback"]) == (version, fallback)
        self.wrong += not good
        got = f"{said.get('version')}, fallback {said.get('fallback')}" if status == 200 else said.get("error")
        print(f"  {deed:9} {status} by {got}, after {took:.2f} s{'' if good else '   <- wrong'}", flush=True)

    def verb(self, *words: str) -> str:
        done = ground.said_by(self.home, *words)
        return (done.stdout + done.stderr).strip()

    def open_alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(ground.said_by(self.home, "alerts", "--json").stdout)
        return [each for each in found if each["project"] == ground.MOODY and each["part"] == "serving"]


def quiet(trial: Trial) -> None:
    """Until the live version answers again."""
    ground.until(lambda: trial.ask("none")[1].get("fallback", "") is None, 120, "the version answers again")


def deeds(trial: Trial, fallback: str, by: str) -> None:
    for deed in DEEDS:
        trial.told(deed, None if deed == "none" else fallback, by)
        quiet(trial)
        time.sleep(APART)


def taken_out(trial: Trial, fallback: str, by: str) -> None:
    for _ in range(3):
        trial.told("segfault", fallback, by)
        time.sleep(1)
    trial.told("none", fallback, by)
    took = ground.until(lambda: any("asked no more" in each["why"] for each in trial.open_alerts()), 60, "an alert")
    print(f"  an alert after {took:.1f} s more: {trial.open_alerts()[0]['why']} -> {trial.open_alerts()[0]['act']}")
    print("  " + trial.verb("status", ground.MOODY).replace("\n", "\n  "))
    alert = next(each["id"] for each in trial.open_alerts() if "asked no more" in each["why"])
    print("  " + trial.verb("alerts", "ack", str(alert), "--reason", "its memory was raised"))
    took = ground.until(lambda: trial.ask("none")[1].get("fallback", "") is None, 60, "it is asked again")
    print(f"  asked again after {took:.1f} s")


def ruled(home: Path) -> None:
    """The rule in place of the version before, as a manifest in force would have it."""
    ledger = Ledger(home / "ledger.db", locks=home / "locks")
    with ledger.write() as db:
        settings = in_force.settings(db, ground.MOODY)
        in_force.put(db, ground.MOODY, {**settings, "serve": {**settings["serve"], "fallback": RULE}}, clock.now())
    ledger.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--workers", type=int, default=ground.cores())
    parser.add_argument("--port", type=int, default=8498)
    parser.add_argument("--home", type=Path, help="a workspace that an earlier call left, or where to leave one")
    parser.add_argument("--log", type=Path, help="where what the server and the engine say is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-moods-") as name:
        home = (given.home or Path(name) / "home").resolve()
        ground.made(home, (ground.MOODY,))
        asking = ground.asking(home, ground.MOODY, Path(name))
        trial = Trial(home, given.port, asking.expected)
        if asking.live != trial.live and (why := ground.moved(home, ground.MOODY, trial.live)):
            raise SystemExit(why)
        words = ("serve", "--port", str(given.port), "--workers", str(given.workers))
        with ground.verb(home, *words, log=given.log), ground.verb(home, "engine", log=given.log):
            ground.ready(home, (ground.MOODY,), given.workers)
            load = ground.Load(given.port, asking, given.rate, moves=[trial.live])
            asks = threading.Thread(target=lambda: asyncio.run(load.run()))
            asks.start()
            # In each worker, that is: whoever asks does not choose which one answers.
            in_all = lambda: all(trial.ask("raise")[1].get("fallback") == "previous" for _ in range(20))  # noqa: E731
            ground.until(in_all, 120, "the version before is ready, too")
            print('fallback = "previous":')
            deeds(trial, "previous", trial.before)
            taken_out(trial, "previous", trial.before)
            ruled(home)
            print(f"fallback = {RULE}:")
            quiet(trial)
            deeds(trial, "rule", trial.live)
            load.over = True
            asks.join()
        print(f"the load beside it: {dict(load.counts)}, failed {load.failed} {dict(load.failures)}")
        return 1 if trial.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
