"""A dialog with fields above the reason; what the engine refuses is written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.acting.commands import Command
from console.dialogs.dialog import ReasonDialog
from console.widgets.lines_view import LinesView

FieldRow = tuple[str, str]  # what stands in it, and what an empty one says


class FieldsDialog(ReasonDialog):
    """Tab goes from one field to the next, Enter in any of them does it; ``make`` gets what they hold, then the reason.

    ``empty``: what is said while one of the fields is; the last ``optional`` of them may be.
    """

    AUTO_FOCUS = ".field"

    def __init__(
        self,
        title: str,
        sentences: Sequence[str],
        verb: str,
        fields: Sequence[FieldRow],
        make: Callable[..., Command],
        empty: str,
        optional: int = 0,
    ) -> None:
        super().__init__(title, sentences, verb, lambda reason: make(*self._hide(), reason))
        self._fields, self._empty, self._needed = fields, empty, len(fields) - optional

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=9 + 2 * len(self._fields))
            for value, example in self._fields:
                yield Input(value, placeholder=example, classes="field", max_length=4000)
            yield Input(placeholder="your reason, for the audit trail", id="reason", max_length=1000)
            yield LinesView(id="progress", grows=11)
            yield LinesView(id="keys")

    @property
    def values(self) -> list[str]:
        """What the fields hold."""
        return [field.value.strip() for field in self.query(Input) if field.has_class("field")]

    def wrong(self) -> str | None:
        return None if all(self.values[: self._needed]) else self._empty

    def _hide(self) -> list[str]:
        for field in self.query(Input):
            field.display = False
        return self.values

    def refused(self, sentence: str) -> None:
        self.write_anew(sentence)
