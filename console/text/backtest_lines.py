"""A backtest of retraining in lines: what it says, each policy with its figures, and the metric week by week. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.text import cells
from console.text.lines import EMPTY, Line, Span, Tone, fit, line, pad, wrapped
from engine.backtest.advice import BacktestAdvice, advice, difference, in_words
from engine.backtest.defaults import POLICIES
from engine.backtest.policies import NEVER
from engine.backtest.records import BacktestDocument, BacktestPlan, KeptBacktest, PolicyResult, ToldBacktest
from engine.clock import moment
from engine.text import plain, short_revision

GLYPHS = "●▲◆■+"
OF_NEVER = "○"
NAME = 16
OVER = {True: 50, False: 22}  # with the interval where there is room
MOST_BARS = 52
_TONES: dict[str, Tone] = {"better": "ok", "worse": "failing", "cannot tell": "unknown", "same": "dim"}
_WIDE = 110
HALF_A_WEEK = 3.5 * 86_400


def glyph(found: BacktestDocument, word: str) -> str:
    """What stands for the policy in the chart, in its bars and in the table."""
    if word == NEVER:
        return OF_NEVER
    words = [each.word for each in found.policies if each.word != NEVER]
    return GLYPHS[words.index(word) % len(GLYPHS)]


def backtest_lines(told: ToldBacktest, project: str, now: datetime, width: int, *, bars: bool = True) -> list[Line]:
    """All that is known; ``bars``: the weeks too, where no chart shows them."""
    lines = _under_way(told, width)
    if told.kept is None:
        return lines or _none(project, width)
    found = told.kept.document
    said = advice(found, told.schedule)
    lines += [*_head(told.kept, now, width), EMPTY, *_said(said, width), EMPTY, *_table(found, width), EMPTY]
    return [*lines, *bars_of(found, width)] if bars else lines


def _under_way(told: ToldBacktest, width: int) -> list[Line]:
    if told.under_way is None:
        return []
    far = f", {cells.percent(told.progress)} done" if told.state == "running" else ""
    return [*wrapped(f"Run {told.under_way}, a backtest, is {told.state}{far}.", width, tone="watch"), EMPTY]


def _none(project: str, width: int) -> list[Line]:
    said = (
        f"{plain(project, 80)} was never backtested. A backtest replays policies of retraining, such as {POLICIES}, on "
        "the project's own past: how often should this model be retrained? It makes no version and changes nothing."
    )
    return [EMPTY, *wrapped(said, width)]


def _head(kept: KeptBacktest, now: datetime, width: int) -> list[Line]:
    found = kept.document
    since, until = moment(found.since), moment(found.until)
    code = found.version or f"the folder at {short_revision(found.revision) if found.revision else 'no commit'}"
    said = (
        f"Backtest of {cells.day(kept.at)}, {cells.ago(kept.at, now)} (run {kept.run}), with the code and packages of "
        f"{plain(code, 100)}: {len(found.weeks)} weeks from {cells.day(since)} to {cells.day(until)}, "
        f"{found.rows:,} labelled rows, models of {len(found.trainings)} moments, each as if released at its own."
    )
    return wrapped(said, width, tone="dim")


def _said(said: BacktestAdvice, width: int) -> list[Line]:
    notes = [each for text in said.notes for each in wrapped(plain(text), width, tone="dim")]
    return [
        *wrapped(plain(said.sentence, 2000), width, tone="strong"), *wrapped(plain(said.schedule, 1000), width), *notes,
    ]  # fmt: skip


def _table(found: BacktestDocument, width: int) -> list[Line]:
    wide = width >= _WIDE
    titles = _cells("POLICY", plain(found.metric, 17), "OVER NEVER", ("TRAININGS", "EACH", "A YEAR"), wide=wide)
    head = fit(line(*(Span(each, "head") for each in titles)), width)
    return [head, *(_row(found, each, width) for each in found.policies)]


def _cells(name: str, value: str, over: str, took: tuple[str, str, str], *, wide: bool) -> tuple[str, str, str]:
    """Three parts of a line, each in its columns; without room it goes without what one training takes."""
    trainings, once, year = took
    last = (pad(trainings, 10, right=True), pad(once, 9, right=True) if wide else "", pad(year, 9, right=True))
    return f"{pad(name, NAME)}{pad(value, 17, right=True)}  ", pad(over, OVER[wide]), "".join(last)


def _row(found: BacktestDocument, each: PolicyResult, width: int) -> Line:
    wide = width >= _WIDE
    kept = difference(found, each.word, NEVER) if each.word != NEVER else None
    tone: Tone = "dim"
    over = ""
    if kept is not None:
        over, within = in_words(kept)
        over = f"{over} {kept.comparison}{within if wide else ''}"
        tone = _TONES.get(kept.comparison, "unknown")
    once = cells.span(each.seconds / each.trainings) if each.trainings else cells.NOTHING
    year = cells.NOTHING if each.word == NEVER else cells.span(each.year_seconds)
    name = f"{glyph(found, each.word)} {each.policy.words}"
    first, second, last = _cells(name, _value(each), over, (f"{each.trainings:,}", once, year), wide=wide)
    return fit(line(first, Span(second, tone), last), width)


def _value(each: PolicyResult) -> str:
    if each.value is None:
        return "not defined"
    half = f" ±{cells.number((each.high - each.low) / 2)}" if each.low is not None and each.high is not None else ""
    return f"{cells.number(each.value)}{half}"


def bars_of(found: BacktestDocument, width: int, *, gain: bool = False) -> list[Line]:
    """The metric of each policy week by week, all on one scale, or with ``gain`` less that of never; a week without a
    value is a dot."""
    room = min(MOST_BARS, width - NAME - 2)
    rows = [(each, values[-room:]) for each, values in _weekly(found, gain=gain)]
    values = [value for _, row in rows for value in row if value is not None]
    if not values:
        return []
    low, high = min(values), max(values)
    shown = min(room, len(found.weeks))
    which = "week by week" if shown == len(found.weeks) else f"the last {shown} weeks"
    less = ", less that of never" if gain else ""
    head = f"{plain(found.metric, 40)} {which}{less}, from {cells.number(low)} (▁) to {cells.number(high)} (█)"
    bars = [(f"{glyph(found, each.word)} {each.policy.words}", _bars(row, low, high)) for each, row in rows]
    return [fit((Span(head, "head"),), width), *(fit(line(pad(name, NAME), Span(row)), width) for name, row in bars)]


def _weekly(found: BacktestDocument, *, gain: bool) -> list[tuple[PolicyResult, tuple[float | None, ...]]]:
    """Each policy with its value in each week, or by how much that differs from never's, which then is left out."""
    if not gain:
        return [(each, each.weekly) for each in found.policies]
    never = found.never.weekly
    return [(each, _less(each.weekly, never)) for each in found.policies if each.word != NEVER]


def _less(values: Sequence[float | None], others: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(None if a is None or b is None else a - b for a, b in zip(values, others, strict=True))


def _bars(values: Sequence[float | None], low: float, high: float) -> str:
    def bar(value: float) -> str:
        return cells.BARS[3] if high == low else cells.BARS[round((value - low) / (high - low) * (len(cells.BARS) - 1))]

    return "".join("·" if value is None else bar(value) for value in values)


def chart_heading(found: BacktestDocument, *, gain: bool) -> Line:
    """What the chart shows, and which glyph is which policy."""
    names = "   ".join(f"{glyph(found, each.word)} {each.policy.words}" for each, _ in _weekly(found, gain=gain))
    what = f"{plain(found.metric, 40)} WEEK BY WEEK{', LESS THAT OF NEVER' if gain else ''}"
    return line(Span(what, "head"), Span(f"   {names}", ""))


@dataclass(frozen=True)
class PolicyCurve:
    """One policy: its glyph, and its value in each week, None where there is none; ``strong`` stands out."""

    glyph: str
    values: tuple[float | None, ...]
    strong: bool = False


@dataclass(frozen=True)
class PolicyCurves:
    """``times``: the middle of each week, as seconds since 1970. ``level``: where a line lies, if one does."""

    times: tuple[float, ...]
    curves: tuple[PolicyCurve, ...]
    level: float | None = None


def curves_of(found: BacktestDocument, *, gain: bool) -> PolicyCurves | None:
    """The metric of each policy week by week, or with ``gain`` by how much it differs from that of never; None where
    less than two weeks have a value."""
    times = tuple(moment(week.since).timestamp() + HALF_A_WEEK for week in found.weeks)
    rows = _weekly(found, gain=gain)
    curves = tuple(PolicyCurve(glyph(found, each.word), values, each is rows[0][0]) for each, values in rows)
    if max(sum(value is not None for value in curve.values) for curve in curves) < 2:
        return None
    return PolicyCurves(times, curves, 0.0 if gain else None)


def plan_lines(plan: BacktestPlan, width: int) -> list[Line]:
    """What a backtest will take, for who is about to ask for one."""
    each = ", ".join(policy.words for policy in plan.policies)
    unknown = "how long is not known, for no retrain has run"
    long = unknown if plan.seconds is None else f"about {cells.span(plan.seconds)}"
    takes = f"It takes {cells.counted(plan.trainings, 'training')}, each with an extract; {long}."
    return [
        *wrapped(f"{plan.window.weeks} weeks from {cells.day(plan.window.since)}: {each}.", width),
        *wrapped(takes, width, tone="strong"),
    ]
