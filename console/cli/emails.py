"""operators emails: under which addresses operators commit, for whose work a candidate is."""

from __future__ import annotations

import click

from console.cli.printing import document, say, table
from console.cli.session import Session, VerbGroup, reason_option


@click.group("emails", cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def emails(context: click.Context) -> None:
    """Under which addresses operators commit; add, remove."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session))


@emails.command("list")
@click.pass_obj
def list_emails(session: Session) -> None:
    """All of them, by operator."""
    _list(session)


def _list(session: Session) -> None:
    with session.engine() as engine:
        found = engine.addresses()
    if session.json:
        document([{"operator": each.operator, "address": each.address} for each in found])
    elif found:
        table([(each.operator, each.address) for each in found], ("operator", "commits as"))
    else:
        say("Nobody's address is known here; where four eyes are asked for, every release takes two people then.")


@emails.command("add")
@click.argument("name")
@click.argument("address")
@reason_option
@click.pass_obj
def add_email(session: Session, name: str, address: str, reason: str) -> None:
    """What is committed under ADDRESS is NAME's; only an admin may."""
    with session.engine() as engine:
        found = engine.add_address(name, address, reason)
    if session.json:
        document({"operator": found.operator, "address": found.address})
    else:
        say(f"What is committed under {found.address} is {found.operator}'s, also of what waits.")


@emails.command("remove")
@click.argument("name")
@click.argument("address")
@reason_option
@click.pass_obj
def remove_email(session: Session, name: str, address: str, reason: str) -> None:
    """ADDRESS is not NAME's any more; only an admin may."""
    with session.engine() as engine:
        engine.remove_address(name, address, reason)
    if session.json:
        document({"operator": name, "removed": address})
    else:
        say(f"{address} is nobody's any more.")
