"""A load test from its beginning to its end: a server of its own, golden rows as requests, a row of the ledger.

The server is one like any other, but for its answers' notes: they go nowhere, so that neither the log nor the figures
of what was really asked hold anything of it. It listens on this machine alone, at a port that nobody knows.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.access.caller import Caller
from engine.audit import trail
from engine.errors import Invalid, Refusal
from engine.projects import in_force, registry
from engine.projects.manifest.serve import spec_of
from engine.requests import capacity
from engine.requests.capacity import Capacity, Level
from engine.scoring.row_table import stored_table
from engine.serving import load
from engine.serving.service import MOST_WORKERS, Service
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

Tell = Callable[[str], None]
STARTS_WITHIN = 60.0
MOST_ROWS = 500


def load_test(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, by: Caller, project: str, reason: str, tell: Tell, *,
    seconds: float, workers: int | None,
) -> Capacity:  # fmt: skip
    """See ``ServingCommands.load_test``."""
    count = workers or len(os.sched_getaffinity(0))
    if not 0.1 <= seconds <= load.MOST_SECONDS or not 1 <= count <= MOST_WORKERS:
        most = load.MOST_SECONDS
        raise Invalid(f"A load test takes 0.1 to {most:g} seconds a level, with 1 to {MOST_WORKERS} workers.")
    with ledger.read() as db:
        registry.find(db, project)
        live, spec = catalog.live(db, project), spec_of(in_force.settings(db, project))
    if live is None:
        raise Refusal(f"Nothing of {project} is live yet, so nothing can be asked; retrain, then approve a candidate.")
    document = documents.load(store, live.digest)
    if not spec.realtime:
        raise Refusal(f"{project} is not served: say 'realtime = true' in its [serve], and let that go live.")
    bodies = _bodies(store, document)
    details = {"workers": count, "seconds": seconds, "connections": list(load.LEVELS)}
    with ledger.write() as db:
        trail.append(
            db, at=clock.now(), actor=by, action="load-test", subject=live.label, reason=reason, details=details
        )  # fmt: skip
    tell(
        f"A server of its own, on this machine alone and with {count} workers, is asked for {live.label} with "
        f"{len(bodies)} golden rows, for {seconds:g} s with each of {', '.join(map(str, load.LEVELS))} connections. "
        "Nothing of it is counted or logged as a request; what else runs here is slower meanwhile."
    )
    levels = _measured(workspace, project, bodies, count, seconds, tell)
    limit = spec.timeout.total_seconds()
    found = Capacity(project, live.label, live.digest, clock.now(), count, limit, levels, by.name, reason)
    with ledger.write() as db:
        capacity.keep(db, found)
    return found


def _measured(
    workspace: Workspace, project: str, bodies: list[bytes], workers: int, seconds: float, tell: Tell
) -> tuple[Level, ...]:
    service = Service(
        workspace.root, None, host="127.0.0.1", port=0, workers=workers, tokens=False, certificate=None, key=None,
        trial=True,
    )  # fmt: skip
    ended = threading.Event()

    def attend() -> None:
        while not ended.wait(0.1):
            service.tick()

    attending = threading.Thread(target=attend, name="load test")
    try:
        service.start(lambda line: None)
        attending.start()
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_asked(project, bodies, service.port, seconds, tell))
    finally:
        ended.set()
        if attending.ident is not None:
            attending.join()
        service.close()


async def _asked(project: str, bodies: list[bytes], port: int, seconds: float, tell: Tell) -> tuple[Level, ...]:
    requests = load.requests_of(project, bodies, port)
    until = time.monotonic() + STARTS_WITHIN
    while not await load.is_answered(port, requests[0]):
        if time.monotonic() > until:
            raise Refusal(
                f"The server of the load test did not answer for {project} within {STARTS_WITHIN:g} s; one request to "
                "'leverframe serve' says why."
            )
        await asyncio.sleep(0.1)
    await load.level(port, requests, load.LEVELS[-1], min(1.0, seconds))  # Each worker is to have been asked before.
    found = []
    for connections in load.LEVELS:
        one = await load.level(port, requests, connections, seconds)
        tell(
            f"{connections:>3} at once: {one.per_second:,.0f} a second, p50 {one.p50 * 1000:.1f} ms, "
            f"p99 {one.p99 * 1000:.1f} ms, {one.refused:,} not answered"
        )
        found.append(one)
    return tuple(found)


def _bodies(store: ObjectStore, document: VersionDocument) -> list[bytes]:
    """The version's golden rows, each as a request of one row."""
    table = stored_table(store, document.golden.inputs).select(list(document.model.features))
    rows = table.slice(0, MOST_ROWS).to_pylist()
    records = ({name: _written(value) for name, value in row.items()} for row in rows)
    return [json.dumps({"records": [each]}, default=str).encode() for each in records]


def _written(value: Any) -> Any:
    """A value as a client writes it: gaps are null, times ISO 8601."""
    if isinstance(value, float) and value != value:
        return None
    return value.isoformat() if isinstance(value, datetime | date) else value
