"""What an operator can have done. A command is carried out by the runner, on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from engine import clock
from engine.errors import Conflict

if TYPE_CHECKING:
    from console.text.lines import Line, Tone
    from engine.api import Engine, PastEngine
    from engine.monitoring.records import Alert
    from engine.release.records import MovePlan, ProofStep

Tell = Callable[["ProofStep"], None]


@dataclass(frozen=True)
class Result:
    """What was done, in a sentence with its ``tone``. ``undo``: a version that is to be live again to take it back;
    ``then``: a moment to show, and ``missing`` for each of the screens that were open: None, or why it is not there
    then. ``notes``: what else is to be known of it, each said on a line of its own; ``reading``: what came of it to be
    read, by the width there is; ``found``: what a screen had asked for; ``secret``: shown once, to be copied."""

    sentence: str
    tone: Tone = "ok"
    undo: str | None = None
    then: PastEngine | None = None
    missing: tuple[str | None, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Callable[[int], Sequence[Line]] | None = None
    found: Any = None
    secret: str | None = field(default=None, repr=False)

    @property
    def whole(self) -> str:
        """The sentence with its notes, for where there is no line for each."""
        return " ".join([self.sentence, *(f"{note.rstrip('.')}." for note in self.notes)])


class Command(Protocol):
    """Something to have done."""

    @property
    def doing(self) -> str:
        """What is going on while it is carried out."""

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        """Do it, telling each step as it is done. Raises LeverframeError."""


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
        taken: list[Alert] = []
        done, over = each_of(self.alerts, lambda alert: taken.append(engine.acknowledge(alert, self.reason)))
        if len(self.alerts) == 1:
            lasts = "it stays open until a look finds it well" if taken[0].resolved_at is None else "it is over"
            return Result(f"You have taken it on; {lasts}.")
        those = "1 alert" if done == 1 else f"{done} alerts"
        said = f"You have taken {those} on; what is open stays so until a look finds it well."
        return Result(" ".join([said, *over]))


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
class Comment:
    label: str
    text: str

    @property
    def doing(self) -> str:
        return f"a comment on {self.label} is being kept"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.comment(self.label, self.text)
        return Result(f"It stands on the card of {self.label}.")


@dataclass(frozen=True)
class CancelSwap:
    label: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the swap of {self.label} is being cancelled"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.cancel_swap(self.label, self.reason)
        return Result(f"{self.label} does not go live by itself any more; it waits for a decision as before.")


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
class Verify:
    doing: str = "the audit trail is being verified"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        from engine.errors import Damage

        verdict = engine.verify_audit()
        if not verdict.ok:
            raise Damage(f"The audit trail is broken at row {verdict.first_broken}: {verdict.why}.")
        return Result(f"All {verdict.rows:,} rows hold. Head {verdict.head}")
