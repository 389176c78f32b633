"""Ask for performance by columns that somebody wants to see it by; a look is queued that measures it."""

from __future__ import annotations

from console.acting.commands import Command
from console.acting.run_commands import LookNow
from console.dialogs.field import FieldDialog
from console.queries.health_questions import Health
from engine.text import plain

MOST_NAMED = 30


class ByColumnDialog(FieldDialog):
    """One field, for columns."""

    GIVEN = "By"
    NOTHING = "Name a column, such as one of those above."

    def __init__(self, health: Health) -> None:
        names = [plain(column.column, 40) for column in health.document.drift][:MOST_NAMED]
        said = [
            "A look cuts all labelled rows anew: any column of the data will do, also one that nobody thought of "
            "before, and one that the model is not given. Numbers are cut into ranges; write edges to choose them.",
            "Several are kept apart by spaces: carrier distance=500,1000. It stands on the page until the next look.",
            *([f"The model is given: {', '.join(names)}."] if names else []),
        ]
        super().__init__(f"PERFORMANCE OF {health.name} BY A COLUMN", said, "look", self._look, "columns")
        self._project = health.name

    def _look(self, columns: str) -> Command:
        return LookNow(self._project, tuple(columns.split()))
