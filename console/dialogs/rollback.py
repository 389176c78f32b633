"""Go back to a version that was live: the one before is chosen already, and the arrow keys choose an older one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.dialogs.move import MoveDialog
from console.queries.question import Question
from console.queries.questions import AskRollback, AskWaysBack, WaysBack
from console.text.lines import EMPTY, Line, Span, fit
from engine.records import Version
from engine.release.plan import how_long


class RollbackDialog(MoveDialog):
    """``_at``: which of the versions that were live is chosen, the latest first; None for one that is none of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
    ]

    def __init__(self, ask: AskRollback) -> None:
        super().__init__(ask)
        self._rollback = ask
        self._targets: tuple[Version, ...] = ()

    def question(self) -> Question | None:
        return AskWaysBack(self._rollback) if self.command is None else None

    def answered(self, answer: WaysBack, at: datetime) -> None:  # type: ignore[override]
        if self.command is not None:
            return
        self._targets = answer.targets
        if answer.plan is not None:
            super().answered(answer.plan, at)
        else:
            self.trouble = answer.damage
            self.settle()

    @property
    def _at(self) -> int | None:
        labels = [each.label for each in self._targets]
        to = self._rollback.to or (labels[0] if labels else None)
        return labels.index(to) if to in labels else None

    def _beside(self, by: int) -> Version | None:
        """The version that is chosen with an arrow key: an older one (1), or the newer one again (-1)."""
        to = -1 if self._at is None else self._at + by
        return self._targets[to] if 0 <= to < len(self._targets) else None

    def action_choose(self, by: int) -> None:
        """Another of the versions that were live; what was written stays."""
        chosen = self._beside(by)
        if chosen is None or self.command is not None:
            return
        self._rollback = replace(self._rollback, to=chosen.label)
        self.plan = self.trouble = None
        self.settle()
        self.query_one("#reason", Input).focus()  # It loses the keys where there was nothing to write a reason for.
        self.app.ask(self.question())

    def text(self, width: int) -> Sequence[Line]:
        lines = super().text(width)
        if self.plan is None and self.trouble is None:
            return lines
        others: list[Span] = []
        for by, key, said in ((1, "↓", "older"), (-1, "↑", "newer")):
            other = self._beside(by)
            if other is not None:
                gap = Span("    " if others else "")
                others += [gap, Span(key, "key"), Span(f" {said}: {other.label}{_ran(other)}")]
        return [*lines, EMPTY, fit(tuple(others), width)] if others else lines


def _ran(version: Version) -> str:
    if version.live_from is None or version.live_until is None:
        return ""
    return f", ran {how_long(version.live_from, version.live_until)}"
