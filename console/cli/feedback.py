"""feedback: labels of what was scored, as they came; those that are quarantined are let in or thrown away."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb, VerbGroup, limit_option, reason_option
from console.text import feedback_lines
from console.text.lines import Span
from engine.clock import stamp
from engine.feedback.records import Batch

STREAM = "-"
_FEW = 50


class Given(VerbGroup):
    """A word that is no command of its own is a project, to which a file is given."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "give", self.commands["give"], args
        return super().resolve_command(ctx, args)


@click.group(
    "feedback", cls=Given, invoke_without_command=True, subcommand_metavar="[PROJECT FILE] | COMMAND [ARGS]..."
)
@click.pass_context
def feedback(context: click.Context) -> None:
    """Labels of what was scored: give a file of them; list, let-in, throw-away."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session), None, None)


@feedback.command("give", cls=Verb)
@click.argument("project")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.pass_obj
def give(session: Session, project: str, file: Path) -> None:
    """Take in FILE, parquet or csv: the key columns, label and time; - is standard input."""
    with session.engine() as engine:
        found = engine.give_feedback(project, sys.stdin.buffer if str(file) == STREAM else file)
    if session.json:
        document({"batch": found.batch, "rows": found.rows, "quarantined": found.quarantined})
        return
    said = feedback_lines.taken(project, found)
    if found.quarantined is None:
        say(said)
        return
    say(Span(said, "watch"))
    for word in ("let-in", "throw-away"):
        say(session.decision(f"feedback {word} {found.batch}"), indent=2)


@feedback.command("list", cls=Verb)
@click.argument("project", required=False)
@limit_option
@click.pass_obj
def list_feedback(session: Session, project: str | None, limit: int | None) -> None:
    """The batches that came: those that wait for a person first, then the newest."""
    _list(session, project, limit)


def _list(session: Session, project: str | None, limit: int | None) -> None:
    with session.engine() as engine:
        found = engine.feedback(project, limit=limit or (1 << 62 if session.json else _FEW))
    if session.json:
        document([batch_document(each) for each in found])
        return
    if not found:
        say(f"No feedback came{f' for {project}' if project else ''} yet.")
        return
    rows: list[tuple[Cell, ...]] = [
        (str(each.id), each.project, f"{each.at:%d %b %H:%M}", each.by, f"{each.rows:,}", feedback_lines.state(each),
         feedback_lines.remark(each))
        for each in found
    ]  # fmt: skip
    table(rows, ("no", "project", "came", "by", "rows", "", ""), right=("no", "rows"))


@feedback.command("let-in", cls=Verb)
@click.argument("number", type=int)
@reason_option
@click.pass_obj
def let_in(session: Session, number: int, reason: str) -> None:
    """Let the quarantined batch NUMBER in: its rows count from now on."""
    with session.engine() as engine:
        found = engine.let_in_feedback(number, reason)
    _decided(session, found)


@feedback.command("throw-away", cls=Verb)
@click.argument("number", type=int)
@reason_option
@click.pass_obj
def throw_away(session: Session, number: int, reason: str) -> None:
    """Throw the quarantined batch NUMBER away: its rows never count."""
    with session.engine() as engine:
        found = engine.throw_away_feedback(number, reason)
    _decided(session, found)


def _decided(session: Session, found: Batch) -> None:
    if session.json:
        document(batch_document(found))
    else:
        say(feedback_lines.decided(found))


def batch_document(batch: Batch) -> dict[str, object]:
    """As scripts rely on it."""
    return {
        "id": batch.id,
        "project": batch.project,
        "at": stamp(batch.at),
        "by": batch.by,
        "source": batch.source,
        "rows": batch.rows,
        "since": stamp(batch.since),
        "until": stamp(batch.until),
        "digest": batch.digest,
        "state": batch.state,
        "quarantined": batch.why,
        "decided_by": batch.decided_by,
        "decided_at": stamp(batch.decided_at) if batch.decided_at else None,
        "reason": batch.reason,
    }
