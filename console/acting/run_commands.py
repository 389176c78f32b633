"""What an operator can have done about runs and what starts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from engine.errors import Refusal
from engine.vocabulary.jobs import BACKTEST, HEALTH, RETRAIN

if TYPE_CHECKING:
    from engine.api import Engine

NEWEST = 20


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


@dataclass(frozen=True)
class Score:
    """The rows of a file or a table through a version; None: the live one."""

    project: str
    source: str
    output: str
    version: str | None
    database: str | None
    replace: bool
    workers: bool = False

    @property
    def doing(self) -> str:
        return f"a scoring of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        run = engine.score(
            self.project, self.source, self.output, version=self.version, database=self.database,
            replace=self.replace, workers=self.workers,
        )  # fmt: skip
        return Result(f"Run {run.id}, a scoring of {self.project}, is queued; 3 shows how far it is.")


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
