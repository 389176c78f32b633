"""What a report says, as sentences: the same in HTML and in text. Pure; nothing here escapes anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.monitoring.performance.key_figures import Source
from engine.reports import words
from engine.reports.records import (
    Dot,
    Failure,
    Measure,
    Money,
    Release,
    Report,
    ReportedAlert,
    Tried,
    TurnedDown,
    Waiting,
    Weakness,
)
from engine.reports.words import capital, digits
from engine.text import span as length
from engine.validation.words import number
from engine.vocabulary import jobs

NOTHING = "–"
_BADLY = {"failing": "Needs action", "watch": "Worth watching"}
_VERDICTS = {"pass": "passed all its checks", "warn": "passed its checks, with a warning"}


def day(at: datetime) -> str:
    """``16 November 2026``."""
    return f"{at.day} {at:%B %Y}"


def many(amount: int, noun: str) -> str:
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def people(names: Sequence[str]) -> str:
    """``ada``, ``ada and bo``, ``ada, bo and chen``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def span(report: Report) -> str:
    """The period to the minute, in its own zone."""
    zone = ZoneInfo(report.period.zone)
    since, until = report.period.since.astimezone(zone), report.period.until.astimezone(zone)
    return f"{day(since)} {since:%H:%M} to {day(until)} {until:%H:%M} ({report.period.zone})"


def trail(report: Report) -> str:
    """Which state of the record of all acts this report rests on."""
    about = f"{report.project}, {span(report)}."
    if not report.audit_rows:
        return f"{about} The audit trail had no row yet."
    return f"{about} The audit trail then had {many(report.audit_rows, 'row')} and this head:"


def in_use(report: Report) -> str:
    assert report.live is not None and report.live_since is not None
    by = f", decided by {people(report.live_by)}" if report.live_by else ""
    return f"In use: {report.live}, since {day(report.live_since)}{by}."


# Metrics


def writer(measure: Measure) -> Callable[[float], str]:
    """Values of this metric, with digits enough for its interval."""
    decimals = digits(measure.low, measure.high)
    return lambda value: number(value, decimals)


def value(measure: Measure) -> str:
    return number(measure.value, digits(measure.low, measure.high)) if measure.value is not None else "not measured"


def before(measure: Measure) -> str:
    known = measure.previous is not None
    return number(measure.previous, digits(measure.low, measure.high)) if known else "not measured"


# Which cases a value rests on, by who measured it.
_CASES: dict[Source, str] = {
    "look": "cases whose outcome was known on {}, in the newest look at it",
    "earlier look": "cases up to {}, in an earlier look at it",
    "retrain": "cases up to {}, on which a new version was held against it",
    "holdout": "cases up to {} that were held back when it was made; nothing since has been measured",
}


def measured(measure: Measure) -> str:
    """How sure the value is, on how much it rests, and what it was before."""
    if measure.value is None or measure.measured_at is None:
        return "It was not measured on what has happened since."
    write = writer(measure)
    sure = _between(measure.low, measure.high)
    rests = f"rom {measure.n:,} {_CASES[measure.source or 'retrain'].format(day(measure.measured_at))}."
    said = f"Likely {sure}, f{rests}" if sure else f"F{rests}"
    if measure.previous is not None and measure.previous_at is not None:
        said += f" It was {write(measure.previous)} on {day(measure.previous_at)}."
    if not measure.fresh:
        said += " It was not measured within this period."
    return said


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    decimals = digits(low, high)
    return f"between {number(low, decimals)} and {number(high, decimals)}"


def trend(dots: Sequence[Dot], write: Callable[[float], str]) -> str:
    """The line in words, for whoever does not see it."""
    if not dots:
        return "Nothing was measured."
    first, last = dots[0], dots[-1]
    low, high = min(dots, key=lambda dot: dot.value), max(dots, key=lambda dot: dot.value)
    return (
        f"{len(dots)} measurements from {day(first.at)} ({write(first.value)}) to {day(last.at)} "
        f"({write(last.value)}); lowest {write(low.value)}, highest {write(high.value)}."
    )


def chart_words(measure: Measure) -> str:
    """What the lines of the chart mean."""
    band = ", the band where it likely lies" if any(dot.low is not None for dot in measure.trend) else ""
    limit = f"; it must not be {'below' if measure.more_is_better else 'above'} the limit" if measure.limit else ""
    good = "Higher" if measure.more_is_better else "Lower"
    return f"{good} is better. The line is what was in use at the time{band}; @ marks a new version{limit}."


def bars(dots: Sequence[Dot], most: int = 26) -> str:
    """``▂▃▅▇``, the lowest value as the lowest bar."""
    values = [dot.value for dot in dots][-most:]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    if low == high:
        return "▄" * len(values)
    return "".join("▁▂▃▄▅▆▇█"[round(7 * (each - low) / (high - low))] for each in values)


# Money


def amount(money: Money) -> Callable[[float], str]:
    """``3,120 USD``."""
    return lambda value: f"{number(value, 2)} {money.currency}"


def costs(money: Money) -> tuple[str, ...]:
    write = amount(money)
    saved = money.without - money.value
    against = "less" if saved >= 0 else "more"
    said = [
        f"That is {write(abs(saved))} {against} than saying “{money.alike}” every time ({write(money.without)}).",
        f"Of 1,000 {money.decisions}, {_share(money.false_alarms)} were wrong one way ({money.false_alarm}) and "
        f"{_share(money.missed)} the other ({money.missing}); counted on {many(money.rows, 'case')} "
        f"up to {day(money.at)}.",
    ]
    if money.previous is not None:
        said.append(f"Before this period it was {write(money.previous)}.")
    return tuple(said)


def _share(of_thousand: float) -> str:
    return f"{of_thousand:,.0f}" if of_thousand >= 10 else f"{of_thousand:.1f}"


# What happened


def release(found: Release) -> str:
    what = "went live" if found.kind == "release" else "is back in use"
    instead = f" instead of {found.previous}" if found.previous else ", the first one"
    verb = "Approved" if found.kind == "release" else "Taken back"
    return f"{found.version} {what} on {day(found.at)}{instead}. {verb} by {people(found.decided_by)}"


def turned_down(found: TurnedDown) -> str:
    return f"{found.version} was turned down on {day(found.at)} by {found.by}"


def tried(found: Tried) -> str:
    """What was tried beside the version in use, on which share, and since when."""
    share = "all cases" if found.share >= 1 else f"{100 * found.share:.6g} % of the cases"
    runs = found.over_at is None
    if found.shadow:
        does = f"{'is' if runs else 'was'} asked about {share} too, without anybody getting its answers,"
    else:
        does = f"{'answers' if runs else 'answered'} {share} itself, always the same ones,"
    until = "" if found.over_at is None else f" until {day(found.over_at)}"
    return f"{found.version} {does} {'from' if until else 'since'} {day(found.since)}{until}. Begun by {found.by}"


def tried_so_far(found: Tried) -> str:
    """Whether it agreed, and how it ended."""
    if not found.shadow:
        said = f"It {'has ' if found.over_at is None else ''}answered {many(found.cases, 'request')}."
    elif not found.cases:
        said = "No case has been compared."
    else:
        alike = _share_of(found.agreed or 0, found.cases)
        said = f"It said the same as the version in use in {alike} of {many(found.cases, 'case')}."
    if found.failed:
        said += f" For {many(found.failed, 'case')} it had no answer."
    return f"{said}{_over(found)}"


def _share_of(part: int, whole: int) -> str:
    """All and none are only said of all and none."""
    shown = f"{100 * part / whole:.1f}"
    if part < whole and shown == "100.0":
        return "more than 99.9 %"
    return f"{shown} %"


def _over(found: Tried) -> str:
    if found.over_how is None:
        return ""
    if found.over_how == "by hand":
        return f" Ended by {found.over_by}: “{found.over_why}”"
    return {
        "policy": f" It was ended by itself, for it did worse: {found.over_why}",
        "released": " It ended with going live.",
        "rejected": " It ended with being turned down.",
        "expired": " It ended when it became too old to go live.",
        "another": " It ended when another version went live.",
        "removed": " It ended when the project was removed.",
        "canary": " After that it was let answer a share itself.",
    }[found.over_how]


def waiting(found: Waiting) -> str:
    until = f"; it expires on {day(found.expires_at)}" if found.expires_at else ""
    verdict = _VERDICTS.get(found.verdict, "waits")
    return f"{found.version}, made on {day(found.made_at)}, {verdict}{until}"


@dataclass(frozen=True)
class ToldAlerts:
    """Alerts that say the same to people, as one: what heads them, and what each of them found."""

    severity: str
    head: str
    lines: tuple[str, ...]


def troubles(report: Report) -> tuple[ToldAlerts, ...]:
    """The incidents: what still goes on first, what needs action before what is worth watching."""
    groups: dict[tuple[bool, bool, str, str], list[ReportedAlert]] = {}
    for each in report.troubles:
        over = each.over_at is not None
        said = words.of_part(each.part, each.why)
        groups.setdefault((over, each.severity != "failing", each.version, said), []).append(each)
    return tuple(_told(said, group) for (*_, said), group in sorted(groups.items(), key=lambda each: each[0][:2]))


def _told(said: str, group: Sequence[ReportedAlert]) -> ToldAlerts:
    first = min(group, key=lambda each: each.since)
    state = "over" if first.over_at else f"since {day(first.since)}"
    said_first = words.heading(first.part, first.why).rstrip(".")
    head = f"{_BADLY[first.severity]}: {said_first} ({first.version}, {state})"
    lines = [line for each in group for line in [_detail(each, said)] if line]
    return ToldAlerts(first.severity, head, tuple(lines))


def _detail(found: ReportedAlert, said: str) -> str:
    """What an alert found, and what helps or why it is over; '' where the head says all."""
    parts = [] if found.why == said else [f"{found.why.rstrip('.')}."]
    if found.over_at is not None:
        lasted = length((found.over_at - found.since).total_seconds())
        return " ".join([*parts, f"Over after {lasted}: {found.over_why.rstrip('.') or 'it is found no more'}."])
    parts += [f"{found.taken_on_by} has taken it on."] if found.taken_on_by else []
    parts += [f"What helps: {found.act.rstrip('.')}."] if found.act else []
    return " ".join(parts)


def weakest_by(report: Report) -> str:
    whole = report.weakest[0].whole
    rows = f" of {report.weakest_of}" if report.weakest_of else ""
    of_all = f"; for all of these it is {number(whole)}" if whole is not None else ""
    return f"{capital(report.weakest_by)}, part by part{rows}{of_all}."


def part(found: Weakness) -> str:
    return number(found.value, digits(found.low, found.high))


def part_interval(found: Weakness) -> str:
    if found.low is None or found.high is None:
        return NOTHING
    decimals = digits(found.low, found.high)
    return f"{number(found.low, decimals)} to {number(found.high, decimals)}"


def work(report: Report) -> str:
    """``8 retrains went well, 1 did not; 96 looks at health went well.``"""
    if not report.work:
        return "No work was due."
    said = [_jobs(each.job, each.well, each.badly) for each in report.work]
    return f"{capital('; '.join(said))}."


def _jobs(job: str, well: int, badly: int) -> str:
    counted = jobs.counted(well + badly, jobs.of(job))
    if not badly:
        return f"{counted}, all well" if well > 1 else f"{counted}, which went well"
    return f"{counted}, {badly:,} of which did not end well"


def failure(found: Failure) -> str:
    return f"Run {found.run} ({found.job}) on {day(found.at)}"
