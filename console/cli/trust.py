"""trust: whose bundles are taken in here, and this workspace's own key, by which others take its bundles in."""

from __future__ import annotations

import click

from console.cli import bundle_documents as documents
from console.cli.printing import document, say, table
from console.cli.session import Session, VerbGroup, reason_option
from console.text import cells
from console.text.lines import Span


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def trust(context: click.Context) -> None:
    """Whose bundles are taken in here; to begin with nobody's."""
    if context.invoked_subcommand is None:
        _shown(context.ensure_object(Session))


@trust.command("list")
@click.pass_obj
def trust_list(session: Session) -> None:
    """This workspace's own key, and those that it trusts."""
    _shown(session)


@trust.command("key")
@click.pass_obj
def trust_key(session: Session) -> None:
    """This workspace's own key, as another one takes it in; it is made when there is none."""
    with session.engine() as engine:
        fingerprint, line = engine.bundle_key()
    if session.json:
        document({"key": fingerprint, "line": line})
    else:
        say(line)


def _shown(session: Session) -> None:
    with session.engine() as engine:
        trusted = engine.trusted_keys()
        own = engine.bundle_key() if session.at is None else None
    if session.json:
        line = {"key": own[0], "line": own[1]} if own is not None else None
        document({"own": line, "trusted": [documents.trusted_key(each) for each in trusted]})
        return
    if own is not None:
        say("Bundles of this workspace are signed by")
        say(Span(own[0], "strong"), indent=2)
        say(f"Elsewhere an admin trusts it: leverframe trust add NAME '{own[1]}' --reason '…'", indent=2, hang=2)
    if not trusted:
        say("Nobody else's bundles are taken in here.")
        return
    say("Taken in here are those of:")
    table(
        [(each.name, each.fingerprint, cells.day(each.at), each.by, each.reason) for each in trusted],
        ("workspace", "key", "since", "by", "reason"), indent=2,
    )  # fmt: skip


@trust.command("add")
@click.argument("name")
@click.argument("key")
@reason_option
@click.pass_obj
def trust_add(session: Session, name: str, key: str, reason: str) -> None:
    """Take in what KEY signs, the key of a workspace that is called NAME here. Only an admin may."""
    with session.engine() as engine:
        added = engine.trust(name, key, reason)
    if session.json:
        document(documents.trusted_key(added))
        return
    say(f"What {added.fingerprint} signs is taken in from now on, as from {added.name}.")
    say(f"Take it back: {session.decision(f'trust remove {added.name}')}", indent=2)


@trust.command("remove")
@click.argument("name")
@reason_option
@click.pass_obj
def trust_remove(session: Session, name: str, reason: str) -> None:
    """Take in nothing any more from the workspace called NAME; what came from there stays. Only an admin may."""
    with session.engine() as engine:
        engine.distrust(name, reason)
    if session.json:
        document({"name": name, "trusted": False})
        return
    say(f"Nothing from {name} is taken in any more; what came from there stays as it is.")
