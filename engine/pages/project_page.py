"""A project's own page: the very report that is mailed, with the details of the newest look below it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape as _
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from engine.clock import stamp
from engine.pages.frame import Live, framed, moment
from engine.pages.view import Shown
from engine.records import Deployment
from engine.reports import html, phrases, words
from engine.reports.records import ReportPeriod
from engine.text import plain, span
from engine.validation.words import number

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


def page(found: Shown, live: Live | None) -> str:
    """The whole page."""
    report = found.report
    closer = [_lines, _look, _slices, _drift, _moves, _past, _kept] if found.newest else [_kept]
    more = [part for each in closer if (part := each(found))]
    head = ["<h2>Look closer</h2>"] if more else []
    way = f'<a href="/">All projects</a> › {_(report.title)}'
    return framed(report.title, [_periods(found), html.article(report, [*head, *more])], live, way)


def _more(name: str, title: str, aside: str, parts: Iterable[str]) -> str:
    """What is looked at by whoever wants to know; '' where there is nothing. ``parts`` are HTML."""
    body = "".join(parts)
    if not body:
        return ""
    head = f"<summary>{_(title)}{f'<span>{_(aside)}</span>' if aside else ''}</summary>"
    return f'<details class="card more" id="{name}">{head}<div>{body}</div></details>'


def _periods(found: Shown) -> str:
    """Which stretches of time there are to choose from; the one that is shown is no link."""
    here, base = found.report.period, f"/projects/{quote(found.report.project)}"
    choices = [("The last seven days", base, found.newest)]
    for name, period in zip(("Last week", "Last month"), found.whole, strict=True):
        choices.append((name, f"{base}/{_query(period)}", (period.since, period.until) == (here.since, here.until)))
    if not any(chosen for *_rest, chosen in choices):
        choices.append((here.name, "", True))
    told = (f"<li><b>{_(name)}</b></li>" if chosen else f'<li><a href="{_(to)}">{_(name)}</a></li>'
            for name, to, chosen in choices)  # fmt: skip
    return f'<ul class="periods">{"".join(told)}</ul>'


def _query(period: ReportPeriod) -> str:
    return f"report?since={quote(stamp(period.since))}&until={quote(stamp(period.until))}"


def _lines(found: Shown) -> str:
    """The figures that the report has in a table only, as lines over time."""
    others = [each for each in found.report.metrics[1:] if len(each.trend) > 1]
    return _more("lines", "The other figures over time", "", map(html.figure, others))


def _look(found: Shown) -> str:
    look = found.look
    if look is None:
        return ""
    known = f", the outcome of {look.labelled:,} of which is known" if look.labelled else ""
    seen = f"Of what had come in by {moment(look.as_of)}: {phrases.many(look.rows, 'case')}{known}; at {look.version}."
    parts: Mapping[str, Any] = (look.document or {}).get("parts", {})
    told = (
        f'<li class="{_(_word(part))}"><b>{html.GLYPHS[_word(part)]} {_(_PARTS.get(name, name))}</b> '
        f"{_(_hidden(found, str(part.get('why', ''))))}</li>"
        for name, part in parts.items()
    )
    body = [f'<p class="soft">{_(seen)}</p>', f'<ul class="parts">{"".join(told)}</ul>']
    return _more(
        "look",
        "The newest look at its health",
        phrases.day(look.as_of.astimezone(ZoneInfo(found.report.period.zone))),
        body,
    )


def _word(part: Mapping[str, Any]) -> Any:
    return part.get("verdict") if part.get("verdict") in html.GLYPHS else "unknown"


def _hidden(found: Shown, said: str) -> str:
    """What is said, unless it is about a column that is nobody's business."""
    said = plain(said)
    if any(column and column in said for column in found.sensitive):
        return "It concerns a column that is not shown here."
    return f"{said.rstrip('.')}." if said else ""  # It may begin with the name of a column, which is told as it is.


def _slices(found: Shown) -> str:
    """Where it does worse than elsewhere, on the rows of the newest look."""
    slices = (found.look.document or {}).get("slices") if found.look else None
    listed = [each for each in (slices or {}).get("found") or () if not _is_sensitive(found, each)]
    if not slices or not listed:
        return ""
    name = str(slices["metric"])
    metric = words.capital(plain(words.of_metric(found.spec.words, name), 400))
    good = "higher" if words.more_is_better(name) else "lower"
    rows = [
        (
            _breakable(_part_of(found, each)), _value(each), _(number(each.get("rest"))), f"{int(each['n']):,}",
            _marked(each["verdict"], _DOES),
        )
        for each in listed[:SLICES]
    ]  # fmt: skip
    table = html.table(("Part", "here", "others", "cases", ""), rows, numbers=(1, 2, 3), wide=(3,))
    said = f'<p class="soft">{_(metric)}; {good} is better. Beside each part: all others.</p>'
    worse = sum(each["verdict"] == "worse" for each in listed)
    return _more("parts", "Parts that do worse than others", f"{worse:,}" if worse else "none for sure", [said, table])


def _is_sensitive(found: Shown, part: Mapping[str, Any]) -> bool:
    return any(str(each["column"]) in found.sensitive for each in part["conditions"])


def _part_of(found: Shown, part: Mapping[str, Any]) -> str:
    told = (words.of_segment(found.spec.words, str(each["column"]), str(each["value"])) for each in part["conditions"])
    return plain(" and ".join(told), 200)


def _breakable(name: str) -> str:
    """As HTML: a long name of a column may go on in the next line."""
    return _(name).replace("_", "_<wbr>")


def _value(part: Mapping[str, Any]) -> str:
    """As HTML: how sure it is is left out on a narrow screen."""
    low, high = part.get("low"), part.get("high")
    half = f" ±{number((high - low) / 2, 2)}" if low is not None and high is not None else ""
    return f'{_(number(part.get("value")))}<span class="wide">{_(half)}</span>'


def _marked(verdict: str, told: Mapping[str, str]) -> str:
    kind = "broken" if verdict in _BROKEN else verdict.replace(" ", "-")
    return f'<span class="mark {_(kind)}">{_(told.get(verdict, verdict))}</span>'


def _drift(found: Shown) -> str:
    """Which columns are not as they were when it learnt, the most important first."""
    columns = (found.look.document or {}).get("drift", ()) if found.look else ()
    shown = [each for each in columns if str(each["column"]) not in found.sensitive]
    moved = sorted((each for each in shown if each["verdict"] in _MOVED), key=_how_far)
    if not shown:
        return ""
    rows = [
        (
            _breakable(plain(found.spec.words.get(str(each["column"]), str(each["column"])), 100)),
            f"{_marked(each['verdict'], _MOVED)}: {_(_how(each))}",
        )
        for each in moved[:COLUMNS]
    ]  # fmt: skip
    still = sum(each["verdict"] == "none" for each in shown)
    left = f" {len(moved) - COLUMNS} more have moved." if len(moved) > COLUMNS else ""
    said = f"{phrases.many(still, 'column')} {'is' if still == 1 else 'are'} as in training.{left}"
    body = [
        html.table(("What", "How it has moved"), rows, numbers=(), wide=()) if rows else "",
        f'<p class="soft">{said}</p>',
    ]
    aside = f"{len(moved):,} of {phrases.many(len(shown), 'column')}" if moved else "as in training"
    return _more("drift", "What comes in that is not like what it learnt from", aside, body)


def _how_far(column: Mapping[str, Any]) -> tuple[bool, float]:
    """Broken ones, then by how much the model uses what moved where that is known, else by how far it moved."""
    weight = column.get("weight")
    return column["verdict"] not in _BROKEN, -float(column.get("size") or 0.0 if weight is None else weight)


def _how(column: Mapping[str, Any]) -> str:
    """Its sentence without its name and the figures that only an expert reads."""
    said = plain(str(column["why"])).removeprefix(f"{plain(str(column['column']), 60)}: ").rstrip(".")
    return ", ".join(part for part in said.split(", ") if not part.startswith(("PSI ", "on ")))


def _moves(found: Shown) -> str:
    zone = ZoneInfo(found.report.period.zone)
    told = [(_move(each, zone), f"“{plain(each.reason, 1000)}”") for each in found.moves]
    return _more(
        "moves", "All that went live", phrases.many(len(told), "move"), [html.listed(told, "")] if told else []
    )


def _move(move: Deployment, zone: ZoneInfo) -> str:
    what = "went live" if move.kind == "release" else "was gone back to"
    return f"{move.label} {what} on {phrases.day(move.at.astimezone(zone))}, by {move.actor}"


def _past(found: Shown) -> str:
    told, zone = [], ZoneInfo(found.report.period.zone)
    for each in found.past:
        assert each.resolved_at is not None
        lasted = span((each.resolved_at - each.since).total_seconds())
        said = _hidden(found, words.of_part(each.part, each.why)).rstrip(".")
        told.append((said, f"{each.version}, since {phrases.day(each.since.astimezone(zone))}, for {lasted}."))
    return _more("past", "Incidents that are over", f"{len(told)}", [html.listed(told, "")] if told else [])


def _kept(found: Shown) -> str:
    """Earlier reports, exactly as they were sent."""
    base = f"/projects/{quote(found.report.project)}/reports"
    told = "".join(
        f'<div><h3><a href="{base}/{each.id}">{_(each.period)}</a></h3><p>{_(plain(each.sentence, 400))}</p></div>'
        for each in found.kept
    )
    body = [f'<section class="card list">{told}</section>'] if told else []
    return _more("kept", "Earlier reports, as they were sent", f"{len(found.kept)}", body)
