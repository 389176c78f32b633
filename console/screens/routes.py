"""Routes: whom news reaches, and when."""

from __future__ import annotations

from console import routes
from console.queries.admin_questions import AskRoutes
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.duty_lines import ROUTES
from engine.routing.records import Route


class RoutesPage(WholeListPage[Route]):
    name_of, place = "routes", "Admin"
    columns = ROUTES
    empty = (
        "Nothing is routed: news goes at once to whom each project names.",
        "e chooses your own quiet hours; + adds a digest or an escalation.",
    )
    heading = "Routes"
    of_no_row = ("add_route", "my_quiet_hours")

    @staticmethod
    def key(record: Route) -> int:
        return record.id

    def question(self) -> Question:
        return AskRoutes()

    @staticmethod
    def words(record: Route) -> str:
        return f"{record.who} {record.kind} {record.sentence}"

    def so(self, action: str) -> frozenset[str]:
        hours = "; ".join(each.sentence for each in self._my_quiet_hours)
        return frozenset([f"your quiet hours are: {hours or 'none'}"] if action == "my_quiet_hours" else ())

    @property
    def _my_quiet_hours(self) -> list[Route]:
        return [each for each in self._all if each.kind == "quiet" and each.who == self.app.who.operator]

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.route(self.selected))

    def do_add_route(self) -> None:
        from console.dialogs.routing import adding

        self.app.push_screen(adding())

    def do_end_route(self) -> None:
        from console.dialogs.routing import removing

        if self.selected is not None:
            self.app.push_screen(removing(self.selected))

    def do_my_quiet_hours(self) -> None:
        from console.dialogs.routing import quiet_hours

        self.app.push_screen(quiet_hours(self._my_quiet_hours))
