"""A release or a rollback as it happens: the plan, each step of the proof, what is live, what takes it back."""

from __future__ import annotations

from console.cli import documents
from console.cli.printing import complain, document, lines, room, say
from console.cli.session import Session
from console.text.lines import Span
from console.text.remark_lines import remark_lines
from engine.api import Engine
from engine.release.records import Moved, MovePlan, ProofStep

MOST_COMMENTS = 3


def carry_out(session: Session, engine: Engine, plan: MovePlan, reason: str) -> int:
    """Show ``plan``, then do it; a plan that is refused is told and nothing is done."""
    if plan.refused:
        complain(plan.refused)
        return 1
    if not session.json:
        if plan.damaged:
            say(Span(f"× {plan.damaged}", "failing"), hang=2)
        if plan.whole:
            say(f"To that one: {session.decision(f'rollback {plan.project} --from {plan.source} --to {plan.whole}')}")
        if plan.warning:
            say(Span(f"▲ {plan.warning}", "watch"), hang=2)
        lines(remark_lines(plan.remarks, room(), most=MOST_COMMENTS))
        for sentence in plan.sentences:
            say(_capital(sentence))
        say()

    def show(step: ProofStep) -> None:
        if not session.json:
            say(f"{step.seconds:6.1f} s  {step.what}")

    try:
        moved = engine.move(plan, reason, show)
    except KeyboardInterrupt:
        complain(_how_far(engine, plan))
        raise
    if session.json:
        document(documents.moved(moved, plan))
    else:
        say()
        say(moved.sentence)
        for line in _back(session, plan, moved):
            say(line, indent=2)
    return 0


def _capital(sentence: str) -> str:
    """A sentence of a plan begins small where it follows another on a screen; a label is written as it is."""
    return sentence if "@" in sentence.split(" ")[0] else sentence[:1].upper() + sentence[1:]


def _how_far(engine: Engine, plan: MovePlan) -> str:
    if engine.version(plan.target).state == "live":
        return f"Interrupted, but the decision was made: {plan.target} is live."
    return f"Interrupted before the decision: nothing was changed, {plan.source or 'nothing'} is live."


def _back(session: Session, plan: MovePlan, moved: Moved) -> tuple[str, ...]:
    """What takes it back."""
    if moved.due is not None:
        return (f"Take it back: {session.decision(f'cancel-swap {plan.target}')}",)
    if moved.deployment is None:
        return (f"See what waits: {session.command('candidates')}",)
    if moved.undo is None:
        return ("It is the first that is live, so there is nothing to go back to yet.",)
    if plan.kind == "release":
        return (f"Take it back: {session.decision(f'rollback {plan.project} --from {plan.target}')}",)
    back = f"rollback {plan.project} --from {plan.target} --to {moved.undo} --lift"
    return (f"Take it back: {session.decision(back)}",)
