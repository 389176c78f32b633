"""policy: what a release takes, by whom that is said, and the workspace's part of it."""

from __future__ import annotations

import click

from console.cli import documents
from console.cli.confirming import confirm_option, typed
from console.cli.printing import document, say, table
from console.cli.session import Session, Verb, VerbGroup, reason_option
from console.text.lines import Span
from engine.access.approval import LETS_PASS
from engine.errors import Invalid
from engine.projects.manifest.durations import DURATION_FORM, parse_duration
from engine.text import plain


class OfProject(VerbGroup):
    """A word that is no command of its own is a project."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "show", self.commands["show"], args
        return super().resolve_command(ctx, args)


@click.group("policy", cls=OfProject, invoke_without_command=True, subcommand_metavar="[PROJECT] | COMMAND [ARGS]...")
@click.pass_context
def policy(context: click.Context) -> None:
    """What a release takes: how many approve, who, whose eyes, when not; set."""
    if context.invoked_subcommand is None:
        _show(context.ensure_object(Session), None)


@policy.command("show", cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def show_policy(session: Session, project: str | None) -> None:
    """What the workspace asks of every project, or what holds for PROJECT and who says so."""
    _show(session, project)


def _show(session: Session, project: str | None) -> None:
    with session.engine() as engine:
        lines, complaints = engine.policy(project), engine.policy_complaints()
    if session.json:
        told = [documents.policy_line(each) for each in lines]
        document({"project": project, "policy": told, "complaints": list(complaints)})
        return
    found = [each for each in lines if each.project == project]
    more = [each for each in lines if each.project != project]
    say(Span(f"A release of {project} takes" if project else "A release of any project takes", "head"))
    table([(each.name, each.text, each.said_by, each.meaning) for each in found],
          ("", "holds", "said by", "what it means"), give_way=["what it means"])  # fmt: skip
    if more:
        say()
        say(Span("and more of these", "head"))
        rows = [(each.project or "", each.name, each.text, each.said_by) for each in more]
        table(rows, ("project", "", "holds", "said by"))
    for complaint in complaints:
        say()
        say(Span(complaint, "watch"))


@policy.command("set")
@click.argument("name")
@click.argument("value")
@reason_option
@click.pass_obj
def set_policy(session: Session, name: str, value: str, reason: str) -> None:
    """Ask VALUE of every project; 'default' asks nothing. Only an admin may. For example: policy set approvals 2"""
    with session.engine() as engine:
        complaints = engine.set_policy(name, value, reason)
        found = next(each for each in engine.policy() if each.name == name and each.project is None)
    if session.json:
        document({**documents.policy_line(found), "complaints": list(complaints)})
        return
    say(f"{found.name} is {found.text} now, for every project; a project may ask for more.")
    for complaint in complaints:
        say(Span(complaint, "watch"))


@policy.command("break-glass")
@click.argument("version")
@confirm_option("The sentence 'break the glass for VERSION'")
@click.option("--for", "lasts", default="1h", show_default=True, metavar="SPAN", help="How long it holds.")
@reason_option
@click.pass_obj
def break_glass(session: Session, version: str, confirmed: str | None, lasts: str, reason: str) -> None:
    """Release VERSION alone, past approvals, four eyes and freezes; everybody is told. Only an admin may."""
    span = parse_duration(lasts)
    if span is None:
        raise Invalid(f"--for is '{plain(lasts, 40)}'; write {DURATION_FORM}.")
    with session.engine() as engine:
        found = typed(confirmed, lambda said: engine.break_glass(version, said, span, reason))
    if session.json:
        document({"version": found.label, "by": found.by, "until": documents.time(found.until)})
        return
    say(f"{found.by} may release {found.label} alone until {found.until:%d %b %H:%M} UTC, past {LETS_PASS}.")
    say("Everybody is told, and it stays red until somebody else acknowledges it. It is proven as any other.", indent=2)
    say(f"Next: {session.decision(f'approve {found.label}')}", indent=2)
