"""Approve a candidate for a time that is to come, which is asked for before the plan is shown; and take that back."""

from __future__ import annotations

from datetime import datetime

from textual.screen import Screen

from console import routes
from console.acting.commands import CancelSwap
from console.dialogs.field import PlanFieldDialog
from console.dialogs.remarks import RemarksDialog
from engine import clock
from engine.release.records import Remarks
from engine.release.when import FORM, due_of


class LaterDialog(PlanFieldDialog):
    """The time, and where it is that time."""

    NOTHING = f"Write when, such as {FORM}."

    def __init__(self, label: str) -> None:
        said = (
            f"{label} is proven now, with your approval, and goes live at the time that you write (UTC unless you say "
            "where).",
            "It is proven once more then, and cancelled if anything that it was approved on has changed by then.",
        )
        super().__init__(f"APPROVE {label} FOR LATER", said, "02:00 Europe/Berlin")
        self._label = label

    def read(self, text: str) -> object:
        return due_of(text, clock.now())

    def plan(self, text: str) -> Screen[None]:
        return routes.release(self._label, due_of(text, clock.now()))


class CancelSwapDialog(RemarksDialog):
    """When it would go live, and who approved that, is shown first; where nothing is planned it says so."""

    def __init__(self, label: str) -> None:
        said = (
            f"{label} does not go live at its time.",
            "What approved it counts no more; it waits for a decision as before. What is live stays live.",
        )
        super().__init__("CANCEL THE SWAP OF", label, said, "cancel the swap", CancelSwap)

    def answered(self, answer: Remarks, at: datetime) -> None:  # type: ignore[override]
        super().answered(answer, at)
        if self.command is None and (answer.planned is None or answer.planned.how):
            self.lose(f"No swap of {self._label} is planned.")
