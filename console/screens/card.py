"""The decision card: all that one needs to decide on a version, on one screen, in under a minute."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console import routes, travel_routes
from console.dialogs import reasons
from console.dialogs.comment import CommentDialog
from console.dialogs.later import CancelSwapDialog, LaterDialog
from console.queries.question import Question
from console.queries.questions import AskCard
from console.screens.page import Page
from console.screens.versions import why_not_here
from console.text.card_lines import card_lines
from console.widgets.lines_view import LinesView
from engine.release.policy import why_not_reject
from engine.release.records import DecisionCard

FRAME = 5  # lines around it


class CardPage(Page):
    name_of, place = "card", "Candidates"
    AUTO_FOCUS = "#card"

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label
        self.card: DecisionCard | None = None

    def anew(self) -> CardPage:
        return CardPage(self.label)

    @property
    def heading(self) -> str:
        return f"Decide on {self.label}" if self.card and self.card.version.state == "candidate" else self.label

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="card", focusable=True)

    def question(self) -> Question:
        return AskCard(self.label)

    def show(self, answer: DecisionCard, at: datetime) -> None:
        self.card = answer
        self.lines("#card").show(lambda width: card_lines(answer, at, width, rows=self.app.size.height - FRAME))

    def why_not(self, action: str) -> str | None:
        if action == "back":
            return None
        if self.card is None:
            return f"{self.label} is still being read."
        version = self.card.version
        if action == "bundle":
            return self.app.runner.why_no_file()
        if action in ("approve", "later"):
            return self.card.blocked
        if action == "cancel_swap":
            planned = self.card.remarks.planned
            return None if planned and not planned.how else f"No swap of {self.label} is planned."
        if action == "reject":
            return why_not_reject(version)
        if action == "try_out" and version.state not in ("candidate", "failed"):
            return f"{self.label} is {version.state}; what is tried beside the live version waits for a decision."
        if action == "diff" and version.against is None:
            return f"{self.label} is the first: there was nothing to compare it with."
        if action == "lift" and version.state != "barred":
            return f"{self.label} is not barred; there is no bar to lift."
        return why_not_here(version) if action == "roll_back" else None

    def so(self, action: str) -> frozenset[str]:
        return frozenset([f"{self.label} is {self.card.version.state}"] if self.card is not None else ())

    def do_whole(self) -> None:
        if self.card is not None and self.at is not None:
            self.app.push_screen(routes.whole_card(self.card, self.at))

    def do_approve(self) -> None:
        self.app.push_screen(routes.release(self.label))

    def do_later(self) -> None:
        self.app.push_screen(LaterDialog(self.label))

    def do_cancel_swap(self) -> None:
        self.app.push_screen(CancelSwapDialog(self.label))

    def do_reject(self) -> None:
        self.app.push_screen(reasons.rejecting(self.label))

    def do_try_out(self) -> None:
        self.app.push_screen(routes.trial(self.label))

    def do_comment(self) -> None:
        self.app.push_screen(CommentDialog(self.label))

    def do_lift(self) -> None:
        self.app.push_screen(reasons.lifting(self.label))

    def do_diff(self) -> None:
        if self.card is not None and self.card.version.against is not None:
            self.app.push_screen(routes.diff(self.card.version.against, self.label))

    def do_bundle(self) -> None:
        self.app.push_screen(travel_routes.bundle(self.label))

    def do_send(self) -> None:
        self.app.push_screen(travel_routes.send(self.label))

    def do_where(self) -> None:
        self.app.push_screen(travel_routes.where(self.label))

    def do_trace(self) -> None:
        self.app.push_screen(routes.trace(self.label))

    def do_exports(self) -> None:
        self.app.push_screen(travel_routes.exports(self.label))

    def do_roll_back(self) -> None:
        if self.card is not None:
            version = self.card.version
            self.app.push_screen(routes.rollback(version.project, None if version.state == "live" else version.label))
