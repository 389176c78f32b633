"""The first page: every project in a few words, those that need somebody first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape as _

from engine.pages.frame import Live, framed
from engine.pages.view import FrontPageProject
from engine.records import Verdict
from engine.reports import phrases, words
from engine.reports.html import GLYPHS
from engine.reports.verdict import HEADS
from engine.text import plain
from engine.validation.undefined import why
from engine.validation.words import number

_ORDER: tuple[Verdict, ...] = ("failing", "watch", "unknown", "ok")
_COUNTED: dict[Verdict, str] = {
    "failing": "need action",
    "watch": "are worth watching",
    "unknown": "cannot be told",
    "ok": "work as they should",
}
_ONE: dict[Verdict, str] = {
    "failing": "needs action",
    "watch": "is worth watching",
    "unknown": "cannot be told",
    "ok": "works as it should",
}


def page(found: Sequence[FrontPageProject], live: Live) -> str:
    """The page of all projects."""
    ordered = sorted(found, key=lambda each: (_ORDER.index(each.status.verdict), each.status.project.name))
    parts = [f"<header><h1>How they do</h1><p>{_(_counted(found))}</p></header>", *(_card(each) for each in ordered)]
    return framed("Models in production", parts, live)


def _counted(found: Sequence[FrontPageProject]) -> str:
    if not found:
        return "There is no project here yet."
    count = Counter(each.status.verdict for each in found)
    said = [f"{count[word]:,} {_ONE[word] if count[word] == 1 else _COUNTED[word]}" for word in _ORDER if count[word]]
    return f"Of {phrases.many(len(found), 'project')}, {phrases.people(said)}."


def _card(found: FrontPageProject) -> str:
    status = found.status
    word = status.verdict
    facts = "".join(f"<div><dt>{_(name)}</dt><dd>{told}</dd></div>" for name, told in _facts(found))
    return (
        f'<section class="card project {word}"><a href="/projects/{_(status.project.name)}">'
        f"<h2>{_(plain(status.project.title, 200) or status.project.name)}</h2>"
        f'<div class="state">{GLYPHS[word]} {HEADS[word]}</div>'
        f"{''.join(f'<p>{_(line)}</p>' for line in _why(found))}"
        f'<dl class="facts">{facts}</dl></a></section>'
    )


def _why(found: FrontPageProject) -> Iterator[str]:
    """Why it is not well, in words that need no metric; nothing where it is."""
    status = found.status
    if status.verdict == "ok":
        return
    worst = [each for each in found.alerts if each.severity == status.verdict]
    _, *others = list(dict.fromkeys(words.of_part(each.part, each.why) for each in worst)) or [""]
    first = words.heading(worst[0].part, worst[0].why) if worst else status.why
    yield f"{plain('; '.join([first, *others])).rstrip('.')}."


def _facts(found: FrontPageProject) -> Iterator[tuple[str, str]]:
    """Names and values; the values are HTML."""
    status, metric = found.status, found.status.metric
    if metric is not None:
        name = words.capital(plain(words.of_metric(found.spec.words, metric.name), 200))
        value, decimals = metric.value, words.digits(metric.low, metric.high)
        told = number(value, decimals) if value is not None else "not measured"
        line = _spark([point.value for point in status.history if point.value is not None])
        yield name, f'<div class="figure"><b>{_(told)}</b>{line}</div>{_on(found)}'
    if status.live_since is not None:
        yield "In use since", f"{_(phrases.day(status.live_since.astimezone(found.zone)))}<br>{_(status.live or '')}"
    if status.candidates:
        many = len(status.candidates)
        told = "1 new version waits" if many == 1 else f"{many} new versions wait"
        yield "To decide", f'<span class="waits">{told}</span>'


def _on(found: FrontPageProject) -> str:
    at = found.status.measured_at
    if at is not None:
        return _(f"on {phrases.day(at.astimezone(found.zone))}: {found.status.measured_on}")
    metric = found.status.metric
    return _(f"{words.capital(why(metric.name, metric.n).reason)}.") if metric is not None else ""


def _spark(values: Sequence[float]) -> str:
    """A line without axes: only which way it goes. Its values stand on the project's own page."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    room = (high - low) or 1.0
    places = [(4 + 102 * i / (len(values) - 1), 26 - 22 * (each - low) / room) for i, each in enumerate(values)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return (
        f'<svg class="spark" viewBox="0 0 110 30" role="img" aria-label="how it went"><polyline class="line" '
        f'points="{points}"/><circle class="now" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/></svg>'
    )
