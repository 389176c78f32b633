"""What was scored and where it leads back to, as JSON documents that scripts rely on. Pure."""

from __future__ import annotations

from typing import Any

from console.cli.documents import time
from engine.jobs.score.records import Origin, Release, Scoring, Trace
from engine.jobs.score.releases import in_force


def scoring(found: Scoring, releases: tuple[Release, ...] = ()) -> dict[str, Any]:
    """``named``: the run that the rows name; ``release``: the number in ``releases`` under which it was scored, from 0
    on; None where the version was not live then."""
    release = in_force(releases, found)
    return {
        "run": found.run,
        "named": found.named,
        "version": found.label,
        "input": found.input,
        "input_digest": found.input_digest,
        "output": found.output,
        "digest": found.digest,
        "rows": found.rows,
        "at": time(found.at),
        "ended_at": time(found.ended_at),
        "release": releases.index(release) if release is not None else None,
    }


def trace(found: Trace) -> dict[str, Any]:
    """``whole``: whether the file is as it was written; None where none was asked about."""
    return {
        "asked": found.asked,
        "version": _origin(found.origin) if found.origin is not None else None,
        "releases": [_release(each) for each in found.releases],
        "whole": found.whole,
        "row": {"number": found.row.number, "values": dict(found.row.values)} if found.row is not None else None,
        "scorings": [scoring(each, found.releases) for each in found.scorings],
        "total": found.total,
    }


def _origin(found: Origin) -> dict[str, Any]:
    return {
        "version": found.label,
        "digest": found.digest,
        "state": found.state,
        "made_at": time(found.made_at),
        "run": found.run,
        "requested_by": found.requested_by,
        "code": found.code,
        "data": found.data,
        "data_digest": found.data_digest,
        "environment": found.environment,
        "environment_digest": found.environment_digest,
        "missing": found.missing,
    }


def _release(found: Release) -> dict[str, Any]:
    return {
        "kind": found.deployment.kind,
        "approved_by": list(found.approved_by),
        "reason": found.deployment.reason,
        "live_from": time(found.deployment.at),
        "live_until": time(found.until),
    }
