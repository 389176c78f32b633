"""Feedback and learners as the console's tests have them: a quarantined batch, and a version that learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.clock import stamp
from engine.feedback.records import Batch, Freeze, Receipt
from engine.jobs.learn.lessons import Learner, Lesson
from engine.records import Metric, Run, Version
from engine.versions.records import CurvePoint, LearntSection

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
WHY = "100% of it is '1' (40 rows), and usually 50%"
HELD = Batch(2, "flights", AT, "shop", "labels.csv", 40, AT, AT, "d" * 64, "quarantined", WHY)
COUNTED = Batch(1, "flights", AT - timedelta(days=1), "ada", "labels.csv", 1200, AT, AT, "e" * 64, "counted")
CURVE = tuple(
    CurvePoint(stamp(AT + timedelta(hours=hour)), 25, 0.80 + 0.01 * hour, 0.7, 0.95, 0.8) for hour in range(8)
)
LEARNT = LearntSection("f" * 64, 200, stamp(AT), stamp(AT + timedelta(hours=7)), {}, "accuracy", CURVE, 0.031)
LESSON = Lesson(
    Version(
        project="flights", number=12, digest="a" * 64, state="live", made_at=AT + timedelta(hours=8), as_of=AT, run=44,
        verdict="pass", comparison="better", sentence="BETTER THAN LIVE. All 14 gates pass.", against="flights@11",
        metric=Metric("roc_auc", 0.8, 0.7, 0.9, 200), live_from=None, live_until=None, reason=None,
    ),
    "flights@11", LEARNT,
)  # fmt: skip
LEARNER = Learner(
    "flights", "flights@12", "It learns every 1 h where 100 labels are new, and a person decides what becomes of it.",
    None, 2, 1, None, (LESSON,),
)  # fmt: skip
FROZEN = Freeze("churn", AT, "bob", True, "a broken sensor")


class FakeLearners:
    """Answers with the records above."""

    _do: Callable[..., None]
    learner_now: Learner = LEARNER
    batches_now: tuple[Batch, ...] = (HELD, COUNTED)

    def feedback(self, project: str | None = None, *, limit: int) -> tuple[Batch, ...]:
        return self.batches_now

    def give_feedback(self, project: str, file: Path) -> Receipt:
        self._do("give_feedback", project, file)
        return Receipt(3, 12, None)

    def let_in_feedback(self, batch: int, reason: str) -> Batch:
        self._do("let_in_feedback", batch, reason)
        return replace(HELD, state="let in", decided_by="ada", decided_at=AT, reason=reason)

    def throw_away_feedback(self, batch: int, reason: str) -> Batch:
        self._do("throw_away_feedback", batch, reason)
        return replace(HELD, state="thrown away", decided_by="ada", decided_at=AT, reason=reason)

    def learner(self, project: str) -> Learner:
        return replace(self.learner_now, project=project, frozen=FROZEN if project == FROZEN.project else None)

    def learn(self, project: str, *, as_of: Any = None) -> Run:
        self._do("learn", project)
        from tests.console.records import RUNNING

        return replace(RUNNING, job="learn", project=project)

    def freeze_learner(self, project: str, reason: str) -> Freeze:
        self._do("freeze_learner", project, reason)
        return replace(FROZEN, project=project, reason=reason)

    def unfreeze_learner(self, project: str, reason: str) -> Freeze:
        self._do("unfreeze_learner", project, reason)
        return replace(FROZEN, project=project, frozen=False, reason=reason)
