"""times: how long the runs of a project take, step by step, and what changed when that changed."""

from __future__ import annotations

from dataclasses import asdict

import click

from console.cli.printing import document, lines, room
from console.cli.session import Session, Verb
from console.text.times_lines import times_lines
from engine.vocabulary.jobs import RETRAIN


@click.command(cls=Verb)
@click.argument("project")
@click.option("--job", default=RETRAIN.name, show_default=True, metavar="JOB", help="The job whose runs are looked at.")
@click.pass_obj
def times(session: Session, project: str, job: str) -> None:
    """How long the runs of PROJECT take, step by step, what costs most, and what changed when they got slower."""
    with session.engine() as engine:
        found = engine.run_times(project, job)
    if session.json:
        document(asdict(found))
        return
    lines(times_lines(found, room()))
