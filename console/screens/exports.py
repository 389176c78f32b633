"""Exports: versions as ONNX or SQL for callers that hold no Python, with how both answers were compared."""

from __future__ import annotations

from console import travel_routes
from console.queries.question import Question
from console.queries.travel_questions import AskExports
from console.screens.list_page import WholeListPage
from console.text.export_lines import EXPORTS, target
from engine.exports.records import Export


class ExportsPage(WholeListPage[Export]):
    """``label``: the version that it was opened on, whose project is listed; without one everything is."""

    name_of, place = "exports", "Admin"
    columns = EXPORTS

    def __init__(self, label: str | None = None) -> None:
        super().__init__()
        self.label = label
        self.project = label.partition("@")[0] if label else None

    def anew(self) -> ExportsPage:
        return ExportsPage(self.label)

    @property
    def empty(self) -> tuple[str, ...]:  # type: ignore[override]
        if self.label is None:
            return ("Nothing was exported yet. e on a version leads here, and + exports it.",)
        return (f"Nothing of {self.project} was exported yet. + exports {self.label}.",)

    @property
    def heading(self) -> str:
        return f"Exports of {self.project}" if self.project else "Exports"

    @staticmethod
    def key(record: Export) -> int:
        return record.id

    def question(self) -> Question:
        return AskExports(self.project)

    @staticmethod
    def words(record: Export) -> str:
        return f"{record.label} {record.state} {target(record)} {record.used_by} {record.folder}"

    @property
    def _exported(self) -> str | None:
        """What + would export: the version that the list was opened on, else the one under the cursor."""
        return self.label or (self.selected.label if self.selected is not None else None)

    def why_not(self, action: str) -> str | None:
        return None if action == "export" and self._exported is not None else super().why_not(action)

    def about(self, action: str) -> object:
        return self._exported if action == "export" else super().about(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(travel_routes.export(self.selected))

    def do_export(self) -> None:
        from console.dialogs.travel import ExportDialog

        if self._exported is not None:
            self.app.push_screen(ExportDialog(self._exported))
