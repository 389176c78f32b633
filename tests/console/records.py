"""Made-up records for the console's tests, all seen from one moment, and an engine that answers with them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from engine.errors import NotFound, Refusal
from engine.monitoring.records import Trigger
from engine.records import (
    AuditRow,
    AuditVerdict,
    Change,
    Deployment,
    DoctorFinding,
    Gate,
    Metric,
    Operator,
    Overview,
    Point,
    Project,
    ProjectStatus,
    Run,
    Step,
    Version,
)
from engine.release.records import DecisionCard, Moved, MovePlan, PlannedSwap, ProofStep, Remark, Remarks
from engine.runs.logs.log_index import LogLine, LogWindow
from engine.runs.times.times_records import RunTimes, StepTimes
from engine.schedule.records import EngineState, Occurrence, Schedule
from engine.versions.records import SegmentValues
from tests.console.admin_records import FakeAdmin
from tests.console.backtest_records import FakeBacktests
from tests.console.disk_records import FakeDisk
from tests.console.health_records import NOW, FakeHealth, ago
from tests.console.learn_records import FakeLearners
from tests.console.request_records import FakeRequests
from tests.console.token_records import FakeTokens
from tests.console.trace_records import FakeScores
from tests.console.travel_records import FakeTravel
from tests.console.trial_records import FakeTrials

ADA = Operator("ada", "operator")
AUC = Metric("roc_auc", 0.724, 0.713, 0.735, 6410, 0.706, 0.018, 0.011, 0.025, "better")


def version(number: int = 11, **other: Any) -> Version:
    made = Version(
        project="flights", number=number, digest="ab" * 32, state="candidate", made_at=ago(hours=12),
        as_of=ago(hours=12), run=41, verdict="pass", comparison="better",
        sentence="BETTER THAN LIVE. All 3 gates pass.", against="flights@9", metric=AUC,
        live_from=None, live_until=None, reason=None,
    )  # fmt: skip
    return replace(made, **other)


LIVE = version(9, state="live", comparison="first", against=None, live_from=ago(days=12), sentence="FIRST VERSION.")
RETIRED = version(7, state="retired", live_from=ago(days=40), live_until=ago(days=12))
OLDER = version(5, state="retired", live_from=ago(days=70), live_until=ago(days=40))
BARRED = version(8, state="barred", live_from=ago(days=14), live_until=ago(days=12), reason="rolled back from")
VERSIONS = (version(11), version(10, state="rejected", reason="rejected by ada: EV is weak"), LIVE, BARRED, RETIRED)


def run(number: int = 41, **other: Any) -> Run:
    made = Run(
        id=number, project="flights", job="retrain", state="succeeded", as_of=ago(hours=12), queued_at=ago(hours=12),
        started_at=ago(hours=12) + timedelta(seconds=1), ended_at=ago(hours=12) + timedelta(seconds=42),
        requested_by="ada", progress=1.0, phase="", version="flights@11", why=None,
        steps=(Step("extract", "succeeded", 3.2, 2.9, 604_000_000, None), Step("train", "succeeded", 1, 1, 313, None)),
    )  # fmt: skip
    return replace(made, **other)


RUNNING = run(42, state="running", ended_at=None, progress=0.4, phase="train fitting", version=None)
FAILED = run(40, state="failed", why="train was ended after 30 minutes, its time limit.", version=None)
RUNS = (RUNNING, run(), FAILED)
LOOK = run(39, job="health", why="quality, drift and performance are well")


def status(name: str = "flights", **other: Any) -> ProjectStatus:
    made = ProjectStatus(
        project=Project(name, "Late arrivals", "ops@example.org", "/projects/flights", ago(days=60)),
        verdict="ok", why="the last look: all is well", since=ago(days=3),
        live=f"{name}@9", live_since=ago(days=12), metric=replace(AUC, value=0.706), measured_at=ago(days=3),
        history=tuple(Point(ago(days=7 * n), 0.7 + 0.01 * n) for n in range(8, 0, -1)), data_until=ago(hours=2),
        candidates=(version(),), last_run=run(), active_run=None, next_due=NOW + timedelta(days=5),
        rollback_to=f"{name}@7", measured_on="6,410 rows that a later retrain held out (run 38)",
    )  # fmt: skip
    return replace(made, **other)


CHURN = status(
    "churn", verdict="failing", why="recall 0.58 of churn@22 is below 0.65 on 2,310 newer rows", since=ago(minutes=18),
    live="churn@22", candidates=(), rollback_to="churn@21", last_run=FAILED,
)  # fmt: skip
NEW = status(
    "new", verdict="unknown", why="nothing is live yet: retrain, then approve a candidate", live=None, live_since=None,
    metric=None, measured_at=None, history=(), data_until=None, candidates=(), last_run=None, rollback_to=None,
)  # fmt: skip
OVERVIEW = Overview(NOW, ADA, "prod-1", (CHURN, status(), NEW), 390_000_000_000, 1_000_000_000_000)

GATES = (
    Gate("roc_auc at least 0.70", "threshold", "pass", "0.724 on 6,410 rows."),
    Gate("drift of precip", "drift", "warn", "PSI 0.31 against flights@9."),
    Gate("every segment at least 0.60", "segment", "cannot tell", "Only 12 rows of carrier=HA, 500 are needed."),
)
CARD = DecisionCard(
    version=version(), live="flights@9", live_seq=4, expires_at=NOW + timedelta(days=12),
    metrics=(Metric("brier", 0.12, 0.11, 0.13, 6410, 0.13, -0.01, -0.02, -0.005, "better"), AUC), gates=GATES,
    segments=(SegmentValues("carrier", "EV", 1204, "roc_auc", 0.66, 0.67, -0.01, -0.03, 0.01, "cannot tell"),
              SegmentValues("origin", "LGA", 2015, "roc_auc", 0.7, 0.69, 0.01, 0.0, 0.02, "better")),
    changed_decisions=0.041,
    changes=(Change("code", "1 file changed in 1 commit", ("3f2a9c1 b.lee: clip wind",)), Change("settings", "same")),
    last_rejected='flights@10 on 16 Nov by ada: "EV segment too weak"', made_by="run 41, asked for by ada",
    blocked=None, code=DoctorFinding("code", "ok", "3f2a9c1b on main, last changed by b.lee"),
    sandbox=DoctorFinding("sandbox", "ok", "held by the system; reads nothing else, may use the network"),
)  # fmt: skip

RELEASE = MovePlan(
    "flights", "release", "flights@9", "flights@11", 4, ("Make flights@11 live instead of flights@9.",),
    ("model, 1 file", "code 3f2a9c1"), (), None,
)  # fmt: skip
ROLLBACK = MovePlan(
    "flights", "rollback", "flights@9", "flights@7", 4, ("From flights@9, live for 12 days", "to flights@7."),
    ("model, 1 file",), ("predictions already used",), None,
)  # fmt: skip
PLANNED_SWAP = PlannedSwap(1, "flights", 11, 4, "p", "bob", "at night", ago(hours=-9), ago(hours=1), 30)
AUDIT = tuple(
    AuditRow(seq, ago(minutes=seq), "ada", "approve", f"flights@{seq}", "newer data", f"{seq:064x}")
    for seq in range(300, 0, -1)
)


RAN = Occurrence("flights", "retrain", ago(days=2), "ran", "", 41, ago(days=2), id=3)
MISSED = Occurrence(
    "flights", "retrain", ago(days=9), "missed", "no engine ran from 14 Nov 20:00 to 16 Nov 08:12", None, ago(days=8),
    last=ago(days=8), times=2, id=2,
)  # fmt: skip
SCHEDULE = Schedule(
    "flights", "retrain", "0 3 * * mon", "America/New_York", "latest", None, True,
    tuple(datetime(2026, 11, 30, 8, tzinfo=UTC) + timedelta(weeks=n) for n in range(5)), RAN, "manifest", None,
)  # fmt: skip
PAUSED = replace(
    SCHEDULE, project="churn", enabled=False, next_due=(), last=MISSED, changed_by="bob", origin="operator"
)
TRIGGER = Trigger(
    "flights", "new-data", 5000, 86400, "skipped", "6,110 new rows since the last version; run 41 is under way", None,
    ago(hours=2),
)  # fmt: skip
HERE = EngineState(True, True, "prod-1", 4711, ago(hours=3), 2)
TIMES = RunTimes(
    "flights", "retrain", 20, 41.0, 55.0, 90.0,
    (StepTimes("extract", 20, 3.0, 4.0, 3.2, 0.1, 604_000_000, 98_000.0, "steady", None, "", 2.9),
     StepTimes("train", 20, 30.0, 44.0, 43.0, 0.8, 313_000_000, None, "slower", 38, "scikit-learn 1.8.2 → 1.9.1", 29)),
    "train",
)  # fmt: skip


class FakeEngine(
    FakeAdmin, FakeDisk, FakeHealth, FakeBacktests, FakeRequests, FakeTravel, FakeTokens, FakeScores, FakeLearners,
    FakeTrials,
):
    """Answers like an engine, with the records above; keeps what it was asked to do."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.home, self.operator = home, ADA
        self.overview_now = OVERVIEW
        self.card_now = CARD
        self.candidates_now: tuple[Version, ...] = (version(),)
        self.release_now, self.rollback_now = RELEASE, ROLLBACK
        self.state_now = HERE
        self.triggers_now: tuple[Trigger, ...] = (TRIGGER,)
        self.runs_now: tuple[Run, ...] = RUNS
        self.schedules_now: tuple[Schedule, ...] = (PAUSED, SCHEDULE)
        self.done: list[tuple[Any, ...]] = []
        self.failures: list[str] = []
        self.refuse: Exception | None = None
        self.forbids: dict[str, str] = {}
        self.commits = 0
        self.reconciled = 0
        self.thens: list[FakeEngine] = []
        self.stands, self.closed = NOW, False
        self.pace = threading.Event()
        self.pace.set()
        self.lines: tuple[str, ...] = ("fitting", "done")

    def change_marker(self) -> int:
        return self.commits

    def as_of(self, moment: datetime) -> FakeEngine:
        """A moment that is over: it is another engine, and nothing is done there."""
        self._do("as of", f"{moment:%Y-%m-%d %H:%M}")
        self.pace.wait()
        then = FakeEngine(self.home)
        then.pace = self.pace
        then.stands = moment
        then.overview_now = replace(self.overview_now, projects=self.overview_now.projects[:1])
        then.refuse = Refusal("This is how things stood then; go back to now to act.")
        self.thens.append(then)
        return then

    def now(self) -> datetime:
        return self.stands

    def close(self) -> None:
        self.closed = True

    def reconcile(self) -> None:
        """Nothing to settle, but it is counted."""
        self.reconciled += 1

    def keep_traceback(self, text: str) -> Path:
        self.failures.append(text)
        return self.home

    def overview(self, now: datetime) -> Overview:
        return self.overview_now

    def candidates(self, project: str | None = None) -> tuple[Version, ...]:
        return self.candidates_now

    def versions(self, project: str | None, *, offset: int, limit: int, matching: str) -> tuple[Version, ...]:
        return _page([v for v in VERSIONS if matching in v.label], offset, limit)

    def count_versions(self, project: str | None = None) -> int:
        return len(VERSIONS)

    def runs(
        self, project: str | None = None, *, offset: int = 0, limit: int, matching: str = "", looks: bool
    ) -> tuple[Run, ...]:
        listed = (*self.runs_now, LOOK) if looks else self.runs_now
        of_project = [r for r in listed if project in (None, r.project)]
        return _page([r for r in of_project if matching in r.state], offset, limit)

    def count_runs(self, *, looks: bool = True) -> int:
        return len(RUNS) + looks

    def run(self, run: int) -> Run:
        return next(r for r in RUNS if r.id == run)

    def log_window(self, run: int, step: str | None, *, line: int | Literal["end"], count: int) -> LogWindow:
        lines = tuple(LogLine(n, text) for n, text in enumerate(self.lines, 1))
        found = lines[-count:] if line == "end" else lines[line - 1 : line - 1 + count]
        return LogWindow(found, len(lines), False)

    def search_log(self, run: int, step: str | None, text: str, *, limit: int = 100) -> tuple[int, ...]:
        return tuple(n for n, each in enumerate(self.lines, 1) if text in each)[:limit]

    def logs_of(self, run: int) -> tuple[str, ...]:
        return ("extract", "train")

    def asks(self, run: int) -> tuple[str, ...]:
        return ()

    def audit(self, *, offset: int, limit: int, matching: str) -> tuple[AuditRow, ...]:
        return _page([a for a in AUDIT if matching in a.subject], offset, limit)

    def count_audit(self) -> int:
        return len(AUDIT)

    def card(self, label: str, now: datetime) -> DecisionCard:
        return self.card_now

    def diff(self, old: str, new: str) -> tuple[Change, ...]:
        return CARD.changes

    def plan_release(self, label: str, due: datetime | None = None) -> MovePlan:
        return self.release_now

    def plan_rollback(self, project: str, to: str | None, *, lift: bool = False, seen: bool = True) -> MovePlan:
        self.lift = lift
        if project == "new":
            raise NotFound("new has no earlier live version to go back to.")
        return replace(self.rollback_now, target=to or self.rollback_now.target)

    def rollback_targets(self, project: str) -> tuple[Version, ...]:
        return (RETIRED, OLDER)

    def move(self, plan: MovePlan, reason: str, on_step: Any) -> Moved:
        self._do("move", plan, reason)
        on_step(ProofStep("200 of 200 golden rows equal", 0.9))
        number = int(plan.target.partition("@")[2])
        deployment = Deployment(5, plan.project, number, 9, plan.kind, NOW, "ada", reason)
        return Moved(deployment, (), f"{plan.target} is live.", plan.source)

    def reject(self, label: str, reason: str) -> None:
        self._do("reject", label, reason)

    def cancel_swap(self, label: str, reason: str) -> None:
        self._do("cancel_swap", label, reason)

    def remarks(self, label: str) -> Remarks:
        return self.card_now.remarks

    def comment(self, label: str, text: str) -> Remark:
        self._do("comment", label, text)
        return Remark("comment", NOW, "ada", text)

    def lift(self, label: str, reason: str) -> None:
        self._do("lift", label, reason)

    def cancel(self, run: int, reason: str) -> None:
        self._do("cancel", run, reason)

    def status(self, project: str, now: datetime) -> ProjectStatus:
        found = [s for s in self.overview_now.projects if s.project.name == project]
        if not found:
            raise NotFound(f"There is no project '{project}' here.")
        return found[0]

    def look(self, project: str, *, by: tuple[str, ...] = (), whole: bool = False) -> Run:
        self._do("look", project, *by, *["whole"] * whole)
        return run(44)

    def retrain(self, project: str) -> Run:
        self._do("retrain", project)
        return run(43)

    def run_now(self, project: str, job: str) -> Run:
        self._do("run now", project, job)
        return run(45, job=job)

    def engine_state(self) -> EngineState:
        return self.state_now

    def since(self, moment: datetime) -> tuple[Occurrence, ...]:
        return (MISSED,)

    def schedules(self, project: str | None = None) -> tuple[Schedule, ...]:
        return self.schedules_now

    def triggers(self, project: str | None = None) -> tuple[Trigger, ...]:
        return self.triggers_now

    def occurrences(self, *, offset: int, limit: int, matching: str) -> tuple[Occurrence, ...]:
        return _page([o for o in (RAN, MISSED) if matching in o.project], offset, limit)

    def count_occurrences(self) -> int:
        return 2

    def pause_schedule(self, project: str, job: str, reason: str) -> None:
        self._do("pause", project, job, reason)

    def resume_schedule(self, project: str, job: str, reason: str) -> None:
        self._do("resume", project, job, reason)

    def edit_schedule(self, project: str, job: str, **named: Any) -> Schedule:
        self._do("edit", project, job, named)
        return SCHEDULE

    def run_times(self, project: str) -> RunTimes:
        return TIMES

    def verify_audit(self) -> AuditVerdict:
        self.pace.wait()
        return AuditVerdict(True, len(AUDIT), "f" * 64, None, None)

    def why_not(self, act: str) -> str | None:
        return self.forbids.get(act)

    def _do(self, *what: Any) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.done.append(what)


def _page(found: list[Any], offset: int, limit: int) -> tuple[Any, ...]:
    return tuple(found[offset : offset + limit])
