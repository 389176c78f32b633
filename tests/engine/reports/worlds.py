"""A workspace whose ledger a test fills by hand: a project with weeks of history, made in a few milliseconds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.access.entering import found_workspace
from engine.access.proof import of_process
from engine.api import Engine
from engine.audit import trail
from engine.clock import stamp
from engine.reports.period import between
from engine.reports.records import Report, ReportPeriod
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import document as documents
from engine.versions.records import BothDecisions, DecisionCounts, MetricValues, SegmentValues
from tests.callers import caller
from tests.people import caller_of
from tests.version_documents import JUDGED, WHOLE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
MANIFEST: dict[str, Any] = {
    "project": {"name": "flights", "title": "Late arrivals", "owner": "ops@example.org"},
    "data": {"purpose": "Tell passengers early"},
    "validation": {"holdout": "14d", "metrics": ["roc_auc", "log_loss"], "task": "binary"},
    "gates": [{"metric": "roc_auc", "at_least": 0.6}],
    "schedule": {"retrain": {"cron": "0 3 * * mon", "timezone": "America/New_York"}},
    "report": {"to": ["business@example.org"]},
}


@dataclass
class World:
    """One project called flights; ``week`` 0 is the oldest."""

    engine: Engine
    ledger: Ledger  # the engine's own, as it was given: it is closed with the engine
    number: int = 0

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.engine.home)

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(self.workspace.objects)

    def project(self, **changes: Any) -> World:
        manifest = {**MANIFEST, **changes}
        about = manifest["project"]
        with self.ledger.write() as db:
            db.execute(
                "INSERT INTO projects VALUES ('flights', ?, ?, '/srv/flights', ?, ?, NULL)",
                (about["title"], about["owner"], json.dumps(manifest), stamp(NOW - 20 * WEEK)),
            )
        return self

    def run(self, at: datetime, job: str = "retrain", state: str = "succeeded", why: str | None = None) -> int:
        with self.ledger.write() as db:
            cursor = db.execute(
                "INSERT INTO runs (project, job, state, as_of, queued_at, started_at, ended_at, requested_by, options,"
                " why) VALUES ('flights', ?, ?, ?, ?, ?, ?, 'the schedule', '{}', ?)",
                (job, state, *[stamp(at)] * 4, why),
            )
            return int(cursor.lastrowid or 0)

    def version(
        self, at: datetime, value: float | None, live: tuple[int, float | None] | None = None, **more: Any
    ) -> int:
        """A retrain at ``at`` made a candidate worth ``value``, and measured the version that was live."""
        run = self.run(at)
        self.number += 1
        found = MetricValues(value=value, low=None, high=None, n=0, live=live[1] if live else None)
        judged = replace(JUDGED, metrics={"roc_auc": found}, **more)
        lineage = replace(WHOLE.lineage, run=run)
        digest = documents.save(self.store, replace(WHOLE, metrics=judged, lineage=lineage))
        with self.ledger.write() as db:
            db.execute(
                "INSERT INTO versions (project, number, digest, made_at, as_of, run, verdict, comparison, sentence,"
                " metric, expires_at, state) VALUES ('flights', ?, ?, ?, ?, ?, 'pass', 'first', ?, 'null', ?,"
                " 'candidate')",
                (self.number, digest, stamp(at), stamp(at), run, "BETTER THAN LIVE.", stamp(at + 2 * WEEK)),
            )
            for number, worth in [(self.number, value), *([live] if live else [])]:
                low, high = (None, None) if worth is None else (worth - 0.02, worth + 0.02)
                db.execute(
                    "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
                    " VALUES ('flights', ?, ?, 'roc_auc', ?, ?, ?, ?, ?, 1200)",
                    (number, run, stamp(at), stamp(at), worth, low, high),
                )
        return self.number

    def deploy(self, at: datetime, number: int, kind: str = "release", by: str = "ada", why: str = "good") -> int:
        """Make ``number`` live, as a release or a rollback does."""
        actor = caller(by, "operator")
        action = "approve" if kind == "release" else kind
        with self.ledger.write() as db:
            old = db.execute("SELECT number FROM versions WHERE state = 'live'").fetchone()
            seq = int(db.execute("SELECT coalesce(max(seq), 0) FROM deployments").fetchone()[0])
            subject = f"flights@{number}"
            audit = trail.append(db, at=at, actor=actor, action=action, subject=subject, reason=why)
            db.execute(
                "INSERT INTO decisions (at, actor, kind, project, number, live_seq, reason, audit)"
                " VALUES (?, ?, ?, 'flights', ?, ?, ?, ?)",
                (stamp(at), by, action, number, seq, why, audit),
            )
            if kind == "release":
                audit = trail.append(db, at=at, actor=actor, action="release", subject=subject, reason=why)
            left = "barred" if kind == "rollback" else "retired"
            db.execute("UPDATE versions SET state = ? WHERE state = 'live'", (left,))
            db.execute("UPDATE versions SET state = 'live' WHERE number = ?", (number,))
            db.execute("UPDATE versions SET state = 'expired' WHERE state = 'candidate'")
            cursor = db.execute(
                "INSERT INTO deployments (project, number, previous, kind, at, actor, reason, release, proof, audit)"
                " VALUES ('flights', ?, ?, ?, ?, ?, ?, 'r', '[]', ?)",
                (number, old["number"] if old else None, kind, stamp(at), by, why, audit),
            )
            return int(cursor.lastrowid or 0)

    def alert(
        self,
        at: datetime,
        severity: str,
        why: str,
        resolved: datetime | None = None,
        number: int = 1,
        part: str = "disk",
    ) -> int:
        with self.ledger.write() as db:
            found = db.execute("SELECT id FROM incidents WHERE closed_at IS NULL").fetchone()
            incident = found["id"] if found else None
            if incident is None:
                cursor = db.execute("INSERT INTO incidents (project, opened_at) VALUES ('flights', ?)", (stamp(at),))
                incident = cursor.lastrowid
            cursor = db.execute(
                "INSERT INTO alerts (incident, project, number, key, part, severity, why, act, since, raised_at,"
                " seen_at, resolved_at, resolved_why, run) VALUES (?, 'flights', ?, ?, ?, ?, ?, 'retrain it', ?, ?, ?,"
                " ?, ?, (SELECT max(id) FROM runs))",
                (
                    incident, number, why, part, severity, why, stamp(at), stamp(at), stamp(at),
                    stamp(resolved) if resolved else None, "found no more" if resolved else None,
                ),
            )  # fmt: skip
            return int(cursor.lastrowid or 0)

    def look(self, at: datetime, number: int, value: float | None, verdict: str = "ok", n: int = 640) -> int:
        """A look at ``number`` that saw its key metric at ``value``, or could not measure it."""
        run = self.run(at, job="health")
        with self.ledger.write() as db:
            db.execute(
                "INSERT INTO health (run, project, number, as_of, at, verdict, why, rows, labelled)"
                " VALUES (?, 'flights', ?, ?, ?, ?, 'as it was seen', 900, 640)",
                (run, number, stamp(at), stamp(at), verdict),
            )
            if value is not None:
                db.execute(
                    "INSERT INTO signals (run, project, number, name, as_of, value, low, high, n)"
                    " VALUES (?, 'flights', ?, 'roc_auc', ?, ?, ?, ?, ?)",
                    (run, number, stamp(at), value, value - 0.02, value + 0.02, n),
                )
        return run

    def looked_at_every_hour(self, enabled: bool = True) -> None:
        with self.ledger.write() as db:
            db.execute(
                "INSERT INTO schedules (project, job, rule, timezone, catch_up, enabled, note, origin, entry, since,"
                " settled) VALUES ('flights', 'health', '0 * * * *', 'UTC', 'latest', ?, '', 'manifest', '{}', ?, ?)",
                (int(enabled), stamp(NOW - 10 * WEEK), stamp(NOW - 10 * WEEK)),
            )

    def report(self, period: ReportPeriod | None = None) -> Report:
        return self.engine.report("flights", period or between(NOW - WEEK, NOW))


def empty(home: Path) -> World:
    """A workspace that is older than all that happens in it: no act is recorded before the one that it follows."""
    workspace = workspaces.create(home)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        found_workspace(db, "ada", of_process(), NOW - 52 * WEEK)
    return World(Engine(workspace, ledger, caller_of(ledger, "ada")), ledger)


def lived_in(home: Path, **changes: Any) -> World:
    """Six weeks: @1 live from the first, @2 live and rolled back from, @4 waits, two alerts and a failed run."""
    world = empty(home).project(**changes)
    at = [NOW - (6 - week) * WEEK for week in range(6)]
    day = timedelta(days=1)
    segments = tuple(
        SegmentValues("carrier", name, n, "roc_auc", value, value, 0.0, None, None, "same", value and value - 0.05,
                      value and value + 0.05)
        for name, n, value in (("EV", 300, 0.61), ("UA", 900, 0.75), ("B6", 40, None))
    )  # fmt: skip
    world.version(at[0], 0.70, decisions=BothDecisions(DecisionCounts(100, 50, 150, 700), None))
    world.deploy(at[0] + day, 1)
    world.version(at[1], 0.72, (1, 0.71))
    world.deploy(at[1] + day, 2, why="newer weeks")
    world.deploy(at[1] + 2 * day, 1, "rollback", by="bo", why="too many false alarms")
    world.version(at[4], 0.71, (1, 0.70), decisions=BothDecisions(DecisionCounts(90, 60, 150, 700), None))
    world.deploy(NOW - 3 * day, 3, by="chen", why="better on the coast")
    both = BothDecisions(None, DecisionCounts(120, 40, 130, 710))
    world.version(NOW - day, 0.73, (3, 0.72), decisions=both, segments=segments)
    world.alert(NOW - 5 * day, "failing", "data is 3 d old", NOW - 4 * day, number=3)
    world.alert(NOW - 2 * day, "watch", "carrier drifts", number=3)
    world.run(NOW - 6 * day, state="failed", why="the disk was full")
    return world
