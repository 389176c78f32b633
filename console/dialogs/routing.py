"""The dialogs of routes and of duty: what each says before it does it, and what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from console.acting.duty_commands import AddRoute, ChooseQuietHours, HandOver, RemoveRoute, TakeOver
from console.dialogs.dialog import ReasonDialog
from console.dialogs.fields import FieldsDialog
from console.dialogs.reading import ReadingDialog
from console.queries.admin_questions import AskRouted, DutyDesk
from console.queries.question import Question
from console.text import duty_lines
from console.text.lines import Line
from console.widgets.lines_view import LinesView
from engine.routing.records import Route, Routed


def adding() -> ReasonDialog:
    """Put a route in force."""
    said = (
        "One word says what it does, then for whom, then when:",
        "reach ada ada@example.org",
        "quiet ada 22:00-07:00 mon-fri Europe/Berlin   (except nothing: what is failing waits too)",
        "digest ada 08:00 Europe/Berlin",
        "escalate on-duty 30m   (a failing alert that nobody took on for so long; 0m: at once)",
        "A project last keeps a digest or an escalation to that one. Below: the words, your reason.",
    )
    return FieldsDialog(
        "ADD A ROUTE", said, "put it in force", [("", "escalate on-duty 30m")], AddRoute, "Write what it does."
    )


def removing(route: Route) -> ReasonDialog:
    """Put a route out of force."""
    said = (
        f"Route {route.id}: {route.who}: {route.sentence}.",
        "It does nothing any more from now on; what it holds back is sent within a day. What it has done stays.",
    )
    return ReasonDialog(
        f"REMOVE ROUTE {route.id}", said, "remove it", lambda reason: RemoveRoute(route.id, reason)
    )


def quiet_hours(mine: Sequence[Route]) -> ReasonDialog:
    """Choose one's own quiet hours."""
    now = "; ".join(route.sentence for route in mine) or "none"
    said = (
        f"Now: {now}.",
        "News for your addresses waits in these hours, and comes as one message when they end. What is failing comes "
        "through, unless you write except nothing after them.",
        "Below: from when to when, days and zone where they matter, or none; your reason.",
    )
    fields = [("", "22:00-07:00 mon-fri Europe/Berlin")]
    return FieldsDialog("YOUR QUIET HOURS", said, "choose them", fields, ChooseQuietHours, "Write the hours, or none.")


class HandOverDialog(FieldsDialog):
    """What is handed over is shown whole; whom it goes to, and a word to them, are asked for."""

    NOTHING = "Write a word to whoever comes next: a list alone says not what to look at first."
    GIVEN = "Note"

    def __init__(self, desk: DutyDesk) -> None:
        super().__init__("HAND OVER", (), "offer it", [("", "to whom, such as b.lee")], HandOver, "Write to whom.")
        self._desk = desk

    def on_mount(self) -> None:
        self.query_one("#reason").placeholder = "your words to them"  # type: ignore[attr-defined]

    def answered_beside(self, answer: DutyDesk, at: datetime) -> None:
        self._desk = answer  # what goes along is what is open and promised when it is handed over
        super().answered_beside(answer, at)
        self.draw_text()

    def text(self, width: int) -> Sequence[Line]:
        from console.text.lines import EMPTY, wrapped

        still = "You stay" if self._desk.duty.operator == self._desk.me else "Nobody is"
        said = f"{still} on duty until it is taken over. This is what goes with it, as it stands now:"
        return [*wrapped(said, width), EMPTY, *duty_lines.matter_lines(self._desk.matters, width)]


def taking_over(operator: str) -> ReasonDialog:
    """Take over from somebody who has not handed over."""
    said = (
        f"{operator} is on duty and has handed over to nobody. You are on duty from now on, and what names whoever is "
        "comes to you.",
        "What is open and promised now is kept with it.",
    )
    return ReasonDialog("TAKE OVER", said, "take over", TakeOver)


class RouteDialog(ReadingDialog):
    """A route with what it has done."""

    def __init__(self, route: Route) -> None:
        super().__init__(lambda width: duty_lines.routed_lines(route, (), width))
        self._route = route

    def question(self) -> Question:
        return AskRouted(self._route.id)

    def on_screen_resume(self) -> None:
        self.app.ask(self.question())  # type: ignore[attr-defined]

    def answered(self, answer: tuple[Routed, ...], at: datetime) -> None:
        self.query_one("#text", LinesView).show(lambda width: duty_lines.routed_lines(self._route, answer, width))
