"""What a candidate said as a shadow, in lines: how often it agrees, where not, what it took, what failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import floor

from console.text import cells
from console.text.lines import SENTENCE, Line, Span, Tone, cells_of, cut, fit, line, pad, wrapped
from console.text.request_lines import took
from engine.requests.records import Value
from engine.shadow.comparing import TOLERANCE
from engine.shadow.counting import Difference
from engine.shadow.report import Agreement, ShadowReport, ShadowSegment
from engine.text import plain

MOST_SEGMENTS, MOST_DIFFERENCES, MOST_REASONS = 4, 3, 3
_FAILING = 0.01  # of the rows that it was asked for


def share(found: Agreement) -> str:
    """``96.95 % (96.34 to 97.45)``; a dash of no rows."""
    if found.share is None or found.low is None or found.high is None:
        return "–"
    return f"{_percent(found.share)} % ({_percent(found.low)} to {_percent(found.high)})"


def _percent(value: float) -> str:
    """Not rounded to all or nothing where it is neither."""
    value = round(value, 12)  # an interval that ends at one does so but for its last bits
    said = f"{100 * value:.2f}"
    if said == "100.00" and value < 1:
        return f"{floor(value * 1e5) / 1e3:.3f}"
    return said.removesuffix(".00") if value in (0, 1) else said


def agreement(found: ShadowReport) -> str:
    """How often it agrees, as half a sentence."""
    if not found.agreement.rows:
        return "no row is compared yet"
    within = f" within {TOLERANCE:.0%}" if found.numbers else ""
    rows = cells.counted(found.agreement.rows, "row")
    return f"agrees{within} on {share(found.agreement)} of {rows}"


def failures(found: ShadowReport) -> tuple[str, Tone]:
    """How many rows it had no answer for, and how bad that is."""
    if not found.failed:
        return "no row failed", "dim" if not found.agreement.rows else "ok"
    tone: Tone = "failing" if found.failed_share >= _FAILING else "watch"
    return f"{cells.counted(found.failed, 'row')} failed ({found.failed_share:.2%})", tone


def summary(found: ShadowReport, width: int) -> list[Line]:
    """What it came to, in two lines: for the page of a project's health."""
    failed, tone = failures(found)
    said = line(f"{agreement(found)}, ", Span(failed, tone))
    lines: list[Line] = [said]
    if sum(cells_of(each.text) for each in said) > width:
        lines = [*wrapped(f"{agreement(found)},", width), *wrapped(failed, width, tone=tone)]
    passed = f"; {cells.counted(found.passed_over, 'row')} passed over" if found.passed_over else ""
    details = f"a scoring takes p50 {took(found.p50)}, p99 {took(found.p99)}{passed}" if found.scored else ""
    lines += wrapped(details, width, tone="dim") if details else []
    return [*lines, *_trouble(found, width)]


def shadow_lines(found: ShadowReport, now: datetime, width: int, *, whole: bool = False) -> list[Line]:
    """The section of a decision card; ``whole``: every segment, reason and difference that is kept."""
    failed, tone = failures(found)
    lines: list[Line] = [fit(_heading(found, now), width), *wrapped(agreement(found), width)]
    if found.scored:
        if found.apart is not None:
            lines += wrapped(f"off by {found.apart:.3g} on average", width, tone="dim")
        times = f"a scoring takes p50 {took(found.p50)}, p95 {took(found.p95)}, p99 {took(found.p99)}"
        lines += wrapped(times, width, tone="dim")
    most = len(found.errors) if whole else MOST_REASONS
    reasons = "; ".join(f"{plain(why, SENTENCE)} ({rows:,})" for why, rows in found.errors[:most])
    lines += wrapped(f"{failed}{': ' if reasons else ''}{reasons}", width, tone=tone)
    if found.passed_over:
        why = ", ".join(f"{plain(reason, SENTENCE)} {rows:,}" for reason, rows in found.passed_over_by)
        lines += wrapped(f"passed over {cells.counted(found.passed_over, 'row')}: {why}", width, tone="dim")
    lines += _trouble(found, width)
    return [*lines, *_segments(found, width, whole=whole), *_differences(found, width, whole=whole)]


def _heading(found: ShadowReport, now: datetime) -> Line:
    if found.runs:
        since = f" for {cells.age(found.since, now)}" if found.since is not None else ""
        part = f", {found.share:.3g} of the requests" if found.share is not None and found.share < 1 else ""
        return line(Span("AS A SHADOW", "head"), Span(f"{since}{part}", "dim"))
    said = f", last {cells.ago(found.said_at, now)}" if found.said_at is not None else ""
    return line(Span("WAS A SHADOW", "head"), Span(said, "dim"))


def _trouble(found: ShadowReport, width: int) -> list[Line]:
    return [
        each
        for why in found.trouble
        for each in wrapped(f"▲ scores nothing at the moment: {plain(why, SENTENCE)}", width, tone="watch")
    ]


def _segments(found: ShadowReport, width: int, *, whole: bool) -> list[Line]:
    if not found.segments:
        return []
    name = min(30, max(12, width - 46))
    titles = f"{pad('AGREES LEAST', name)}{pad('n', 9, right=True)}   agrees"
    shown = found.segments if whole else found.segments[:MOST_SEGMENTS]
    lines: list[Line] = [fit((Span(titles, "head"),), width), *(_segment(each, name, width) for each in shown)]
    rest = found.segments[len(shown) :]
    if rest:
        more = sum(each.lower for each in rest)
        aside = f", {more} of them lower" if more else ", none of them lower"
        lines.append(line(Span(f"and {len(rest)} more{aside}", "dim")))
    return lines


def _segment(found: ShadowSegment, name: int, width: int) -> Line:
    text = f"{pad(cut(plain(found.name, 60), name), name)}{pad(f'{found.agreement.rows:,}', 9, right=True)}"
    low = Span("  ▲ lower", "watch") if found.lower else Span("")
    return fit(line(text, f"   {share(found.agreement)}", low), width)


def _differences(found: ShadowReport, width: int, *, whole: bool) -> list[Line]:
    if not found.largest:
        return []
    shown = found.largest if whole else found.largest[:MOST_DIFFERENCES]
    lines: list[Line] = [(Span("LARGEST DIFFERENCES", "head"),)]
    for each in shown:
        told = wrapped(_difference(each), width, tone="" if not each.agree else "dim", indent="  ", first="")
        lines += told if whole else told[:2]
    return lines


def _difference(found: Difference) -> str:
    """``flight_id=f17: 1 (p_1 0.53) for 0 (p_1 0.47), off by 0.06``."""
    whose = ", ".join(f"{plain(name, 40)}={_value(value)}" for name, value in found.keys.items())
    return plain(
        f"{whose or f'request {found.request}'}: {_said(found.candidate, found.live)} for "
        f"{_said(found.live, found.candidate)}, off by {found.size:.3g}",
        SENTENCE,
    )


def _said(answer: Mapping[str, Value], other: Mapping[str, Value]) -> str:
    """A prediction, with the number that is off the most from the other one's."""
    prediction = _value(answer.get("prediction"))
    numbers = {
        name: abs(value - theirs)
        for name, value in answer.items()
        if name != "prediction"
        and isinstance(value, int | float)
        and isinstance(theirs := other.get(name), int | float)
    }
    if not numbers:
        return prediction
    name = max(sorted(numbers, reverse=True), key=lambda each: numbers[each])
    return f"{prediction} ({plain(name, 40)} {_value(answer[name])})"


def _value(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else plain(str(value), 60)
