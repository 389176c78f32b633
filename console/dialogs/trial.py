"""A candidate is put on trial, gets another share, or its trial ends: the kind and share first, then the plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.screen import Screen

from console import routes
from console.acting.commands import Command
from console.acting.trial_commands import EndTrial, PutOnTrial
from console.dialogs.dialog import ReasonDialog, look_again
from console.dialogs.field import PlanFieldDialog
from console.dialogs.plan import PlanDialog
from console.queries.question import Question
from console.queries.trial_questions import AskTrialPlan
from console.text.lines import EMPTY, SENTENCE, Line, wrapped
from engine.records import OnTrial
from engine.release.trial_rules import share_of, share_words
from engine.release.trials import TrialPlan
from engine.scoring.trials import Kind
from engine.text import plain

SHADOW = "shadow"


def asked_of(text: str) -> tuple[Kind, float]:
    """``5%`` is a canary of that share, ``shadow`` one of all requests, ``shadow 20%`` of some. Raises Invalid."""
    word, _, rest = text.strip().partition(" ")
    if word.lower() != SHADOW:
        return "canary", share_of(text)
    return "shadow", share_of(rest) if rest.strip() else 1.0


class TrialDialog(PlanFieldDialog):
    """What it is to be, and of how much."""

    NOTHING = "Write a share such as 5%, or shadow."

    def __init__(self, label: str, running: OnTrial | None = None) -> None:
        so_far: tuple[str, ...] = ()
        if running is not None and running.label == label:
            so_far = (f"So far it is a {running.kind} of {share_words(running.share)}.",)
        said = (
            "Write a share such as 5%: it answers so many of the keys, always the same ones. What is live answers all "
            "others, and those where it cannot.",
            "Or write shadow: it scores the requests too, is compared, and answers nobody.",
            *so_far,
        )
        super().__init__(f"TRY {label} BESIDE WHAT IS LIVE", said, "5%, or shadow")
        self._label = label

    def read(self, text: str) -> tuple[Kind, float]:
        return asked_of(text)

    def plan(self, text: str) -> Screen[None]:
        return routes.trial_plan(self._label, *asked_of(text))


class TrialPlanDialog(PlanDialog[TrialPlan]):
    """The plan that was read first is the one that is carried out; if things change meanwhile, it says so."""

    def __init__(self, label: str, kind: Kind, share: float) -> None:
        verb = "let it answer" if kind == "canary" else "let it run"
        title = f"{label} AS {kind.upper()}: {share_words(share)}"
        super().__init__(title, verb, self._begin, lambda plan: plan.refused is not None, plan_lines)
        self._ask = AskTrialPlan(label, kind, share)

    def question(self) -> Question | None:
        return self._ask if self.command is None else None

    def answered(self, answer: TrialPlan, at: datetime) -> None:  # type: ignore[override]
        if self.command is not None:
            return
        if self.plan is None:
            self.plan = answer
        elif (answer.refused, answer.against, answer.changes) != (
            self.plan.refused, self.plan.against, self.plan.changes,
        ):  # fmt: skip
            self.trouble = look_again(answer.refused or f"{answer.live or 'nothing'} is live, or its share another.")
        self.settle()

    def unanswered(self, sentence: str) -> None:
        if self.command is None:
            self.trouble = sentence
            self.settle()

    def _begin(self, reason: str) -> Command:
        assert self.plan is not None
        return PutOnTrial(self.plan, reason)


def plan_lines(plan: TrialPlan, width: int) -> Sequence[Line]:
    """What it would do, or why it is refused."""
    lines: list[Line] = []
    for sentence in plan.sentences:
        lines += wrapped(plain(sentence, SENTENCE), width)
    if plan.refused is not None:
        lines += [EMPTY, *wrapped(f"■ {plain(plan.refused, SENTENCE)}", width, tone="failing")]
    return lines


def ending(project: str, running: OnTrial) -> ReasonDialog:
    """End what runs beside the live version."""
    what = f"answers {share_words(running.share)} of the keys" if running.kind == "canary" else "runs as a shadow"
    said = (
        f"{running.label} {what}. From the next request on, what is live answers everybody.",
        "It waits for a decision as before, and can be tried again.",
    )
    return ReasonDialog(
        f"END THE TRIAL OF {running.label}", said, "end it", lambda reason: EndTrial(project, running.label, reason)
    )
