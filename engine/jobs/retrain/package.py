"""Turn what a run made into a version: everything into the store, one document, one transaction in the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine import __version__
from engine.audit import trail
from engine.clock import stamp
from engine.jobs.retrain.retrain import Made
from engine.projects import in_force
from engine.records import Metric, Operator
from engine.runs import queue
from engine.runs.run_context import RunContext
from engine.runs.steps import holding
from engine.runs.steps.tables import types_of, write_canonical
from engine.storage.ledger import Ledger
from engine.versions import catalog, environment
from engine.versions import document as documents

# Predictions of floating-point models may differ in the last bits between one batch and another.
TOLERANCE = 1e-9


def package(context: RunContext, made: Made) -> tuple[str, dict[str, Any]]:
    """Store everything and return the version's digest and document. Nothing refers to it until ``register``."""
    context.tell(0.90, "package")
    store, start, data = context.store, made.start, made.data
    source = start.source
    inputs, predictions = context.folder / "golden-inputs.parquet", context.folder / "golden-predictions.parquet"
    write_canonical(data.golden_inputs, inputs)
    write_canonical(made.golden, predictions)
    judgement = made.judgement
    document: dict[str, Any] = {
        "project": context.run.project,
        "code": {
            "revision": source.revision,
            "branch": source.branch,
            "remote": source.remote,
            "message": source.message,
            "author": source.author,
            "committed_at": source.committed_at,
            "dirty": source.dirty,
            "changed": list(source.changed),
            "patch": store.put_content(start.patch.encode()).document() if start.patch else None,
            "files": documents.store_folder(store, start.stage.code),
        },
        "data": {
            "rows": data.table.num_rows,
            "columns": data.table.num_columns,
            "since": stamp(data.since) if data.since else None,
            "until": stamp(data.until) if data.until else None,
            "train_rows": data.train.num_rows,
            "holdout_rows": data.holdout.num_rows,
            "boundary": data.boundary,
            "cut": data.cut.document() if data.cut else None,
            "digest": documents.digest_of_files(made.blocks),
            "files": made.blocks,
            "types": types_of(data.table),
        },
        "schema": data.schema,
        "environment": environment.section(store, start.lock),
        "model": {
            "files": documents.store_folder(store, made.model),
            "features": list(data.features),
            "train_seconds": round(made.train_seconds, 3),
        },
        "settings": start.manifest.document,
        "schedule": start.manifest.document.get("schedule", {}),
        "metrics": {k: v for k, v in judgement.items() if k != "gates"},
        "gates": judgement["gates"],
        "golden": {
            "rows": made.golden.num_rows,
            "tolerance": TOLERANCE,
            "inputs": store.put_file(inputs).document(),
            "predictions": store.put_file(predictions).document(),
        },
        "lineage": {
            "run": context.run.id,
            "as_of": stamp(context.run.as_of),
            "requested_by": context.run.requested_by,
            "against": context.live[0] if context.live else None,
            "engine": __version__,
            "sandbox": holding.document(made.contained),
        },
    }
    return documents.save(store, document), document


def register(ledger: Ledger, context: RunContext, made: Made, digest: str, by: Operator, at: datetime) -> str:
    """Number the version, keep its measurements and end the run, all in one transaction. Returns its label."""
    judgement = made.judgement
    key = judgement["key_metric"]
    metric = Metric(name=key, **judgement["metrics"][key]) if key in judgement["metrics"] else None
    against = catalog.parse_label(context.live[0])[1] if context.live else None
    with ledger.write() as db:
        number = catalog.register(
            db,
            project=context.run.project,
            digest=digest,
            made_at=at,
            as_of=context.run.as_of,
            run=context.run.id,
            verdict=judgement["verdict"],
            comparison=judgement["comparison"],
            sentence=judgement["sentence"],
            against=against,
            metric=metric,
            data_until=made.data.until,
            expires_at=at + in_force.approval(db, context.run.project).expires,
        )
        label = f"{context.run.project}@{number}"
        for name, numbers in judgement["metrics"].items():
            rows = [(number, numbers["value"], numbers["low"], numbers["high"])]
            if against is not None and numbers["live"] is not None:
                rows.append((against, numbers["live"], numbers["live_low"], numbers["live_high"]))
            db.executemany(
                "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        context.run.project,
                        who,
                        context.run.id,
                        name,
                        stamp(context.run.as_of),
                        stamp(at),
                        *values,
                        numbers["n"],
                    )
                    for who, *values in rows
                ],
            )
        queue.finish(db, context.run.id, "succeeded", at, version=label)
        details = {"digest": digest, "run": context.run.id, "verdict": judgement["verdict"]}
        trail.append(db, at=at, actor=by, action="package", subject=label, details=details)
    return label
