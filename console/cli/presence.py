"""who: who has a console open, from where, and what they look at."""

from __future__ import annotations

import click

from console.cli.printing import document, say, table
from console.cli.session import Session, Verb
from console.text import cells
from console.text.lines import Span
from engine import clock


@click.command(cls=Verb)
@click.pass_obj
def who(session: Session) -> None:
    """Who has a console open here, from where, what they look at and since when."""
    with session.engine() as engine:
        found, now = engine.who(), engine.now()
    if session.json:
        document(
            [
                {
                    "operator": each.operator, "proof": each.proof, "from": each.place, "screen": each.screen,
                    "since": clock.stamp(each.since), "came_at": clock.stamp(each.came_at),
                }
                for each in found
            ]
        )  # fmt: skip
    elif not found:
        say("Nobody has a console open here.")
    else:
        rows = [
            (
                Span(each.operator, "strong"), each.place, each.screen, cells.age(each.since, now),
                cells.age(each.came_at, now), Span(each.proof, "dim"),
            )
            for each in found
        ]  # fmt: skip
        table(rows, ("operator", "from", "looks at", "for", "on for", "proven by"), give_way=["proven by"])
