"""packages: the common package list, who keeps to it, and what another constraint would break."""

from __future__ import annotations

from pathlib import Path

import click

from console.cli import package_documents as documents
from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb, VerbGroup, reason_option
from console.text import package_lines
from console.text.lines import Span
from engine import clock
from engine.environments.python.requirements import requirements_text
from engine.errors import NotFound, Refusal
from engine.packages.rules import CommonList
from engine.storage.atomic import read_file
from engine.storage.disk import why_not
from engine.text import plain


@click.group(cls=VerbGroup, invoke_without_command=True, subcommand_metavar="[COMMAND] [ARGS]...")
@click.option("--advisories", metavar="PATH", help="Known vulnerabilities: a file or folder in the form of OSV.")
@click.option("--outdated", is_flag=True, help="Ask the registry for newer versions of Python's; the answer is kept.")
@click.option("--what-if", "constraint", metavar="CONSTRAINT", help="What 'pandas>=3' would break.")
@click.pass_context
def packages(context: click.Context, advisories: str | None, outdated: bool, constraint: str | None) -> None:
    """Packages by projects, and the list that all of them keep to; set, unset, except, enforce."""
    if context.invoked_subcommand is None:
        session = context.ensure_object(Session)
        if constraint is not None:
            _what_if(session, constraint)
        else:
            _matrix(session, Path(advisories) if advisories is not None else None, outdated)


def _matrix(session: Session, advisories: Path | None, outdated: bool) -> None:
    with session.engine() as engine:
        if outdated:
            engine.ask_for_newer()
        found = engine.packages_with_advisories(advisories) if advisories is not None else engine.packages()
    if session.json:
        document(documents.matrix(found))
        return
    now = session.now()
    if found.lines:
        rows: list[tuple[Cell, ...]] = [
            (
                Span(each.package, "strong"),
                plain(each.versions),
                *(package_lines.versions_of(each, project) for project in found.projects),
                *([package_lines.newest(each)] if found.newest_at else []),
                package_lines.remark(each),
            )
            for each in found.lines
        ]
        headings = ("package", "listed", *found.projects, *(["newest"] if found.newest_at else []), "")
        table(rows, headings)
        say()
    for said in package_lines.summary(found, now):
        say(said)


def _what_if(session: Session, constraint: str) -> None:
    with session.engine() as engine:
        found = engine.what_if(constraint)
    if session.json:
        document({"constraint": constraint, "projects": [documents.outcome(each) for each in found]})
        return
    if not found:
        say("There is no project whose packages could be resolved; 'leverframe add PATH' adds one.")
        return
    say(Span(f"With {plain(constraint)}, and nothing installed", "head"))
    table([package_lines.outcome(each) for each in found], ("project", "", "what would change, or why not"))


@packages.command("set", cls=Verb)
@click.argument("constraints", nargs=-1)
@click.option("--file", "file", metavar="FILE", help="Every line of a constraints file.")
@reason_option
@click.pass_obj
def set_packages(session: Session, constraints: tuple[str, ...], file: str | None, reason: str) -> None:
    """Put CONSTRAINTS on the list. Only an admin may. For example: packages set 'pandas<3' 'r:rpart>=4.1'"""
    text = "\n".join(constraints)
    if file is not None:
        text = f"{text}\n{_read(Path(file))}"
    with session.engine() as engine:
        found = engine.set_packages(text, reason)
    _told(session, found)


def _read(path: Path) -> str:
    try:
        return requirements_text(read_file(path), str(path))
    except FileNotFoundError:
        raise NotFound(f"There is no {plain(str(path), 120)}; name a constraints file.") from None
    except IsADirectoryError:
        raise NotFound(f"{plain(str(path), 120)} is a folder; name a constraints file.") from None
    except OSError as error:
        raise Refusal(f"{plain(str(path), 120)} cannot be read: {why_not(error)}.") from None


@packages.command("unset", cls=Verb)
@click.argument("package")
@reason_option
@click.pass_obj
def unset_package(session: Session, package: str, reason: str) -> None:
    """Take PACKAGE off the list. Only an admin may."""
    with session.engine() as engine:
        found = engine.unset_package(package, reason)
    _told(session, found)


@packages.command("enforce", cls=Verb)
@click.argument("word", type=click.Choice(["warn", "fail"]))
@reason_option
@click.pass_obj
def enforce(session: Session, word: str, reason: str) -> None:
    """Whether a new version that breaks the list gets a warning, or fails its gate. Only an admin may."""
    with session.engine() as engine:
        found = engine.enforce_packages(word == "fail", reason)
    _told(session, found)


def _told(session: Session, found: CommonList) -> None:
    if session.json:
        document(documents.common(found))
        return
    word = "fails its gate" if found.enforced else "warns on its card"
    if not found.rules:
        say("Nothing is on the common package list now.")
        return
    say(f"On the common package list now; a new version that breaks it {word}:")
    for name, versions in sorted(found.rules.items()):
        say(f"{name}{versions}", indent=2)
    say(f"Who keeps to it: {session.command('packages')}")


@packages.command("except", cls=Verb)
@click.argument("project")
@click.argument("package")
@click.option("--until", metavar="TIME", help="When it ends, such as 2027-01-31.")
@click.option("--end", is_flag=True, help="End it now instead.")
@reason_option
@click.pass_obj
def except_package(session: Session, project: str, package: str, until: str | None, end: bool, reason: str) -> None:
    """Let PROJECT have PACKAGE as it is until then. Only an admin may."""
    if (until is None) == (not end):
        raise click.UsageError("except needs --until TIME, or --end.")
    with session.engine() as engine:
        moment = clock.moment(until) if until is not None else None
        given = engine.except_package(project, package, moment, reason)
    if session.json:
        document(documents.exemption(given))
        return
    if end:
        say(f"{given.project} keeps to the list for {given.package} again.")
    else:
        say(f"{given.project} may have {given.package} as it is until {given.until:%Y-%m-%d %H:%M} UTC.")
