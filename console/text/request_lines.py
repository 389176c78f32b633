"""Requests in text: how many, how long they took, what failed, who answered; for the health page and the verb. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.text import cells
from console.text.answered_lines import answered_lines
from console.text.lines import EMPTY, Line, Span, Tone, fit, line, pad, wrapped
from console.text.request_rate import rate
from engine.requests.figures import RequestFigures, RequestPoint, RequestTally
from engine.requests.records import Value
from engine.requests.report import RequestReport
from engine.requests.skew import SkewCheck
from engine.storage.free_space import in_words
from engine.text import plain

STRIP, MOST_LINES, MOST_WORST = 30, 12, 3
_NAME = 24
_BESIDE = 20  # what stands beside the bars


def took(seconds: float | None) -> str:
    """``0.08 ms``, ``0.8 ms``, ``12 ms``, ``1.4 s``; a dash where nothing was answered."""
    if seconds is None:
        return "–"
    if seconds < 0.0001:
        return f"{seconds * 1000:.2f} ms"
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _since(found: RequestFigures) -> str:
    day = "" if found.since.date() == found.until.date() else f"{found.since.day} {found.since:%b} "
    return f"since {day}{found.since:%H:%M}"


def summary(found: RequestFigures) -> list[Line]:
    """All of it in two lines."""
    if not found.requests:
        return [line(Span(f"no requests {_since(found)}", "dim"))]
    tone: Tone = "failing" if found.failed_share >= 0.01 else "watch" if found.failures else "ok"
    failed = f"{found.failures:,} failed ({found.failed_share:.2%})" if found.failures else "none failed"
    requests = f"  {found.requests:,} requests {_since(found)}  "
    return [
        line(Span(rate(found.per_second), "strong"), requests, Span(failed, tone)),
        line(f"answers took p50 {took(found.p50)}, p95 {took(found.p95)}, p99 {took(found.p99)}"),
    ]


def request_lines(report: RequestReport, now: datetime, width: int, *, by_label: bool = True) -> list[Line]:
    """The whole section; of a project that is not served and never was, nothing. ``by_label``: also how well each
    version answered by labels that came, where nothing else on the page says so."""
    standing = standing_lines(report, width)
    return [*standing, *table_lines(report, now, width, by_label=by_label)] if standing else []


def standing_lines(report: RequestReport, width: int, *, strip: bool = False) -> list[Line]:
    """How many came, how long answers took, what failed; of a project that is not served and never was, nothing.
    ``strip``: what there is no chart of as a line of bars."""
    found = report.figures
    if not report.served and not found.requests and not report.count:
        return []
    lines = [fit(each, width) for each in (*_now(report), *summary(found))]
    if strip and found.requests:
        lines.append(fit(_strip(found.points, width), width))
    if found.errors:
        said = ", ".join(f"{kind} {count:,}" for kind, count in found.errors)
        tone: Tone = "watch" if found.failures else "dim"
        lines += wrapped(f"not answered: {said}", width, tone=tone, indent="  ", first="")
    return lines


def table_lines(report: RequestReport, now: datetime, width: int, *, by_label: bool = True) -> list[Line]:
    """Who answered, what is kept of it, and how much there may be."""
    found, lines = report.figures, list[Line]()
    for title, tallies in (
        ("BY VERSION", found.by_version), ("BY WORKER", found.by_worker), ("BY WHO ANSWERED", found.by_fallback),
    ):  # fmt: skip
        if len(tallies) > 1 or (tallies and title == "BY VERSION"):
            lines += [EMPTY, *_tallied(title, tallies, found.requests, width)]
    return [*lines, *(_by_label(report, now, width) if by_label else ()), EMPTY, *kept_lines(report, now, width),
            *_capacity(report, now, width)]  # fmt: skip


def _by_label(report: RequestReport, now: datetime, width: int) -> list[Line]:
    """How well each version answered, by labels that came since, as the newest look found."""
    lines = answered_lines(report.answered, now, width)
    if not lines:
        return []
    return [EMPTY, *lines, line(Span(f"As the look of {cells.ago(report.looked_at, now)} found.", "dim"))]


def _now(report: RequestReport) -> list[Line]:
    """How many came of late, where any did: over an hour or a month that is not seen any more."""
    if report.lately is None:
        return []
    return [line(Span(rate(report.lately), "strong"), "  of late")]


def _strip(points: Sequence[RequestPoint], width: int) -> Line:
    """Requests a second over time, the newest last."""
    most = max(each.per_second for each in points)
    bars = "".join(_bar(each.per_second / most) for each in points[-max(1, width - _BESIDE) :])
    return line(Span(bars, "ok"), Span(f"  at most {rate(most)}", "dim"))


def _bar(share: float) -> str:
    """What came at all is more than nothing."""
    return "·" if share <= 0 else cells.BARS[round(share * (len(cells.BARS) - 1))]


def _capacity(report: RequestReport, now: datetime, width: int) -> list[Line]:
    """What the newest load test came to."""
    found = report.capacity
    if found is None:
        return []
    tone: Tone = "dim" if found.best is not None else "watch"
    said = f"load test {cells.ago(found.at, now)} by {found.by}: {found.sentence}"
    return wrapped(plain(said), width, tone=tone, indent="  ", first="")


def _tallied(title: str, tallies: Sequence[RequestTally], whole: int, width: int) -> list[Line]:
    titles = f"{pad(title, _NAME)}{pad('requests', 12, right=True)}{pad('share', 8, right=True)}"
    titles += f"{pad('p50', 10, right=True)}{pad('p99', 10, right=True)}{pad('failed', 10, right=True)}"
    lines: list[Line] = [fit((Span(titles, "head"),), width)]
    for each in tallies[:MOST_LINES]:
        share = f"{each.requests / whole:.1%}" if whole else "–"
        text = f"{pad(plain(each.name, 60), _NAME - 1)} {pad(f'{each.requests:,}', 12, right=True)}"
        text += f"{pad(share, 8, right=True)}{pad(took(each.p50), 10, right=True)}{pad(took(each.p99), 10, right=True)}"
        failed = pad(f"{each.failures:,}", 10, right=True)
        lines.append(fit(line(text, Span(failed, "failing" if each.failures else "dim")), width))
    if len(tallies) > MOST_LINES:
        lines.append(line(Span(f"and {len(tallies) - MOST_LINES} more", "dim")))
    return lines


def kept_lines(report: RequestReport, now: datetime, width: int) -> list[Line]:
    """The log: how much of it there is, how it is kept, and what was lost."""
    rules = report.rules
    if rules.share <= 0:
        how = "requests are counted and none is kept (log = \"off\")"
    else:
        part = "all requests are" if rules.share >= 1 else f"{rules.share:.3g} of the requests are"
        days = rules.keep.total_seconds() / 86400
        how = f"{part} kept for {days:.3g} day{'' if days == 1 else 's'}, in {in_words(rules.most)} at most"
    blocks = f"{report.count:,} block{'' if report.count == 1 else 's'}"
    there = f"{report.rows:,} rows in {blocks}, {in_words(report.bytes)}"
    if report.oldest is not None:
        there += f", the oldest of {cells.ago(report.oldest, now)}"
    lines = wrapped(f"log: {there}; {how}", width, tone="dim", indent="  ", first="")
    found = report.figures
    if found.lost:
        lines += wrapped(f"{found.lost:,} rows that should be in it are lost", width, tone="watch")
    if found.unseen:
        said = f"{found.unseen:,} requests came too fast to be noted: nothing more is known of them"
        lines += wrapped(said, width, tone="watch")
    return [*lines, *_skew(report.skew, now, width)]


def _skew(found: SkewCheck | None, now: datetime, width: int) -> list[Line]:
    """What the newest check of skew came to, with the worst of what differs."""
    if found is None:
        return []
    tone: Tone = "failing" if found.changed else "watch" if found.differing or found.unread else "dim"
    said = f"asked again: {found.sentence} (run {found.run}, {cells.ago(found.at, now)})"
    lines = wrapped(plain(said), width, tone=tone, indent="  ", first="")
    for row in found.worst[:MOST_WORST]:
        pairs = [
            f"{name} {_value(value)}, now {_value(after)}"
            for (name, value), (_, after) in zip(row.answered, row.again, strict=True)
            if value != after
        ]
        told = plain(f"· request {row.request}: {'; '.join(pairs)}")
        lines += wrapped(told, width, tone=tone, indent="    ", first="  ")
    return lines


def _value(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def point_lines(points: Sequence[RequestPoint], width: int) -> list[Line]:
    """Requests a second over time, a line for each point, the newest last: for a terminal without room for a chart."""
    shown = points[-MOST_LINES:]
    most = max((each.per_second for each in shown), default=0.0) or 1.0
    lines = []
    for each in shown:
        bar = "█" * round(each.per_second / most * STRIP)
        failed = f"  {each.failures:,} failed" if each.failures else ""
        lines.append(
            fit(
                line(
                    Span(f"{each.at:%d %b %H:%M}  ", "dim"),
                    Span(pad(bar, STRIP), "ok"),
                    f" {pad(rate(each.per_second), 10, right=True)}  p50 {pad(took(each.p50), 8)} p99 {took(each.p99)}",
                    Span(failed, "failing"),
                ),
                width,
            )
        )
    return lines


@dataclass(frozen=True)
class RequestCurve:
    """``values``: one for each time, None where there is none to tell."""

    name: str
    glyph: str
    tone: Tone
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class RequestCurves:
    """``times`` and ``until`` in seconds since 1970; what came in a minute stands at its middle."""

    times: tuple[float, ...]
    until: float
    curves: tuple[RequestCurve, ...]


def curves_of(found: RequestFigures, *, times: bool) -> RequestCurves | None:
    """Requests a second, or ``times`` of answers in milliseconds; None where nothing came."""
    points = found.points
    if not found.requests or len(points) < 2:
        return None
    length = (points[1].at - points[0].at).total_seconds()
    if times:
        curves: tuple[RequestCurve, ...] = (
            RequestCurve("p50", "●", "ok", tuple(_thousandths(each.p50) for each in points)),
            RequestCurve("p95", "○", "dim", tuple(_thousandths(each.p95) for each in points)),
            RequestCurve("p99", "▲", "watch", tuple(_thousandths(each.p99) for each in points)),
        )
    else:
        failed = tuple(each.failures / length if each.failures else None for each in points)
        curves = (
            RequestCurve("failed", "▲", "failing", failed),
            RequestCurve("requests", "●", "ok", tuple(each.per_second for each in points)),
        )
    middles = tuple(each.at.timestamp() + length / 2 for each in points)
    return RequestCurves(middles, found.until.timestamp() + length / 2, curves)


def _thousandths(seconds: float | None) -> float | None:
    return seconds * 1000 if seconds is not None else None


def chart_heading(curves: RequestCurves, *, times: bool) -> list[Line]:
    """What is drawn, and by which glyph."""
    title = "HOW LONG ANSWERS TOOK, ms" if times else "REQUESTS A SECOND"
    legend = [Span(f"   {each.glyph} {each.name}", each.tone) for each in curves.curves if any(each.values)]
    return [line(Span(title, "head"), *legend)]
