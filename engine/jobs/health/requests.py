"""What a look at the live version of a served project says of its requests, from what workers have counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine import clock
from engine.jobs.health.look import LookResult
from engine.monitoring.requests import RequestTotals, with_requests
from engine.projects.manifest.serve import spec_of
from engine.release import history as deployments
from engine.requests import book
from engine.requests.figures import RequestFigures, figures, window_of
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger

WINDOW = timedelta(hours=1)
LATE = timedelta(hours=1)  # a look that began longer ago is one at the past, of which nothing may have been counted


def seen_with_requests(ledger: Ledger, context: RunContext, seen: LookResult) -> LookResult:
    """The look with its part about requests; as it is where the project is not served, or nothing was at that time."""
    assert context.live is not None
    spec, until = spec_of(context.live[1].settings), context.run.as_of
    if not spec.realtime:
        return seen
    project, since = context.run.project, window_of(WINDOW, until)
    with ledger.read() as db:
        # What went wrong before it was live is not its doing: from the first whole minute of it.
        swap = deployments.newest(db, project)
        if swap is not None and since < swap.at < until:
            since = min(until, window_of(timedelta(0), swap.at) + timedelta(minutes=1))
        found = figures(project, book.counts(db, [project], since, until), since, until)
    if not found.requests and clock.now() - until > LATE:
        return seen
    return replace(seen, answer=with_requests(seen.answer, _totals(found, spec.timeout.total_seconds())))


def _totals(found: RequestFigures, allowed: float) -> RequestTotals:
    return RequestTotals(
        since=f"{found.since:%H:%M} UTC",
        requests=found.requests,
        answered=found.requests - found.failures - found.refused - found.unseen,
        failures=found.failures,
        fallback=found.fallbacks,
        lost=found.lost + found.unseen,
        per_second=found.per_second,
        p50=found.p50,
        p95=found.p95,
        p99=found.p99,
        errors=tuple(f"{kind} {count:,}" for kind, count in found.failed),
        allowed=allowed,
    )
