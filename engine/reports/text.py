"""A report as plain text for a terminal, a mail reader without HTML, or a file. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from engine.reports import phrases
from engine.reports.records import Measure, Report
from engine.reports.verdict import CHANGES, HEADS
from engine.reports.words import capital

WIDTH = 76


def text(report: Report) -> str:
    """The whole report, at most 76 characters wide where words allow."""
    return "\n".join(line.rstrip() for line in _lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _wrapped(report.title)
    yield from _wrapped(report.period.name)
    yield from ("", *_wrapped(f"{HEADS[report.verdict].upper()}. {report.sentence}"))
    if report.live is not None:
        yield from ("", *_wrapped(phrases.in_use(report)))
    yield from _metrics(report)
    yield from _money(report)
    yield from _section("What went live")
    for release in report.releases:
        yield from _entry(phrases.release(release), f"“{release.reason}”")
    for down in report.turned_down:
        yield from _entry(phrases.turned_down(down), f"“{down.reason}”")
    if not report.releases and not report.turned_down:
        yield "Nothing went live, and nothing was turned down."
    if report.tried:
        yield from _section("What is tried out")
    for tried in report.tried:
        yield from _entry(f"{phrases.tried(tried)}: “{tried.reason}”", phrases.tried_so_far(tried))
    yield from _section("What waits for a decision")
    for waiting in report.waiting:
        yield from _entry(phrases.waiting(waiting), waiting.sentence)
    if not report.waiting:
        yield "Nothing."
    yield from _section("Incidents")
    for told in phrases.troubles(report):
        yield from _wrapped(told.head, hang="  ")
        for line in told.lines:
            yield from _wrapped(line, indent="  ", hang="    ")
    if not report.troubles:
        yield "None."
    yield from _weakest(report)
    yield from _section("Work behind it")
    yield from _wrapped(phrases.work(report))
    for failure in report.failures:
        yield from _entry(phrases.failure(failure), failure.why)
    yield from ("", "-" * 20, *_wrapped(phrases.trail(report)))
    if report.audit_rows:
        yield report.audit_head


def _metrics(report: Report) -> Iterator[str]:
    if not report.metrics:
        return
    yield from _section("Key figures")
    for measure in report.metrics:
        yield from _wrapped(f"{capital(measure.words)}: {phrases.value(measure)}{_change(measure)}", hang="  ")
        for line in (measure.meaning, phrases.measured(measure) if measure is report.metrics[0] else ""):
            yield from _wrapped(line, indent="  ", hang="  ") if line else ()
        drawn = phrases.bars(measure.trend)
        if drawn:
            yield f"  {drawn}  {'higher' if measure.more_is_better else 'lower'} is better"


def _change(measure: Measure) -> str:
    said = CHANGES[measure.change]
    return f" ({said})" if said else ""


def _money(report: Report) -> Iterator[str]:
    if report.money is None:
        return
    yield from _section("What the decisions cost")
    yield f"{phrases.amount(report.money)(report.money.value)} for every 1,000 {report.money.decisions}"
    for line in phrases.costs(report.money):
        yield from _wrapped(line, indent="  ", hang="  ")


def _weakest(report: Report) -> Iterator[str]:
    if not report.weakest:
        return
    yield from _section("Where it does worst")
    yield from _wrapped(phrases.weakest_by(report))
    for each in report.weakest:
        interval = f", likely {phrases.part_interval(each)}" if each.low is not None else ""
        yield from _wrapped(f"{each.name}: {phrases.part(each)}{interval} ({each.n:,} cases)", indent="  ", hang="    ")


def _section(name: str) -> Iterator[str]:
    yield from ("", name, "-" * len(name))


def _entry(head: str, more: str) -> Iterator[str]:
    yield from _wrapped(head, hang="  ")
    yield from _wrapped(more, indent="  ", hang="  ") if more else ()


def _wrapped(line: str, indent: str = "", hang: str = "") -> list[str]:
    # A digest or an address stays whole: nobody can copy half of one.
    return textwrap.wrap(
        line, WIDTH, initial_indent=indent, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    ) or [""]
