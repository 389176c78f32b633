"""A scoring whose rows are scored by the workers of ``[compute]``, and read and written here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import Refusal
from engine.jobs.score.learnt import Learnt, fitted
from engine.jobs.score.reading import PIECE
from engine.projects.manifest.reader import ComputeSpec, manifest_of
from engine.runs.run_context import RunContext
from engine.scoring.ready import ReadyScorer
from engine.scoring.row_table import row_table
from engine.scoring.unpacked import keeps_types
from engine.vocabulary.steps import SCORE_AWAY

if TYPE_CHECKING:
    from engine.scoring.away.workers import Workers
    from engine.versions.records import VersionDocument


def compute_of(label: str, document: VersionDocument) -> ComputeSpec:
    """The cluster that the version names, as it was approved. Raises Refusal where it names none."""
    found = manifest_of(dict(document.settings)).compute
    if found is None:
        raise Refusal(
            f"{label} has no section [compute], so that there are no workers to score on; leave --workers out, or "
            "name a cluster in leverframe.toml, retrain and approve."
        )
    return found


@contextmanager
def on_workers(
    context: RunContext, label: str, document: VersionDocument, ready: ReadyScorer, learnt: Learnt
) -> Iterator[Workers]:
    """Have the version ready on the workers within the block. ``ready`` says here what each of them has to say of the
    golden rows, and is let go of. Raises Refusal, StepFailed or Damage."""
    from engine.scoring.away import kit
    from engine.scoring.away.workers import Workers

    compute, manifest = compute_of(label, document), manifest_of(dict(document.settings))
    golden = fitted(learnt, row_table(context.store, document).like, f"the golden rows of {label}")
    expected = ready.score(golden)
    ready.close()
    folder = context.folder / "steps" / SCORE_AWAY.name.replace(" ", "-")
    asked, about = kit.filled(context, label, document, manifest, folder)
    workers = Workers(
        asked, about, compute, golden, expected, PIECE,
        patience=manifest.train.timeout.total_seconds(), keeps_types=keeps_types(document),
    )  # fmt: skip
    context.watch(workers)
    try:
        yield workers
    finally:
        context.record(workers.close())
