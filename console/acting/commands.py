"""What an operator can have done. A command is carried out by the runner, on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from engine import clock
from engine.errors import Conflict, Refusal
from engine.vocabulary.jobs import BACKTEST, HEALTH, RETRAIN

if TYPE_CHECKING:
    from console.text.lines import Tone
    from engine.api import Engine, PastEngine
    from engine.housekeeping.records import CleanPlan
    from engine.release.records import MovePlan, ProofStep

Tell = Callable[["ProofStep"], None]
NEWEST = 20


@dataclass(frozen=True)
class Result:
    """What was done, in a sentence with its ``tone``. ``undo``: a version that is to be live again to take it back;
    ``then``: a moment to show, and ``missing`` for each of the screens that were open: None, or why it is not there
    then."""

    sentence: str
    tone: Tone = "ok"
    undo: str | None = None
    then: PastEngine | None = None
    missing: tuple[str | None, ...] = ()


class Command(Protocol):
    """Something to have done."""

    @property
    def doing(self) -> str:
        """What is going on while it is carried out."""

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        """Do it, telling each step as it is done. Raises LeverframeError."""


def refuse_twice(engine: Engine, project: str, job: str) -> None:
    """A key that is pressed twice starts one run: raise Refusal while one of that job has not ended."""
    for run in engine.runs(project, limit=NEWEST, looks=False):
        if run.job == job and run.ended_at is None:
            raise Refusal(f"Run {run.id}, {job} of {project}, is {run.state} already: key 3 shows it, x there ends it.")


@dataclass(frozen=True)
class Retrain:
    project: str

    @property
    def doing(self) -> str:
        return f"a retrain of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        refuse_twice(engine, self.project, RETRAIN.name)
        run = engine.retrain(self.project)
        return Result(f"Run {run.id}, a retrain of {self.project}, is queued. Key 3 shows it.")


@dataclass(frozen=True)
class RunNow:
    """What a schedule starts, by hand."""

    project: str
    job: str

    @property
    def doing(self) -> str:
        return f"the {self.job} of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        refuse_twice(engine, self.project, self.job)
        run = engine.run_now(self.project, self.job)
        return Result(f"Run {run.id}, {self.job} of {self.project}, is queued. Key 3 shows it.")


@dataclass(frozen=True)
class LookNow:
    """``by``: columns to see performance by; ``whole``: on everything, not on what is new alone."""

    project: str
    by: tuple[str, ...] = ()
    whole: bool = False

    @property
    def doing(self) -> str:
        return f"a look at the health of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        refuse_twice(engine, self.project, HEALTH.name)
        run = engine.look(self.project, by=self.by, whole=self.whole)
        return Result(f"Run {run.id}, a look at {self.project}, is queued; its result comes here by itself.")


@dataclass(frozen=True)
class Backtest:
    """Policies of retraining on the project's own past."""

    project: str
    weeks: int
    every: str

    @property
    def doing(self) -> str:
        return f"a backtest of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        refuse_twice(engine, self.project, BACKTEST.name)
        run = engine.backtest(self.project, weeks=self.weeks, every=self.every)
        return Result(f"Run {run.id}, a backtest of {self.project}, is queued; what it finds comes here by itself.")


def each_of(alerts: Sequence[int], act: Callable[[int], object]) -> tuple[int, list[str]]:
    """Do ``act`` to every alert that is still open: how many these were, and what is said of those that were not.

    Raises Conflict where there was none.
    """
    over: list[str] = []
    for alert in alerts:
        try:
            act(alert)
        except Conflict as late:
            over.append(str(late))
    if len(over) == len(alerts):
        raise Conflict(" ".join(over))
    return len(alerts) - len(over), over


@dataclass(frozen=True)
class Acknowledge:
    alerts: tuple[int, ...]
    reason: str
    doing: str = "alerts are being acknowledged"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        done, over = each_of(self.alerts, lambda alert: engine.acknowledge(alert, self.reason))
        if len(self.alerts) == 1:
            return Result("You have taken it on; it stays open until a look finds it well.")
        those = "1 alert" if done == 1 else f"{done} alerts"
        return Result(" ".join([f"You have taken {those} on; each stays open until a look finds it well.", *over]))


@dataclass(frozen=True)
class Snooze:
    alerts: tuple[int, ...]
    span: timedelta
    reason: str
    doing: str = "alerts are being snoozed"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        until = clock.now() + self.span
        done, over = each_of(self.alerts, lambda alert: engine.snooze(alert, until, self.reason))
        those = "It is" if len(self.alerts) == 1 else "1 alert is" if done == 1 else f"{done} alerts are"
        said = f"{those} left out of the status until {until:%a %d %b %H:%M} UTC, then back by itself."
        return Result(" ".join([said, *over]))


@dataclass(frozen=True)
class Move:
    """A release or a rollback, exactly as the plan was shown."""

    plan: MovePlan
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.plan.target} is being proven and made live"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        moved = engine.move(self.plan, self.reason, tell)
        return Result(moved.sentence, undo=moved.undo)


@dataclass(frozen=True)
class Reject:
    label: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.label} is being rejected"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.reject(self.label, self.reason)
        return Result(f"{self.label} is rejected; what is live stays live.")


@dataclass(frozen=True)
class Lift:
    label: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the bar of {self.label} is being lifted"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.lift(self.label, self.reason)
        return Result(f"The bar of {self.label} is lifted: it can be rolled back to again.")


@dataclass(frozen=True)
class Cancel:
    run: int
    reason: str

    @property
    def doing(self) -> str:
        return f"run {self.run} is being cancelled"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.cancel(self.run, self.reason)
        return Result(f"Run {self.run} is asked to end; its log stays.")


@dataclass(frozen=True)
class Allow:
    run: int
    reason: str

    @property
    def doing(self) -> str:
        return f"what run {self.run} asks for is being allowed"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        given = engine.allow(self.run, self.reason)
        return Result(f"{given.project} is allowed that from the next run on; a retrain starts one.")


@dataclass(frozen=True)
class Verify:
    doing: str = "the audit trail is being verified"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        from engine.errors import Damage

        verdict = engine.verify_audit()
        if not verdict.ok:
            raise Damage(f"The audit trail is broken at row {verdict.first_broken}: {verdict.why}.")
        return Result(f"All {verdict.rows:,} rows hold. Head {verdict.head}")


@dataclass(frozen=True)
class ScanDisk:
    doing: str = "the disk is being looked through"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        report = engine.scan_disk(lambda *_: None)
        return Result(f"The disk was looked through in {report.scan_seconds:.1f} s.")


@dataclass(frozen=True)
class CleanUp:
    """A clean-up, exactly as the plan was shown."""

    plan: CleanPlan
    reason: str
    doing: str = "what is not needed goes to the bin"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        cleaned = engine.clean(self.plan, self.reason, lambda text: None)
        return Result(" ".join([cleaned.sentence, *cleaned.notes[:3]]))


@dataclass(frozen=True)
class Restore:
    item: int
    what: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.what} is being restored"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.restore(self.item, self.reason)
        return Result(f"{self.what} is back where it was.")


@dataclass(frozen=True)
class EmptyBin:
    reason: str
    doing: str = "the bin is being emptied"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.empty_bin(self.reason, all=True)
        return Result("The bin is empty.")


@dataclass(frozen=True)
class Pause:
    project: str
    job: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the {self.job} schedule of {self.project} is being paused"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.pause_schedule(self.project, self.job, self.reason)
        return Result(f"The {self.job} schedule of {self.project} is paused; what runs goes on, nothing new starts.")


@dataclass(frozen=True)
class Resume:
    project: str
    job: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the {self.job} schedule of {self.project} is being resumed"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.resume_schedule(self.project, self.job, self.reason)
        return Result(f"The {self.job} schedule of {self.project} acts again from now on.")


@dataclass(frozen=True)
class Reschedule:
    """Another rule for a schedule, from now on."""

    project: str
    job: str
    rule: str
    timezone: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the {self.job} schedule of {self.project} is being changed"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.edit_schedule(self.project, self.job, rule=self.rule, timezone=self.timezone, reason=self.reason)
        return Result(f"The {self.job} schedule of {self.project} is '{self.rule}' ({self.timezone}) from now on.")
