"""Two operators approve the same candidate at the same moment, each with the ``ssh`` client through the door.

Of each race one must make it live, and the other must be told who did. Figures are wins, not times.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from engine.access.proof import of_process
from engine.api import create_workspace, open_engine
from tests import tiny
from tests.openssh import Client, door, make_keys

PAIR = ("ada", "bob")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, keys = prepare(Path(folder))
        with door(home) as (port, _):
            client = Client(keys, port)
            wins = Counter(race(client) for _ in range(given.races))
            rows = json.loads(client("ada", "audit", "--limit", "100000", "--json").stdout)
            checked = json.loads(client("ada", "audit", "--verify", "--json").stdout)
    released = [row for row in rows if row["action"] == "release"]
    print(f"{given.races} races: {dict(wins)}; {len(released)} releases in a trail of {checked['rows']} rows, which "
          f"{'holds' if checked['ok'] else 'is BROKEN'}")  # fmt: skip
    if len(released) != given.races or not checked["ok"]:
        raise SystemExit(1)


def prepare(folder: Path) -> tuple[Path, Path]:
    """A workspace with the tiny project and two operators, and the folder of their keys."""
    keys, home = make_keys(folder / "keys", *PAIR), folder / "home"
    project = tiny.make(folder / "tiny")
    create_workspace(home, None, proof=of_process())
    engine = open_engine(home)
    try:
        for name in PAIR:
            engine.add_operator(name, "operator", "a benchmark", keys=[(keys / f"{name}.pub").read_text()])
        engine.add(project)
    finally:
        engine.close()
    return home, keys


def race(client: Client) -> str:
    """Who of both made a fresh candidate live; raises SystemExit where it was not exactly one."""
    made = client("ada", "retrain", "tiny", "--force", "--wait")
    if made.returncode:
        raise SystemExit(made.stdout + made.stderr)
    label = json.loads(client("ada", "candidates", "--json").stdout)[0]["version"]
    running = {
        name: subprocess.Popen(
            [*client.words(name), "127.0.0.1", f"approve {label} --reason 'it is {name} who says so'"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in PAIR
    }  # fmt: skip
    told = {name: process.communicate() for name, process in running.items()}
    won = [name for name, process in running.items() if process.returncode == 0]
    lost = [name for name in PAIR if name not in won]
    if len(won) != 1 or won[0] not in told[lost[0]][1]:
        raise SystemExit(f"{label}: {told}")
    return won[0]


if __name__ == "__main__":
    main()
