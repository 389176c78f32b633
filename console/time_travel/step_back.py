"""Have the ledger of an earlier moment made: a command, because copying and taking back may take seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from console.queries.questions import AskVersions
from engine import clock
from engine.errors import LeverframeError

if TYPE_CHECKING:
    from console.queries.question import Question
    from engine.api import Engine, PastEngine


@dataclass(frozen=True)
class StepBack:
    """Take a copy of the ledger back to a moment; ``opened``: what the screens ask that are to stay open."""

    moment: str
    opened: tuple[Question, ...] = ()
    doing: str = "the ledger of then is being made"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        then = engine.as_of(clock.moment(self.moment))
        try:
            return Result("It is there.", then=then, missing=tuple(why_missing(then, each) for each in self.opened))
        except BaseException:
            then.close()
            raise


def why_missing(then: PastEngine, question: Question) -> str | None:
    """Why a screen that asks ``question`` cannot be shown as of ``then``, in the engine's words; None when it can."""
    try:
        if isinstance(question, AskVersions) and question.project is not None:
            then.status(question.project, then.now())  # a project without a version is shown, one that was not is not
        question.answer(then, then.now())
    except LeverframeError as error:
        return str(error)
    return None
