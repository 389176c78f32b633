"""An app that paints as little as it can: what of Textual has to do with the terminal, and nothing of the console."""

from __future__ import annotations

import os
from typing import Any

from textual.app import App
from textual.events import DescendantFocus, Key
from textual.widgets import Input

from console.terminal.driver import ThriftyDriver, erases_in_colour
from console.terminal.repaint import Repaint

SWITCH_SECONDS = 0.01
OPEN_SECONDS = 0.025


class SparingApp(App[None]):
    """Sends the terminal what it does not show, and paints a screen once where Textual would twice."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        self.bug: Exception | None = None  # what ended it that nothing had foreseen
        self.repaint = Repaint(erases_in_colour=erases_in_colour(os.environ.get("TERM")))
        super().__init__(driver_class=ThriftyDriver, ansi_color=ansi_color)

    def delay_update(self, delay: float = SWITCH_SECONDS) -> None:
        """Paint another screen soon after it is switched to: Textual waits 50 ms for whatever may still come."""
        super().delay_update(min(delay, SWITCH_SECONDS))

    def push_screen(self, *given: Any, **named: Any) -> Any:
        """Show another screen over this one, painted once: it would be painted before it has its text, too."""
        super().delay_update(OPEN_SECONDS)
        return super().push_screen(*given, **named)

    def _handle_exception(self, error: Exception) -> None:
        self.bug = self.bug or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Whoever runs it tells what went wrong: Textual prints pages of it, with what is in every variable."""
        self._close_messages_no_wait()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """A cursor that blinks is sent to the terminal twice a second."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False

    def on_key(self, event: Key) -> None:
        """A letter that was typed before a field had the keys comes back from what had them: it is for the field."""
        if isinstance(self.focused, Input) and event.is_printable and event.character is not None:
            event.prevent_default()
            self.focused.insert_text_at_cursor(event.character)

    def do_redraw(self) -> None:
        """Paint everything again, whatever the terminal shows by now."""
        self.repaint.distrust()
        self.screen.refresh()
