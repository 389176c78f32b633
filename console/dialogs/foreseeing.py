"""A dialog that shows beforehand what it would do, asked for anew whenever somebody writes something else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from console.dialogs.dialog import ReasonDialog
from console.text.lines import EMPTY, Line, wrapped
from engine.text import plain


class ForeseeingDialog(ReasonDialog):
    """``question`` asks for what is written now, if there is anything to ask for; ``foreseen`` shows the answer."""

    _plan: Any = None
    _trouble: str | None = None

    def on_input_changed(self) -> None:
        self._plan = self._trouble = None
        self.draw_text()
        self.app.ask(self.question(), self.beside())

    def answered(self, answer: Any, at: datetime) -> None:
        self._plan, self._trouble = answer, None
        self.draw_text()

    def unanswered(self, sentence: str) -> None:
        self._trouble = sentence
        self.draw_text()

    @property
    def ready(self) -> bool:
        return self._plan is not None or self._trouble is not None or self.question() is None

    def foreseen(self, width: int) -> Sequence[Line]:
        """What it would do, or that it is not known yet."""
        raise NotImplementedError

    def text(self, width: int) -> Sequence[Line]:
        said = super().text(width)
        trouble = self._trouble
        first = self.foreseen(width) if trouble is None else wrapped(f"■ {plain(trouble)}", width, tone="failing")
        return [*first, EMPTY, *said]
