"""Make a large ledger: 1,000 projects, 100,000 versions and 1,000,000 audit rows by default.

    python benchmarks/ledger_generator.py /tmp/large [--projects N] [--versions N] [--audit N]

Every row has the form that the engine writes, the hash chain holds, and each project has a live version, one that was
live before it and a candidate. The version documents themselves are not made, so screens can be measured but nothing
in this workspace can be approved.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from engine.access import bindings, operators
from engine.access.proof import of_process
from engine.audit.chain import GENESIS, canonical, link
from engine.clock import stamp
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

START = datetime(2024, 1, 1, tzinfo=UTC)
ACTORS = ("ada", "bo", "chen", "dewi")


def manifest(name: str) -> str:
    """A manifest as the ledger keeps it."""
    return json.dumps(
        {
            "project": {"name": name, "title": name.title(), "owner": "ops@example.org"},
            "validation": {"holdout": "14d", "metrics": ["roc_auc"]},
            "gates": [{"metric": "roc_auc", "at_least": 0.6}],
            "schedule": {"retrain": {"cron": "0 3 * * mon", "timezone": "America/New_York"}},
        }
    )


def audit_rows(count: int, projects: int, live: int) -> Iterator[tuple[int, str, str]]:
    """A chain of ``count`` rows, the last of which release version ``live`` of each project."""
    digest = GENESIS
    for seq in range(1, count + 1):
        released = seq - 1 - (count - projects)
        project = f"project-{seq % projects if released < 0 else released:04d}"
        body = canonical(
            {
                "seq": seq,
                "at": stamp(START + timedelta(seconds=30 * seq)),
                "actor": ACTORS[seq % 4],
                "account": "ops@bench",
                "action": "retrain" if released < 0 else "release",
                "subject": project if released < 0 else f"{project}@{live}",
                "reason": "better",
                "details": {"run": seq},
            }
        )
        digest = link(digest, body)
        yield seq, body, digest


def versions(count: int, projects: int) -> Iterator[tuple[object, ...]]:
    """``count`` versions spread evenly over the projects; the last three are retired, live and a candidate."""
    draw = random.Random(1)
    each = count // projects
    for number in range(1, each + 1):
        made = START + timedelta(days=7 * number)
        state = {each: "candidate", each - 1: "live", each - 2: "retired"}.get(number, "rejected")
        lived = stamp(made) if state in ("live", "retired") else None
        for project in range(projects):
            name = f"project-{project:04d}"
            value = round(draw.uniform(0.65, 0.75), 4)
            metric = {
                "name": "roc_auc", "value": value, "low": value - 0.01, "high": value + 0.01, "n": 6410,
                "live": value - 0.01, "difference": 0.01, "difference_low": 0.004, "difference_high": 0.016,
                "comparison": "better",
            }  # fmt: skip
            run = (number - 1) * projects + project + 1
            yield (
                name, number, sha256(f"{name}{number}".encode()).hexdigest(), stamp(made), stamp(made), run, "pass",
                "better", "BETTER THAN LIVE. All 9 gates pass.", number - 1 or None, json.dumps(metric), stamp(made),
                "2099-01-01T00:00:00.000000Z", state, lived, None, None,
            )  # fmt: skip


def fill(db: sqlite3.Connection, projects: int, count: int, audit: int) -> None:
    """All tables, in one transaction."""
    names = [f"project-{i:04d}" for i in range(projects)]
    db.executemany(
        "INSERT INTO projects VALUES (?, ?, 'ops@example.org', ?, ?, ?, NULL)",
        [(n, n.title(), f"/srv/{n}", manifest(n), stamp(START)) for n in names],
    )
    for name in ACTORS:
        operators.insert(db, name, "admin", START, name)
    if bindings.holder(db, of_process()) is None:  # Whoever measures comes in as the first.
        bindings.bind(db, ACTORS[0], of_process(), START)
    db.executemany(
        "INSERT INTO audit (seq, body, digest) VALUES (?, ?, ?)", audit_rows(audit, projects, count // projects - 1)
    )
    db.executemany(
        "INSERT INTO runs (id, project, job, state, as_of, queued_at, started_at, ended_at, requested_by, options,"
        " version)"
        " VALUES (?, ?, 'retrain', 'succeeded', ?, ?, ?, ?, 'ada', '{}', ?)",
        [
            (
                v[5],
                v[0],
                v[3],
                v[3],
                v[3],
                stamp(datetime.fromisoformat(str(v[3])) + timedelta(seconds=9)),
                f"{v[0]}@{v[1]}",
            )
            for v in versions(count, projects)
        ],
    )
    db.executemany(
        "INSERT INTO versions (project, number, digest, made_at, as_of, run, verdict, comparison, sentence, against,"
        " metric, data_until, expires_at, state, live_from, live_until, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        versions(count, projects),
    )
    db.execute(
        "INSERT INTO measurements (project, number, run, metric, as_of, at, value, n)"
        " SELECT project, number, run, 'roc_auc', as_of, made_at, json_extract(metric, '$.value'), 6410 FROM versions"
    )
    db.execute(
        "INSERT INTO deployments (project, number, previous, kind, at, actor, reason, release, proof, audit)"
        " SELECT v.project, v.number, v.against, 'release', a.at, a.actor, a.reason,"
        " v.number || '-' || substr(v.digest, 1, 12), '[]', a.seq FROM audit a"
        " JOIN versions v ON a.subject = v.project || '@' || v.number WHERE a.seq > ? AND v.state = 'live'",
        (audit - projects,),
    )


def main() -> None:
    """Make the ledger in an empty folder and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--projects", type=int, default=1_000)
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--audit", type=int, default=1_000_000)
    args = parser.parse_args()
    workspace = workspaces.create(args.home)
    started = time.monotonic()
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        fill(db, args.projects, args.versions, args.audit)
    ledger.close()
    print(f"{args.projects:,} projects, {args.versions:,} versions, {args.audit:,} audit rows", end=" ")
    print(
        f"in {time.monotonic() - started:.1f} s: {workspace.ledger} ({workspace.ledger.stat().st_size / 2**20:.0f} MiB)"
    )


if __name__ == "__main__":
    main()
