"""Who may work here, from record to text. Pure."""

from __future__ import annotations

from datetime import datetime

from console.text import cells
from console.text.lines import Span
from engine.access.roles import a_role
from engine.records import Binding, Operator
from engine.text import plain

COLUMNS = ("operator", "role", "for projects", "proven by")
WAY_COLUMNS = ("operator", "what", "since", "comment")


def role(found: Operator) -> Span:
    """What they are for the workspace, or that they may not work here any more."""
    return Span(f"disabled ({found.role})", "dim") if found.disabled else Span(found.role)


def projects(found: Operator) -> str:
    """What they are for single projects besides: ``flights: admin``."""
    return ", ".join(f"{plain(project)}: {role}" for project, role in found.projects)


def ways(found: Operator) -> Span:
    """What proves that it is them, in brief."""
    if not found.ways:
        return Span("nothing yet: cannot come in", "watch")
    first, *more = (f"{each.kind} {plain(each.label, 80)}" for each in found.ways)
    return Span(f"{first} and {len(more):,} more" if more else first, "dim")


def row(found: Operator) -> tuple[str | Span, ...]:
    """A line of the list."""
    return plain(found.name), role(found), projects(found), ways(found)


def sentence(found: Operator) -> str:
    """What somebody is by now."""
    if found.disabled:
        return f"{found.name} is {a_role(found.role)} here, and disabled."
    said = f" For single projects: {projects(found)}." if found.projects else ""
    return f"{found.name} is {a_role(found.role)} here.{said}"


def way(found: Binding, now: datetime) -> tuple[str, ...]:
    """A key or an account, as a line of their list."""
    said = f"{found.kind} {plain(found.label, 80)}"
    return plain(found.operator), said, cells.age(found.since, now), plain(found.comment, 80)
