"""What an operator can have done. A command is carried out by the runner, on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.records import MovePlan, ProofStep

Tell = Callable[["ProofStep"], None]


@dataclass(frozen=True)
class Result:
    """What was done, in a sentence, and what takes it back: a version to make live again."""

    sentence: str
    undo: str | None = None


class Command(Protocol):
    """Something to have done."""

    @property
    def doing(self) -> str:
        """What is going on while it is carried out."""

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        """Do it, telling each step as it is done. Raises LeverframeError."""


@dataclass(frozen=True)
class Retrain:
    project: str

    @property
    def doing(self) -> str:
        return f"a retrain of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        run = engine.retrain(self.project)
        return Result(f"Run {run.id}, a retrain of {self.project}, is queued. Key 3 shows it.")


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
        return Result(moved.sentence, moved.undo)


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
class Verify:
    doing: str = "the audit trail is being verified"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        from engine.errors import Damage

        verdict = engine.verify_audit()
        if not verdict.ok:
            raise Damage(f"The audit trail is broken at row {verdict.first_broken}: {verdict.why}.")
        return Result(f"All {verdict.rows:,} rows hold. Head {verdict.head}")
