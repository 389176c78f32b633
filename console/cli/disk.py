"""disk, places: who uses how much, what grows, and the folders beside the workspace that are watched."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from console.cli import disk_documents as documents
from console.cli.printing import WIDEST, Cell, ProgressLine, complain, document, lines, room, say, table
from console.cli.session import Session, Verb, VerbGroup, reason_option
from console.text.disk_lines import disk_lines
from engine.housekeeping.places import KINDS, PlaceKind, WatchedFolder


@click.command(cls=Verb)
@click.option("--last", is_flag=True, help="The last scan, without a new one.")
@click.pass_obj
def disk(session: Session, last: bool) -> int:
    """Who uses how much of the disk, what grows, what is odd; scans the workspace and the watched places."""
    progress = ProgressLine()
    with session.engine() as engine:
        if last:
            found = engine.disk()
        else:

            def show(files: int) -> None:
                if not session.json:
                    progress.show(0.0, f"scanning, {files:,} files so far")

            found = engine.scan_disk(show)
            progress.clear()
    if found is None:
        complain(f"Nothing was scanned yet. Scan now: {session.act('disk')}")
        return 1
    if session.json:
        document(documents.report(found))
    else:
        lines(disk_lines(found, session.now(), min(room(), WIDEST), whole=True))
        say(f"What can go: {session.act('clean --dry-run')}", indent=1)
    return 0


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def places(context: click.Context) -> None:
    """Folders beside the workspace that 'disk' looks at and nothing ever cleans; add, remove."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session))


@places.command("list")
@click.pass_obj
def list_places(session: Session) -> None:
    """The watched folders."""
    _list(session)


def _list(session: Session) -> None:
    with session.engine() as engine:
        found = engine.places()
    if session.json:
        document([documents.place(each) for each in found])
    elif found:
        table([_place(each) for each in found], ("place", "holds", "watched for"))
    else:
        say(f"No folder is watched. Watch one: {session.decision('places add /var/log --kind logs')}")


def _place(each: WatchedFolder) -> tuple[Cell, ...]:
    return each.path, each.kind, each.added_by


@places.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), default="data", show_default=True, help="What the folder holds.")
@reason_option
@click.pass_obj
def add_place(session: Session, path: Path, kind: str, reason: str) -> None:
    """Watch the folder PATH: data, logs, or a bin such as ~/.local/share/Trash."""
    with session.engine() as engine:
        found = engine.watch(path, cast(PlaceKind, kind), reason)
    if session.json:
        document(documents.place(found))
    else:
        say(f"{found.path} is watched from the next scan on; nothing in it is ever changed.")


@places.command("remove")
@click.argument("path", type=click.Path(path_type=Path))
@reason_option
@click.pass_obj
def remove_place(session: Session, path: Path, reason: str) -> None:
    """Watch the folder PATH no longer."""
    with session.engine() as engine:
        engine.unwatch(path, reason)
        left = engine.places()
    if session.json:
        document([documents.place(each) for each in left])
    else:
        say(f"{path} is not watched any more.")
