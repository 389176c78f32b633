"""Feedback: the batches of labels as they came, and those of them that wait for a person."""

from __future__ import annotations

from console.queries.learn_questions import AskFeedback
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.feedback_lines import FEEDBACK, remark
from engine.feedback.records import Batch


class FeedbackPage(WholeListPage[Batch]):
    name_of, place = "feedback", "Admin"
    columns = FEEDBACK
    empty = ("No feedback came yet.", "", "+ takes in a file of labels.")
    heading = "Feedback"
    of_no_row = ("give_feedback",)

    @staticmethod
    def key(record: Batch) -> int:
        return record.id

    def question(self) -> Question:
        return AskFeedback()

    @staticmethod
    def words(record: Batch) -> str:
        return f"{record.project} {record.state} {record.by} {remark(record)}"

    def why_not(self, action: str) -> str | None:
        if action == "give_feedback" and (why := self.app.runner.why_no_file()) is not None:
            return why
        batch = self.selected
        if action in ("let_batch_in", "throw_away") and batch is not None and batch.state != "quarantined":
            return f"Feedback {batch.id} is not quarantined; there is nothing to decide."
        return super().why_not(action)

    def do_open(self) -> None:
        from console.dialogs.feedback import whole

        if self.selected is not None:
            self.app.push_screen(whole(self.selected))

    def do_give_feedback(self) -> None:
        from console.dialogs.feedback import GiveDialog

        self.app.push_screen(GiveDialog(self.selected.project if self.selected is not None else ""))

    def do_let_batch_in(self) -> None:
        from console.dialogs.feedback import letting_in

        if self.selected is not None:
            self.app.push_screen(letting_in(self.selected))

    def do_throw_away(self) -> None:
        from console.dialogs.feedback import throwing_away

        if self.selected is not None:
            self.app.push_screen(throwing_away(self.selected))
