"""How the requests of a project are kept: what the manifest that is in force for it says in ``[serve]``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from engine.projects import in_force, registry
from engine.projects.manifest.serve import spec_of
from engine.requests.records import LogRules
from engine.storage.ledger import Ledger


def rules_of(settings: Mapping[str, Any]) -> LogRules:
    """The rules in a manifest, as the ledger keeps it."""
    serve = spec_of(settings)
    sensitive = frozenset(map(str, settings.get("data", {}).get("sensitive", ())))
    return LogRules(serve.log, serve.log_for, serve.log_size, sensitive)


def asked_of(ledger: Ledger) -> Callable[[str], LogRules]:
    """For a ``RequestLog``: a project's rules as the ledger says at the moment. Raises NotFound where there is none."""

    def rules(project: str) -> LogRules:
        with ledger.read() as db:
            registry.find(db, project)
            return rules_of(in_force.settings(db, project))

    return rules


def of_all(db: sqlite3.Connection) -> dict[str, LogRules]:
    """The rules of every project that was not removed."""
    return {name: rules_of(in_force.settings(db, name)) for name in registry.names(db)}


def is_served(db: sqlite3.Connection, project: str) -> bool:
    """Whether requests of ``project`` are answered in real time."""
    return spec_of(in_force.settings(db, project)).realtime
