"""A workspace whose history is played at moments that are arguments, and what its tables said after each act."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine import overview
from engine.access import operators, token_table
from engine.access.caller import Caller
from engine.access.entering import found_workspace
from engine.access.proof import of_process
from engine.backup import scrub
from engine.backup.records import Scrub
from engine.clock import stamp
from engine.errors import LeverframeError
from engine.housekeeping import places, settings
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding, Severity
from engine.projects import allowances, registry
from engine.records import Metric, ProjectStatus
from engine.release import swap
from engine.release.history import live_deployment
from engine.release.proof import Steps
from engine.release.records import MovePlan
from engine.runs import facts, queue
from engine.runs.steps.step import StepResult
from engine.schedule import book
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.versions import catalog, holds
from tests import tiny
from tests.engine.rewind.approval_acts import ApprovalActs
from tests.engine.rewind.bundle_acts import BundleActs
from tests.engine.rewind.disk_acts import DiskActs
from tests.engine.rewind.feedback_acts import FeedbackActs
from tests.engine.rewind.fleet_acts import FleetActs
from tests.engine.rewind.package_acts import PackageActs
from tests.engine.rewind.people_acts import PeopleActs
from tests.engine.rewind.request_acts import RequestActs
from tests.people import caller_of

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
# What the ledger does not keep, by column; see the rules. None: of every row, else of those for which it is true.
UNKNOWN: dict[str, dict[str, Callable[[dict[str, Any]], bool] | None]] = {
    "runs": {
        "retry_at": None, "progress": lambda row: row["ended_at"] is None,
        "phase": lambda row: row["state"] == "running",
    },
    "schedules": {"settled": None},
    "engine": {"fence": None, "host": None, "pid": None, "since": None},
    "outbox": {"attempts": None, "next_try": None, "held": None, "why": lambda row: row["state"] == "queued"},
    "scans": {"report": None}, "cursors": {"seen": None}, "workers": {"answers": None, "said_at": None},
}
GONE = {
    "steps": "run IN (SELECT id FROM runs WHERE ended_at IS NULL AND state = 'running') AND seq > 1",
    "run_facts": "run IN (SELECT id FROM runs WHERE ended_at IS NULL)",
}


def tables(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    return [row["name"] for row in rows]


def everything(db: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, without what cannot be known later."""
    said = {}
    for table in tables(db):
        where = f"WHERE NOT ({GONE[table]})" if table in GONE else ""
        rows = [dict(row) for row in db.execute(f"SELECT * FROM {table} {where} ORDER BY 1, 2")]
        for column, when in UNKNOWN.get(table, {}).items():
            for row in rows:
                if when is None or when(row):
                    row[column] = "unknown"
        said[table] = rows
    return said


def seen(ledger: Ledger, who: Caller, now: datetime) -> dict[str, Any]:
    """What the screens say, as records."""
    with ledger.read() as db:
        return {
            "tables": everything(db),
            "overview": [_known(each) for each in overview.overview(db, None, who.operator, now).projects],
            "candidates": catalog.candidates(db),
            "schedules": book.everything(db, None, now),
            "alerts": alert_book.open_alerts(db),
            "versions": catalog.page(ledger, None, offset=0, limit=1000),
            "operators": operators.everyone(ledger),
            "tokens": token_table.everything(db),
        }


def _known(status: ProjectStatus) -> ProjectStatus:
    """Without how far a run was that had not ended."""
    run = status.active_run
    if run is not None:
        run = replace(run, steps=(), phase="", progress=0)
    reasons = tuple(replace(each, why=each.why.partition(", now at ")[0]) for each in status.reasons)
    return replace(status, active_run=run, why=status.why.partition(", now at ")[0], reasons=reasons)


@dataclass
class World(PeopleActs, ApprovalActs, BundleActs, PackageActs, RequestActs, FeedbackActs, FleetActs, DiskActs):
    """Acts of a chance order; each is tried, and what the engine refuses has simply not happened."""

    root: Path
    seed: int
    now: datetime = BEGIN
    kept: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.root.mkdir(exist_ok=True)
        self.workspace = workspaces.create(self.root / "home")
        self.ledger = Ledger(self.workspace.ledger, locks=self.workspace.root / "locks")
        with self.ledger.write() as db:
            found_workspace(db, "ada", of_process(), self.now)
        self.ada = caller_of(self.ledger, "ada")
        self.folders = {name: tiny.make(self.root / name, name=name) for name in ("one", "two")}
        registry.add(self.ledger, self.folders["one"], self.ada, self.now)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=self.chance.choice([0.000001, 1, 60, 600, 3600, 40_000]))
        return self.now

    def play(self, acts: int) -> None:
        every = [
            *[self.pack] * 8, *[self.release] * 8, *[self.go_back] * 3, *[self.look] * 3, *[self.lift] * 2,
            *[self.end] * 2, *[self.reject] * 2, self.found, self.engine_ran, self.begin, *[self.cancel] * 3,
            self.pause, self.edit, *[self.hire] * 6, self.choose, self.watch, *[self.hold] * 4, self.acknowledge,
            self.snooze, self.escalate, self.take_off, *[self.clean] * 2, *[self.give_back] * 2, self.mail, self.send,
            *[self.ask] * 2, *[self.route] * 3, *[self.duty] * 5, self.let_wait, self.gather, self.step,
            self.policy, self.glass, *[self.plan_swap, self.end_swap, self.address, self.rehearse, self.trust] * 2,
            *[self.feed, self.settle_feedback, self.answer, self.crash, self.worker] * 2, self.freeze, self.learn,
            self.reset_learner, *[self.token] * 5, *[self.prepare, self.on_trial] * 3, self.came, self.leave,
            self.constrain, self.except_project, self.pack_feedback, self.judge_feedback,
        ]  # fmt: skip
        for _ in range(acts):
            act, project = self.chance.choice(every), self.chance.choice(["one", "two"])
            if act != self.take_off and not self.knows(project):
                continue
            try:
                act(project)
            except LeverframeError:
                continue
            self.keep()

    def knows(self, project: str) -> bool:
        with self.ledger.read() as db:
            return db.execute("SELECT 1 FROM projects WHERE name = ?", (project,)).fetchone() is not None

    def keep(self) -> None:
        """Keep what is seen now, as one who opens the engine sees it: with what has grown old."""
        swap.expire(self.ledger, self.now)
        self.kept.append((self.now, seen(self.ledger, self.ada, self.now)))

    # Runs and versions

    def begin(self, project: str) -> int:
        run = queue.enqueue(self.ledger, project, self.ada, self.now, self.tick(), {})
        if self.chance.random() < 0.8:
            with self.ledger.write() as db:
                db.execute("UPDATE runs SET state = 'running', started_at = ? WHERE id = ?", (stamp(self.tick()), run))
                db.execute("INSERT INTO steps (run, seq, name, state, seconds) VALUES (?, 1, 'queue', 'ok', 1)", (run,))
            queue.record_step(self.ledger, run, StepResult("train", "succeeded", 0, 1.0, 1.0, 1, None, ()))
            facts.note(self.ledger, run, rows=10, retries=2, retry_after=600.0)
        return run

    def unfinished(self, project: str) -> int:
        with self.ledger.read() as db:
            row = db.execute(
                "SELECT id FROM runs WHERE project = ? AND state IN ('queued', 'running') LIMIT 1", (project,)
            ).fetchone()
        return int(row["id"]) if row else self.begin(project)

    def end(self, project: str) -> None:
        run = self.unfinished(project)
        with self.ledger.write() as db:
            queue.finish(db, run, self.chance.choice(["failed", "interrupted"]), self.tick(), why="x", again=True)

    def cancel(self, project: str) -> None:
        with self.ledger.read() as db:
            may = "state IN ('queued', 'running') OR retry_at > 0"
            runs = [row["id"] for row in db.execute(f"SELECT id FROM runs WHERE {may}")]
        queue.cancel(self.ledger, self.chance.choice(runs or [9999]), self.ada, "why not", self.tick())

    def pack(self, project: str) -> None:
        run, at = self.begin(project), self.tick()
        with self.ledger.write() as db:
            live = live_deployment(db, project)
            number = catalog.register(
                db, project=project, digest=f"{self.chance.random()}", made_at=at, as_of=at, run=run,
                verdict=self.chance.choice(["pass", "pass", "warn", "fail"]), comparison="first", sentence="it is so",
                against=live["number"] if live else None, metric=Metric("roc_auc", 0.7, 0.6, 0.8, 10), data_until=at,
                expires_at=at + timedelta(days=self.chance.choice([1, 14])),
            )  # fmt: skip
            queue.finish(db, run, "succeeded", at, version=f"{project}@{number}")

    def versions(self, project: str, *states: str) -> str:
        found = [v.label for v in catalog.page(self.ledger, project, offset=0, limit=99) if v.state in states]
        return self.chance.choice(found or [f"{project}@9999"])

    def move(self, project: str, kind: Any, target: str, *, lifts: bool = False) -> None:
        with self.ledger.read() as db:
            live = live_deployment(db, project)
            source = f"{project}@{live['number']}" if live else None
            digest = catalog.find(db, target)["digest"]
        plan = MovePlan(project, kind, source, target, live["seq"] if live else 0, (), (), (), None, lifts)
        number = catalog.parse_label(target)[1]
        retrain = {"cron": f"{number % 60} 3 * * *"}
        settings = {"project": {"title": f"title {number}"}, "schedule": {"retrain": retrain}}
        swap.commit(self.ledger, plan, settings, digest, Steps(lambda step: None), f"{kind} it", self.ada, self.tick())

    def release(self, project: str) -> None:
        self.move(project, "release", self.versions(project, "candidate"))

    def go_back(self, project: str) -> None:
        self.move(project, "rollback", self.versions(project, "retired", "barred"), lifts=True)

    def reject(self, project: str) -> None:
        swap.reject(self.ledger, self.versions(project, "candidate"), "not good", self.ada, self.tick())

    def lift(self, project: str) -> None:
        swap.lift(self.ledger, self.versions(project, "barred"), "good again", self.ada, self.tick())

    # Rules and people

    def pause(self, project: str) -> None:
        with self.ledger.read() as db:
            paused = not book.find(db, project, "retrain")["enabled"]
        (book.resume if paused else book.pause)(self.ledger, project, "retrain", "so", self.ada, self.tick())

    def edit(self, project: str) -> None:
        rule = book.ScheduleChanges(rule=f"{self.chance.randrange(60)} 4 * * *")
        book.edit(self.ledger, project, "retrain", rule, "so", self.ada, self.tick())

    def ask(self, project: str) -> None:
        """A run is stopped for what it asks, and that is allowed; or what was allowed is withdrawn."""
        try:
            allowances.withdraw(self.ledger, project, "so", self.ada, self.tick())
        except LeverframeError:
            run = self.begin(project)
            facts.note(self.ledger, run, asked=json.dumps({"sandbox": {"read": ["/data"]}}))
            with self.ledger.write() as db:
                queue.finish(db, run, "failed", self.tick(), why="x", again=False)
            allowances.allow(self.ledger, run, "so", self.ada, self.tick())

    def choose(self, project: str) -> None:
        value = self.chance.choice(["default", "1GiB", "2GiB"])
        settings.choose(self.ledger, "keep_free", value, self.ada, "so", self.tick())
        folder = value if value == "default" else f"/mnt/{value}"
        settings.choose(self.ledger, "backup_to", folder, self.ada, "so", self.now)

    def watch(self, project: str) -> None:
        with self.ledger.read() as db:
            watched = places.everything(db)
        if watched:
            places.remove(self.ledger, Path(watched[0].path), self.ada, "so", self.tick())
        else:
            places.add(self.workspace, self.ledger, self.folders[project], "data", self.ada, "so", self.tick())

    def hold(self, project: str) -> None:
        label = self.versions(project, "candidate", "live", "retired", "barred", "failed")
        try:
            holds.release(self.ledger, label, "so", self.ada, self.tick())
        except LeverframeError:
            holds.place(self.ledger, label, "so", self.ada, self.tick())

    def take_off(self, project: str) -> None:
        try:
            registry.remove(self.ledger, project, "so", project, self.ada, self.tick())
        except LeverframeError:
            registry.add(self.ledger, self.folders[project], self.ada, self.tick())

    # Health

    def look(self, project: str) -> None:
        at = self.tick()
        keys = self.chance.sample(["drift:x", "performance"], self.chance.randrange(3))
        found = [
            HealthFinding(key, key, self.chance.choice(["watch", "failing"]), f"why {self.chance.random()}", "act", at)
            for key in keys
        ]
        with self.ledger.write() as db:
            registry.find(db, project)
            run = db.execute("SELECT max(id) FROM runs").fetchone()[0]
            alert_book.record(db, project, 1, found, {"drift:x", "performance"}, run, at)

    def look_at(self, project: str, severity: Severity) -> None:
        """A look that finds one thing."""
        at = self.tick()
        with self.ledger.write() as db:
            found = HealthFinding("drift:x", "drift:x", severity, "x moved", "look", at)
            alert_book.record(db, project, 1, [found], {"drift:x"}, None, at)

    def an_alert(self) -> int:
        with self.ledger.read() as db:
            found = alert_book.open_alerts(db)
        return self.chance.choice([alert.id for alert in found] or [9999])

    def acknowledge(self, project: str) -> None:
        alert_book.acknowledge(self.ledger, self.an_alert(), "mine", self.ada, self.tick())

    def snooze(self, project: str) -> None:
        at = self.tick()
        until = at + timedelta(hours=self.chance.randrange(1, 99))
        alert_book.snooze(self.ledger, self.an_alert(), until, f"until {until}", self.ada, at)

    def escalate(self, project: str) -> None:
        alert_book.escalate(self.ledger, self.tick())

    # What runs leave

    def found(self, project: str) -> None:
        """A look at health whose figures are kept, a report, a backtest; a scoring begins, the one before has ended."""
        run, at = self.begin(project), stamp(self.tick())
        with self.ledger.write() as db:
            number = catalog.find(db, self.versions(project, "live", "retired"))["number"]
            queue.finish(db, run, "succeeded", self.now)
            db.execute(
                "INSERT INTO health VALUES (?, ?, ?, ?, ?, 'ok', 'well', 1, 1, NULL)", (run, project, number, at, at)
            )
            db.execute("INSERT INTO signals VALUES (NULL, ?, ?, ?, 'psi', ?, 1, 0, 2, 9)", (run, project, number, at))
            db.execute(
                "INSERT INTO measurements VALUES (NULL, ?, ?, ?, 'roc_auc', ?, ?, 0.7, 0.6, 0.8, 9)",
                (project, number, run, at, at),
            )
            db.execute(
                "INSERT INTO triggers VALUES (NULL, ?, 'new_data', ?, 'skipped', 'x', NULL, ?)", (project, run, at)
            )
            db.execute(
                "INSERT INTO reports VALUES (NULL, ?, ?, ?, 'week', ?, ?, 'ok', 'well', 'a', 'b', 1, 'c')",
                (project, at, at, run, at),
            )
            db.execute("INSERT INTO backtests VALUES (?, ?, ?, ?, 'd', x'00')", (run, project, at, at))
            db.execute("UPDATE scorings SET rows = 5, digest = 'd', ended_at = ? WHERE ended_at IS NULL", (at,))
            db.execute(
                "INSERT INTO scorings (run, named, project, number, input, output, at)"
                " VALUES (?, ?, ?, ?, 'a', 'b', ?)",
                (run, run, project, number, at),
            )

    def engine_ran(self, project: str) -> None:
        """The schedule is settled, after nobody had done so for a while, and the disk is scanned."""
        at = self.tick()
        with self.ledger.write() as db:
            row = book.find(db, project, "retrain")
            due = stamp(at - timedelta(minutes=1))
            db.execute(
                "INSERT INTO occurrences VALUES (NULL, ?, ?, 'retrain', ?, NULL, 1, 'missed', 'x', NULL, ?, 1)",
                (row["id"], project, due, stamp(at)),
            )
            db.execute("UPDATE schedules SET settled = ? WHERE id = ?", (stamp(at), row["id"]))
            db.execute("UPDATE engine SET fence = fence + 1, host = 'here', pid = 1, since = ?", (stamp(at),))
            db.execute("INSERT INTO downtimes VALUES (NULL, ?, ?, 'nobody')", (due, stamp(at)))
            db.execute("UPDATE scans SET report = NULL")
            db.execute("INSERT INTO scans VALUES (NULL, ?, 1, ?, '{}')", (stamp(at), json.dumps({})))
            db.execute("UPDATE cursors SET seen = (SELECT coalesce(max(id), 0) FROM news)")
            backups = "INSERT INTO backups (at, by, place, why, seconds) VALUES (?, 'clock', '/mnt', 'full', 1)"
            db.execute(backups, (stamp(at),))
            versions = scrub.kept(db)
        if versions:
            each = versions[len(self.kept) % len(versions)]
            damage = "rot" if len(self.kept) % 2 else None
            scrub.record(self.ledger, each, Scrub(each.label, at, 1, damage))
