"""candidates, approve, reject: what waits, and the decision."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from console.cli import documents
from console.cli.moving import MOST_COMMENTS, carry_out
from console.cli.printing import Cell, document, lines, room, say, table, verdict
from console.cli.session import Session, Verb, reason_option
from console.text import cells
from console.text.lines import Span
from console.text.remark_lines import remark_lines
from engine import clock
from engine.json_records import write
from engine.records import Version
from engine.release.when import FORM, due_of

if TYPE_CHECKING:
    from engine.api import Engine

MOST_READ = 10_000  # bytes of standard input: what has more is refused, and need not be read
HEADINGS = ("version", "made", "gates", "against live", "judged against", "judgement")


@click.command(cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def candidates(session: Session, project: str | None) -> None:
    """What waits for a decision, the newest first."""
    with session.engine() as engine:
        found = engine.candidates(project)
        if session.json:
            document([_document(engine, version) for version in found])
            return
        said = {version.label: engine.remarks(version.label) for version in found}
    if not found:
        say(f"Nothing waits for a decision{' in ' + project if project else ''}.")
        return
    now = session.now()
    table([_row(version, now) for version in found], HEADINGS)
    say()
    for label, remarks in said.items():
        if remarks.approvals or remarks.comments or remarks.planned:
            more = max(0, remarks.needed - len(remarks.approvals))
            waits = remarks.planned is not None and remarks.planned.how is None
            said_of = "it waits for its time" if waits else f"{cells.counted(more, 'more approval')} needed"
            say(Span(f"{label}: {said_of}", "strong"))
            lines(remark_lines(remarks, room(), most=MOST_COMMENTS))
            say()
    say(f"Look: {session.command(f'show {found[0].label}')}")


def _document(engine: Engine, version: Version) -> documents.Document:
    gates = [write(gate) for gate in engine.gates(version.label)]
    return documents.candidate(version, gates, engine.remarks(version.label))


def _row(version: Version, now: datetime) -> tuple[Cell, ...]:
    return (
        version.label,
        cells.ago(version.made_at, now),
        verdict(version.verdict),
        cells.comparison(version),
        version.against or "nothing",
        version.sentence,
    )


@click.command(cls=Verb)
@click.argument("version")
@click.option("--swap-at", "words", metavar="TIME", help=f"Prove it now and make it live then: {FORM}.")
@reason_option
@click.pass_obj
def approve(session: Session, version: str, words: str | None, reason: str) -> int:
    """Make the candidate VERSION live, once it is proven. For example: approve flights@12 --reason 'better'"""
    due = due_of(words, clock.now()) if words is not None else None
    with session.engine() as engine:
        return carry_out(session, engine, engine.plan_release(version, due), reason)


@click.command("cancel-swap", cls=Verb)
@click.argument("version")
@reason_option
@click.pass_obj
def cancel_swap(session: Session, version: str, reason: str) -> None:
    """Take back that VERSION goes live at its time; approve it anew if it is to. What is live stays live."""
    with session.engine() as engine:
        found = engine.cancel_swap(version, reason)
    if session.json:
        document(documents.planned_swap(found))
        return
    say(f"{found.label} does not go live at {found.due:%d %b %H:%M} UTC. It waits for a decision as before.")
    say(f"Its approvals count no more. To approve it: {session.decision(f'approve {found.label}')}", indent=2)


@click.command(cls=Verb)
@click.argument("version")
@click.argument("text")
@click.pass_obj
def comment(session: Session, version: str, text: str) -> None:
    """Say TEXT ('-': standard input) of VERSION: it stands on its card and in the trail, and decides nothing."""
    if text == "-":
        text = sys.stdin.buffer.read(MOST_READ).decode("utf-8", "replace")
    with session.engine() as engine:
        said = engine.comment(version, text)
    if session.json:
        document({"version": version, **documents.remark(said)})
    else:
        say(f"It stands on the card of {version}.")


@click.command(cls=Verb)
@click.argument("version")
@reason_option
@click.pass_obj
def reject(session: Session, version: str, reason: str) -> None:
    """Turn the candidate VERSION down. For example: reject flights@12 --reason 'worse on Mondays'"""
    with session.engine() as engine:
        found = engine.reject(version, reason)
    if session.json:
        document(documents.version(found))
    else:
        say(f"{found.label} is {found.reason or 'rejected'}. What is live has not changed.")
