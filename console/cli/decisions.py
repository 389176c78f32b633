"""candidates, approve, reject: what waits, and the decision."""

from __future__ import annotations

from datetime import datetime

import click

from console.cli import documents
from console.cli.moving import carry_out
from console.cli.printing import Cell, document, say, table, verdict
from console.cli.session import Session, Verb, reason_option
from console.text import cells
from engine.records import Version

HEADINGS = ("version", "made", "gates", "against live", "judged against", "judgement")


@click.command(cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def candidates(session: Session, project: str | None) -> None:
    """What waits for a decision, the newest first."""
    from engine.versions.document import written

    with session.engine() as engine:
        found = engine.candidates(project)
        if session.json:
            document([documents.candidate(version, written(engine.show(version.label))["gates"]) for version in found])
            return
    if not found:
        say(f"Nothing waits for a decision{' in ' + project if project else ''}.")
        return
    now = session.now()
    table([_row(version, now) for version in found], HEADINGS)
    say()
    say(f"Look: {session.command(f'show {found[0].label}')}")


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
@reason_option
@click.pass_obj
def approve(session: Session, version: str, reason: str) -> int:
    """Make the candidate VERSION live, once it is proven. For example: approve flights@12 --reason 'better'"""
    with session.engine() as engine:
        return carry_out(session, engine, engine.plan_release(version), reason)


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
