"""The ledger when it is large: following the audit chain, and what a decision costs with 10 and with 100,000 versions.

    python benchmarks/ledger_at_size.py [--audit 1000000] [--versions 100000] [--rounds 200]

The chain is followed at 500,000 rows a second or more. Approve (with its swap) and rollback write one durable commit
each, which is as fast with 100,000 versions of one project as with 10: the limit is 1.5 times, or a millisecond more,
for the disk's own noise. Only the commit is timed: the proof before it does not know how many versions there are.
Beside it stands a bare durable commit of one row of SQLite on the same disk. The ledgers are measured in turns.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Literal

import figures
from ledger_generator import fill

from engine import clock
from engine.access.caller import Caller
from engine.access.proof import of_process
from engine.audit import trail
from engine.records import Metric, Operator
from engine.release import swap
from engine.release.history import live_deployment
from engine.release.proof import Steps
from engine.release.records import MovePlan
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.versions import catalog

Kind = Literal["release", "rollback"]
PROJECT = "project-0000"
ADA = Caller(Operator("ada", "admin"), of_process())
ROWS_PER_SECOND = 500_000


def generated(home: Path, projects: int, versions: int, audit: int) -> Ledger:
    """A ledger of that size."""
    workspace = workspaces.create(home)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        fill(db, projects, versions, audit)
    return ledger


def candidate(ledger: Ledger) -> str:
    """A fresh candidate of the project, judged against what is live."""
    now = clock.now()
    with ledger.write() as db:
        live = live_deployment(db, PROJECT)
        assert live is not None
        number = catalog.register(
            db, project=PROJECT, digest=f"{time.monotonic_ns():064x}", made_at=now, as_of=now, run=1, verdict="pass",
            comparison="better", sentence="BETTER THAN LIVE.", against=live["number"],
            metric=Metric("roc_auc", 0.7, 0.69, 0.71, 6410), data_until=now, expires_at=now + timedelta(days=14),
        )  # fmt: skip
    return f"{PROJECT}@{number}"


def plan(ledger: Ledger, kind: Kind, target: str) -> MovePlan:
    """The plan that the engine would show, without what only a person reads."""
    with ledger.read() as db:
        live = live_deployment(db, PROJECT)
    assert live is not None
    return MovePlan(PROJECT, kind, f"{PROJECT}@{live['number']}", target, live["seq"], (), (), (), None)


def committed(ledger: Ledger, move: MovePlan) -> tuple[float, int]:
    """Seconds that the commit of ``move`` takes, and how many commits there were."""
    said: list[str] = []
    with ledger.read() as db:
        connection: sqlite3.Connection = db
    connection.set_trace_callback(said.append)
    steps, settings = Steps(lambda step: None), {"project": {"name": PROJECT}}
    began = time.perf_counter()
    swap.commit(ledger, move, settings, "1-0123456789ab", steps, "for the benchmark", ADA, clock.now())
    seconds = time.perf_counter() - began
    connection.set_trace_callback(None)
    return seconds, sum(statement.strip().upper().startswith("COMMIT") for statement in said)


def bare_commit(path: Path, rounds: int) -> list[float]:
    """Seconds of durable commits of one row each, for the disk's share."""
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE t (a TEXT)")
        taken = []
        for _ in range(rounds):
            began = time.perf_counter()
            db.execute("INSERT INTO t VALUES ('a row')")
            taken.append(time.perf_counter() - began)
    return taken


def commits(small: Ledger, large: Ledger, rounds: int) -> list[figures.Figure]:
    """Approve and roll back in turns on both."""
    taken: dict[tuple[Kind, str], list[float]] = {}
    for _ in range(rounds):
        for size, ledger in (("small", small), ("large", large)):
            with ledger.read() as db:
                live = live_deployment(db, PROJECT)
            assert live is not None
            before = f"{PROJECT}@{live['number']}"
            moves: tuple[tuple[Kind, str], ...] = (("release", candidate(ledger)), ("rollback", before))
            for kind, target in moves:
                seconds, number = committed(ledger, plan(ledger, kind, target))
                if number != 1:
                    raise SystemExit(f"a {kind} made {number} commits")
                taken.setdefault((kind, size), []).append(1000 * seconds)
    found = []
    words: dict[Kind, str] = {"release": "approve and swap", "rollback": "roll back"}
    for kind, word in words.items():
        few, many = (median(taken[kind, size]) for size in ("small", "large"))
        found += [
            figures.Figure(f"{word}, few versions", few, unit="ms"),
            figures.Figure(f"{word}, many versions", many, max(1.5 * few, few + 1), unit="ms"),
        ]
    return found


def main() -> int:
    """Make the ledgers, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audit", type=int, default=1_000_000)
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        folder = Path(temporary)
        small = generated(folder / "small", 1, 10, 10)
        large = generated(folder / "large", 1, options.versions, options.audit)
        print("the ledgers are made", flush=True)
        rates = []
        for _ in range(3):
            began = time.perf_counter()
            verdict = trail.verify(large)
            rates.append(verdict.rows / (time.perf_counter() - began))
            assert verdict.ok, verdict.why
        bare = 1000 * median(bare_commit(folder / "bare.db", options.rounds))
        found = [
            figures.Figure("audit --verify", median(rates), ROWS_PER_SECOND, "rows/s", at_most=False),
            figures.Figure("a bare commit of SQLite", bare, unit="ms"),
            *commits(small, large, options.rounds),
        ]
    return figures.show(found)


if __name__ == "__main__":
    sys.exit(main())
