"""bundle, import, send, where: versions that travel between workspaces, and which workspace has one."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from console.cli import bundle_documents as documents
from console.cli.card import print_changes
from console.cli.documents import change
from console.cli.printing import Cell, complain, document, say, table
from console.cli.session import Session, Verb
from console.cli.versions import TONES, as_bundle
from console.text import cells
from console.text.lines import Span
from engine.bundles.whereabouts import Whereabouts
from engine.errors import Forbidden
from engine.release.records import ProofStep
from engine.storage.free_space import in_words

STREAM = "-"
WHEELS_HELP = "With the files of its packages, where all are kept here: it is rebuilt there without a registry."


@click.command(cls=Verb)
@click.argument("version")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
    help="The zip to write, which must not exist; - is standard output.  [default: PROJECT-NUMBER.zip]",
)  # fmt: skip
@click.option("--without-data", is_flag=True, help="Leave the data out; its digests stay, by which it can be brought.")
@click.option("--wheels", is_flag=True, help=WHEELS_HELP)
@click.option("--since", metavar="VERSION", help="Say what differs from that version, or from a bundle of one.")
@click.option(
    "--data-to", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Write only the data, to FOLDER, which must not exist: for a bundle that leaves it out.",
)  # fmt: skip
@click.pass_obj
def bundle(
    session: Session, version: str, output: Path | None, without_data: bool, wheels: bool, since: str | None,
    data_to: Path | None,
) -> None:  # fmt: skip
    """Write VERSION as one zip that another workspace can verify and import. For example: bundle flights@12"""
    if data_to is not None and (output is not None or without_data or wheels or since):
        raise click.UsageError("--data-to writes the data alone; leave the other options away.")
    if session.json and str(output) == STREAM:
        raise click.UsageError("Of --json and -o - only one can have standard output.")
    with session.engine() as engine:
        if data_to is not None:
            files = engine.write_data(version, data_to)
            if session.json:
                document({"version": version, "place": str(data_to), "files": files})
            else:
                say(f"{files:,} files of data of {version} are written to {data_to}.")
            return
        target = output or Path(f"{version.replace('@', '-')}.zip")
        place = sys.stdout.buffer if str(target) == STREAM else target
        changes = engine.compare(as_bundle(since), version) if since is not None else ()
        made = engine.bundle(version, place, data=not without_data, wheels=wheels)
    if session.json:
        document({**documents.bundle(made), "changes": [change(each) for each in changes]})
        return
    if made.place is None:
        return
    say(f"{version} is written to {made.place}: {made.members:,} files, {in_words(made.size)}, signed by")
    say(made.fingerprint, indent=2)
    for part in made.absent:
        say(Span(f"· without {part.what}: {part.why}", "dim"), indent=2, hang=2)
    say(f"There: leverframe import {Path(made.place).name}", indent=2)
    if since is not None:
        say(Span(f"From {since} to {version}", "strong"))
        print_changes(changes)


@click.command("import", cls=Verb)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="FOLDER",
    help="The folder with its data, where that is not in it; held against the digests that are. A file that is alone "
    "may be named itself.",
)  # fmt: skip
@click.option(
    "--despite", metavar="REASON",
    help="Take it in although it is barred or rejected, here or there, or older than what is. Only an admin may.",
)  # fmt: skip
@click.pass_obj
def import_(session: Session, file: Path, data: Path | None, despite: str | None) -> None:
    """Verify the bundle FILE, prove it here, and offer it as a candidate; - is standard input."""

    def show(step: ProofStep) -> None:
        if not session.json:
            say(f"{step.seconds:6.1f} s  {step.what}")

    source = sys.stdin.buffer if str(file) == STREAM else file
    with session.engine() as engine:
        try:
            if despite is None:
                found = engine.take_in(source, data=data, on_step=show)
            else:
                found = engine.take_in_despite(source, despite, data=data, on_step=show)
        except KeyboardInterrupt:
            complain("Interrupted: nothing was taken in.")
            raise
    if session.json:
        document(documents.arrival(found))
        return
    say(found.sentence)
    if found.origin is not None:
        say(f"It is {found.origin.sentence}.", indent=2, hang=2)
    for note in found.notes:
        say(Span(f"· {note}", "watch"), indent=2, hang=2)
    if found.label is not None:
        say(f"Look at it: {session.command(f'show {found.label}')}", indent=2)
    if found.label is not None and found.waits:
        say(f"Approve it: {session.decision(f'approve {found.label}')}", indent=2)


CONFIG_HELP = "A configuration file for ssh, as its -F takes it."


@click.command(cls=Verb)
@click.argument("version")
@click.argument("host")
@click.option("--without-data", is_flag=True, help="Leave the data out; its digests stay, by which it can be brought.")
@click.option("--wheels", is_flag=True, help=WHEELS_HELP)
@click.option("--ssh-config", type=click.Path(path_type=Path), metavar="FILE", help=CONFIG_HELP)
@click.pass_obj
def send(
    session: Session, version: str, host: str, without_data: bool, wheels: bool, ssh_config: Path | None
) -> None:
    """Bring VERSION to the workspace that answers at HOST over SSH. For example: send flights@12 test.example.org"""
    with session.engine() as engine:
        sent = engine.send(version, host, data=not without_data, wheels=wheels, config=ssh_config)
    if session.json:
        document(documents.sent(sent))
        return
    say(f"{version} is sent to {host}, {in_words(sent.size)}. There: {sent.sentence}")
    say(f"Where it is by now: {session.command(f'where {version}')}", indent=2)


@click.command(cls=Verb)
@click.argument("version")
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option("--here", is_flag=True, help="Ask no other workspace.")
@click.option("--ssh-config", type=click.Path(path_type=Path), metavar="FILE", help=CONFIG_HELP)
@click.pass_obj
def where(session: Session, version: str, hosts: tuple[str, ...], here: bool, ssh_config: Path | None) -> None:
    """Where VERSION is, by its label here or its digest: in this workspace, and at each HOST, over SSH.

    Without a HOST those are asked first that it was sent to from here; then those that each of them sent it on to.
    """
    if here and hosts:
        raise click.UsageError("--here asks no other workspace; leave the hosts away.")
    with session.engine() as engine:
        stages = engine.where(version)
        # Whoever names hosts is told why they are not asked; else only who may ask does.
        if hosts or not (here or session.at or session.over_ssh):
            stages += engine.where_else(version, hosts, config=ssh_config)
        onward: dict[str, Any] = {}
        if session.json and not session.at:
            with suppress(Forbidden):  # Whoever may not ask others is not told whom to ask.
                workspace, sent_to = engine.sent_on(version)
                onward = {"workspace": workspace, "sent_to": list(sent_to)}
    if session.json:
        document({"version": version, "stages": [documents.stage(each) for each in stages], **onward})
        return
    rows: list[tuple[Cell, ...]] = []
    for stage in stages:
        name = (stage.name or "here") + (f" (told of by {stage.via})" if stage.via else "")
        rows += [
            (name, each.version, Span(cells.version_state(each.state), TONES.get(each.state, "")), _lived(each),
             each.origin or "made there" if stage.name else each.origin or "made here")
            for each in stage.found
        ]  # fmt: skip
        if not stage.found:
            rows.append((name, cells.NOTHING, cells.NOTHING, cells.NOTHING, stage.why or "it is not there"))
    table(rows, ("workspace", "called", "state", "live (UTC)", "from"))


def _lived(found: Whereabouts) -> str:
    if found.live_from is None:
        return cells.NOTHING
    until = f" to {found.live_until[:16]}" if found.live_until else ""
    return f"since {found.live_from[:16]}".replace("T", " ") if not until else (found.live_from[:16] + until).replace(
        "T", " "
    )
