"""This workspace's own key, as another one takes it in; it is made when there is none, which is the engine's to do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from console.dialogs.reading import ReadingDialog
from console.queries.question import Question
from console.queries.travel_questions import AskOwnKey
from console.text.bundle_lines import own_key_lines
from console.text.lines import Span, line, wrapped
from console.widgets.lines_view import LinesView
from engine.text import plain

if TYPE_CHECKING:
    from console.app import LeverframeApp


class OwnKeyDialog(ReadingDialog):
    """Read once it is open."""

    if TYPE_CHECKING:
        app: LeverframeApp

    def __init__(self) -> None:
        super().__init__(lambda width: [line(Span("It is being read …", "dim"))])

    def question(self) -> Question:
        return AskOwnKey()

    def on_screen_resume(self) -> None:
        self.app.ask(self.question())

    def answered(self, answer: tuple[str, str], at: datetime) -> None:
        self.query_one("#text", LinesView).show(lambda width: own_key_lines(*answer, width))

    def unanswered(self, sentence: str) -> None:
        self.query_one("#text", LinesView).show(lambda width: wrapped(f"■ {plain(sentence)}", width, tone="failing"))
