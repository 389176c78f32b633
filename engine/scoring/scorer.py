"""One way to score a table with a version: golden rows, holdouts, looks at health and their baseline all go this way.

A scorer is the contract; ``StepScorer`` is the one maker of today, a process of the version's own environment. A warm
process or compiled tables are another class that fills the same contract.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.step import StepResult
from engine.runs.steps.tables import read_output, write_input
from engine.scoring.row_order import one_for_each
from engine.validation.schema import type_in

if TYPE_CHECKING:
    import pyarrow as pa


class Scorer(Protocol):
    """Something that says what one version predicts."""

    def score(self, features: pa.Table) -> pa.Table:
        """The predictions for ``features``, a row for each of its rows, in the same order.

        ``features``: the version's features by name, a row for each case; it may have none. What comes back has
        ``prediction``, and for a classifier a column for each class (``p_<class>``) or one score. Raises StepFailed
        with a sentence for people when there is no prediction for each row, whatever the reason; nothing is left
        running then.
        """


@dataclass(frozen=True)
class StepScorer:
    """Scores in a step of the version's own environment, once: the process ends with its answer.

    ``step`` is launched already, so that it may load its libraries while the model is still made; ``model`` is the
    folder with the model's files. ``text``: the columns of predictions that are text, whatever csv makes of what they
    hold. ``record`` is given the step's result, however it ended.
    """

    step: Launch
    model: Path
    text: Collection[str] = ()
    record: Callable[[StepResult], None] | None = None

    def score(self, features: pa.Table) -> pa.Table:
        step, form = self.step, self.step.stage.manifest.form
        try:
            # A link may lead to what only the engine can read.
            shutil.copytree(self.model, step.input / "model", symlinks=True)
            write_input(features, step.input, form, types=step.stage.types)
            step.begin()
            step.conclude(self.record)
        except BaseException:
            step.cancel("the scoring was broken off")
            raise
        predictions = read_output(step.output, "predictions", form, step.title, self.text)
        return one_for_each(predictions, features.num_rows, step.title)


def text_predicted(stage: Stage, schema: Mapping[str, Any]) -> Collection[str]:
    """The columns of predictions that are text, by the ``schema`` of the data that was learnt from."""
    return {"prediction"} if stage.types and type_in(schema, stage.manifest.data.target) == "text" else ()
