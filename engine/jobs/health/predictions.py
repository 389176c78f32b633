"""What a version says about the rows of a look: asked about all of them, or about those that are new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Damage, Refusal
from engine.jobs.health.merging import Unfit
from engine.jobs.health.rows import Rows, said_of
from engine.runs.run_context import RunContext
from engine.scoring.unpacked import Unpacked, unpack
from engine.storage.disk import delete_tree
from engine.versions.document import of_version
from engine.vocabulary import steps
from engine.vocabulary.steps import StepKind

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class Predictions:
    """A row for each that is measured, or the ``problem`` for which there are none. ``until``: when the version's own
    data ends."""

    table: pa.Table | None = None
    problem: str | None = None
    until: str | None = None


def of_live(context: RunContext, live: Unpacked, seen: Rows) -> Predictions:
    """What the live version says. Raises Unfit when it says it in another form than before."""
    return _scored(context, live, seen, "live", steps.SCORE, 0.47)


def of_rival(context: RunContext, rival: tuple[str, str] | None, seen: Rows) -> Predictions:
    """What the version to hold it against says about the same rows. That it cannot is no failure of the look."""
    if rival is None:
        return Predictions()
    label, digest = rival
    try:
        document = of_version(context.store, label, digest)
        found = _scored(context, unpack(context, label, document, "rival"), seen, digest, steps.SCORE_BEFORE, 0.64)
    except (Refusal, Damage, Unfit) as problem:
        return Predictions(None, str(problem))
    return Predictions(found.table, found.problem, _until(document))


def _until(document: VersionDocument) -> str | None:
    """Until when the version's data reaches; a row of the future does not count."""
    until = document.data.until
    return None if until is None else min(until, document.lineage.as_of)


def _scored(context: RunContext, version: Unpacked, seen: Rows, who: str, kind: StepKind, at: float) -> Predictions:
    current = seen.current.table
    missing = version.lacking(current)
    if missing:
        return Predictions(None, f"the data no longer has {', '.join(missing[:3])}, which {version.label} needs")
    if current.num_rows == 0:
        return Predictions(None, f"no rows have come that are newer than what {version.label} learnt from")
    features, before = current.select(version.features), said_of(seen, who)
    if before is None:
        return Predictions(version.scorer(context, kind, (at, at + 0.15)).score(features))
    return Predictions(_completed(context, version, features, before, kind, at))


def _completed(
    context: RunContext, version: Unpacked, features: pa.Table, before: tuple[pa.Table, pa.Array], kind: StepKind,
    at: float,
) -> pa.Table:  # fmt: skip
    """The predictions that are there, and those that are not, asked for now. Raises Unfit for another form."""
    import numpy as np
    import pyarrow as pa

    known, asked = before
    wanted = np.flatnonzero(~np.asarray(asked.to_numpy(zero_copy_only=False), dtype=bool))
    if not len(wanted):
        return known
    # Its input is there already.
    scorer = version.scorer(context, kind, (at, at + 0.15), warm=False)
    said = scorer.score(features.take(pa.array(wanted)))
    if not said.schema.equals(known.schema, check_metadata=False):
        delete_tree(context.folder / "steps" / kind.name.replace(" ", "-"))
        raise Unfit("predictions of what is new are of another form")
    order = np.arange(known.num_rows)
    order[wanted] = known.num_rows + np.arange(len(wanted))
    both = pa.concat_tables([known, said.replace_schema_metadata(known.schema.metadata)])
    return both.take(pa.array(order))
