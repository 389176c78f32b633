"""The dialogs of feedback: a file of it, and a batch that is quarantined."""

from __future__ import annotations

from console.acting.commands import Command
from console.acting.feedback_commands import FreezeLearner, GiveFeedback, LetBatchIn, ThrowAway, UnfreezeLearner
from console.dialogs.dialog import ReasonDialog
from console.dialogs.form import FormDialog, FormField
from console.dialogs.reading import ReadingDialog
from console.text.feedback_lines import batch_lines
from console.text.lines import EMPTY, Line, wrapped
from engine.feedback.records import Batch
from engine.text import plain


class GiveDialog(FormDialog):
    """Take in a file of labels."""

    GIVEN = "Of"
    BEGUN = "It is read and kept …"

    def __init__(self, project: str) -> None:
        said = (
            "A parquet or csv file with the project's key columns, label, and time: when the label became known.",
            "It is kept as it is. Where its labels are far off what they usually are, it waits here for a person.",
        )
        fields = (FormField("project", project, "flights"), FormField("file", "", "labels.csv"))
        super().__init__("GIVE FEEDBACK", said, "take it in", fields)

    def made(self) -> Command:
        return GiveFeedback(self.values[0], self.values[1])


def letting_in(batch: Batch) -> ReasonDialog:
    """Let a quarantined batch count."""
    said = (*_about(batch), "Its rows count from now on, and the learner learns from them.")
    return ReasonDialog(
        f"LET FEEDBACK {batch.id} IN", said, "let it in", lambda reason: LetBatchIn(batch.id, reason)
    )


def throwing_away(batch: Batch) -> ReasonDialog:
    """Let a quarantined batch never count."""
    said = (*_about(batch), "Its rows never count. They stay as they came, to be looked at.")
    return ReasonDialog(
        f"THROW FEEDBACK {batch.id} AWAY", said, "throw it away", lambda reason: ThrowAway(batch.id, reason)
    )


def _about(batch: Batch) -> tuple[str, ...]:
    came = f"{batch.rows:,} {'row' if batch.rows == 1 else 'rows'} of {plain(batch.project)}, by {plain(batch.by)}"
    return (f"{came} on {batch.at:%d %b %Y at %H:%M} UTC.", f"It is quarantined: {plain(batch.why or '')}.")


def freezing(project: str) -> ReasonDialog:
    """Let a learner learn nothing."""
    said = (
        "It learns nothing until somebody sets it free, and nothing that it has learnt goes live by itself.",
        "What is live stays live; feedback goes on coming, and is kept.",
    )
    return ReasonDialog(
        f"FREEZE THE LEARNER OF {project}", said, "freeze it", lambda reason: FreezeLearner(project, reason)
    )


def unfreezing(project: str) -> ReasonDialog:
    """Set a learner free."""
    said = ("It goes on from what is live, with all labels that came meanwhile.",)
    return ReasonDialog(
        f"SET THE LEARNER OF {project} FREE", said, "set it free", lambda reason: UnfreezeLearner(project, reason)
    )


def whole(batch: Batch) -> ReadingDialog:
    """A batch, whole but for its rows, and which keys decide on it where that is to be done."""
    next_step = "In the list, a lets its rows count and x has them never count; both ask for your reason."
    told = [next_step] if batch.state == "quarantined" else []

    def lines(width: int) -> list[Line]:
        return [*batch_lines(batch, width), *(each for said in told for each in (EMPTY, *wrapped(said, width)))]

    return ReadingDialog(lines)
