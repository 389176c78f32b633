"""Approve a candidate now for a time that is to come: the time is asked for first, then comes the plan as ever."""

from __future__ import annotations

from console import routes
from console.acting.commands import Command
from console.dialogs.field import FieldDialog
from engine import clock
from engine.errors import Invalid
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
