"""Take a bundle in: first what it says of itself, and only then, with another Enter, it is verified and proven."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.acting.commands import Command
from console.acting.travel_commands import TakeIn
from console.dialogs.form import FormDialog, FormField
from console.queries.question import Question
from console.queries.travel_questions import AskBundle
from console.text.bundle_lines import look_lines
from console.text.lines import SENTENCE, Line, Span, line
from engine.text import plain

if TYPE_CHECKING:
    from engine.bundles.looking import BundleLook

DATA, DESPITE = "folder of its data", "despite, because"
STANDS = "It cannot be taken in as things stand; Enter looks again, Esc leaves."
LOOKS, AGAIN, TAKES, BRINGS = "look into it", "look again", "take it in", "bring its data"
WITHOUT = "Its data did not travel: write the folder that has it, unless a version here has the same."


class TakeInDialog(FormDialog):
    """``_asked``: the file that is looked into, or was; what is written after that has to be looked into anew."""

    GIVEN = "From"
    BEGUN = "Each file is verified, the environment is built, the golden rows are proven …"

    def __init__(self) -> None:
        said = (
            "A bundle that another workspace wrote. Enter shows what it says of itself; nothing is changed by that.",
            "Enter once more takes it in: verified, proven here, then it waits as a candidate.",
        )
        fields = (
            FormField("file", "", "the whole path of the zip, on the server"),
            FormField(DATA, "", "only where its data did not travel", needed=False),
            FormField(DESPITE, "", "only an admin: why it comes in all the same", needed=False),
        )
        super().__init__("TAKE A BUNDLE IN", said, LOOKS, fields)
        self._asked: str | None = None
        self._look: BundleLook | None = None
        self._at: datetime | None = None

    # What it says of itself

    def question(self) -> Question | None:
        reads = self._asked is not None and self._look is None and self.command is None
        return AskBundle(self._asked) if reads and self._asked is not None else None

    def answered(self, answer: BundleLook, at: datetime) -> None:  # type: ignore[override]
        if self.command is not None or self._asked is None:
            return
        self._look, self._at = answer, at
        self.verb = (BRINGS if answer.lacking else TAKES) if self._comes_in else AGAIN
        self.app.ask(None, self.beside())
        if not self._comes_in:
            self.only_say(STANDS, "")
        elif not answer.brings_data and (answer.lacking or not answer.by_reference):
            self.only_say(WITHOUT, "")
        self.settle()

    def unanswered(self, sentence: str) -> None:
        if self.command is None:
            self._forget()
            self.only_say(f"■ {plain(sentence, SENTENCE)}", "failing")

    @property
    def ready(self) -> bool:
        return self._asked is None or self._look is not None

    def text(self, width: int) -> Sequence[Line]:
        if self._look is not None and self._at is not None:
            return look_lines(self._look, self._at, width)
        return super().text(width) if self._asked is None else [line(Span("It is being read …", "dim"))]

    @property
    def _comes_in(self) -> bool:
        """Whether what was looked into can be taken in by somebody."""
        look = self._look
        return look is not None and look.refused is None and (look.already is None or look.lacking)

    # What is written

    def on_input_changed(self) -> None:
        if self._asked is not None and self.values[0] != self._asked:
            self._forget()
            self.say_nothing()

    def _forget(self) -> None:
        self._asked = self._look = None
        self.verb = LOOKS
        self.settle()

    def wrong(self) -> str | None:
        if (wrong := super().wrong()) is not None or self._look is None or not self._comes_in:
            return wrong
        if self._look.despite is not None and not self.value_of(DESPITE):
            return "Something speaks against it: an admin says in the last field why it is taken in all the same."
        return None

    def begin(self, reason: str) -> None:
        if self._comes_in:
            super().begin(reason)
            return
        self._asked, self._look = self.values[0], None
        self.app.ask(self.question(), self.beside())
        self.say_nothing()
        self.draw_text()

    def made(self) -> Command:
        look = self._look
        return TakeIn(self.values[0], look.digest if look else "", self.value_of(DATA), self.value_of(DESPITE))

    def refused(self, sentence: str) -> None:
        super().refused(sentence)
        self._forget()
