"""What others approved and said of a version stands above what Enter does to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from console.acting.commands import Command
from console.dialogs.dialog import ReasonDialog
from console.queries.question import Question
from console.queries.questions import AskRemarks
from console.text.lines import EMPTY, Line
from console.text.remark_lines import MOST_BESIDE, remark_lines
from engine.release.records import Remarks


class RemarksDialog(ReasonDialog):
    """About the version called ``label``; ``make`` gets it, then the reason."""

    def __init__(
        self, title: str, label: str, sentences: Sequence[str], verb: str, make: Callable[[str, str], Command]
    ) -> None:
        super().__init__(f"{title} {label}", sentences, verb, lambda reason: make(label, reason))
        self._label = label
        self._remarks = Remarks()

    def question(self) -> Question | None:
        return AskRemarks(self._label) if self.command is None else None

    def answered(self, answer: Remarks, at: datetime) -> None:  # type: ignore[override]
        self._remarks = answer
        self.draw_text()

    def text(self, width: int) -> Sequence[Line]:
        said = remark_lines(self._remarks, width, most=MOST_BESIDE)
        return [*said, *([EMPTY] if said else []), *super().text(width)]
