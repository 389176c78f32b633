"""Duty: who is on duty, and every hand-over with what was open and what was promised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.acting.duty_commands import TakeOver
from console.queries.admin_questions import AskDuty, DutyDesk
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text import duty_lines
from console.text.lines import EMPTY, Line, Span, Tone, line, wrapped
from console.widgets.lines_view import LinesView
from engine.routing.duty_records import Handover


class DutyPage(WholeListPage[Handover]):
    name_of, place = "duty", "Admin"
    columns = duty_lines.HANDOVERS
    empty = ("Nothing was handed over yet. a goes on duty; o hands over to the next.",)
    heading = "Duty"
    of_no_row = ("hand_over", "take_over")

    def __init__(self) -> None:
        super().__init__()
        self.desk: DutyDesk | None = None

    @staticmethod
    def key(record: Handover) -> int:
        return record.id

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()

    def question(self) -> Question:
        return AskDuty()

    @staticmethod
    def words(record: Handover) -> str:
        return f"{record.former or ''} {record.to} {record.state} {record.note}"

    def show(self, answer: DutyDesk, at: datetime) -> None:  # type: ignore[override]
        self.desk = answer
        super().show(answer.handovers, at)

        def lines(width: int) -> Sequence[Line]:
            return [*_standing(answer, at, width), EMPTY]

        self.lines("#summary").show(lines)

    def why_not(self, action: str) -> str | None:
        if action not in ("hand_over", "take_over"):
            return super().why_not(action)
        desk = self.desk
        if desk is None:
            return "It is still being read."
        if action == "take_over" and desk.duty.operator == desk.me and desk.duty.offered_to is None:
            return "You are on duty already; o hands over to the next."
        if action == "hand_over" and desk.duty.operator not in (None, desk.me):
            return f"{desk.duty.operator} is on duty, and hands over; a takes over without that."
        return None

    def so(self, action: str) -> frozenset[str]:
        duty = self.desk.duty if self.desk is not None and action == "take_over" else None
        return frozenset([f"{duty.operator or 'nobody'} is on duty"] if duty else ())

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.handover(self.selected))

    def do_hand_over(self) -> None:
        from console.dialogs.routing import HandOverDialog

        if self.desk is not None:
            self.app.push_screen(HandOverDialog(self.desk))

    def do_take_over(self) -> None:
        from console.dialogs.routing import taking_over

        desk = self.desk
        if desk is None:
            return
        if desk.duty.operator in (None, desk.me) or desk.duty.offered_to == desk.me:
            self.app.run_command(TakeOver())
        else:
            self.app.push_screen(taking_over(desk.duty.operator or ""))


def _standing(desk: DutyDesk, now: datetime, width: int) -> list[Line]:
    """Who is on duty, and how much is open and promised."""
    promised = sum(matter.promised for matter in desk.matters)
    still = len(desk.matters) - promised
    said = f" {still} open and {promised} promised now." if desk.matters else " Nothing is open."
    tone: Tone = "key" if desk.duty.offered_to == desk.me else "strong"
    lines = wrapped(duty_lines.standing(desk.duty, desk.me, now), width - 2, tone=tone, indent=" ")
    return [*lines, line(Span(said, "dim"))]
