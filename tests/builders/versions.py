"""Versions that are nothing but rows: there is no content of theirs in the store."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.api import Engine
from engine.records import Metric
from engine.release import swap
from engine.release.proof import Steps
from engine.release.records import MovePlan
from engine.versions import catalog
from tests.builders.runs import done
from tests.ledger import ledger_of, writing

METRIC = Metric("roc_auc", 0.7, 0.6, 0.8, 10)
EXPIRES_AFTER = timedelta(days=14)


def candidate(
    engine: Engine,
    at: datetime,
    *,
    project: str = "tiny",
    against: int | None = None,
    metric: Metric = METRIC,
    digest: str | None = None,
) -> str:
    """A version that was made then and waits for a decision, with the run that made it. Returns its label."""
    run = done(engine, at, project=project)
    with writing(engine) as db:
        number = catalog.register(
            db, project=project, digest=digest or f"{run:064x}", made_at=at, as_of=at, run=run, verdict="pass",
            comparison="first", sentence="it is so", against=against, metric=metric, data_until=at,
            expires_at=at + EXPIRES_AFTER,
        )  # fmt: skip
    return f"{project}@{number}"


def release(engine: Engine, label: str, source: str | None, seq: int, at: datetime) -> None:
    """Make ``label`` live in the ledger, where ``source`` was by ``seq``; nothing is proven, no link is switched."""
    project, _ = catalog.parse_label(label)
    plan = MovePlan(project, "release", source, label, seq, (), (), (), None)
    settings, steps = {"project": {"name": project}}, Steps(lambda step: None)
    with ledger_of(engine) as ledger:
        swap.commit(ledger, plan, settings, f"{label}-x", steps, "good", engine.caller, at)


def altered(engine: Engine, number: int, **columns: object) -> None:
    """Other values in the row of a version, as no act leaves them behind, or none so soon."""
    with writing(engine) as db:
        for name, value in columns.items():
            db.execute(f"UPDATE versions SET {name} = ? WHERE number = ?", (value, number))
