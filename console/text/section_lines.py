"""The lower half of a project's health page: segments, what else was measured, and the data's quality. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.health_questions import HealthOverTime
from console.text import cells
from console.text.answered_lines import answered_lines
from console.text.drift_lines import drift_lines, request_drift_lines
from console.text.health_lines import alerts
from console.text.health_table import glyph_and_word
from console.text.lines import EMPTY, SENTENCE, Line, Span, Tone, fit, line, pad, wrapped
from console.text.period_lines import metric_lines
from engine.text import plain

if TYPE_CHECKING:
    from console.queries.trial_questions import OnTrialNow
    from engine.monitoring.look_document import LookDocument
    from engine.monitoring.look_parts import Slice, Slices
    from engine.requests.report import RequestReport

MOST_SLICES, MOST_ANSWERED = 10, 5
SLICE_TONES: dict[str, Tone] = {"worse": "", "better": "ok", "same": "dim", "cannot tell": "unknown"}
SLICE_GLYPHS = {"worse": "▲", "better": "●", "same": "=", "cannot tell": "○"}
TREND_TONES: dict[str, Tone] = {"falling": "watch", "rising": "ok"}


def sections(found: HealthOverTime, now: datetime, width: int) -> list[list[Line]]:
    """Each section with its heading; what was not measured has none."""
    document = found.health.document
    open_alerts = alerts(found.health.alerts, now, width, whole=True)
    every = [
        metric_lines(found.health.document, width),
        [(Span("ALERTS", "head"),), *open_alerts],
        _trial(found.trial, now, width),
        _requests(found.requests, now, width),
        drift_lines(document, width),
        request_drift_lines(document, now, width),
        answer_lines(document, now, width),
        *asked_lines(document, width),
        segment_lines(document, width),
        estimate_lines(document, width),
        quality_lines(document, width),
    ]
    return [each for each in every if each]


def _trial(found: OnTrialNow | None, now: datetime, width: int) -> list[Line]:
    from console.text.shadow_lines import summary
    from console.text.trial_lines import health_lines, standing

    if found is None:
        return []
    keys = "   y another share, x ends it"
    lines = [(Span(found.trial.kind.upper(), "head"), Span(keys, "dim")), *standing(found.trial, now, width)]
    if found.shadow is not None:
        return [*lines, *summary(found.shadow, width)]
    return [*lines, EMPTY, *health_lines(found.canary, width)] if found.canary is not None else lines


def _requests(report: RequestReport | None, now: datetime, width: int) -> list[Line]:
    from console.text.request_lines import request_lines

    lines = request_lines(report, now, width, by_label=False) if report is not None else []
    return [(Span("REQUESTS", "head"), Span("   e shows them over time", "dim")), *lines] if lines else []


def whole(found: list[list[Line]]) -> tuple[list[Line], list[int]]:
    """All sections with a blank line between them, and at which line each begins."""
    lines: list[Line] = []
    begins = []
    for section in found:
        begins.append(len(lines))
        lines += [*section, EMPTY]
    return lines, begins


def segment_lines(document: LookDocument, width: int) -> list[Line]:
    """The worst segments, against all other rows; intervals hold for all of them together."""
    slices = document.slices
    if slices is None or not slices.found:
        return []
    return _table("WORST SEGMENTS", slices, slices.found[:MOST_SLICES], width)


def answer_lines(document: LookDocument, now: datetime, width: int) -> list[Line]:
    """How versions did in what they answered, and the worst segments of what the live one did."""
    found = document.answered
    own = found.of(document.version) if found is not None else None
    lines = answered_lines(found, now, width)
    if own is None or own.slices is None or not own.slices.found:
        return lines
    return [*lines, *_table("WORST SEGMENTS OF ANSWERS", own.slices, own.slices.found[:MOST_ANSWERED], width)]


def asked_lines(document: LookDocument, width: int) -> list[list[Line]]:
    """A section for each column that somebody asked for, with every part of it, the worst first."""
    none = "No row that is measured has more than one value of it."
    return [
        _table(f"BY {plain(column, 40)}", slices, slices.found, width)
        if slices.found
        else [(Span(f"BY {plain(column, 40)}", "head"),), *wrapped(none, width, tone="dim")]
        for column, slices in document.by.items()
    ]


def _table(title: str, slices: Slices, found: Sequence[Slice], width: int) -> list[Line]:
    name = min(54, max(16, width - 59))
    titles = f"{pad(title, name)}{pad('n', 8, right=True)}{pad(plain(slices.metric, 14), 15, right=True)}"
    titles += f"{pad('others', 9, right=True)}  {pad('', 14)}TREND"
    lines: list[Line] = [fit((Span(titles, "head"),), width)]
    lines += [_segment(each, name, width) for each in found]
    said = slices.sentence
    return [*lines, *(wrapped(plain(said), width, tone="dim") if said else ())]


def _segment(found: Slice, name: int, width: int) -> Line:
    what = " and ".join(f"{plain(c.column, 40)}={plain(c.value, 40)}" for c in found.conditions)
    low, high = found.low, found.high
    half = f" ±{cells.number((high - low) / 2)}" if low is not None and high is not None else ""
    text = f"{pad(what, name)}{pad(format(found.n, ','), 8, right=True)}"
    text += f"{pad(cells.number(found.value) + half, 15, right=True)}"
    text += pad(cells.number(found.rest), 9, right=True)
    verdict, trend = found.verdict, found.trend
    word = Span(pad(f"{SLICE_GLYPHS.get(verdict, '○')} {verdict}", 14), SLICE_TONES.get(verdict, "unknown"))
    return fit(line(text, "  ", word, Span(plain(trend), TREND_TONES.get(trend, "dim"))), width)


def estimate_lines(document: LookDocument, width: int) -> list[Line]:
    """What the metrics of rows without a label may be, with what that takes for granted."""
    found = document.estimate
    if found is None:
        return []
    lines: list[Line] = [(Span("ESTIMATED WITHOUT LABELS", "head"),), *wrapped(plain(found.sentence), width)]
    for reading in found.readings:
        if reading.value is None:
            continue
        low, high = reading.low, reading.high
        between = f"  {cells.number(low)} to {cells.number(high)}" if low is not None and high is not None else ""
        lines.append(fit(line(f"{pad(reading.metric, 16)}{pad(cells.number(reading.value), 8)}{between}"), width))
    for text in found.assumptions:
        lines += wrapped(f"takes for granted: {plain(text)}", width, tone="dim", indent="  ", first="")
    return lines


def quality_lines(document: LookDocument, width: int) -> list[Line]:
    """The checks of the data that are not well, the worst first; the others are counted."""
    checks = document.quality
    if not checks:
        return []
    order = {"failing": 0, "watch": 1, "cannot tell": 2}
    unwell = sorted((c for c in checks if c.verdict != "ok"), key=lambda c: order.get(c.verdict, 3))
    lines: list[Line] = [(Span("QUALITY", "head"),)]
    for check in unwell:
        word = glyph_and_word(check.verdict)
        first, *rest = wrapped(plain(check.sentence, SENTENCE), width - 13) or [EMPTY]
        lines.append(line(Span(pad(word.text, 13), word.tone), *first))
        lines += [line(" " * 13, *each) for each in rest]
    well = len(checks) - len(unwell)
    return [*lines, (Span(f"{well:,} of {len(checks):,} checks are well.", "dim"),)]
