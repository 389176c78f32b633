"""Mail: what was sent to whom, what waits, what was given up and why; and try again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.acting.admin_commands import RetryMail
from console.queries.admin_questions import AskOutbox, MailList
from console.queries.question import Question
from console.screens.list_page import ListPage
from console.text.admin_tables import OUTBOX
from console.text.lines import EMPTY, Line, wrapped
from console.widgets.lines_view import LinesView
from engine.outbox.mails import Mail

_DONE = {"sent": "was sent", "over": "tells what is over by now", "gathered": "was told in another message"}


class OutboxPage(ListPage[Mail]):
    name_of, place = "outbox", "Admin"
    columns = OUTBOX
    empty = ("No mail was queued yet.",)
    heading = "Mail"
    of_no_row = ("retry_all",)

    @staticmethod
    def key(record: Mail) -> int:
        return record.id

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()

    def question(self) -> Question:
        return AskOutbox(self.window)

    def show(self, answer: MailList, at: datetime) -> None:  # type: ignore[override]
        super().show(answer.mails, at)

        def lines(width: int) -> Sequence[Line]:
            said = wrapped(answer.in_vain, width - 2, tone="watch", indent=" ") if answer.in_vain else []
            return [*said, EMPTY] if said else []

        summary = self.lines("#summary")
        summary.display = answer.in_vain is not None
        summary.show(lines)

    def why_not(self, action: str) -> str | None:
        mail = self.selected
        if action == "retry" and mail is not None and mail.state in _DONE:
            return f"Mail {mail.id} {_DONE[mail.state]}; there is nothing to try again."
        return super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.mail(self.selected))

    def do_retry(self) -> None:
        if self.selected is not None:
            self.app.run_command(RetryMail(self.selected.id))

    def do_retry_all(self) -> None:
        self.app.run_command(RetryMail(None))
