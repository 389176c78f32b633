"""A project's learner: its rule, whether it is frozen, and how it did on each label before it learnt it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.learn_questions import AskLearner
from console.queries.question import Question
from console.screens.charted import Charted
from console.text.learn_lines import curve_of, learner_lines, lesson_lines
from console.text.lines import indented

if TYPE_CHECKING:
    from console.widgets.chart import Chart
    from engine.jobs.learn.lessons import Learner


class LearnerPage(Charted):
    name_of, place = "learner", "Health"

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project
        self.found: Learner | None = None

    def anew(self) -> LearnerPage:
        return LearnerPage(self.project)

    @property
    def heading(self) -> str:
        return f"Learner of {self.project}"

    def question(self) -> Question:
        return AskLearner(self.project)

    def show(self, answer: Learner, at: datetime) -> None:
        self.found = answer
        self.draw()

    def draw(self) -> None:
        found, at = self.found, self.at
        if found is None or at is None:
            return
        drawn = curve_of(found) if self.roomy else None
        self.lines("#standing").show(
            lambda width: indented(learner_lines(found, at, width - 2, strip=drawn is None))
        )
        self.lines("#sections").show(lambda width: indented(lesson_lines(found, at, width - 2)))
        self.draw_chart(drawn)

    def kind_of_chart(self) -> type[Chart]:
        from console.widgets.metric_chart import MetricChart

        return MetricChart

    # Actions

    def why_not(self, action: str) -> str | None:
        if action == "back":
            return None
        if self.found is None:
            return "It is still being read."
        frozen = self.found.frozen
        if action == "unfreeze" and frozen is None:
            return f"The learner of {self.project} is not frozen."
        if action == "freeze" and frozen is not None:
            return f"It is frozen already, by {frozen.by}; u sets it free."
        if action == "learn" and frozen is not None:
            return f"It is frozen, by {frozen.by}: {frozen.reason}; u sets it free."
        if action == "learn" and self.found.run is not None:
            return f"Run {self.found.run} is learning already: key 3 shows it."
        return None

    def about(self, action: str) -> object:
        return self.project

    def do_learn(self) -> None:
        from console.acting.feedback_commands import Learn

        self.app.run_command(Learn(self.project))

    def do_freeze(self) -> None:
        from console.dialogs.feedback import freezing

        self.app.push_screen(freezing(self.project))

    def do_unfreeze(self) -> None:
        from console.dialogs.feedback import unfreezing

        self.app.push_screen(unfreezing(self.project))
