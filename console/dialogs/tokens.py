"""The dialogs of tokens: one is made, replaced, revoked; one that was made is shown this once, to be copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from console.acting.commands import Result
from console.acting.token_commands import EVERY, MakeToken, RevokeToken, RotateToken
from console.dialogs.dialog import ReasonDialog
from console.dialogs.fields import FieldsDialog
from console.text.lines import Span, line
from console.text.token_lines import opens
from engine.access.token_records import SCOPES, Token, listed


class NewTokenDialog(FieldsDialog):
    """Makes a token and shows it; with it, the dialog and what it was made by are gone."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "copy", show=False)]
    _text: str | None = None

    def done(self, result: Result) -> None:
        self._text = result.secret
        super().done(result)

    def more_keys(self) -> Sequence[Span]:
        return line("     ", Span("c", "key"), " copy it") if self._text is not None else ()

    def action_copy(self) -> None:
        """Hand it to the terminal's clipboard (OSC 52); a terminal that takes none leaves it as it is."""
        if self._text is not None:
            self.app.copy_to_clipboard(self._text)
            self.tell("It was handed to your terminal's clipboard, if that takes it; see by pasting it.", "dim")


def making() -> ReasonDialog:
    """Let a program in."""
    said = (
        "Whoever has the token may what it says, without being anybody here. It is shown once, when it is made.",
        f"Below: its name; what it may ({listed(SCOPES)}, one or more); for which projects, or {EVERY}; until when, at "
        "most a year; your reason. Tab goes from one to the next.",
    )
    fields = (("", "name, such as shop"), ("score", "what it may"), ("", f"projects, or {EVERY}"),
              ("", "until, such as 2027-03-01"))  # fmt: skip
    return NewTokenDialog("MAKE A TOKEN", said, "make it", fields, MakeToken, "Write all four.")


def rotating(token: Token) -> ReasonDialog:
    """Let another take the place of one."""
    said = (
        f"Another token takes the place of {token.mark}, for the same: {opens(token)} The new one lasts as long as "
        "this one was made for, and is shown once.",
        "Below: how long this one goes on besides, so that its program can be given the new one (0s: not at all; at "
        "most 30d); your reason. Tab goes from one to the other.",
    )
    return NewTokenDialog(
        f"ROTATE {token.name}", said, "replace it", [("7d", "such as 7d")],
        lambda overlap, reason: RotateToken(token.name, overlap, reason), "Write how long the old one goes on.",
    )  # fmt: skip


def revoking(token: Token) -> ReasonDialog:
    """Let one open nothing any more."""
    used = "it was never used" if token.used is None else f"it was last used on {token.used:%d %b %Y}"
    said = (
        f"Whoever comes with {token.mark} is refused from the next request on; {used}.",
        "It cannot be given back: make another instead.",
    )
    return ReasonDialog(
        f"REVOKE {token.name}", said, "revoke it", lambda reason: RevokeToken(token.mark, reason)
    )  # fmt: skip
