"""disk, places: who uses how much, what grows, and the folders beside the workspace that are watched."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import cast

import click

from console.cli import disk_documents as documents
from console.cli.printing import Cell, ProgressLine, complain, document, say, table
from console.cli.session import Session, Verb, VerbGroup, reason_option
from console.text import cells
from console.text.lines import Span, Tone
from engine.housekeeping.places import KINDS, PlaceKind, WatchedFolder
from engine.housekeeping.records import DiskReport, LargeFile, Share

SOON = 14.0  # days until the disk is full that want somebody


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
        complain(f"Nothing was scanned yet. Scan now: {session.command('disk')}")
        return 1
    if session.json:
        document(documents.report(found))
    else:
        _print(session, found, session.now())
    return 0


def _print(session: Session, found: DiskReport, now: datetime) -> None:
    days = found.days_until_full
    low, soon = found.free < found.keep_free, days is not None and days < SOON
    tone: Tone = "failing" if low else "watch" if soon else "ok"
    lasts = "not growing, or not known yet" if days is None else f"full in {days:,.0f} days at this pace"
    say(Span(f"{cells.size(found.free)} free of {cells.size(found.total)}; {lasts}.", tone))
    if low:
        say(f"Less than {cells.size(found.keep_free)} is free: retrains are refused; decisions and rollbacks work.")
    age = cells.ago(found.at, now)
    said = f"The workspace takes {cells.size(found.used)}; looked at {age}, in {cells.span(found.scan_seconds)}."
    say(Span(said, "dim"))
    for heading, shares in (("by kind", found.by_kind), ("by project", found.by_project)):
        say()
        rows = [_share(share) for share in shares]
        table(rows, (heading, "size", "files", "a day"), right=["size", "files", "a day"], give_way=["files"])
    for heading, files in (("largest files", found.largest[:10]), ("growing fastest", found.growing[:10])):
        if files:
            say()
            rows = [_file(each, now) for each in files]
            table(rows, ("size", "a day", "changed", "what", heading), right=["size", "a day"], give_way=["changed"])
    if found.findings:
        say()
    for finding in found.findings:
        say(Span(f"{cells.GLYPHS[finding.verdict]} {finding.what}: {finding.sentence}", finding.verdict), hang=2)
    say()
    say(f"What can go: {session.command('clean --dry-run')}")


def _share(share: Share) -> tuple[Cell, ...]:
    return share.name, cells.size(share.bytes), f"{share.files:,}", _pace(share.growth_per_day)


def _file(each: LargeFile, now: datetime) -> tuple[Cell, ...]:
    where = each.path if each.place == "workspace" else f"{each.place}/{each.path}"
    return cells.size(each.bytes), _pace(each.growth_per_day), cells.ago(each.modified_at, now), each.why, where


def _pace(growth: float | None) -> str:
    if growth is None:
        return cells.NOTHING
    return f"{'-' if growth < 0 else '+'}{cells.size(abs(growth))}" if abs(growth) >= 1 else "0 B"


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
