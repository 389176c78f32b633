"""operators: who may work here."""

from __future__ import annotations

from typing import get_args

import click

from console.cli import documents
from console.cli.printing import document, say, table
from console.cli.session import Session, VerbGroup, reason_option
from engine.records import Role


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def operators(context: click.Context) -> None:
    """Who may work here, and as what; 'operators add' lets somebody in."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session))


@operators.command("list")
@click.pass_obj
def list_operators(session: Session) -> None:
    """Everybody who may work here."""
    _list(session)


def _list(session: Session) -> None:
    with session.engine() as engine:
        found = engine.operators()
    if session.json:
        document([documents.operator(each) for each in found])
    else:
        table([(each.name, each.role) for each in found], ("operator", "role"))


@operators.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(get_args(Role)), default="operator", show_default=True, help="What they may do."
)
@reason_option
@click.pass_obj
def add_operator(session: Session, name: str, role: Role, reason: str) -> None:
    """Let NAME work here; only an admin may. For example: operators add bob --role viewer --reason 'on call'"""
    with session.engine() as engine:
        found = engine.add_operator(name, role, reason)
    if session.json:
        document(documents.operator(found))
    else:
        say(f"{found.name} may work here as {found.role}.")
