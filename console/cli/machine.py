"""doctor: what is wrong with this workspace and this machine."""

from __future__ import annotations

import click

from console.cli import documents
from console.cli.backup import progress
from console.cli.printing import complain, document, table, verdict
from console.cli.session import Session, Verb


@click.command(cls=Verb)
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@click.option("--deep", is_flag=True, help="Read every object of every version that can be gone back to first.")
@click.pass_obj
def doctor(session: Session, fix: bool, deep: bool) -> int:
    """What is wrong with this workspace and this machine; exit code 1 when something is."""
    with session.engine() as engine:
        found = engine.doctor(fix, deep=True, tell=progress(session, "Reading")) if deep else engine.doctor(fix)
    if session.json:
        document(documents.findings(found))
    else:
        table([(verdict(each.verdict), each.what, each.sentence) for each in found])
    failing = [each for each in found if each.verdict == "failing"]
    if failing:
        more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
        complain(f"Something is wrong: {failing[0].what}{more}.")
    return 1 if failing else 0
