"""Approve a candidate for a time that is to come, which is asked for before the plan is shown; and take that back."""

from __future__ import annotations

from datetime import datetime

from console import routes
from console.acting.commands import CancelSwap, Command
from console.dialogs.field import FieldDialog
from console.dialogs.remarks import RemarksDialog
from engine import clock
from engine.errors import Invalid
from engine.release.records import Remarks
from engine.release.when import FORM, due_of


class LaterDialog(FieldDialog):
    """One field; Enter opens the plan for that time, which asks for the reason."""

    NOTHING = f"Write when, such as {FORM}."

    def __init__(self, label: str) -> None:
        said = (
            f"{label} is proven now, with your approval, and goes live at the time that you write (UTC unless you say "
            "where).",
            "It is proven once more then, and cancelled if anything that it was approved on has changed by then.",
        )
        super().__init__(f"APPROVE {label} FOR LATER", said, "go on to the plan", self._never, "02:00 Europe/Berlin")
        self._label = label

    def _never(self, text: str) -> Command:
        raise AssertionError("the plan is carried out, not this")

    def wrong(self) -> str | None:
        try:
            if self.reason:
                due_of(self.reason, clock.now())
        except Invalid as invalid:
            return str(invalid)
        return None

    def begin(self, reason: str) -> None:
        label, due, app = self._label, due_of(reason, clock.now()), self.app
        self.dismiss()
        app.call_after_refresh(lambda: app.push_screen(routes.release(label, due)))


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
