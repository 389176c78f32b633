"""Logs kept small: those that nobody follows any more are compressed where they lie and stay readable."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from engine.housekeeping.retention import Rules, RunFacts, may_be_compressed
from engine.runs import history, leftovers
from engine.storage.atomic import sync_folder
from engine.storage.disk import room_of
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

LEVEL = 9


def compress_old(workspace: Workspace, ledger: Ledger, rules: Rules, now: datetime) -> tuple[int, int]:
    """Compress the logs of runs that ended long enough ago; how many logs, and the bytes that this freed."""
    with ledger.read() as db:
        ended = [RunFacts(*each) for each in history.endings(db) if each[2] is not None]
    count = freed = 0
    for run in ended:
        if not may_be_compressed(run, rules, now):
            continue
        for log in leftovers.logs(workspace.run_folder(run.id)):
            if log.suffix == ".log" and log.stat().st_size:
                freed += compress(log)
                count += 1
    return count, freed


def compress(log: Path) -> int:
    """Put ``log`` in its place compressed, with its time; the bytes that this freed. Killed in between, both are there,
    and the log itself counts."""
    import zstandard

    packed, before = log.with_name(f"{log.name}.zst"), room_of(log)
    temporary = log.with_name(f".{log.name}.tmp")
    said = log.stat()
    try:
        with log.open("rb") as source, temporary.open("wb") as target:
            zstandard.ZstdCompressor(level=LEVEL).copy_stream(source, target, size=said.st_size)
            target.flush()
            os.fsync(target.fileno())
        os.utime(temporary, ns=(said.st_atime_ns, said.st_mtime_ns))
        os.rename(temporary, packed)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(log.parent)
    log.unlink()
    return before - room_of(packed)
