"""Score a file by key: which one, where to, with which version."""

from __future__ import annotations

from console.acting.commands import Command
from console.acting.run_commands import Score
from console.dialogs.form import YES_NO, FormDialog, FormField


class ScoreDialog(FormDialog):
    """``label``: the version that it was opened on, None for the live one of ``project``."""

    GIVEN = "File"
    FILE, OUTPUT, DATABASE, REPLACE, WORKERS = "file to score", "write to", "database", "replace", "on workers"

    def __init__(self, project: str, label: str | None) -> None:
        by = label or f"the live version of {project}"
        said = (
            f"Every row is read, scored with {by} and written with who said it. It runs in the background; nothing "
            "stands under the name until all of it is there.",
            "A file .parquet or .csv, by its whole path; or table:NAME, with the variable that holds the database's "
            "URL.",
            "On the workers of the version's [compute]; this machine reads and writes.",
        )
        fields = (
            FormField(self.FILE, "", "/data/incoming/today.parquet"),
            FormField(self.OUTPUT, "", "/data/scored/today.parquet"),
            FormField(self.DATABASE, "", "for a table: the variable, such as WAREHOUSE_URL", needed=False),
            FormField(self.REPLACE, "no", YES_NO),
            FormField(self.WORKERS, "no", YES_NO),
        )
        super().__init__(f"SCORE WITH {label or f'THE LIVE VERSION OF {project}'}", said, "score it", fields)
        self._project, self._label = project, label

    def made(self) -> Command:
        return Score(
            self._project,
            self.value_of(self.FILE),
            self.value_of(self.OUTPUT),
            self._label,
            self.value_of(self.DATABASE) or None,
            self.said_yes(self.REPLACE),
            self.said_yes(self.WORKERS),
        )
