"""clean, bin, hold: what goes and why, and the way back."""

from __future__ import annotations

from datetime import datetime

import click

from console.cli import disk_documents as documents
from console.cli.confirming import confirm_option, typed
from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb, VerbGroup, missing_reason, reason_option
from console.text import cells
from console.text.lines import Span
from engine.housekeeping.records import BinItem, CleanItem, CleanPlan

MOST_SHOWN = 30


@click.command(cls=Verb)
@click.option("--dry-run", is_flag=True, help="Say what would go, what stays and why, and do nothing.")
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.  [required without --dry-run]")
@click.pass_obj
def clean(session: Session, dry_run: bool, reason: str | None) -> None:
    """Move what retention lets go to the bin, from which it can be restored for 14 days."""
    if reason is None and not dry_run:
        raise missing_reason("clean")
    with session.engine() as engine:
        plan = engine.plan_clean()
        if dry_run or reason is None:
            _preview(session, plan)
            return

        def show(done: str) -> None:
            if not session.json:
                say(done, indent=2)

        done = engine.clean(plan, reason, show)
    if session.json:
        document(documents.cleaned(done))
        return
    for note in done.notes:
        say(Span(f"· {note}", "dim"), indent=2, hang=2)
    say(done.sentence)


def _preview(session: Session, plan: CleanPlan) -> None:
    if session.json:
        document(documents.plan(plan))
        return
    goes, stays = plan.going, [item for item in plan.items if not item.goes]
    for title, items in ((f"Goes: {cells.size(plan.bytes)}", goes), ("Stays", stays)):
        say(Span(title, "head"))
        table([_item(item) for item in items[:MOST_SHOWN]], indent=2)
        if len(items) > MOST_SHOWN:
            say(Span(f"and {len(items) - MOST_SHOWN:,} more; --json lists all.", "dim"), indent=2)
        if not items:
            say(Span("nothing", "dim"), indent=2)
        say()
    if plan.note:
        say(Span(plan.note, "watch"))
    say(f"Nothing was done. Do it: {session.decision('clean')}" if goes else "Nothing was done, nothing has to be.")


def _item(item: CleanItem) -> tuple[Cell, ...]:
    return cells.size(item.bytes), item.what, item.why


@click.group("bin", cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def bin(context: click.Context) -> None:
    """What was cleaned up and can be restored; restore, empty."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session))


@bin.command("list")
@click.pass_obj
def list_bin(session: Session) -> None:
    """What can be restored, the newest first."""
    _list(session)


def _list(session: Session) -> None:
    with session.engine() as engine:
        found = engine.bin_items()
    if session.json:
        document([documents.bin_item(each) for each in found])
        return
    if not found:
        say("The bin is empty.")
        return
    now = session.now()
    table(
        [_row(each, now) for each in found], ("item", "size", "what", "binned", "by", "purged"), right=["item", "size"]
    )
    say()
    say(f"Bring one back: {session.decision(f'bin restore {found[0].id}')}")


def _row(each: BinItem, now: datetime) -> tuple[Cell, ...]:
    gone = cells.until(each.purge_at, now)
    return str(each.id), cells.size(each.bytes), each.what, cells.ago(each.binned_at, now), each.by, gone


@bin.command("restore")
@click.argument("item", type=click.IntRange(min=1))
@reason_option
@click.pass_obj
def restore(session: Session, item: int, reason: str) -> None:
    """Put ITEM back where it was. For example: bin restore 3 --reason 'the audit wants to see it'"""
    with session.engine() as engine:
        said = engine.restore(item, reason)
    if session.json:
        document({"item": item, "sentence": said})
    else:
        say(said)


@bin.command("empty")
@click.option("--all", "everything", is_flag=True, help="Also what has not been there for its full time.")
@confirm_option("The name of the workspace's folder")
@reason_option
@click.pass_obj
def empty(session: Session, everything: bool, reason: str, confirmed: str | None) -> None:
    """Delete for good what has been in the bin long enough."""
    with session.engine() as engine:
        said = typed(confirmed, lambda word: engine.empty_bin(reason, word, all=everything))
        left = engine.bin_items()
    if session.json:
        document({"sentence": said, "left": [documents.bin_item(each) for each in left]})
    else:
        say(said)


@click.command(cls=Verb)
@click.argument("version")
@click.option("--release", is_flag=True, help="Take the hold off again; only an admin may.")
@reason_option
@click.pass_obj
def hold(session: Session, version: str, release: bool, reason: str) -> None:
    """Keep the content of VERSION whatever its age: a legal hold."""
    with session.engine() as engine:
        if release:
            engine.release_hold(version, reason)
        else:
            engine.hold(version, reason)
        found = engine.version(version)
    said = f"{found.label} is under legal hold: no clean-up touches it."
    if release:
        said = f"{found.label} is judged by its age again."
    if session.json:
        document({"version": found.label, "held": not release, "sentence": said})
    else:
        say(said)


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def settings(context: click.Context) -> None:
    """How much of the disk stays free, how long what is kept; set."""
    if context.invoked_subcommand is None:
        _settings(context.ensure_object(Session))


@settings.command("list")
@click.pass_obj
def list_settings(session: Session) -> None:
    """Every setting with its value and what it means."""
    _settings(session)


def _settings(session: Session) -> None:
    with session.engine() as engine:
        found = engine.settings()
    if session.json:
        document([documents.setting(each) for each in found])
        return
    rows = [(each.name, each.text, "chosen" if each.chosen else "default", each.meaning) for each in found]
    table(rows, ("setting", "value", "", "what it means"), right=["value"])


@settings.command("set")
@click.argument("name")
@click.argument("value")
@reason_option
@click.pass_obj
def choose(session: Session, name: str, value: str, reason: str) -> None:
    """Set NAME to VALUE ('default' takes that back); only an admin may. For example: settings set keep_free 10GiB"""
    with session.engine() as engine:
        engine.choose(name, value, reason)
        found = next(each for each in engine.settings() if each.name == name)
    if session.json:
        document(documents.setting(found))
    else:
        say(f"{found.name} is {found.text} now{'' if found.chosen else ', its default'}.")
