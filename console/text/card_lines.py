"""The decision card in lines: verdict, gates, metrics, segments, what changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

from console.text import cells
from console.text.health_table import TONES
from console.text.lines import SENTENCE, Line, Span, Tone, beside, cells_of, cut, fit, line, pad, wrapped
from console.text.remark_lines import remark_lines
from console.text.scorer_lines import scorer_lines
from console.text.shadow_lines import shadow_lines
from console.text.tables import STATE_TONES, short
from engine.records import Change, Gate, GateVerdict, Metric
from engine.release.records import DecisionCard
from engine.text import plain

if TYPE_CHECKING:
    from engine.versions.origins import Origin
    from engine.versions.records import SegmentValues

TWO_COLUMNS = 120
RIGHT = 62  # what a segment's row takes with all its words
GATE_TONES: dict[GateVerdict, Tone] = {"pass": "ok", "warn": "watch", "fail": "failing", "cannot tell": "unknown"}
COMPARED: dict[str, Tone] = {"better": "ok", "worse": "failing", "cannot tell": "unknown", "not compared": "unknown"}
MOST_SEGMENTS, MOST_COMMENTS = 8, 3


def card_lines(card: DecisionCard, now: datetime, width: int, *, whole: bool = False, rows: int = 0) -> list[Line]:
    """The card; in a wide terminal the segments and changes stand beside the gates.

    ``whole``: nothing is left out for want of room, and the parts stand below each other, as on the command line.
    Where the evidence of every gate fits into so many ``rows``, it is whole, too.
    """
    if rows and not whole:
        lines = _card(card, now, width, whole=False, evidence=True)
        if len(lines) <= rows:
            return lines
    return _card(card, now, width, whole=whole, evidence=whole)


def _card(card: DecisionCard, now: datetime, width: int, *, whole: bool, evidence: bool) -> list[Line]:
    inner = width - 2
    said = remark_lines(card.remarks, inner, most=None if whole else MOST_COMMENTS)
    top = [
        *_identity(card, now, inner), (), *_verdict(card, now, inner), *said, (),
        *_metrics(card, inner, rows=whole), (),
    ]  # fmt: skip
    if whole or inner < TWO_COLUMNS:
        body = _stacked(
            _gates(card.gates, inner, whole=evidence), _shadow(card, now, inner, whole=whole),
            _segments(card, inner, whole=whole), _changes(card, inner, whole=whole),
        )  # fmt: skip
    else:
        left = inner - 2 - RIGHT
        right = _stacked(_shadow(card, now, RIGHT), _segments(card, RIGHT), _changes(card, RIGHT))
        body = beside(_gates(card.gates, left, whole=evidence), right, left, RIGHT)
    by = [*scorer_lines(card.scorer, inner), ()] if whole and card.scorer is not None else []
    return [(Span(" "), *each) if each else () for each in (*top, *body, *by, *_past(card, inner))]


def _stacked(*parts: list[Line]) -> list[Line]:
    """The parts that there are, one below the other with a blank line after each."""
    return [each for part in parts if part for each in (*part, ())]


def _identity(card: DecisionCard, now: datetime, width: int) -> list[Line]:
    version = card.version
    how = "made" if card.origin is None else "came in"
    parts = [f"{how} {cells.ago(version.made_at, now)} by {card.made_by}"]
    if card.held_against_live:
        parts.append(f"judged against {short(version.against or '')}")
    if card.live and card.live != version.label:
        parts.append(f"live is {short(card.live)}")
    if version.state == "candidate" and card.expires_at:
        parts.append(f"expires {cells.until(card.expires_at, now)}")
    state = Span(cells.version_state(version.state), STATE_TONES[version.state])
    first = line(Span(version.label, "strong"), "  ", state)
    return [first, *wrapped(" · ".join(parts), width, tone="dim")]


def _verdict(card: DecisionCard, now: datetime, width: int) -> list[Line]:
    version = card.version
    lines: list[Line] = [(Span(each[0].text, "strong"),) for each in wrapped(plain(version.sentence), width)]
    held = card.sandbox
    said_of_it = f"{cells.GLYPHS[held.verdict]} sandbox: {plain(held.sentence, 400)}"
    lines += wrapped(said_of_it, width, tone="dim" if held.verdict == "ok" else TONES[held.verdict])
    if card.code.verdict != "ok" or version.against is None:
        said_of_code = f"{cells.GLYPHS[card.code.verdict]} code: {plain(card.code.sentence, 400)}"
        lines += wrapped(said_of_code, width, tone="dim" if card.code.verdict == "ok" else TONES[card.code.verdict])
    if card.scored_by:
        lines += wrapped(f"scored by {plain(card.scored_by, SENTENCE)}", width, tone="dim")
    said = [plain(each, SENTENCE) for each in card.takes]
    if card.origin is not None:
        said.append(_judged(card, card.origin))
    if card.without is not None:
        said.append(f"It is here without {plain(card.without, SENTENCE)}. Nobody can measure its drift without it.")
    if card.origin is not None and card.origin.despite:
        said.append(f"Taken in despite this: {plain(card.origin.despite, SENTENCE)}")
    if card.changed_decisions is not None:
        said.append(f"{cells.percent(card.changed_decisions, 1)} of decisions would change.")
    if card.remarks.needed > 1 and version.state == "candidate":
        said.append(f"{len(card.remarks.approvals)} of {card.remarks.needed} approvals given.")
    if card.blocked and version.state == "candidate":
        said.append(f"It cannot be approved now: {card.blocked}")
    return [*lines, *(each for text in said for each in wrapped(text, width)), *_backtest(card, now, width)]


def _judged(card: DecisionCard, origin: Origin) -> str:
    """Where its gates were judged, of a version that came in, and by what."""
    found = card.judged_here
    if found is None or found.problem is not None:
        said = f"Its gates were judged at {origin.source}, where versions have other names than here."
        return said if found is None else f"{said} Those against what is live cannot tell here."
    of = f" of {found.of_rows:,}" if found.of_rows != found.rows else ""
    there = plain(card.judged_there, SENTENCE).rstrip(".")
    return (
        f"Judged here against {found.against}, on {found.rows:,}{of} rows of the holdout that came with it. "
        f"At {origin.source} it was said: {there}."
    )


def _backtest(card: DecisionCard, now: datetime, width: int) -> list[Line]:
    """How often it should be retrained, with the age of what says so."""
    found = card.backtest
    if found is None:
        return []
    said = plain(found.said, SENTENCE).rstrip(".")
    of = f"Backtest of {found.at.day} {found.at:%b} ({cells.ago(found.at, now)}): " if found.at else ""
    return wrapped(f"{of}{said}.", width, tone="dim")


def _metrics(card: DecisionCard, width: int, *, rows: bool = False) -> list[Line]:
    if not card.metrics:
        return []
    against = short(card.version.against or "") if card.held_against_live else ""
    name = max(8, *(cells_of(m.name) for m in card.metrics))
    titles = f"{pad('METRICS', name)}  {pad(short(card.version.label), 14, right=True)}"
    if against:
        titles += f"  {pad(against, 7, right=True)}  {pad('difference', 10, right=True)}"
        between = f"{' ' * 13}  95 % between"
        titles += between if cells_of(titles + between) <= width else ""
    key = card.version.metric.name if card.version.metric else ""
    ordered = sorted(card.metrics, key=lambda m: m.name != key)
    lines = [each for m in ordered for each in metric_row(m, name, width, compared=bool(against), rows=rows)]
    return [(Span(cut(titles, width), "head"),), *lines]


def metric_row(metric: Metric, name: int, width: int, *, compared: bool, rows: bool = False) -> list[Line]:
    """One line; with ``rows`` nothing of it is cut, so that it may take two."""
    half = (metric.high - metric.low) / 2 if metric.high is not None and metric.low is not None else None
    value = cells.number(metric.value) + (f" ±{cells.number(half)}" if half is not None else "")
    parts, interval = [Span(f"{pad(metric.name, name)}  {pad(value, 14, right=True)}")], Span("")
    if metric.value is None:
        return [fit(line(*parts, Span(f"  {cells.no_value(metric).partition(': ')[2]}", "dim")), width)]
    if compared:
        live, difference = cells.number(metric.live), cells.signed(metric.difference)
        parts.append(Span(f"  {pad(live, 7, right=True)}  {pad(difference, 10, right=True)}"))
        said = metric.comparison or "not compared"
        parts.append(Span(f"  {pad(said, max(11, cells_of(said)))}", COMPARED.get(said, "")))
        if metric.difference_low is not None:
            low, high = cells.signed(metric.difference_low), cells.signed(metric.difference_high)
            interval = Span(f"  {low} … {high}", "dim")
    if not rows:
        return [fit(line(*parts, interval), width)]
    more = (interval, Span(f"  on {cells.counted(metric.n, 'row')}", "dim"))
    whole = (*parts, *more)
    if sum(cells_of(each.text) for each in whole) <= width:
        return [whole]
    # Away from the head that names it.
    named = Span(f"  95 % between {interval.text.strip()}" if interval.text else "", "dim")
    return [tuple(parts), line(" " * name, named, more[1])]


def _gates(gates: Sequence[Gate], width: int, *, whole: bool = False) -> list[Line]:
    if not gates:
        return []
    lines: list[Line] = [(Span("GATES", "head"),)]
    name = min(max(cells_of(g.name) for g in gates), max(20, width // 2))
    for gate in gates:
        lines += _gate(gate, name, width - name - 4, whole=whole)
    return lines


def _gate(gate: Gate, name: int, room: int, *, whole: bool) -> list[Line]:
    """A gate that passes takes one line, and a key has the rest; one that does not says all it has to."""
    glyph = Span(f"{cells.GLYPHS[gate.verdict]} ", GATE_TONES[gate.verdict])
    names = [_text(each) for each in wrapped(gate.name, name)] if whole else [gate.name]
    label = pad(names[0], name)
    said = plain(gate.evidence, SENTENCE)
    if gate.verdict == "pass" and not whole:
        return [line(glyph, label, "  ", Span(cut(said, room), "dim"))]
    tone: Tone = "dim" if gate.verdict == "pass" else GATE_TONES[gate.verdict]
    first, *rest = wrapped(said if gate.verdict == "pass" else f"{gate.verdict}: {said}", room, tone=tone)
    shown = rest if whole else rest[:3]
    below = zip_longest((pad(each, name) for each in names[1:]), shown, fillvalue="")
    return [
        line(glyph, label, "  ", *first),
        *(line("  ", more or " " * name, "  ", *each) for more, each in below),
    ]


def _text(parts: Line) -> str:
    return "".join(part.text for part in parts)


def _shadow(card: DecisionCard, now: datetime, width: int, *, whole: bool = False) -> list[Line]:
    return shadow_lines(card.shadow, now, width, whole=whole) if card.shadow is not None else []


def _segments(card: DecisionCard, width: int, *, whole: bool = False) -> list[Line]:
    if not card.segments:
        return []
    against = short(card.version.against) if card.version.against else ""
    columns = f"{pad('n', 7, right=True)} {pad(short(card.version.label), 7, right=True)}"
    if against:
        columns += f" {pad(against, 7, right=True)} {pad('difference', 10, right=True)}  "
    name = min(30, max(14, width - cells_of(columns) - 11))
    lines: list[Line] = [(Span(cut(f"{pad('WORST SEGMENTS', name)}{columns}", width), "head"),)]
    shown = len(card.segments) if whole else MOST_SEGMENTS
    lines += [_segment(s, name, width, compared=bool(against)) for s in card.segments[:shown]]
    rest = card.segments[shown:]
    compared = any(each.verdict not in ("first", "not compared") for each in rest)
    aside = ", none of them worse" if compared and not any(each.verdict == "worse" for each in rest) else ""
    return [*lines, (Span(f"and {len(rest)} more{aside}", "dim"),)] if rest else lines


def _segment(segment: SegmentValues, name: int, width: int, *, compared: bool) -> Line:
    what = pad(plain(segment.name, 60), name)
    text = f"{what}{pad(f'{segment.n:,}', 7, right=True)} {pad(cells.number(segment.candidate), 7, right=True)}"
    parts = [Span(text)]
    if compared:
        live, difference = cells.number(segment.live), cells.signed(segment.difference)
        parts.append(Span(f" {pad(live, 7, right=True)} {pad(difference, 10, right=True)}"))
    parts.append(Span("  "))
    parts.append(Span(segment.verdict, COMPARED.get(segment.verdict, "")))
    return fit(tuple(parts), width)


def _changes(card: DecisionCard, width: int, *, whole: bool = False) -> list[Line]:
    if not card.changes:
        return []
    lines: list[Line] = [(Span(f"WHAT CHANGED SINCE {short(card.version.against)}", "head"),)]
    for change in card.changes:
        lines += change_lines(change, width, details=None if whole else 2 if change.what == "code" else 0)
    return lines


def change_lines(change: Change, width: int, *, details: int | None = None) -> list[Line]:
    """One respect in which two versions differ, with ``details`` of its particulars, or all of them."""
    label = pad(change.what, 10)
    first, *rest = wrapped(plain(change.summary), width - 10) or [()]
    same = change.summary.startswith("same")
    tone: Tone = "dim" if same else ""
    lines: list[Line] = [line(Span(label, "dim"), Span(_text(first), tone))]
    lines += [line(" " * 10, Span(_text(each), tone)) for each in rest]
    if details is None:
        parts = [part for each in change.details for part in wrapped(plain(each), width - 10, tone="dim")]
        return [*lines, *(line(" " * 10, *part) for part in parts)]
    return [*lines, *(line(" " * 10, Span(cut(plain(each), width - 10), "dim")) for each in change.details[:details])]


def _past(card: DecisionCard, width: int) -> list[Line]:
    said = []
    version = card.version
    if card.last_rejected:
        said.append(f"Last rejected: {plain(card.last_rejected)}")
    if version.reason and version.state != "candidate":
        said.append(f"{version.state.capitalize()}: {plain(version.reason)}")
    return [(), *(each for text in said for each in wrapped(text, width, tone="dim"))] if said else []
