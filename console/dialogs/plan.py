"""A dialog that shows a plan of the engine's before it asks: what the ones for moving and for cleaning up share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from console.acting.commands import Command
from console.dialogs.dialog import ReasonDialog
from console.queries.question import Question
from console.text.lines import Line, Span, wrapped
from engine.text import plain

Plan = TypeVar("Plan")


class PlanDialog(ReasonDialog, Generic[Plan]):
    """``plan`` is the one that was read first, and all that it stands on.

    ``impossible`` says whether a plan leaves nothing to be done, ``told`` what it would do.
    """

    waiting = "Reading …"

    def __init__(
        self,
        title: str,
        verb: str,
        make: Callable[[str], Command],
        impossible: Callable[[Plan], bool],
        told: Callable[[Plan, int], Sequence[Line]],
    ) -> None:
        super().__init__(title, (), verb, make)
        self._impossible, self._told_plan = impossible, told
        self.plan: Plan | None = None

    @property
    def ready(self) -> bool:
        return self.plan is not None and not self.hopeless

    @property
    def hopeless(self) -> bool:
        return super().hopeless or (self.plan is not None and self._impossible(self.plan))

    def beside(self) -> Question | None:
        return None

    def text(self, width: int) -> Sequence[Line]:
        if self.trouble is not None:
            return wrapped(f"■ {plain(self.trouble)}", width, tone="failing")
        if self.plan is None:
            return [(Span(self.waiting, "dim"),)]
        return self._told_plan(self.plan, width)
