"""Make a version live, or go back to one: what comes back, what does not, then the proof step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from console import routes
from console.acting.commands import Command, Move, Result
from console.dialogs.dialog import look_again
from console.dialogs.plan import PlanDialog
from console.queries.question import Question
from console.queries.questions import AskRelease, AskRollback
from console.text.lines import EMPTY, SENTENCE, Line, Span, line, pad, wrapped
from console.text.remark_lines import MOST_BESIDE, remark_lines
from console.text.tables import short
from engine.release.records import MovePlan
from engine.text import plain


class MoveDialog(PlanDialog[MovePlan]):
    """The plan that was read first is the one that is carried out; if things change meanwhile, it says so."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("u", "undo", show=False)]

    def __init__(self, ask: AskRelease | AskRollback) -> None:
        heading, verb = _named(ask)
        super().__init__(heading, verb, self._move, lambda plan: plan.refused is not None, plan_lines)
        self._ask = ask
        self._undo: str | None = None

    def question(self) -> Question | None:
        return self._ask if self.command is None else None

    def answered(self, answer: MovePlan, at: datetime) -> None:  # type: ignore[override]
        if self.command is not None:
            return
        if self.plan is None:
            self.plan = answer
            if len(answer.remarks.approvals) + 1 < answer.remarks.needed:
                self.verb = "approve; it goes live when another person has, too"
        elif _ground(answer) != _ground(self.plan):
            moved = answer.live_seq != self.plan.live_seq
            other = f"{answer.source or 'nothing'} is live" if moved else "a release takes something else"
            # Who was faster, when and why says more than that it cannot be done any more.
            changed = (answer.lately if moved else None) or answer.refused or f"{other} now."
            self.trouble = look_again(changed)
        elif answer.remarks.approvals != self.plan.remarks.approvals:
            also = answer.remarks.approvals[-1].by
            self.trouble = look_again(f"{also} has approved it too.")
        else:
            self.plan = replace(self.plan, remarks=answer.remarks)
        self.settle()

    def unanswered(self, sentence: str) -> None:
        if self.command is None:
            self.trouble = sentence
            self.settle()

    def _move(self, reason: str) -> Command:
        assert self.plan is not None
        return Move(self.plan, reason)

    def done(self, result: Result) -> None:
        self._undo = result.undo
        super().done(result)

    def more_keys(self) -> Sequence[Span]:
        if self._undo is None:
            return ()
        return line("     ", Span("u", "key"), f" undo: make {self._undo} live again")

    def action_undo(self) -> None:
        """Back to what was live before: a rollback, which lifts the bar that a rollback has put there."""
        if self.ended and self._undo is not None and self.plan is not None:
            project, back, app = self.plan.project, self._undo, self.app
            self.dismiss()
            app.call_after_refresh(lambda: app.push_screen(routes.rollback(project, back, lift=True)))


def _ground(plan: MovePlan) -> tuple[object, ...]:
    """What a plan stands on: where another answer says otherwise, it is not what somebody read."""
    return plan.refused, plan.live_seq, plan.policy


def _named(ask: AskRelease | AskRollback) -> tuple[str, str]:
    """The heading, and what Enter does."""
    if isinstance(ask, AskRelease):
        if ask.due is not None:
            return f"APPROVE {ask.label} FOR {ask.due:%d %b %H:%M} UTC", "approve; it goes live then"
        return f"APPROVE {ask.label}", "approve and make it live"
    if ask.lift:
        return f"UNDO: MAKE {ask.to} LIVE AGAIN", "make it live again"
    return f"ROLL BACK {ask.project}", "roll back"


def plan_lines(plan: MovePlan, width: int) -> list[Line]:
    """A plan in words: what moves, what comes back, what does not, or why it is refused."""
    lines: list[Line] = []
    if plan.damaged is not None and plan.refused is None:
        lines += [*wrapped(f"× {plain(plan.damaged)}", width, tone="failing"), EMPTY]
    if _unrebuilt(plan) and plan.refused is None:
        broken = f"× {short(plan.target)} {plain(plan.rehearsed or '', SENTENCE)}."
        lines += [*wrapped(broken, width, tone="failing"), EMPTY]
    if plan.warning is not None and plan.refused is None:
        lines += [*wrapped(f"▲ {plain(plan.warning, SENTENCE)}", width, tone="watch"), EMPTY]
    if said := remark_lines(plan.remarks, width, most=MOST_BESIDE):
        lines += [*said, EMPTY]
    for sentence in plan.sentences:
        lines += wrapped(plain(sentence), width)
    lines.append(EMPTY)
    title = "Comes back" if plan.kind == "rollback" else f"{short(plan.target)} brings"
    lines += _listed(title, plan.restores, width)
    lines += _listed("Does not", plan.does_not_restore, width)
    if plan.rehearsed is not None and not _unrebuilt(plan):
        lines += wrapped(f"{plan.rehearsed[:1].upper()}{plain(plan.rehearsed[1:], SENTENCE)}.", width, tone="dim")
    if plan.refused is not None:
        lines += [EMPTY, *wrapped(f"■ {plain(plan.refused)}", width, tone="failing")]
    return lines


def _unrebuilt(plan: MovePlan) -> bool:
    """Whether what would be gone back to could not be rebuilt when that was last tried."""
    return plan.rehearsal is not None and plan.rehearsal.outcome == "failed"


def _listed(title: str, items: Sequence[str], width: int) -> list[Line]:
    if not items:
        return []
    label = pad(f"{title}:", 13)
    first, *rest = wrapped("; ".join(plain(item) for item in items), width - 13)
    return [
        line(Span(label, "dim"), *first),
        *(line(" " * 13, *each) for each in rest),
    ]
