"""The columns of the lists of the screen Admin, from record to cell. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.text import cells, people_lines
from console.text.lines import Column, Span, Tone
from console.text.package_lines import in_one, newest, remark
from engine.text import plain

if TYPE_CHECKING:
    from console.queries.admin_questions import AdminList, PackageRow
    from engine.housekeeping.places import WatchedFolder
    from engine.housekeeping.settings import Setting
    from engine.outbox.mails import Mail, State
    from engine.projects.allowances import Allowance
    from engine.projects.policy import PolicyLine
    from engine.records import Operator

MAIL_TONES: dict[State, Tone] = {
    "sent": "ok", "failed": "failing", "queued": "watch", "sending": "watch", "over": "dim", "held": "key",
    "gathered": "dim",
}  # fmt: skip

ADMIN: tuple[Column[AdminList], ...] = (
    Column("LIST", 19, lambda a, now: Span(a.title, "strong")),
    Column("HOLDS", 13, lambda a, now: Span(a.holds)),
    Column("WHAT IT IS FOR", 36, lambda a, now: Span(a.wanting or a.meaning, "watch" if a.wanting else "dim"),
           grows=True),
)  # fmt: skip

OPERATORS: tuple[Column[Operator], ...] = (
    Column("OPERATOR", 24, lambda o, now: Span(plain(o.name), "strong")),
    Column("ROLE", 19, lambda o, now: people_lines.role(o)),
    Column("FOR PROJECTS", 16, lambda o, now: Span(people_lines.projects(o)), yields=1),
    Column("PROVEN BY", 24, lambda o, now: people_lines.ways(o), grows=True),
)

SETTINGS: tuple[Column[Setting], ...] = (
    Column("SETTING", 20, lambda s, now: Span(s.name, "strong")),
    Column("VALUE", 12, lambda s, now: Span(plain(s.text)), right=True),
    Column("", 7, lambda s, now: Span("chosen" if s.chosen else "default", "key" if s.chosen else "dim"), yields=1),
    Column("WHAT IT MEANS", 28, lambda s, now: Span(s.meaning, "dim"), grows=True),
)

POLICY: tuple[Column[PolicyLine], ...] = (
    Column("OF", 14, lambda p, now: Span(p.project or "every project", "strong")),
    Column("ASKS", 10, lambda p, now: Span(p.name)),
    Column("HOLDS", 14, lambda p, now: Span(plain(p.text)), grows=True),
    Column("SAID BY", 15, lambda p, now: Span(p.said_by, "dim" if p.said_by == "default" else "key"), yields=1),
    Column("WHAT IT MEANS", 24, lambda p, now: Span(p.meaning, "dim"), yields=2, grows=True),
)  # fmt: skip

PACKAGES: tuple[Column[PackageRow], ...] = (
    Column("PACKAGE", 16, lambda p, now: Span(plain(p.line.package), "strong"), grows=True, front=True),
    Column("LISTED", 10, lambda p, now: Span(plain(p.line.versions), "key")),
    Column("NEWEST", 9, lambda p, now: newest(p.line) if p.asked else Span(""), yields=2),
    Column("HAS IT", 30, lambda p, now: in_one(p.line, p.projects, p.wide), grows=True),
    Column("", 20, lambda p, now: remark(p.line), yields=1, grows=True),
)  # fmt: skip

PLACES: tuple[Column[WatchedFolder], ...] = (
    Column("FOLDER", 30, lambda p, now: Span(plain(p.path), "strong"), grows=True, front=True),
    Column("HOLDS", 6, lambda p, now: Span(p.kind)),
    Column("SINCE", 8, lambda p, now: Span(cells.age(p.added_at, now)), right=True),
    Column("BY", 10, lambda p, now: Span(p.added_by)),
)

ALLOWANCES: tuple[Column[Allowance], ...] = (
    Column("PROJECT", 12, lambda a, now: Span(a.project, "strong"), most=20),
    Column("ALLOWED", 26, lambda a, now: Span(plain("; ".join(a.what)) or "in force by now"), grows=True),
    Column("RUN", 5, lambda a, now: Span(str(a.run)), right=True, yields=2),
    Column("SINCE", 8, lambda a, now: Span(cells.age(a.at, now)), right=True),
    Column("BY", 8, lambda a, now: Span(a.by)),
    Column("BECAUSE", 14, lambda a, now: Span(plain(a.reason), "dim"), yields=1, grows=True),
)

OUTBOX: tuple[Column[Mail], ...] = (
    Column("MAIL", 5, lambda m, now: Span(f"{m.id:,}"), right=True),
    Column("QUEUED", 7, lambda m, now: Span(cells.age(m.queued_at, now)), right=True),
    Column("STATE", 8, lambda m, now: Span(m.state, MAIL_TONES[m.state])),
    Column("TO", 20, lambda m, now: Span(plain(m.recipient), "strong"), grows=True),
    Column("ABOUT", 20, lambda m, now: Span(plain(m.subject)), yields=1, grows=True),
    Column("WHY", 20, lambda m, now: Span(plain(m.why or cells.NOTHING), "dim"), yields=2, grows=True),
)
