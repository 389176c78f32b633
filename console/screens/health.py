"""Health: what is unhealthy, since when, why, how sure that is, and which key acts on it; over all projects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.queries.health_questions import AskHealth, Health
from console.queries.question import Question
from console.screens.health_acts import HealthActs
from console.screens.list_page import WholeListPage
from console.text.health_lines import detail, summary
from console.text.health_table import HEALTH
from console.text.lines import EMPTY
from console.text.overview_lines import urgency
from console.widgets.lines_view import LinesView


class HealthPage(HealthActs, WholeListPage[Health]):
    name_of, place = "health", "Health"
    columns = HEALTH
    empty = ("No project yet; key 1 says how to begin.",)

    @staticmethod
    def key(record: Health) -> str:
        return record.name

    @staticmethod
    def words(record: Health) -> str:
        return f"{record.name} {record.status.project.title} {record.status.verdict}"

    @property
    def health(self) -> Health | None:
        return self.selected

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()
        yield LinesView(id="alerts")

    def question(self) -> Question:
        return AskHealth()

    def show(self, answer: Sequence[Health], at: datetime) -> None:  # type: ignore[override]
        super().show(sorted(answer, key=lambda each: urgency(each.status)), at)
        self.lines("#summary").show(lambda width: [summary(answer, at), EMPTY])
        # What is open takes the room that the list leaves, and never less than half of it.
        self.table.styles.height = min(len(answer) + 3, self.app.size.height // 3)
        self.selection_changed()

    def selection_changed(self) -> None:
        health, at = self.selected, self.at
        if health is not None and at is not None:
            self.lines("#alerts").show(lambda width: detail(health, at, width))
        else:
            self.lines("#alerts").show(lambda width: ())
        self.draw_frame()

    def why_not(self, action: str) -> str | None:
        if action in ("filter", "back"):
            return None
        if self.selected is None:
            return "There is no project under the cursor."
        return self.why_not_act(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.health(self.selected.name))
