"""operators: who may work here, as what, and what proves that it is them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click

from console.cli import documents
from console.cli.emails import emails
from console.cli.printing import document, say, table
from console.cli.session import Session, VerbGroup, reason_option
from console.text import people_lines
from engine.access.roles import a_role
from engine.errors import Invalid, Refusal
from engine.records import Operator, Role

LONGEST = 65_536  # bytes of a file that is to hold one public key


def read_key(path: Path) -> str:
    """The text of a file that is to hold a public key; ``-`` is standard input. Raises Invalid, Refusal."""
    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(LONGEST + 1)
        else:
            with path.expanduser().open("rb") as file:
                raw = file.read(LONGEST + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise Refusal(f"The key file {path} cannot be read ({error.strerror}); name the .pub file.") from None
    except UnicodeDecodeError:
        raise Invalid(f"{path} holds no text; name the .pub file.") from None
    return text


key_option = click.option(
    "--key", "keys", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE", multiple=True,
    help="A file with their public key, such as id_ed25519.pub; - is standard input.",
)  # fmt: skip
account_option = click.option(
    "--account", "accounts", metavar="NAME", multiple=True, help="Their account on this machine."
)


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
        table([people_lines.row(each) for each in found], people_lines.COLUMNS)


@operators.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(get_args(Role)), default="operator", show_default=True, help="What they may do."
)
@key_option
@account_option
@reason_option
@click.pass_obj
def add_operator(
    session: Session, name: str, role: Role, keys: tuple[Path, ...], accounts: tuple[str, ...], reason: str
) -> None:
    """Let NAME work here; only an admin may. For example: operators add bob --key bob.pub --reason 'on call'"""
    with session.engine() as engine:
        found = engine.add_operator(name, role, reason, keys=[read_key(each) for each in keys], accounts=accounts)
    _told(session, found, f"{found.name} may work here as {a_role(found.role)}.")
    if not found.ways and not session.json:
        way = session.decision(f"operators keys add {found.name} FILE")
        say(f"Nothing proves yet that somebody is {found.name}; they come in once something does: {way}", indent=2)


def _told(session: Session, found: Operator, sentence: str) -> None:
    if session.json:
        document(documents.operator(found))
    else:
        say(sentence)


@operators.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice((*get_args(Role), "none")))
@click.option("--project", metavar="NAME", help="For this project alone, besides what they are for the workspace.")
@reason_option
@click.pass_obj
def set_role(session: Session, name: str, role: str, project: str | None, reason: str) -> None:
    """Let NAME be viewer, auditor, operator or admin; only an admin may. 'none' takes a role for a project back."""
    wanted: Role | None = next((each for each in get_args(Role) if each == role), None)
    if project is None and wanted is None:
        raise click.UsageError("'none' takes a role for one project back, and needs --project.")
    with session.engine() as engine:
        if project is not None:
            found = engine.set_project_role(name, project, wanted, reason)
        else:
            assert wanted is not None
            found = engine.set_role(name, wanted, reason)
    _told(session, found, people_lines.sentence(found))


@operators.command("disable")
@click.argument("name")
@reason_option
@click.pass_obj
def disable_operator(session: Session, name: str, reason: str) -> None:
    """Keep NAME from working here, from their next act on; only an admin may."""
    with session.engine() as engine:
        found = engine.disable_operator(name, reason)
    _told(session, found, f"{found.name} may not work here any more.")


@operators.command("enable")
@click.argument("name")
@reason_option
@click.pass_obj
def enable_operator(session: Session, name: str, reason: str) -> None:
    """Let NAME, who was disabled, work here again; only an admin may."""
    with session.engine() as engine:
        found = engine.enable_operator(name, reason)
    _told(session, found, people_lines.sentence(found))


@operators.command("recover")
@click.argument("name")
@reason_option
@click.pass_obj
def recover(session: Session, name: str, reason: str) -> None:
    """Come in as NAME, as an admin, by this account: for whoever owns the workspace's files, where no admin can.

    It stands in the trail under its own name, and doctor tells of it for a month.
    """
    from engine import founding

    session.needs_now("operators recover")
    if session.proof is not None:
        raise Refusal("Only at the machine itself, as the account that owns the workspace's files, can this be done.")
    founding.recover(session.home, name, reason)
    if session.json:
        document({"operator": name, "recovered": True})
    else:
        say(f"{name} is an admin here and comes in by this account. The trail says so.")


operators.add_command(emails)


@operators.group("keys", cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def keys(context: click.Context) -> None:
    """What proves that somebody is who they are: keys, and accounts of this machine."""
    if context.invoked_subcommand is None:
        _list_ways(context.ensure_object(Session), None)


@keys.command("list")
@click.argument("name", required=False)
@click.pass_obj
def list_ways(session: Session, name: str | None) -> None:
    """All keys and accounts, or those of NAME."""
    _list_ways(session, name)


def _list_ways(session: Session, name: str | None) -> None:
    from engine.access.operators import unknown

    with session.engine() as engine:
        people = [each for each in engine.operators() if name in (None, each.name)]
        now = engine.now()
    if name is not None and not people:
        raise unknown(name)
    found = [way for each in people for way in each.ways]
    if session.json:
        document([documents.binding(each) for each in found])
    elif name is not None and not found:
        say(f"Nothing proves that somebody is {name}; 'leverframe operators keys add' binds a key or an account.")
    else:
        table([people_lines.way(each, now) for each in found], people_lines.WAY_COLUMNS)


@keys.command("add")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--account", metavar="ACCOUNT", help="An account of this machine instead of a key.")
@reason_option
@click.pass_obj
def add_way(session: Session, name: str, file: Path | None, account: str | None, reason: str) -> None:
    """Let the public key in FILE (- is standard input) prove that somebody is NAME; only an admin may."""
    if (file is None) == (account is None):
        raise click.UsageError("Name the FILE of a public key, or an --account: one of the two.")
    with session.engine() as engine:
        if account is not None:
            found = engine.bind_account(name, account, reason)
        else:
            assert file is not None
            found = engine.bind_key(name, read_key(file), reason)
    _told(session, found, f"The {found.ways[-1].kind} {found.ways[-1].label} proves {found.name} from now on.")


@keys.command("remove")
@click.argument("name")
@click.argument("label", metavar="FINGERPRINT")
@reason_option
@click.pass_obj
def remove_way(session: Session, name: str, label: str, reason: str) -> None:
    """Let the key with FINGERPRINT, or an account as it is listed, prove NAME no more; only an admin may."""
    with session.engine() as engine:
        engine.unbind(name, label, reason)
    if session.json:
        document({"operator": name, "removed": label})
    else:
        say(f"{label} does not prove {name} any more.")


@operators.command("export-keys")
@click.pass_obj
def export_keys(session: Session) -> None:
    """Print an authorized_keys that leads each key to the console, for the system's sshd. Only an admin may."""
    from console.ssh import authorized_keys

    with session.engine() as engine:
        found, home = engine.sealed_keys(), engine.home
    if session.json:
        document([{"operator": key.operator, "fingerprint": key.fingerprint} for key in found])
        return
    for each in authorized_keys.lines(found, sys.executable, home):
        sys.stdout.write(each + "\n")
