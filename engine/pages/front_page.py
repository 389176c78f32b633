"""The first page: every project in a few words, those that need somebody first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.pages.frame import Live, framed
from engine.pages.view import FrontPageProject
from engine.records import Verdict
from engine.reports import phrases, words
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


@dataclass(frozen=True)
class CardMetric:
    """``spark``: the corners of a small line, "" for none; ``on``: which rows it was measured on."""

    name: str
    value: str
    spark: Sequence[tuple[str, str]]
    on: str


@dataclass(frozen=True)
class ProjectCard:
    """A project as ``front.html`` shows it; what is "" or None is left out."""

    name: str
    title: str
    verdict: Verdict
    why: Sequence[str]
    metric: CardMetric | None
    since: str
    live: str
    waits: str


def page(found: Sequence[FrontPageProject], live: Live) -> str:
    """The page of all projects."""
    ordered = sorted(found, key=lambda each: (_ORDER.index(each.status.verdict), each.status.project.name))
    cards = [_card(each) for each in ordered]
    return framed("front.html", "Models in production", live, counted=_counted(found), cards=cards)


def _counted(found: Sequence[FrontPageProject]) -> str:
    if not found:
        return "There is no project here yet."
    count = Counter(each.status.verdict for each in found)
    said = [f"{count[word]:,} {_ONE[word] if count[word] == 1 else _COUNTED[word]}" for word in _ORDER if count[word]]
    return f"Of {phrases.many(len(found), 'project')}, {phrases.people(said)}."


def _card(found: FrontPageProject) -> ProjectCard:
    status = found.status
    many = len(status.candidates)
    return ProjectCard(
        name=status.project.name,
        title=plain(status.project.title, 200) or status.project.name,
        verdict=status.verdict,
        why=tuple(_why(found)),
        metric=_metric(found),
        since=phrases.day(status.live_since.astimezone(found.zone)) if status.live_since is not None else "",
        live=status.live or "",
        waits="1 new version waits" if many == 1 else f"{many} new versions wait" if many else "",
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


def _metric(found: FrontPageProject) -> CardMetric | None:
    status, metric = found.status, found.status.metric
    if metric is None:
        return None
    name = words.capital(plain(words.of_metric(found.spec.words, metric.name), 200))
    value, decimals = metric.value, words.digits(metric.low, metric.high)
    told = number(value, decimals) if value is not None else "not measured"
    return CardMetric(name, told, _spark([each.value for each in status.history if each.value is not None]), _on(found))


def _on(found: FrontPageProject) -> str:
    at = found.status.measured_at
    if at is not None:
        return f"on {phrases.day(at.astimezone(found.zone))}: {found.status.measured_on}"
    metric = found.status.metric
    return f"{words.capital(why(metric.name, metric.n).reason)}." if metric is not None else ""


def _spark(values: Sequence[float]) -> list[tuple[str, str]]:
    if len(values) < 2:
        return []
    low, high = min(values), max(values)
    room = (high - low) or 1.0
    places = [(4 + 102 * i / (len(values) - 1), 26 - 22 * (each - low) / room) for i, each in enumerate(values)]
    return [(f"{x:.1f}", f"{y:.1f}") for x, y in places]
