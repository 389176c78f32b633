"""requests: what was asked of a served project, how long it took, what failed, who answered, and the log of it."""

from __future__ import annotations

import click

from console.cli import request_documents as documents
from console.cli import shadow_documents
from console.cli.printing import WIDEST, document, lines, room, say
from console.cli.session import Session, Verb
from console.text.lines import Span, line
from console.text.request_lines import point_lines, request_lines
from console.text.shadow_lines import summary
from engine.errors import Invalid
from engine.projects.manifest.durations import DURATION_FORM, parse_duration
from engine.text import plain


@click.command(cls=Verb)
@click.argument("project")
@click.option("--last", default="1h", metavar="TIME", show_default=True, help="Of how long, such as 15m, 24h or 7d.")
@click.pass_obj
def requests(session: Session, project: str, last: str) -> None:
    """Requests a second of PROJECT, how long answers took, what failed, who answered, and what is kept of them."""
    length = parse_duration(last)
    if length is None:
        raise Invalid(f"'{plain(last, 40)}' is no length of time; write {DURATION_FORM}.")
    with session.engine() as engine:
        found, shadow = engine.requests(project, session.now(), length), engine.shadow_beside(project, session.now())
    if session.json:
        document({**documents.report(found), "shadow": shadow_documents.shadow(shadow)})
        return
    width = min(room(), WIDEST) - 2
    told = request_lines(found, session.now(), width)
    if not told:
        say(f"Nothing answers requests of {project}; it is with 'realtime = true' in its [serve].")
        return
    say(Span(f"Requests of {project}", "strong"))
    lines(line("  ", *each) for each in told)
    if shadow is not None:
        say()
        say(Span(f"{shadow.label} as a shadow", "strong"), indent=2)
        lines(line("  ", *each) for each in summary(shadow, width))
    if found.figures.requests:
        say()
        lines(line("  ", *each) for each in point_lines(found.figures.points, width))
