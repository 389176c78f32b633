"""A version made ready for a run of scoring: once, and asked piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.jobs.backtest.step_totals import StepTotals
from engine.runs.run_context import RunContext
from engine.scoring.unpacked import Unpacked
from engine.storage.disk import delete_tree
from engine.vocabulary.steps import SCORE

if TYPE_CHECKING:
    import pyarrow as pa


class Answering(Protocol):
    """What a run of scoring needs of a version that is ready: see ``scoring.ready.ReadyScorer``."""

    def score(self, features: pa.Table) -> pa.Table: ...

    def close(self) -> None: ...


class StepByStep:
    """Each piece in a step of its own of the version's environment."""

    def __init__(self, context: RunContext, version: Unpacked) -> None:
        self._context, self._version = context, version
        self._totals = StepTotals(context.record)

    def score(self, features: pa.Table) -> pa.Table:
        from engine.scoring.scorer import StepScorer, text_predicted

        place = self._context.folder / "steps" / SCORE.name
        if place.exists():
            delete_tree(place)
        version = self._version
        step = self._context.launch(version.stage, SCORE, (0.0, 0.0), warm=False)
        return StepScorer(
            step, version.model, text_predicted(version.stage, version.document.schema), self._totals.add
        ).score(features)

    def close(self) -> None:
        self._totals.tell()
