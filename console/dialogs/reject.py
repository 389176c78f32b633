"""Turn a candidate down: what others said of it first, then a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from console.acting.commands import Reject
from console.dialogs.dialog import ReasonDialog
from console.queries.question import Question
from console.queries.questions import AskRemarks
from console.text.lines import EMPTY, Line
from console.text.remark_lines import MOST_BESIDE, remark_lines
from engine.release.records import Remarks


class RejectDialog(ReasonDialog):
    """Whoever turns down what a colleague has approved sees that, and why, before Enter."""

    def __init__(self, label: str) -> None:
        said = (
            f"{label} is turned down and cannot be approved any more; a new retrain makes a new candidate.",
            "What is live stays live. The version is kept, and your reason is shown on the next card.",
        )
        super().__init__(f"REJECT {label}", said, "reject it", lambda reason: Reject(label, reason))
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
