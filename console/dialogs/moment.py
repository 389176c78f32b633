"""Step back in time: which moment the whole console is to show. Those that are worth it can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.dialogs.field import FieldDialog
from console.queries.question import Question
from console.queries.questions import AskMoments
from console.text.lines import EMPTY, Line, Span, line
from console.time_travel.moments import Moment, moment_lines
from console.time_travel.step_back import StepBack
from console.widgets.lines_view import LinesView


class MomentDialog(FieldDialog):
    """The arrows write a moment into the field. ``opened``: what the screens ask that are open on the numbered one."""

    GIVEN = "As of"
    NOTHING = "Write a moment, such as 2026-11-03 or 2026-11-03T02:00 (UTC), or choose one with ↑ and ↓."
    BEGUN = "The ledger is being copied and taken back to then. A large one takes some seconds."
    LEAVES = "stay in the present"
    RESTRICT = "(?!T).*"  # the key that opens this, pressed once more, is the beginning of no moment
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
    ]

    def __init__(self, opened: tuple[Question, ...], last_visit: datetime | None) -> None:
        said = (
            "Every screen shows what the ledger knew then, and nothing can be changed there. Runs and schedules go on "
            "meanwhile; T comes back to now.",
        )
        super().__init__(
            "STEP BACK IN TIME", said, "go there", lambda text: StepBack(text, opened), "2026-11-03T02:00, in UTC"
        )
        self._last_visit = last_visit
        self._moments: tuple[Moment, ...] = ()
        self._chosen = -1
        self._at: datetime | None = None

    def question(self) -> AskMoments:
        return AskMoments(self._last_visit)

    def answered(self, answer: tuple[Moment, ...], at: datetime) -> None:  # type: ignore[override]
        chosen = self._moments[self._chosen] if self._chosen >= 0 else None
        self._moments, self._at = answer, at
        self._chosen = answer.index(chosen) if chosen in answer else -1
        self.draw_text()

    def text(self, width: int) -> Sequence[Line]:
        lines = [*super().text(width)]
        if self._moments and self._at is not None:
            lines += [EMPTY, line(Span("↑ ↓ ", "key"), Span("choose a moment, or write one below (UTC)", "dim"))]
            lines += moment_lines(self._moments, self._chosen, self._at, width)
        return lines

    def action_choose(self, by: int) -> None:
        if self.command is not None or not self._moments:
            return
        many = len(self._moments)
        self._chosen = (self._chosen + by) % many if self._chosen >= 0 else (0 if by > 0 else many - 1)
        field = self.query_one("#reason", Input)
        field.value = self._moments[self._chosen].written
        field.cursor_position = len(field.value)
        self.draw_text()
        text = self.query_one("#text", LinesView)
        below = many - self._chosen - 1
        text.scroll_to(y=text.virtual_size.height - below - 1 - text.size.height, animate=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is written by hand is no longer the moment that was chosen."""
        if self._chosen >= 0 and event.value != self._moments[self._chosen].written:
            self._chosen = -1
            self.draw_text()
