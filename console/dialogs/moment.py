"""Step back in time: which moment the whole console is to show. The newest swaps can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from console import cells
from console.commands import StepBack
from console.dialogs.field import FieldDialog
from console.lines import EMPTY, Line, Span, fit, line, pad
from console.questions import AskSwaps
from engine.records import Deployment

SHOWN = 6
WORDS = {"release": "went live", "rollback": "was gone back to"}


class MomentDialog(FieldDialog):
    """The arrows write the moment before a swap into the field."""

    GIVEN = "As of"
    NOTHING = "Write a moment, such as 2026-11-03 or 2026-11-03T02:00 (UTC), or choose one with ↑ and ↓."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
    ]

    def __init__(self) -> None:
        said = (
            "Every screen shows what the ledger knew then, and nothing can be changed there. Runs and schedules go on "
            "meanwhile; T comes back to now.",
        )
        super().__init__("STEP BACK IN TIME", said, "go there", StepBack, "2026-11-03T02:00, in UTC")
        self._swaps: tuple[Deployment, ...] = ()
        self._chosen = -1
        self._at: datetime | None = None

    def question(self) -> AskSwaps:
        return AskSwaps()

    def answered(self, answer: tuple[Deployment, ...], at: datetime) -> None:  # type: ignore[override]
        self._swaps, self._at = answer[::-1][:SHOWN], at
        self._chosen = min(self._chosen, len(self._swaps) - 1)
        self.draw_text()

    def text(self, width: int) -> Sequence[Line]:
        lines = [*super().text(width)]
        if self._swaps and self._at is not None:
            lines += [EMPTY, line(Span("↑ ↓ ", "key"), Span("just before", "dim"))]
        names = [f"{swap.label} {WORDS[swap.kind]}" for swap in self._swaps]
        broad = min(max(map(len, names), default=0), max(20, width - 32))
        for place, (swap, name) in enumerate(zip(self._swaps, names, strict=True)):
            mark = "▸ " if place == self._chosen else "  "
            ago = f", {cells.ago(swap.at, self._at)}" if self._at is not None else ""
            when = f"{before(swap.at):%a %d %b %Y %H:%M} UTC{ago}"
            lines.append(fit(line(f"{mark}{pad(name, broad)}  ", Span(when, "dim")), width))
        return lines

    def action_choose(self, by: int) -> None:
        if self.command is not None or not self._swaps:
            return
        self._chosen = (self._chosen + by) % len(self._swaps) if self._chosen >= 0 else 0
        field = self.query_one("#reason", Input)
        field.value = f"{before(self._swaps[self._chosen].at):%Y-%m-%dT%H:%M:%S}"
        field.cursor_position = len(field.value)
        self.draw_text()


def before(at: datetime) -> datetime:
    """The last whole second before ``at``."""
    return (at - timedelta(microseconds=1)).replace(microsecond=0)
