"""The rows that policies are measured on, and which training's model is in force for each of them under each policy.

A row belongs to the week, and to the model, of the moment that it happened at; a model that was trained at that very
moment may have learnt from it, so the one before is in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.backtest.policies import WEEK, Policy, Window
from engine.backtest.records import WeekRows
from engine.clock import stamp
from engine.errors import StepFailed
from engine.projects.manifest.reader import Manifest
from engine.validation.event_times import microseconds, read_moments

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class WindowRows:
    """Labelled rows of the window in ``table``, the number of the week of each, and for each policy, by its word, the
    number of the training whose model is in force. ``weeks``: what there was in each week, labelled or not."""

    table: pa.Table
    week: Numbers
    in_force: Mapping[str, Numbers]
    weeks: tuple[WeekRows, ...]

    def of(self, training: int) -> Numbers:
        """The positions of the rows that the model of ``training`` is asked about, under whichever policy."""
        import numpy as np

        return np.flatnonzero(np.any([force == training for force in self.in_force.values()], axis=0))


def models_in_force(moments: Numbers, policy: Policy, window: Window, trainings: Sequence[datetime]) -> Numbers:
    """For each of ``moments`` (microseconds) within the window the number of the training that it is scored by."""
    import numpy as np

    own = policy.moments(window.since, window.until)
    number = np.array([trainings.index(at) for at in own], dtype=np.int64)
    latest = np.searchsorted(np.array([microseconds(at) for at in own]), moments, side="left") - 1
    return number[latest]


def rows_of_window(
    table: pa.Table, manifest: Manifest, window: Window, policies: Sequence[Policy], trainings: Sequence[datetime]
) -> WindowRows:
    """What of ``table``, seen from the window's end, lies in the window. Raises StepFailed where no label is known."""
    import numpy as np
    import pyarrow as pa

    from engine.validation.columns import missing

    time, target = manifest.data.time, manifest.data.target
    assert time is not None
    for name in (time, target):
        if table.column_names.count(name) != 1:
            raise StepFailed(f"extract returned no column '{name}', or more than one; look at what it returns.")
    moments, dated = read_moments(table, time)
    since, until = microseconds(window.since), microseconds(window.until)
    inside = dated & (moments > since) & (moments <= until)
    labelled = inside & ~missing(table.column(target))
    week = (moments - since - 1) // int(WEEK.total_seconds() * 1_000_000)
    counts, known = (np.bincount(week[rows], minlength=window.weeks) for rows in (inside, labelled))
    weeks = tuple(
        WeekRows(stamp(window.since + number * WEEK), int(counts[number]), int(known[number]))
        for number in range(window.weeks)
    )
    if not labelled.any():
        raise StepFailed(
            f"Of the {table.num_rows:,} rows that extract returned, {int(inside.sum()):,} lie in the {window.weeks} "
            f"weeks before {window.until:%d %b %Y}, and none of them has a label; there is nothing to measure by."
        )
    chosen = np.flatnonzero(labelled)
    force = {each.word: models_in_force(moments[chosen], each, window, trainings) for each in policies}
    return WindowRows(table.take(pa.array(chosen)), week[chosen], force, weeks)


def said_of_policy(word: str, rows: WindowRows, said: Mapping[int, pa.Table]) -> pa.Table:
    """What the models in force under a policy predicted, a row for each of ``rows``. ``said``: by training, for what
    ``rows.of`` gives it. A class that some of the models have not met has no chance in what these said."""
    import numpy as np
    import pyarrow as pa

    force, parts, places = rows.in_force[word], [], []
    for training, predictions in said.items():
        asked = rows.of(training)
        own = force[asked] == training
        if own.any():
            parts.append(predictions.filter(pa.array(own)))
            places.append(asked[own])
    together = pa.concat_tables(_one_form(parts), promote_options="permissive")
    return together.take(pa.array(np.argsort(np.concatenate(places), kind="stable")))


def _one_form(parts: Sequence[pa.Table]) -> list[pa.Table]:
    import numpy as np
    import pyarrow as pa

    names = list(dict.fromkeys(name for part in parts for name in part.column_names if name.startswith("p_")))
    found = []
    for part in parts:
        part = part.replace_schema_metadata(None)
        for name in (each for each in names if each not in part.column_names):
            part = part.append_column(name, pa.array(np.zeros(part.num_rows)))
        found.append(part)
    return found
