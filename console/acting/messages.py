"""What threads tell the app: facts, in the past tense. Handlers on the app change what is shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from console.acting.commands import Command, Result
    from console.queries.question import Question
    from engine.presence.sessions import Present
    from engine.records import Role
    from engine.release.records import ProofStep


class Answered(Message):
    """The watcher has asked ``question`` at ``at``."""

    def __init__(self, question: Question, answer: Any, at: datetime) -> None:
        super().__init__()
        self.question, self.answer, self.at = question, answer, at


class Unanswered(Message):
    """The engine would not answer ``question`` at ``at``, and says why."""

    def __init__(self, question: Question, sentence: str, at: datetime) -> None:
        super().__init__()
        self.question, self.sentence, self.at = question, sentence, at


class PeopleSeen(Message):
    """Others than before have a console open, or look at something else; or whoever works here has another role."""

    def __init__(self, others: tuple[Present, ...], role: Role) -> None:
        super().__init__()
        self.others, self.role = others, role


class ShownOut(Message):
    """Whoever works here may not any more; the engine's words for it."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class StepDone(Message):
    """The runner's command has done one of its steps."""

    def __init__(self, command: Command, step: ProofStep) -> None:
        super().__init__()
        self.command, self.step = command, step


class Done(Message):
    """The runner's command was carried out."""

    def __init__(self, command: Command, result: Result) -> None:
        super().__init__()
        self.command, self.result = command, result


class CommandRefused(Message):
    """The runner's command was not carried out, and the sentence says why."""

    def __init__(self, command: Command, sentence: str) -> None:
        super().__init__()
        self.command, self.sentence = command, sentence
