"""What shadows came to as a JSON document with keys that scripts rely on. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from console.cli.documents import Document, time
from engine.clock import stamp
from engine.shadow.counting import Difference
from engine.shadow.report import Agreement, ShadowReport, ShadowSegment


def shadow(found: ShadowReport | None) -> Document | None:
    """The figures of one trial; null where there was none. Times of a scoring in seconds."""
    if found is None:
        return None
    return {
        "version": found.label,
        "trial": found.trial,
        "runs": found.runs,
        "share": found.share,
        "since": time(found.since),
        "said_at": time(found.said_at),
        "compares": "numbers" if found.numbers else "labels",
        "scored": found.scored,
        **_agreement(found.agreement),
        "apart": found.apart,
        "failed": found.failed,
        "errors": dict(found.errors),
        "passed_over": found.passed_over,
        "passed_over_by": dict(found.passed_over_by),
        "mean": found.mean,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
        "segments": [_segment(each) for each in found.segments],
        "largest": [_difference(each) for each in found.largest],
        "trouble": list(found.trouble),
    }


def _agreement(found: Agreement) -> Document:
    return {
        "rows": found.rows,
        "agreed": found.agreed,
        "agreement": found.share,
        "low": found.low,
        "high": found.high,
    }


def _segment(found: ShadowSegment) -> Document:
    return {"column": found.column, "value": found.value, **_agreement(found.agreement), "lower": found.lower}


def _difference(found: Difference) -> Document:
    return {
        "agrees": found.agree,
        "size": found.size,
        "request": found.request,
        "at": stamp(datetime.fromtimestamp(found.at, UTC)),
        "keys": dict(found.keys),
        "live": dict(found.live),
        "candidate": dict(found.candidate),
    }
