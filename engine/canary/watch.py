"""The engine ends a canary that surely does worse, as the manifest in force says: one transaction with its alert. And a
trial whose candidate crashes again and again, which workers ask no more.

Requests are looked at each time that the engine looks; the log and the labels every ten minutes, for they are read
from files. Nothing is lost by that: the intervals hold at every moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from engine.access.caller import SystemActor
from engine.canary import health
from engine.canary.judge import ended_because
from engine.canary.records import CanaryHealth
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import CANARY
from engine.monitoring.records import HealthFinding
from engine.projects import registry
from engine.scoring import crashes, trials
from engine.scoring.trials import Trial
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog

LOG_EVERY = timedelta(minutes=10)
_read_at: dict[tuple[str, int], datetime] = {}  # by workspace and trial, when its log was last read


def watch(workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime) -> tuple[Trial, ...]:
    """End each canary that surely does worse, and what was taken out. Returns those that were ended."""
    with ledger.read() as db:
        there = trials.under_way(db, registry.names(db))
        crashed = {
            each.seq: why for each in there.values()
            if (why := crashes.why_out(db, each.project, crashes.of_trial(each.seq))) is not None
        }  # fmt: skip
        canaries = [each for each in there.values() if each.kind == "canary" and each.seq not in crashed]
        looked = [found for each in canaries if (found := health.of_requests(db, each, now)) is not None]
    ended = [each for each in there.values() if each.seq in crashed and _end(ledger, each, crashed[each.seq], {}, now)]
    for found in looked:
        if not found.ends:
            continue
        if not found.worse and _is_due(workspace, found.trial, now):
            found = health.with_log(workspace, ledger, store, found)
        if found.worse and _end(ledger, found.trial, ended_because(found.trial.label, found.worse), _told(found), now):
            ended.append(found.trial)
    return tuple(ended)


def _is_due(workspace: Workspace, trial: Trial, now: datetime) -> bool:
    key = str(workspace.root), trial.seq
    last = _read_at.get(key)
    if last is not None and timedelta(0) <= now - last < LOG_EVERY:
        return False
    _read_at[key] = now
    return True


def _told(found: CanaryHealth) -> dict[str, Any]:
    """The figures that ended it, for the trail."""
    names = ("name", "live", "canary", "low", "high", "bound")
    return {"measures": [{name: getattr(each, name) for name in names} for each in found.worse]}


def _end(ledger: Ledger, trial: Trial, why: str, details: dict[str, Any], now: datetime) -> bool:
    """Unless somebody has ended or changed it meanwhile."""
    with ledger.write() as db:
        live = catalog.live(db, trial.project)
        if live is None or trials.trial(db, trial.project) != trial:
            return False
        trials.end(db, trial.project, "policy", why, SystemActor("the canary policy"), now, details)
        act = f"{live.label} answers all keys again; see what is wrong with {trial.label}, then acknowledge this"
        finding = HealthFinding(f"{CANARY}:{trial.seq}", CANARY, "failing", why, act, now)
        alert_book.tell(db, trial.project, catalog.parse_label(live.label)[1], finding, now)
    return True
