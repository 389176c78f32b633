"""Alerts about exceptions from the common package list that have ended, while what is live breaks the list still.

One is told once, and is over when the exception is renewed, the list lets the project have what it has, or a version
goes live that keeps to it.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.errors import Damage
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.packages import book
from engine.packages.matrix import of_section
from engine.packages.rules import CommonList, Kept, violations
from engine.projects import registry
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.catalog import parse_label

PART = "packages"


def tell(ledger: Ledger, store: ObjectStore, now: datetime) -> None:
    """Raise an alert for each exception that has ended in vain, and end those about what is well by now. Where none has
    ended it costs a look."""
    with ledger.read() as db:
        concerned = book.ended(db, now) | alert_book.projects_with(db, PART)
        changed = [each for each in registry.names(db) if each in concerned and _found(db, store, each, now)]
    for project in changed:
        with ledger.write() as db:
            found = _found(db, store, project, now)
            if found is not None:
                label, wrong = found
                alert_book.record(db, project, parse_label(label)[1], wrong, {PART}, None, now)


def _found(
    db: sqlite3.Connection, store: ObjectStore, project: str, now: datetime
) -> tuple[str, tuple[HealthFinding, ...]] | None:
    """The live version and what is to be told of it; None where nothing is live, that is told already, or it cannot be
    said."""
    live = catalog.live(db, project)
    if live is None:
        return None
    common = book.common(db)
    try:
        packages = of_section(documents.load(store, live.digest).environment)
    except Damage:  # Told where the store is looked through.
        return None
    wrong = findings(common, live.label, violations(common, project, packages, now), now)
    known = {(a.key, a.why, a.severity) for a in alert_book.open_of(db, [project]) if a.part == PART}
    told = {(each.key, each.why, each.severity) for each in wrong}
    return None if known == told else (live.label, wrong)


def findings(common: CommonList, label: str, broken: tuple[Kept, ...], now: datetime) -> tuple[HealthFinding, ...]:
    """What is told of the live version called ``label``, which breaks the list in those places. Failing where the list
    is enforced, for then no retrain makes a candidate. Pure."""
    project = parse_label(label)[0]
    told: dict[str, HealthFinding] = {}
    for each in broken:
        exception = common.exceptions.get((project, each.rule))
        if each.standing == "violates" and exception is not None and exception.until <= now:
            finding = HealthFinding(
                key=f"{PART}:{each.rule}",
                part=PART,
                severity="failing" if common.enforced else "watch",
                why=f"{label}: {each.why}",
                act=f"leverframe packages except {project} {each.rule} --until TIME --reason … renews it; a live "
                "version that keeps to the list ends it",
                since=exception.until,
            )
            told.setdefault(each.rule, finding)
    return tuple(told.values())
