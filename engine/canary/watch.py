"""The engine ends a canary that surely does worse, as the manifest in force says: one transaction with its alert.

Requests are looked at each time that the engine looks; the log and the labels every ten minutes, for they are read
from files. Nothing is lost by that: the intervals hold at every moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.access.caller import SystemActor
from engine.canary import health
from engine.canary.judge import ended_because
from engine.canary.records import CanaryHealth
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import CANARY
from engine.monitoring.records import HealthFinding
from engine.projects import registry
from engine.scoring import trials
from engine.scoring.trials import Trial
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog

LOG_EVERY = timedelta(minutes=10)
_read_at: dict[tuple[str, int], datetime] = {}  # by workspace and trial, when its log was last read


def watch(workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime) -> tuple[Trial, ...]:
    """End each canary that surely does worse. Returns those that were."""
    with ledger.read() as db:
        there = trials.under_way(db, registry.names(db))
        canaries = [each for each in there.values() if each.kind == "canary"]
        looked = [found for each in canaries if (found := health.of_requests(db, each, now)) is not None]
    ended = []
    for found in looked:
        if not found.ends:
            continue
        if not found.worse and _is_due(workspace, found.trial, now):
            found = health.with_log(workspace, ledger, store, found)
        if found.worse and _end(ledger, found, now):
            ended.append(found.trial)
    return tuple(ended)


def _is_due(workspace: Workspace, trial: Trial, now: datetime) -> bool:
    key = str(workspace.root), trial.seq
    last = _read_at.get(key)
    if last is not None and timedelta(0) <= now - last < LOG_EVERY:
        return False
    _read_at[key] = now
    return True


def _end(ledger: Ledger, found: CanaryHealth, now: datetime) -> bool:
    """Unless somebody has ended or changed it meanwhile."""
    trial, why = found.trial, ended_because(found.trial.label, found.worse)
    details = {
        "measures": [{"name": each.name, "live": each.live, "canary": each.canary, "low": each.low, "high": each.high,
                      "bound": each.bound} for each in found.worse],
    }  # fmt: skip
    with ledger.write() as db:
        live = catalog.live(db, trial.project)
        if live is None or trials.trial(db, trial.project) != trial:
            return False
        trials.end(db, trial.project, "policy", why, SystemActor("the canary policy"), now, details)
        act = f"{live.label} answers all keys again; see what is wrong with {trial.label}, then acknowledge this"
        finding = HealthFinding(f"{CANARY}:{trial.seq}", CANARY, "failing", why, act, now)
        alert_book.tell(db, trial.project, catalog.parse_label(live.label)[1], finding, now)
    return True
