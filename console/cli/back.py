"""rollback, lift: the way back, and what bars it."""

from __future__ import annotations

import click

from console.cli import documents
from console.cli.moving import carry_out
from console.cli.printing import complain, document, say
from console.cli.session import Session, Verb, missing_reason, reason_option
from console.text.lines import Span
from engine.release.records import MovePlan


@click.command(cls=Verb)
@click.argument("project")
@click.option("--to", metavar="VERSION", help="Go back to this one.  [default: the one that was live before]")
@click.option("--from", "meant", metavar="VERSION", help="Only if this one is live; nothing moves where it is not.")
@click.option("--lift", "lifts", is_flag=True, help="If it is barred, lift its bar with the same reason.")
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.  [required without --preview]")
@click.option("--preview", is_flag=True, help="Say what would come back and what would not, and do nothing.")
@click.pass_obj
def rollback(
    session: Session, project: str, to: str | None, meant: str | None, lifts: bool, reason: str | None, preview: bool
) -> int:
    """Make an earlier version of PROJECT live again. For example: rollback flights --reason 'the page is on fire'"""
    if reason is None and not preview:
        raise missing_reason("rollback")
    with session.engine() as engine:
        plan = engine.plan_rollback(project, to, lift=lifts, meant=meant, seen=preview)
        if preview or reason is None:
            return _preview(session, plan)
        return carry_out(session, engine, plan, reason)


def _preview(session: Session, plan: MovePlan) -> int:
    if session.json:
        document(documents.plan(plan))
        return 0
    say(Span(f"Roll {plan.project} back from {plan.source or 'nothing'} to {plan.target}", "strong"))
    if plan.damaged and not plan.refused:
        say(Span(f"× {plan.damaged}", "failing"), indent=2, hang=2)
    broken = plan.rehearsal is not None and plan.rehearsal.outcome == "failed"
    if broken and not plan.refused:
        say(Span(f"× {plan.target} {plan.rehearsed}.", "failing"), indent=2, hang=2)
    if plan.warning and not plan.refused:
        say(Span(f"▲ {plan.warning}", "watch"), indent=2, hang=2)
    for sentence in plan.sentences:
        say(sentence, indent=2)
    for title, lines in (("Comes back", plan.restores), ("Does not come back", plan.does_not_restore)):
        say()
        say(Span(title, "head"))
        for line in lines:
            say(f"· {line}", indent=2, hang=2)
    if plan.rehearsed and not broken:
        say()
        say(f"{plan.target}: {plan.rehearsed}.")
    say()
    if plan.refused:
        complain(plan.refused)
        return 1
    done = session.decision(f"rollback {plan.project} --from {plan.source} --to {plan.target}")
    say(f"Nothing was done. Do it: {done}")
    if plan.whole:
        other = session.decision(f"rollback {plan.project} --from {plan.source} --to {plan.whole}")
        say(f"Or to the one of which nothing is known to be wrong: {other}")
    return 0


@click.command(cls=Verb)
@click.argument("version")
@reason_option
@click.pass_obj
def lift(session: Session, version: str, reason: str) -> None:
    """Lift the bar from VERSION, which was rolled back from, so that it may be gone back to."""
    with session.engine() as engine:
        found = engine.lift(version, reason)
    if session.json:
        document(documents.version(found))
        return
    say(f"{found.label} is no longer barred; nothing else has changed.")
    say(f"Make it live: {session.decision(f'rollback {found.project} --to {found.label}')}", indent=2)
