"""Ask for performance by columns that somebody wants to see it by; a look is queued that measures it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.commands import Command, LookNow
from console.dialogs.dialog import ReasonDialog
from console.health_questions import Health
from console.widgets.lines_view import LinesView
from engine.text import plain

MOST_NAMED = 30


class ByColumnDialog(ReasonDialog):
    """One field, for columns and not for a reason: looking changes nothing. What is refused can be written anew."""

    GIVEN = "By"
    NOTHING = "Name a column, such as one of those above."

    def __init__(self, health: Health) -> None:
        names = [plain(column["column"], 40) for column in health.document.get("drift", ())][:MOST_NAMED]
        said = [
            "A look cuts all labelled rows anew: any column of the data will do, also one that nobody thought of "
            "before, and one that the model is not given. Numbers are cut into ranges; write edges to choose them.",
            "Several are kept apart by spaces: carrier distance=500,1000. It stands on the page until the next look.",
            *([f"The model is given: {', '.join(names)}."] if names else []),
        ]
        super().__init__(f"PERFORMANCE OF {health.name} BY A COLUMN", said, "look", self._look)
        self._project = health.name

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=11)
            yield Input(placeholder="columns", id="reason", max_length=1000)
            yield LinesView(id="progress", grows=9)
            yield LinesView(id="keys")

    def _look(self, columns: str) -> Command:
        return LookNow(self._project, tuple(columns.split()))

    def refused(self, sentence: str) -> None:
        self.command = None
        self.only_say(f"■ {sentence}", "failing")
        field = self.query_one("#reason", Input)
        field.display = True
        field.focus()
        self.draw_text()
        self.draw_keys()
