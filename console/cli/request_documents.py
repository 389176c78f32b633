"""Requests as a JSON document with keys that scripts rely on. Pure."""

from __future__ import annotations

from dataclasses import asdict

from console.cli.documents import Document, time
from engine.json_records import write
from engine.requests.capacity import Capacity
from engine.requests.figures import RequestFigures, RequestPoint, RequestTally
from engine.requests.records import Block
from engine.requests.report import RequestReport
from engine.requests.skew import SkewCheck


def report(found: RequestReport) -> Document:
    """The figures of the window, the log as a whole, and its newest blocks."""
    return {
        "project": found.project,
        "served": found.served,
        **_figures(found.figures),
        "log": {
            "share": found.rules.share,
            "kept_for": found.rules.keep.total_seconds(),
            "most_bytes": found.rules.most,
            "blocks": found.count,
            "bytes": found.bytes,
            "rows": found.rows,
            "oldest": time(found.oldest),
            "newest": [_block(each) for each in found.blocks],
        },
        "skew": _skew(found.skew),
        "capacity": capacity(found.capacity) if found.capacity is not None else None,
        "answered": write(found.answered) if found.answered is not None else None,
        "looked_at": time(found.looked_at),
    }


def capacity(found: Capacity) -> Document:
    """What a load test came to; ``best`` is the capacity line in figures, null where no load was kept up with."""
    return {
        "project": found.project, "version": found.version, "digest": found.digest, "at": time(found.at),
        "workers": found.workers, "timeout": found.timeout, "by": found.by, "reason": found.reason,
        "best": asdict(found.best) if found.best is not None else None,
        "levels": [asdict(each) for each in found.levels],
    }  # fmt: skip


def _figures(found: RequestFigures) -> Document:
    return {
        "since": time(found.since),
        "until": time(found.until),
        "requests": found.requests,
        "rows": found.rows,
        "per_second": found.per_second,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
        "failures": found.failures,
        "refused": found.refused,
        "errors": dict(found.errors),
        "by_version": [_tally(each) for each in found.by_version],
        "by_worker": [_tally(each) for each in found.by_worker],
        "by_fallback": [_tally(each) for each in found.by_fallback],
        "kept": found.kept,
        "lost": found.lost,
        "unseen": found.unseen,
        "points": [_point(each) for each in found.points],
    }


def _tally(found: RequestTally) -> Document:
    return {
        "name": found.name,
        "requests": found.requests,
        "failures": found.failures,
        "p50": found.p50,
        "p99": found.p99,
    }


def _point(found: RequestPoint) -> Document:
    return {
        "at": time(found.at),
        "requests": found.requests,
        "per_second": found.per_second,
        "failures": found.failures,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
    }


def _block(found: Block) -> Document:
    return {
        "file": found.file,
        "version": found.version,
        "worker": found.worker,
        "digest": found.digest,
        "bytes": found.bytes,
        "requests": found.requests,
        "rows": found.rows,
        "since": time(found.since),
        "until": time(found.until),
        "written_at": time(found.written_at),
    }


def _skew(found: SkewCheck | None) -> Document | None:
    if found is None:
        return None
    return {
        "version": found.version,
        "at": time(found.at),
        "run": found.run,
        "rows": found.rows,
        "differing": found.differing,
        "changed": found.changed,
        "largest": found.largest,
        "unread": found.unread,
        "worst": [
            {
                "request": row.request,
                "at": row.at,
                "features": dict(row.features),
                "answered": dict(row.answered),
                "again": dict(row.again),
                "difference": row.difference,
            }
            for row in found.worst
        ],
    }
