"""Turn what a run made into a version: everything into the store, one document, one transaction in the ledger."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from engine import __version__
from engine.audit import trail
from engine.clock import now, stamp
from engine.environments.keeping import ensure_kept
from engine.errors import Refusal
from engine.jobs.retrain.retrain import Made
from engine.monitoring import measurements
from engine.projects import in_force
from engine.records import Actor
from engine.runs import queue
from engine.runs.run_context import RunContext
from engine.runs.steps import holding
from engine.runs.steps.tables import types_of, write_canonical
from engine.storage.ledger import Ledger
from engine.versions import catalog, environment
from engine.versions import document as documents
from engine.versions.records import (
    CodeSection,
    DataSection,
    GoldenSection,
    LineageSection,
    ModelSection,
    VersionDocument,
)

# Predictions of floating-point models may differ in the last bits between one batch and another.
TOLERANCE = 1e-9


def package(context: RunContext, made: Made) -> str:
    """Store everything and return the version's digest. Nothing refers to it until ``register``."""
    context.tell(0.90, "package")
    store, start, data = context.store, made.start, made.data
    source = start.source
    inputs, predictions = context.folder / "golden-inputs.parquet", context.folder / "golden-predictions.parquet"
    kept = context.folder / "environment-files"
    kept.mkdir()
    write_canonical(data.golden_inputs, inputs)
    write_canonical(made.golden, predictions)
    return documents.save(
        store,
        VersionDocument(
            project=context.run.project,
            code=CodeSection(
                system=source.system,
                revision=source.revision,
                branch=source.branch,
                remote=source.remote,
                message=source.message,
                author=source.author,
                committed_at=source.committed_at,
                dirty=source.dirty,
                changed=source.changed,
                patch=store.put_content(start.patch.encode()) if start.patch else None,
                files=documents.store_folder(store, start.stage.code),
            ),
            data=_data(made),
            schema=data.schema,
            environment=environment.section(store, start.lock, start.stage.environment, kept),
            model=ModelSection(
                files=documents.store_folder(store, made.model),
                features=tuple(data.features),
                train_seconds=round(made.train_seconds, 3),
            ),
            settings=start.manifest.document,
            schedule=start.manifest.document.get("schedule", {}),
            metrics=made.judgement,
            gates=made.gates,
            golden=GoldenSection(
                rows=made.golden.num_rows,
                tolerance=TOLERANCE,
                inputs=store.put_file(inputs),
                predictions=store.put_file(predictions),
            ),
            lineage=LineageSection(
                run=context.run.id,
                as_of=stamp(context.run.as_of),
                requested_by=context.run.requested_by,
                against=context.live[0] if context.live else None,
                engine=__version__,
                sandbox=holding.document(made.contained),
                parent=made.parent,
                learnt=made.learnt,
            ),
            scorer=made.scored.stored(store),
        ),
    )


def keep_packages(ledger: Ledger, context: RunContext, made: Made) -> None:
    """Keep what the version's environment can be rebuilt from without the network. A version is made without it too:
    what is missing is said where it is rehearsed, and fetched then."""
    context.tell(0.97, "package keeping what its environment is built from")
    with suppress(Refusal):
        ensure_kept(ledger, context.store, made.start.lock, context.workspace.cache, context.folder, now())


def _data(made: Made) -> DataSection:
    data = made.data
    return DataSection(
        rows=data.table.num_rows,
        columns=data.table.num_columns,
        since=stamp(data.since) if data.since else None,
        until=stamp(data.until) if data.until else None,
        train_rows=data.train.num_rows,
        holdout_rows=data.holdout.num_rows,
        boundary=data.boundary,
        cut=data.cut,
        digest=documents.digest_of_files(made.blocks),
        files=made.blocks,
        types=types_of(data.table),
    )


def register(
    ledger: Ledger, context: RunContext, made: Made, digest: str, by: Actor, at: datetime, *, ends: bool = True
) -> str:
    """Number the version, keep its measurements and end the run, all in one transaction. Returns its label.

    ``ends``: the run has no more to do; else it ends itself.
    """
    judgement = made.judgement
    key = judgement.metrics.get(judgement.key_metric)
    against = catalog.parse_label(context.live[0])[1] if context.live else None
    with ledger.write() as db:
        number = catalog.register(
            db,
            project=context.run.project,
            digest=digest,
            made_at=at,
            as_of=context.run.as_of,
            run=context.run.id,
            verdict=judgement.verdict,
            comparison=judgement.comparison,
            sentence=judgement.sentence,
            against=against,
            metric=key.called(judgement.key_metric) if key is not None else None,
            data_until=made.data.until,
            expires_at=at + in_force.approval(db, context.run.project).expires,
            authors=json.dumps([asdict(each) for each in made.start.authors]),
        )
        label = f"{context.run.project}@{number}"
        rows = []
        for name, found in judgement.metrics.items():
            rows.append((number, name, found.value, found.low, found.high, found.n))
            if against is not None and found.live is not None:
                rows.append((against, name, found.live, found.live_low, found.live_high, found.n))
        measurements.keep(db, context.run.project, context.run.id, stamp(context.run.as_of), rows, at)
        if ends:
            queue.finish(db, context.run.id, "succeeded", at, version=label)
        details = {"digest": digest, "run": context.run.id, "verdict": judgement.verdict}
        trail.append(db, at=at, actor=by, action="package", subject=label, details=details)
    return label
