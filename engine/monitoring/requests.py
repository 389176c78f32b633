"""What a look says of requests: errors, times of answers, fallbacks and what the log lost. Pure.

Thresholds: of at least 50 requests, one in a hundred failed is to be watched and one in twenty is failing; the same of
answers by somebody else than the live version, which are to be watched. Where one answer in a hundred takes more than
half of the time that an answer may take, that is to be watched; where one in two does, it is failing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.monitoring.findings import verdict_of, worst
from engine.monitoring.look_document import LookDocument, LookFinding, LookPart, SignalValues
from engine.monitoring.records import Severity
from engine.text import span

PART = "requests"
FEWEST = 50
WATCH, FAILING = 0.01, 0.05
SLOW = 0.5  # of the time that an answer may take
SIGNALS = ("requests a second", "failed requests", "answers p50", "answers p95", "answers p99")


@dataclass(frozen=True)
class RequestTotals:
    """What is known of a window. Times in seconds; ``fallback``: answers by somebody else than the live version, of all
    ``answered``; ``lost``: rows that should be in the log and are not, or requests that came too fast to be noted;
    ``errors``: kinds of failures in words, most first; ``allowed``: how long an answer may take."""

    since: str
    requests: int
    answered: int
    failures: int
    fallback: int
    lost: int
    per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    errors: tuple[str, ...]
    allowed: float

    @property
    def failed(self) -> float:
        return self.failures / self.requests if self.requests else 0.0


def with_requests(document: LookDocument, found: RequestTotals) -> LookDocument:
    """The look with this part in it, in place of what an earlier one said of requests; its verdict is of all parts."""
    findings = (*(each for each in document.findings if each.part != PART), *_findings(found, document.as_of))
    parts = {**document.parts, PART: _part(found, [each for each in findings if each.part == PART])}
    measured = tuple(each for each in document.measured if each != PART)
    verdict, why = verdict_of(findings, parts)
    return replace(
        document,
        findings=findings,
        parts=parts,
        measured=(*measured, PART) if found.requests >= FEWEST else measured,
        verdict=verdict,
        why=why,
        signals=(*(each for each in document.signals if each[0] not in SIGNALS), *_signals(found)),
    )


def _part(found: RequestTotals, own: list[LookFinding]) -> LookPart:
    if own:
        return LookPart(worst(each.severity for each in own), own[0].why)
    if found.requests < FEWEST:
        return LookPart("cannot tell", f"{found.requests:,} requests since {found.since} are too few")
    failed = f"{found.failures:,} failed" if found.failures else "none failed"
    return LookPart("ok", f"{found.requests:,} requests since {found.since}, {failed}; p99 {_ms(found.p99)}")


def _findings(found: RequestTotals, as_of: str) -> Iterator[LookFinding]:
    look = "see which version and worker: 'leverframe requests' or key e; roll back if it began with a swap"
    if found.requests < FEWEST:
        return
    if found.failed >= WATCH:
        severity: Severity = "failing" if found.failed >= FAILING else "watch"
        kinds = f" ({', '.join(found.errors[:3])})" if found.errors else ""
        why = f"{found.failed:.1%} of {found.requests:,} requests since {found.since} failed{kinds}"
        yield LookFinding("requests:errors", PART, severity, why, look, as_of)
    allowed = f"{span(found.allowed)} that an answer may take"
    slow = SLOW * found.allowed
    if found.p50 is not None and found.p50 >= slow:
        why = f"one answer in two takes {_ms(found.p50)} or more, of the {allowed}"
        yield LookFinding("requests:times", PART, "failing", why, look, as_of)
    elif found.p99 is not None and found.p99 >= slow:
        why = f"one answer in a hundred takes {_ms(found.p99)} or more, of the {allowed}"
        yield LookFinding("requests:times", PART, "watch", why, look, as_of)
    if found.answered and found.fallback / found.answered >= WATCH:
        why = f"{found.fallback / found.answered:.1%} of {found.answered:,} answers were not the live version's"
        yield LookFinding("requests:fallback", PART, "watch", why, "see why it could not answer, or roll back", as_of)
    if found.lost:
        why = f"{found.lost:,} rows or requests since {found.since} are not in the log"
        act = "have less logged: a share in [serve] log, or a larger log_size"
        yield LookFinding("requests:lost", PART, "watch", why, act, as_of)


def _signals(found: RequestTotals) -> Iterator[SignalValues]:
    values = (found.per_second, found.failed, found.p50, found.p95, found.p99)
    if found.requests:
        for name, value in zip(SIGNALS, values, strict=True):
            if value is not None:
                yield name, value, None, None, found.requests


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.1f} s"
