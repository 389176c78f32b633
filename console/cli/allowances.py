"""allow, allowances, withdraw: what a project's steps may reach beyond what is in force for it."""

from __future__ import annotations

import click

from console.cli import documents
from console.cli.printing import document, say, table
from console.cli.session import Session, Verb, reason_option
from console.text import cells


@click.command(cls=Verb)
@click.argument("run", type=click.IntRange(min=1))
@reason_option
@click.pass_obj
def allow(session: Session, run: int, reason: str) -> None:
    """Let the steps of a project reach what RUN was stopped for; 'runs' says what that is. Only an admin may."""
    with session.engine() as engine:
        given = engine.allow(run, reason)
    if session.json:
        document(documents.allowance(given))
        return
    say(f"The steps of {given.project} are allowed, from the next run on:")
    for what in given.what:
        say(what, indent=2)
    say(f"Next: {session.act(f'retrain {given.project} --wait')}", indent=2)
    say(f"Taken back by: {session.decision(f'withdraw {given.project}')}", indent=2)


@click.command(cls=Verb)
@click.argument("project")
@reason_option
@click.pass_obj
def withdraw(session: Session, project: str, reason: str) -> None:
    """End what the steps of PROJECT were allowed beyond what is in force for it. Only an admin may."""
    with session.engine() as engine:
        engine.withdraw(project, reason)
    if session.json:
        document({"project": project, "withdrawn": True, "reason": reason})
    else:
        say(f"The steps of {project} may reach what is in force for it, and no more, from the next run on.")


@click.command(cls=Verb)
@click.pass_obj
def allowances(session: Session) -> None:
    """What the steps of projects were allowed beyond what is in force, by whom and why."""
    with session.engine() as engine:
        found = engine.allowances()
    if session.json:
        document([documents.allowance(each) for each in found])
        return
    if not found:
        say("No project's steps are allowed more than what is in force for it.")
        return
    now = session.now()
    table(
        [
            (each.project, "; ".join(each.what) or "in force by now", each.by, cells.ago(each.at, now), each.reason)
            for each in found
        ],
        ("project", "allowed", "by", "when", "reason"),
        give_way=["reason"],
    )
