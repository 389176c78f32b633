"""Something to read: the help page, one row of the audit trail."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from console import actions
from console.screens.page import Asking
from console.text import glossary, people_lines
from console.text.cells import NOTHING, counted
from console.text.lines import EMPTY, Line, Span, Tone, line, pad, wrapped
from console.widgets.lines_view import LinesView
from engine.clock import stamp
from engine.outbox.mails import Mail
from engine.records import AuditRow, Operator
from engine.text import plain


class ReadingDialog(Asking, ModalScreen[None]):
    """Lines to read; Esc or Enter closes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,question_mark", "dismiss", show=False)]
    AUTO_FOCUS = "#text"

    def __init__(self, make: Callable[[int], Sequence[Line]]) -> None:
        super().__init__()
        self._make = make

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", focusable=True, grows=5)
            yield LinesView(id="keys")

    def on_mount(self) -> None:
        self.query_one("#text", LinesView).show(self._make)
        self.query_one("#keys", LinesView).show(lambda width: [line(Span("Esc", "key"), " close")])


def help_lines(screen: str, heading: str, texts: Sequence[str], width: int) -> list[Line]:
    """Every key of a screen, what the words on it mean (``texts``: all that stands there), the keys of everywhere."""
    lines: list[Line] = [line(Span(f"Keys of this screen: {heading}", "strong")), EMPTY]
    for action in actions.of_screen(screen):
        lines += _key(action.key_name, action.help, width)
    if screen in actions.LISTS:
        lines += _key("↑ ↓  k j", "the row above, the row below; PgUp and PgDn by pages, g and G to the ends", width)
    if words := glossary.words_in(texts):
        lines += [EMPTY, line(Span("Words on it", "strong")), EMPTY]
    widest = max((len(word) for word, _ in words), default=0) + 2
    for word, sentence in words:
        lines += _entry(pad(word, max(12, widest)), "strong", sentence, width)
    lines += [EMPTY, line(Span("Everywhere", "strong")), EMPTY]
    for action in actions.anywhere():
        lines += _key(action.key_name, action.help, width)
    return lines


def _key(name: str, said: str, width: int) -> list[Line]:
    return _entry(pad(name, 12), "key", said, width)


def _entry(name: str, tone: Tone, said: str, width: int) -> list[Line]:
    room = len(name)
    first, *rest = wrapped(said, width - room)
    return [line(Span(name, tone), *first), *(line(" " * room, *each) for each in rest)]


def audit_lines(row: AuditRow, width: int) -> list[Line]:
    """One row of the trail, whole."""
    return _whole(f"Audit row {row.seq:,}", width, (
        ("row", f"{row.seq:,}"),
        ("when", stamp(row.at)),
        ("who", row.actor),
        ("by", row.proof),
        ("did", row.action),
        ("to", row.subject),
        ("because", row.reason or "–"),
        ("details", json.dumps(dict(row.details), ensure_ascii=False)),
        ("digest", row.digest),
    ))  # fmt: skip


def operator_lines(found: Operator, width: int) -> list[Line]:
    """Somebody who may work here, whole: in the list their keys and their roles for projects may be cut."""
    ways = [f"{each.kind} {each.label} since {each.since:%d %b %Y}  {each.comment}".rstrip() for each in found.ways]
    ways = ways or [people_lines.ways(found).text]
    return _whole(found.name, width, (
        ("role", people_lines.role(found).text),
        ("projects", people_lines.projects(found) or NOTHING),
        *(("proven by" if not number else "", way) for number, way in enumerate(ways)),
    ))  # fmt: skip


def mail_lines(mail: Mail, width: int) -> list[Line]:
    """One mail of the outbox, whole; what a report says is kept with the reports."""
    return _whole(f"Mail {mail.id:,}", width, (
        ("to", mail.recipient),
        ("about", mail.subject),
        ("of", mail.project),
        ("queued", stamp(mail.queued_at)),
        ("state", f"{mail.state}, {counted(mail.attempts, 'attempt')}"),
        *((("sent", stamp(mail.sent_at)),) if mail.sent_at else ()),
        *((("next try", stamp(mail.next_try)),) if mail.next_try else ()),
        ("why", mail.why or NOTHING),
        ("report", NOTHING if mail.report is None else
         f"{mail.report}; leverframe report {mail.project} --kept {mail.report} shows it as it was sent"),
        *(("text" if number == 0 else "", text) for number, text in enumerate(mail.body.splitlines())),
    ))  # fmt: skip


def _whole(title: str, width: int, said: Sequence[tuple[str, str]]) -> list[Line]:
    lines: list[Line] = [line(Span(title, "strong")), EMPTY]
    for name, text in said:
        first, *rest = wrapped(plain(text, 4000), width - 12) or [EMPTY]
        lines += [line(Span(pad(name, 12), "dim"), *first), *(line(" " * 12, *each) for each in rest)]
    return lines
