"""Take an alert on, or leave it out of the status for a while: one of those that are open, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from console.acting.commands import Acknowledge, Command, Snooze
from console.dialogs.dialog import ReasonDialog
from console.text import cells
from console.text.health_lines import alert_lines, in_order
from console.text.lines import EMPTY, Line, Span, line, wrapped
from console.widgets.lines_view import LinesView
from engine.monitoring.alerts.changes import OVER_WHEN_ACKNOWLEDGED
from engine.monitoring.records import LONGEST_SNOOZE
from engine.projects.manifest.durations import parse_duration

if TYPE_CHECKING:
    from console.queries.health_questions import Health
    from engine.monitoring.records import Alert


class AlertDialog(ReasonDialog):
    """The arrows choose which alert is meant; after the last of several come all of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
    ]

    def __init__(self, title: str, said: str, verb: str, alerts: Sequence[Alert], at: datetime) -> None:
        super().__init__(title, (said,), verb, self._command)
        self._alerts, self._at = alerts, at
        self._chosen = 0

    @property
    def chosen(self) -> tuple[int, ...]:
        """The numbers of the alerts that are meant."""
        meant = self._alerts[self._chosen : self._chosen + 1] or self._alerts
        return tuple(alert.id for alert in meant)

    def text(self, width: int) -> Sequence[Line]:
        many = len(self._alerts)
        if self._chosen < many:
            shown = alert_lines(self._alerts[self._chosen], self._at, width, keys=False)
            which = f"alert {self._chosen + 1} of {many}; the next one or all"
        else:
            shown = [line(Span(f"All {cells.counted(many, 'alert')} of this project.", "strong"))]
            which = "all of them; one alone"
        choice = [line(Span("↑ ↓ ", "key"), Span(which, "dim")), EMPTY] if many > 1 else [EMPTY]
        return [*shown, *choice, *super().text(width)]

    def action_choose(self, by: int) -> None:
        if self.command is None and len(self._alerts) > 1:
            self._chosen = (self._chosen + by) % (len(self._alerts) + 1)
            self.draw_text()

    def _command(self, reason: str) -> Command:
        raise NotImplementedError


class AcknowledgeDialog(AlertDialog):
    """Says who has taken an alert on."""

    def __init__(self, health: Health, at: datetime) -> None:
        said = "Everybody sees that you have taken it on, and why."
        alerts = [alert for alert in in_order(health.alerts, at) if alert.acknowledged_by is None]
        super().__init__(f"ACKNOWLEDGE AN ALERT OF {health.name}", said, "acknowledge it", alerts, at)

    def text(self, width: int) -> Sequence[Line]:
        over = {each.id for each in self._alerts if each.part in OVER_WHEN_ACKNOWLEDGED}
        lasts = "It is over then." if over.issuperset(self.chosen) else "It stays open until a look finds it well."
        return [*super().text(width), *wrapped(lasts, width)]

    def _command(self, reason: str) -> Command:
        return Acknowledge(self.chosen, reason)


class SnoozeDialog(AlertDialog):
    """Two fields; Tab goes from one to the other, Enter in either does it."""

    AUTO_FOCUS = "#span"

    def __init__(self, health: Health, at: datetime) -> None:
        said = (
            "It is left out of the status until then, and comes back by itself; at once if it gets worse. "
            "Below: how long (1h, 8h, 1d, 7d; at most 30d), your reason. Tab goes from one to the other."
        )
        super().__init__(f"SNOOZE AN ALERT OF {health.name}", said, "snooze it", in_order(health.alerts, at), at)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=9)
            yield Input("1d", id="span", classes="field", max_length=5)
            yield Input(placeholder="your reason, for the audit trail", id="reason", max_length=1000)
            yield LinesView(id="progress", grows=11)
            yield LinesView(id="keys")

    def wrong(self) -> str | None:
        if self._span() is not None:
            return None
        written = self.query_one("#span", Input).value.strip()
        return f"'{written}' is no time of at most {LONGEST_SNOOZE.days} days; write it like 8h or 7d."

    def _span(self) -> timedelta | None:
        return span_of(self.query_one("#span", Input).value.strip())

    def _command(self, reason: str) -> Command:
        field = self.query_one("#span", Input)
        field.display = False
        return Snooze(self.chosen, self._span() or timedelta(0), reason)


def span_of(text: str) -> timedelta | None:
    """``8h`` or ``7d`` as a length of time; None for what is none, or none that an alert may be snoozed for."""
    found = parse_duration(text.replace(" ", "").lower())
    return found if found and found <= LONGEST_SNOOZE else None
