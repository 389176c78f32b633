"""A dialog that asks for one thing which is no reason, because it changes nothing; what is refused is written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input

from console.acting.commands import Command
from console.dialogs.dialog import ReasonDialog
from console.widgets.lines_view import LinesView
from engine.errors import Invalid


class FieldDialog(ReasonDialog):
    """``example``: what stands in the empty field; ``RESTRICT``: what may be written into it, as an expression."""

    RESTRICT: ClassVar[str | None] = None

    def __init__(
        self, title: str, sentences: Sequence[str], verb: str, make: Callable[[str], Command], example: str
    ) -> None:
        super().__init__(title, sentences, verb, make)
        self._example = example

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=7)
            yield Input(placeholder=self._example, id="reason", max_length=1000, restrict=self.RESTRICT)
            yield LinesView(id="progress", grows=9)
            yield LinesView(id="keys")

    def refused(self, sentence: str) -> None:
        self.write_anew(sentence)


class PlanFieldDialog(FieldDialog):
    """One field; Enter opens the plan for what it says, which asks for the reason."""

    def __init__(self, title: str, sentences: Sequence[str], example: str) -> None:
        super().__init__(title, sentences, "go on to the plan", self._never, example)

    def read(self, text: str) -> object:
        """What ``text`` says. Raises Invalid."""
        raise NotImplementedError

    def plan(self, text: str) -> Screen[None]:
        """The plan for what ``text`` says, which can be read."""
        raise NotImplementedError

    def _never(self, text: str) -> Command:
        raise AssertionError("the plan is carried out, not this")

    def wrong(self) -> str | None:
        try:
            if self.reason:
                self.read(self.reason)
        except Invalid as invalid:
            return str(invalid)
        return None

    def begin(self, reason: str) -> None:
        plan, app = self.plan(reason), self.app
        self.dismiss()
        app.call_after_refresh(lambda: app.push_screen(plan))
