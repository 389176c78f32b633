"""The manifest's ``[compute]``: a distributed engine that exists already and shall do what one machine cannot."""

from __future__ import annotations

import re
from datetime import timedelta

from engine.projects.manifest.fields import Table, shown
from engine.projects.manifest.records import ComputeSpec

MODES = ("step", "joblib")
_FORM = '"tcp://host:port" or "tls://host:port"'
_ADDRESS = re.compile(
    r"(?:tcp|tls)://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>[0-9]{1,5})"
)
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


def compute(table: Table) -> ComputeSpec | None:
    """Where training goes; None: to processes of this machine."""
    table.only("scheduler", "mode", "workers", "connect", "wait", "silence")
    if not table.values:
        return None
    scheduler = table.text("scheduler", required=True, limit=300)
    if scheduler is not None and not _is_address(scheduler):
        # What stands before an @ may be a password, which is not to be repeated.
        found = "holds an @" if "@" in scheduler else f"is {shown(scheduler)}"
        table.mistake("scheduler", f"{found}; it must be {_FORM}, as 'dask scheduler' prints it at its start.")
    default = ComputeSpec("")
    return ComputeSpec(
        scheduler=scheduler or "",
        mode=table.choice("mode", MODES) or default.mode,
        workers=table.whole("workers", 1, 10_000) or default.workers,
        connect=table.duration("connect", _SECOND, timedelta(minutes=10)) or default.connect,
        wait=table.duration("wait", _SECOND, _DAY) or default.wait,
        silence=table.duration("silence", 3 * _SECOND, timedelta(hours=1)) or default.silence,
    )


def _is_address(text: str) -> bool:
    match = _ADDRESS.fullmatch(text)
    return match is not None and 1 <= int(match["port"]) <= 65535
