"""backup, restore: copies of the workspace elsewhere, and the way back from one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click

from console.cli import backup_documents as documents
from console.cli.printing import complain, document, say
from console.cli.session import Session, Verb
from console.text.lines import Span
from engine.backup.records import Checked
from engine.storage.free_space import in_words

SIGNED = {
    "holds": "its signature holds",
    "no key": "nobody could tell who wrote it: the key that it was signed with is not here (--key FILE)",
    "wrong": "its signature is wrong",
}
KEY_HELP = "The key that it was signed with: keys/backup.key of the workspace that made it."


def progress(session: Session, doing: str) -> Callable[[int, int], None]:
    """Say on a terminal how far something is, on one line."""
    shown = -1

    def tell(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent == shown or session.json or not sys.stderr.isatty():
            return
        shown = percent
        end = "\r" if done < total else "\n"
        sys.stderr.write(f"{doing}: {done:,} of {total:,} objects, {percent} %{end}")
        sys.stderr.flush()

    return tell


@click.command(cls=Verb)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--check", is_flag=True, help="Read the backup that is there from end to end, and make none.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help=f"With --check. {KEY_HELP}")
@click.pass_obj
def backup(session: Session, folder: Path | None, check: bool, key: Path | None) -> int:
    """Back the workspace up to FOLDER (by default where the last backup is); a second one costs what changed."""
    if key is not None and not check:
        raise click.UsageError("--key is for --check: a backup is signed with the workspace's own key.")
    if check and folder is not None and not session.has_workspace():
        from engine.founding import check_backup

        session.needs_now("backup")
        return _checked(session, check_backup(folder, key, progress(session, "Reading")))
    with session.engine() as engine:
        if check:
            return _checked(session, engine.check_backup(folder, key, progress(session, "Reading")))
        made = engine.back_up(folder, progress(session, "Copying"))
    if session.json:
        document(documents.backup(made))
        return 0
    new = f"{made.added:,} new, {in_words(made.bytes or 0)}" if made.added else "none of them new"
    say(f"The workspace is backed up to {made.place}: {made.objects:,} objects ({new}), a trail of {made.rows:,} rows.")
    for label in made.lacking:
        said = f"· {label} is not whole here, and so not in the backup; 'leverframe doctor' says more"
        say(Span(said, "watch"), indent=2, hang=2)
    way = f"leverframe restore {shlex.quote(made.place)} --home EMPTY-FOLDER"
    say(f"Bring it back: {way}. Keep a copy of keys/backup.key elsewhere.", indent=2)
    return 0


def _checked(session: Session, found: Checked) -> int:
    if session.json:
        document(documents.checked(found))
    if found.problems:
        complain(f"The backup in {found.place} is not whole: {found.problems[0]}.", found.problems[1:])
        return 1
    if not session.json:
        made = f"{found.made_at:%d %b %Y at %H:%M} UTC"
        read = f"{found.objects:,} objects and a trail of {found.rows:,} rows, read to the end"
        say(f"The backup of {made} is whole: {read}; {SIGNED[found.signature]}. The head of its trail:")
        say(found.head, indent=2)
    return 0


@click.command(cls=Verb)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help=KEY_HELP)
@click.option("--head", metavar="DIGEST", help="A head of the trail that was noted elsewhere; the backup must hold it.")
@click.option("--former", is_flag=True, help="The backup before the newest in FOLDER.")
@click.option("--partly", is_flag=True, help="Restore what is whole of a backup that is not.")
@click.option("--reason", default="restored from a backup", metavar="TEXT", help="Why; kept for ever.")
@click.pass_obj
def restore(
    session: Session, folder: Path, key: Path | None, head: str | None, former: bool, partly: bool, reason: str
) -> None:
    """Bring the backup in FOLDER back at --home, which must be empty; it is read whole before it is opened."""
    from engine.founding import restore_backup

    session.needs_now("restore")
    found = restore_backup(
        folder, session.home, session.operator, progress(session, "Restoring"),
        proof=session.proof, reason=reason, key=key, head=head, former=former, partly=partly,
    )  # fmt: skip
    if session.json:
        document(documents.restored(found))
        return
    say(found.sentence)
    for note in found.notes:
        say(Span(f"· {note}", "watch"), indent=2, hang=2)
    say(f"Next: {session.act('doctor')} looks whether everything stands.", indent=2)
