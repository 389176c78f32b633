"""A dialog for what cannot be undone: its name is typed above the reason, and the engine compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.acting.commands import Command
from console.dialogs.fields import FieldsDialog


class TypedDialog(FieldsDialog):
    """``word`` is to be typed, ``which`` says of what it is; ``make`` gets what was typed, then the reason."""

    def __init__(
        self, title: str, sentences: Sequence[str], verb: str, word: str, which: str,
        make: Callable[[str, str], Command],
    ) -> None:  # fmt: skip
        said = (*sentences, f"Below: {which}, {word}, then your reason. Tab goes from one to the other.")
        super().__init__(title, said, verb, (("", f"type {word}"),), make, f"Type {which}, {word}.")
