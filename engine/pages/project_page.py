"""A project's own page: the very report that is mailed, with the details of the newest look below it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from engine.clock import stamp
from engine.pages.frame import Live, framed, moment
from engine.pages.view import Shown
from engine.records import Deployment
from engine.reports import html, phrases, words
from engine.reports.html import Cell, Figure, Table
from engine.reports.records import ReportPeriod
from engine.reports.verdict import GLYPHS
from engine.text import plain, span
from engine.validation.words import number
from engine.vocabulary.metrics import more_is_better

if TYPE_CHECKING:
    from engine.monitoring.look_document import LookPart
    from engine.monitoring.look_parts import Slice, WeighedDrift

SLICES, COLUMNS = 8, 8
_BROKEN = ("lost column", "changed type")
_MOVED = {"large": "▲ much", "some": "△ somewhat", "lost column": "■ gone", "changed type": "■ of another kind"}
_DOES = {"worse": "▲ worse", "better": "● better", "same": "= alike", "cannot tell": "○ cannot tell"}
_PARTS = {
    "quality": "The data",
    "freshness": "How old the data is",
    "drift": "What comes in",
    "performance": "What it does",
    "calibration": "Stated chances",
    "bake": "Against the one before",
}


@dataclass(frozen=True)
class Choice:
    """A stretch of time to choose; the ``chosen`` one is no link."""

    name: str
    to: str
    chosen: bool


@dataclass(frozen=True)
class HealthPart:
    """A part of the newest look at its health."""

    word: str
    name: str
    said: str


@dataclass(frozen=True)
class Section:
    """What is looked at by whoever wants to know: shut until it is opened, and drawn in the order of its fields.

    ``entries`` are of a head and a line, ``links`` of an address, a name and a sentence.
    """

    name: str
    title: str
    aside: str = ""
    figures: Sequence[Figure] = ()
    said: str = ""
    parts: Sequence[HealthPart] | None = None
    table: Table | None = None
    below: str = ""
    entries: Sequence[tuple[str, str]] = ()
    links: Sequence[tuple[str, str, str]] = ()


def page(found: Shown, live: Live | None) -> str:
    """The whole page."""
    closer = [_lines, _look, _slices, _drift, _moves, _past, _kept] if found.newest else [_kept]
    sections = [section for each in closer if (section := each(found))]
    article = html.article(found.report)
    return framed(
        "project.html", found.report.title, live, **article, periods=_periods(found), sections=sections
    )  # fmt: skip


def _periods(found: Shown) -> list[Choice]:
    """Which stretches of time there are to choose from."""
    here, base = found.report.period, f"/projects/{quote(found.report.project)}"
    choices = [Choice("The last seven days", base, found.newest)]
    for name, period in zip(("Last week", "Last month"), found.whole, strict=True):
        chosen = (period.since, period.until) == (here.since, here.until)
        choices.append(Choice(name, f"{base}/{_query(period)}", chosen))
    if not any(each.chosen for each in choices):
        choices.append(Choice(here.name, "", True))
    return choices


def _query(period: ReportPeriod) -> str:
    return f"report?since={quote(stamp(period.since))}&until={quote(stamp(period.until))}"


def _lines(found: Shown) -> Section | None:
    """The figures that the report has in a table only, as lines over time."""
    others = [html.figure(each) for each in found.report.metrics[1:] if len(each.trend) > 1]
    return Section("lines", "The other figures over time", figures=others) if others else None


def _look(found: Shown) -> Section | None:
    look = found.look
    if look is None:
        return None
    known = f", the outcome of {look.labelled:,} of which is known" if look.labelled else ""
    seen = f"Of what had come in by {moment(look.as_of)}: {phrases.many(look.rows, 'case')}{known}; at {look.version}."
    parts = look.document.parts if look.document is not None else {}
    told = [HealthPart(_word(part), _PARTS.get(name, name), _hidden(found, part.why)) for name, part in parts.items()]
    day = phrases.day(look.as_of.astimezone(ZoneInfo(found.report.period.zone)))
    return Section("look", "The newest look at its health", day, said=seen, parts=told)


def _word(part: LookPart) -> str:
    return part.verdict if part.verdict in GLYPHS else "unknown"


def _hidden(found: Shown, said: str) -> str:
    """What is said, unless it is about a column that is nobody's business."""
    said = plain(said)
    if any(column and column in said for column in found.sensitive):
        return "It concerns a column that is not shown here."
    return f"{said.rstrip('.')}." if said else ""  # It may begin with the name of a column, which is told as it is.


def _slices(found: Shown) -> Section | None:
    """Where it does worse than elsewhere, on the rows of the newest look."""
    slices = found.look.document.slices if found.look and found.look.document else None
    listed = [each for each in slices.found if not _is_sensitive(found, each)] if slices else []
    if not slices or not listed:
        return None
    name = slices.metric
    metric = words.capital(plain(words.of_metric(found.spec.words, name), 400))
    good = "higher" if more_is_better(name) else "lower"
    rows = [
        (
            Cell(_part_of(found, each), breaks=True), _value(each), number(each.rest), f"{each.n:,}",
            _marked(each.verdict, _DOES),
        )
        for each in listed[:SLICES]
    ]  # fmt: skip
    table = Table(("Part", "here", "others", "cases", ""), rows, numbers=(1, 2, 3), wide=(3,))
    said = f"{metric}; {good} is better. Beside each part: all others."
    worse = sum(each.verdict == "worse" for each in listed)
    aside = f"{worse:,}" if worse else "none for sure"
    return Section("parts", "Parts that do worse than others", aside, said=said, table=table)


def _is_sensitive(found: Shown, part: Slice) -> bool:
    return any(each.column in found.sensitive for each in part.conditions)


def _part_of(found: Shown, part: Slice) -> str:
    told = (words.of_segment(found.spec.words, each.column, each.value) for each in part.conditions)
    return plain(" and ".join(told), 200)


def _value(part: Slice) -> Cell:
    low, high = part.low, part.high
    half = f" ±{number((high - low) / 2, 2)}" if low is not None and high is not None else ""
    return Cell(number(part.value), aside=half)


def _marked(verdict: str, told: Mapping[str, str], after: str = "") -> Cell:
    kind = "broken" if verdict in _BROKEN else verdict.replace(" ", "-")
    return Cell(after, mark=told.get(verdict, verdict), kind=f"mark {kind}")


def _drift(found: Shown) -> Section | None:
    """Which columns are not as they were when it learnt, the most important first."""
    columns = found.look.document.drift if found.look and found.look.document else ()
    shown = [each for each in columns if each.column not in found.sensitive]
    moved = sorted((each for each in shown if each.verdict in _MOVED), key=_how_far)
    if not shown:
        return None
    rows = [
        (
            Cell(plain(found.spec.words.get(each.column, each.column), 100), breaks=True),
            _marked(each.verdict, _MOVED, f": {_how(each)}"),
        )
        for each in moved[:COLUMNS]
    ]  # fmt: skip
    still = sum(each.verdict == "none" for each in shown)
    left = f" {len(moved) - COLUMNS} more have moved." if len(moved) > COLUMNS else ""
    said = f"{phrases.many(still, 'column')} {'is' if still == 1 else 'are'} as in training.{left}"
    table = Table(("What", "How it has moved"), rows) if rows else None
    aside = f"{len(moved):,} of {phrases.many(len(shown), 'column')}" if moved else "as in training"
    return Section("drift", "What comes in that is not like what it learnt from", aside, table=table, below=said)


def _how_far(column: WeighedDrift) -> tuple[bool, float]:
    """Broken ones, then by how much the model uses what moved where that is known, else by how far it moved."""
    return column.verdict not in _BROKEN, -(column.size or 0.0 if column.weight is None else column.weight)


def _how(column: WeighedDrift) -> str:
    """Its sentence without its name and the figures that only an expert reads."""
    said = plain(column.why).removeprefix(f"{plain(column.column, 60)}: ").rstrip(".")
    return ", ".join(part for part in said.split(", ") if not part.startswith(("PSI ", "on ")))


def _moves(found: Shown) -> Section | None:
    zone = ZoneInfo(found.report.period.zone)
    told = [(_move(each, zone), f"“{plain(each.reason, 1000)}”") for each in found.moves]
    return Section("moves", "All that went live", phrases.many(len(told), "move"), entries=told) if told else None


def _move(move: Deployment, zone: ZoneInfo) -> str:
    what = "went live" if move.kind == "release" else "was gone back to"
    return f"{move.label} {what} on {phrases.day(move.at.astimezone(zone))}, by {move.actor}"


def _past(found: Shown) -> Section | None:
    told, zone = [], ZoneInfo(found.report.period.zone)
    for each in found.past:
        assert each.resolved_at is not None
        lasted = span((each.resolved_at - each.since).total_seconds())
        said = _hidden(found, words.of_part(each.part, each.why)).rstrip(".")
        told.append((said, f"{each.version}, since {phrases.day(each.since.astimezone(zone))}, for {lasted}."))
    return Section("past", "Incidents that are over", f"{len(told)}", entries=told) if told else None


def _kept(found: Shown) -> Section | None:
    """Earlier reports, exactly as they were sent."""
    base = f"/projects/{quote(found.report.project)}/reports"
    links = [(f"{base}/{each.id}", each.period, plain(each.sentence, 400)) for each in found.kept]
    return Section("kept", "Earlier reports, as they were sent", f"{len(links)}", links=links) if links else None
