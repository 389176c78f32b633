"""init, add, check, remove: a workspace and the projects in it."""

from __future__ import annotations

from pathlib import Path

import click

from console.cli import documents
from console.cli.confirming import confirm_option, typed
from console.cli.people import read_key
from console.cli.printing import complain, document, say, table
from console.cli.session import Session, Verb, reason_option
from console.text.lines import Span
from engine.errors import NotFound


@click.command(cls=Verb)
@click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE",
    help="Bind yourself to the public key in FILE instead of this account, as where nobody logs in as it.",
)  # fmt: skip
@click.pass_obj
def init(session: Session, key: Path | None) -> None:
    """Make a workspace; whoever makes it is its first admin, by the account that they make it with."""
    from engine.access.proof import KeyProof
    from engine.access.public_key import parse
    from engine.api import open_engine
    from engine.founding import create_workspace

    session.needs_now("init")
    line = read_key(key) if key is not None else None
    proof = KeyProof(parse(line).fingerprint) if line is not None else session.proof
    made = False
    try:
        engine = open_engine(session.home, session.operator, proof=proof)
    except NotFound:
        create_workspace(session.home, session.operator, proof=session.proof, key=line)
        engine = open_engine(session.home, session.operator, proof=proof)
        made = True
    who, way = engine.operator, engine.caller.account
    engine.close()
    if session.json:
        document({"home": str(engine.home), "made": made, "operator": documents.operator(who)})
    elif made:
        say(f"The workspace {engine.home} is made; {who.name} is its first admin, by the {way}.")
        say(f"Next: {session.act('add PATH')} registers a project.", indent=2)
    else:
        say(f"There is a workspace at {engine.home} already; nothing was changed.")


@click.command(cls=Verb)
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def add(session: Session, path: Path) -> None:
    """Register the project in the folder PATH, which holds its leverframe.toml."""
    with session.engine() as engine:
        project = engine.add(path)
        allowed = engine.reach(project.name)
    if session.json:
        document(documents.project(project))
        return
    say(f"{project.name} ({project.title}) is registered, from {project.path}.")
    for each in allowed:
        say(Span(f"Its steps are allowed {each}.", "watch"), indent=2)
    say(f"Next: {session.act(f'retrain {project.name} --wait')}", indent=2)


@click.command(cls=Verb)
@click.argument("project")
@confirm_option("The project's name")
@reason_option
@click.pass_obj
def remove(session: Session, project: str, reason: str, confirmed: str | None) -> None:
    """Take PROJECT off the list; its versions, its history and its live folder stay. Only an admin may."""
    with session.engine() as engine:
        typed(confirmed, lambda word: engine.remove(project, reason, word))
    if session.json:
        document({"project": project, "removed": True, "reason": reason})
    else:
        say(f"{project} is off the list. Its versions and history stay; adding it again finds them.")


@click.command(cls=Verb)
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.pass_obj
def check(session: Session, path: Path) -> int:
    """Validate the manifest in the folder PATH (here, by default) and run its steps once on a sample."""

    def show(text: str) -> None:
        what, _, sentence = text.partition(": ")
        if not session.json and what != "failed":
            table([(Span(f"{what:<12}", "dim"), sentence)])

    with session.engine() as engine:
        found = engine.check(path, show)
    wrong = [each for each in found if each.verdict == "failing"]
    if session.json:
        document(documents.findings(found))
    if wrong:
        complain(wrong[0].sentence, (each.sentence for each in wrong[1:]))
        return 1
    if not session.json:
        doubts = ", ".join(dict.fromkeys(each.what for each in found if each.verdict == "watch"))
        well = f"It works; read what is said of {doubts}." if doubts else "All is well;"
        say(f"{well} {'N' if doubts else 'n'}othing was kept of this check.")
    return 0
