"""What decisions cost by the manifest's cost matrix, for every 1,000 of them. Pure.

Only where the four counts of right and wrong decisions were recorded: a precision and a recall do not tell them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.projects.manifest.records import CostSpec
from engine.reports import words
from engine.reports.reading import JudgedMetrics
from engine.reports.records import Dot, Money

if TYPE_CHECKING:
    from engine.versions.records import Judgement


@dataclass(frozen=True)
class _Counts:
    right_alarms: int
    false_alarms: int
    missed: int
    right_all_clears: int

    @property
    def rows(self) -> int:
        return self.right_alarms + self.false_alarms + self.missed + self.right_all_clears

    def cost(self, costs: CostSpec) -> float:
        """For every 1,000 decisions."""
        whole = (
            self.right_alarms * costs.right_alarm
            + self.false_alarms * costs.false_alarm
            + self.missed * costs.missed
            + self.right_all_clears * costs.right_all_clear
        )
        return 1000 * whole / self.rows


def money(
    costs: CostSpec | None, said: words.Words, judged: Sequence[JudgedMetrics], project: str, since: datetime
) -> Money | None:
    """What the live version's decisions cost; None where nobody said what errors cost, or nobody counted them."""
    if costs is None:
        return None
    found = [(each, counts) for each in judged if (counts := _counts(each.metrics, each.side)) is not None]
    if not found:
        return None
    newest, counts = found[-1]
    before = [each for each in found[:-1] if each[0].at <= since]
    without, alike = _alike(counts, costs, _class(said, newest, 1), _class(said, newest, 0))
    positive, negative = _class(said, newest, 1), _class(said, newest, 0)
    return Money(
        currency=costs.currency,
        decisions=words.of_decisions(said),
        value=counts.cost(costs),
        previous=before[-1][1].cost(costs) if before else None,
        without=without,
        alike=alike,
        false_alarms=1000 * counts.false_alarms / counts.rows,
        false_alarm=f"said {positive}, was {negative}",
        missed=1000 * counts.missed / counts.rows,
        missing=f"said {negative}, was {positive}",
        rows=counts.rows,
        at=newest.at,
        trend=tuple(Dot(each.at, held.cost(costs), None, None, f"{project}@{each.number}") for each, held in found),
    )


def _counts(metrics: Judgement, side: str) -> _Counts | None:
    decisions = metrics.decisions
    said = None if decisions is None else decisions.candidate if side == "candidate" else decisions.live
    if said is None:
        return None
    counts = _Counts(said.true_positives, said.false_positives, said.false_negatives, said.true_negatives)
    return counts if counts.rows else None


def _alike(counts: _Counts, costs: CostSpec, positive: str, negative: str) -> tuple[float, str]:
    """The cheaper of the two ways to decide alike in every case, on the same rows."""
    cases, others = counts.right_alarms + counts.missed, counts.false_alarms + counts.right_all_clears
    always = _Counts(cases, others, 0, 0).cost(costs), positive
    never = _Counts(0, 0, cases, others).cost(costs), negative
    return min(always, never)


def _class(said: words.Words, judged: JudgedMetrics, which: int) -> str:
    classes = judged.metrics.classes
    return words.of_class(said, str(classes[which])) if len(classes) == 2 else ("no", "yes")[which]
