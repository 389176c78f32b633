"""A dialog of fields with their names before them, for what needs no reason; what is refused is written anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from console.acting.commands import Command
from console.dialogs.dialog import ReasonDialog
from console.widgets.lines_view import LinesView

YES_NO = "yes or no"
FRAME = 4  # rows of the dialog's border and keys, and one more
HEADING = 3  # those of its heading, and one between


@dataclass(frozen=True)
class FormField:
    """``value``: what stands in it at first; ``example``: what an empty one says; ``needed``: whether it may not be."""

    name: str
    value: str
    example: str
    needed: bool = True


class FormDialog(ReasonDialog):
    """Tab goes from one field to the next, Enter in any of them does it. ``made`` makes the command of what they hold.

    The first field is what it is about. Nothing is begun twice: what is in hand already is said.
    """

    AUTO_FOCUS = "#reason"

    def __init__(self, title: str, sentences: Sequence[str], verb: str, fields: Sequence[FormField]) -> None:
        super().__init__(title, sentences, verb, lambda _: self.made())
        self._fields = fields
        self._widest = max(len(each.name) for each in fields) + 2

    def made(self) -> Command:
        """What is to be carried out, as it is written now."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        rows = len(self._fields) + 1
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=FRAME + rows)
            for number, field in enumerate(self._fields):
                with Horizontal(classes="named"):
                    label = Label(field.name, markup=False)
                    label.styles.width = self._widest
                    yield label
                    yield Input(
                        field.value, placeholder=field.example, max_length=4000, select_on_focus=False,
                        id="reason" if number == 0 else None,
                    )  # fmt: skip
            yield Label("", classes="gap")
            yield LinesView(id="progress", grows=11)
            yield LinesView(id="keys")

    @property
    def values(self) -> list[str]:
        """What the fields hold."""
        return [field.value.strip() for field in self.query(Input)]

    def value_of(self, name: str) -> str:
        """What the field called ``name`` holds."""
        return self.values[[each.name for each in self._fields].index(name)]

    def said_yes(self, name: str) -> bool:
        """Whether the field called ``name``, which takes yes or no, says yes."""
        return self.value_of(name).lower() in ("yes", "y")

    def wrong(self) -> str | None:
        for field, value in zip(self._fields, self.values, strict=True):
            if field.needed and not value:
                return f"Write something for '{field.name}'."
            if field.example == YES_NO and value.lower() not in ("yes", "no", "y", "n"):
                return f"For '{field.name}' write yes or no."
        going_on = next((each for each in self.app.runner.busy if each == self.made()), None)
        return f"Wait: {going_on.doing}." if going_on is not None else None

    def _show_fields(self, *, shown: bool) -> None:
        for row in (*self.query(".named"), *self.query(".gap")):
            row.display = shown
        self.make_room()

    def make_room(self) -> None:
        text, progress = self.query_one("#text", LinesView), self.query_one("#progress", LinesView)
        rows = FRAME + sum(row.display for row in (*self.query(".named"), *self.query(".gap")))
        said = len(self.progress_lines(text.scrollable_content_region.width))
        progress.leave(rows + HEADING)
        text.leave(rows + (min(said, self.app.size.height - rows - HEADING) + 1 if said else 0))
        progress.call_after_refresh(progress.scroll_end, animate=False)  # The newest is what somebody waits for.

    def settle(self) -> None:
        super().settle()
        self._show_fields(shown=not self.hopeless)

    def begin(self, reason: str) -> None:
        super().begin(reason)
        self._show_fields(shown=False)

    def refused(self, sentence: str) -> None:
        self._show_fields(shown=True)
        self.write_anew(sentence)
