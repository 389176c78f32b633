"""A terminal without room: one says what is needed and waits."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.screens.page import Asking
from console.text import frame
from console.widgets.lines_view import LinesView


class TooSmall(Asking, ModalScreen[None]):
    """Stands over everything until there is room again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.act('quit')", show=False)]

    def compose(self) -> ComposeResult:
        yield LinesView(id="small")

    def on_mount(self) -> None:
        size = self.app.size
        self.query_one("#small", LinesView).show(lambda width: frame.too_small(width, size.height))
