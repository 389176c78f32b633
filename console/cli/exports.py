"""export, exports: versions as ONNX or SQL for callers that hold no Python, and which of them there are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from console.cli import export_documents as documents
from console.cli.printing import complain, document, say
from console.cli.session import Session, Verb
from console.text.lines import Span
from engine.exports.records import Export
from engine.exports.targets import DIALECTS, KINDS


def _progress(session: Session) -> Callable[[str], None]:
    """Say on a terminal what is being done, for it takes a minute."""

    def tell(doing: str) -> None:
        if not session.json and sys.stderr.isatty():
            sys.stderr.write(f"… {doing}\n")
            sys.stderr.flush()

    return tell


@click.command(cls=Verb)
@click.argument("version")
@click.option("--to", "kind", type=click.Choice(KINDS), required=True, help="For ONNX Runtime, or for a database.")
@click.option("--dialect", type=click.Choice(DIALECTS), help="Of SQL; duckdb unless it is said.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="The folder to make; nothing may have its name.")  # fmt: skip
@click.option("--used-by", default="", metavar="TEXT", help="Who calls it; 'leverframe exports' tells.")
@click.option("--force", is_flag=True, help="Write it though it answers otherwise than the version; it says so inside.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept for ever. Needed with --force.")
@click.pass_obj
def export(
    session: Session, version: str, kind: str, dialect: str | None, output: Path, used_by: str, force: bool, reason: str
) -> None:
    """Write VERSION as ONNX or SQL into DIR, with callers, once it is seen to answer as VERSION does."""
    if dialect and kind != "sql":
        raise click.UsageError("--dialect is for --to sql.")
    with session.engine() as engine:
        try:
            made = engine.export(
                version, kind, output, dialect=dialect or "", force=force, reason=reason, used_by=used_by,
                tell=_progress(session),
            )  # fmt: skip
        except KeyboardInterrupt:
            complain(f"Interrupted{', but it was exported' if os.path.lexists(output) else ': nothing was exported'}.")
            raise
    if session.json:
        document(documents.export(made))
        return
    target = f"SQL for {made.dialect}" if made.kind == "sql" else "ONNX"
    say(f"{made.label} is exported to {target}: {made.folder}")
    say(f"{made.parity.sentence}, by {made.parity.measured_by}.", indent=2, hang=2)
    for why in made.parity.why:
        say(Span(f"· forced: {why}", "failing"), indent=2, hang=2)
    for group, words in ((made.parity.gaps, "missing values"), (made.parity.unseen, "categories training had not")):
        if not group.rows:
            said = f"· no row with {words} was among them: nothing is known about such rows"
            say(Span(said, "watch"), indent=2, hang=2)
    say("Next: README.md in it says how to call it, parity.txt how both answers were compared.", indent=2)


@click.command(cls=Verb)
@click.argument("project", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, help="How many, the newest first.")
@click.pass_obj
def exports(session: Session, project: str | None, limit: int) -> None:
    """What was exported, who uses it, and what became of the version since."""
    with session.engine() as engine:
        found = engine.exports(project, limit=limit)
    if session.json:
        document([documents.export(each) for each in found])
        return
    if not found:
        say("Nothing was exported yet; 'leverframe export VERSION --to onnx -o DIR' does it.")
        return
    for each in found:
        _tell(each)


def _tell(found: Export) -> None:
    live = found.state == "live"
    target = f"SQL for {found.dialect}" if found.kind == "sql" else "ONNX"
    gone = found.state in ("retired", "barred")
    state = f"{found.state}, no longer live" if gone else found.state
    head = f"{found.id}  {found.label} ({state}) as {target}, {found.at:%d %b %Y %H:%M} UTC by {found.by}"
    say(Span(head, "ok" if live else "watch"))
    used = f"used by {found.used_by}" if found.used_by else "nobody said who uses it"
    say(f"{used}; {found.parity.sentence}; {found.folder}", indent=3, hang=0)
    if found.forced:
        say(Span(f"forced: {found.reason}; {'; '.join(found.parity.why)}", "failing"), indent=3, hang=0)
