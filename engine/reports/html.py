"""A report as one page of HTML that needs nothing else: no script, no picture, no style from elsewhere. Pure.

Every text goes through ``_`` (escape) on its way into the page; nothing else makes text of data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape as _

from engine.reports import phrases, words
from engine.reports.charts import line_chart
from engine.reports.records import Dot, Measure, Money, Report
from engine.reports.style import STYLE
from engine.reports.verdict import CHANGES, HEADS

GLYPHS = {"ok": "●", "watch": "▲", "failing": "■", "unknown": "○"}


def page(report: Report) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_(report.title)}: {_(report.period.name)}</title>\n<style>\n{STYLE}\n</style></head>\n"
        f"<body><main>\n{article(report)}\n</main></body></html>\n"
    )


def article(report: Report, more: Sequence[str] = ()) -> str:
    """What stands in the page, for a page that somebody else frames; ``more`` is HTML that stands before its foot."""
    parts = [
        *_head(report), *_metrics(report), *_money(report), *_releases(report), *_waiting(report),
        *_troubles(report), *_weakest(report), *_work(report), *more, *_foot(report),
    ]  # fmt: skip
    return "\n".join(parts)


def _head(report: Report) -> Iterator[str]:
    yield f"<header><p>{_(report.period.name)}</p><h1>{_(report.title)}</h1>"
    yield (f"<p>{_(report.purpose)}</p>" if report.purpose else "") + "</header>"
    head = f"{GLYPHS[report.verdict]} {HEADS[report.verdict]}"
    yield f'<section class="card verdict {report.verdict}"><b>{head}</b>{_(report.sentence)}</section>'
    if report.live is not None:
        yield f'<p class="soft">{_(phrases.in_use(report))}</p>'


def _metrics(report: Report) -> Iterator[str]:
    if report.metrics:
        yield "<h2>Key figures</h2>"
        yield figure(report.metrics[0])
    others = report.metrics[1:]
    if others:
        rows = [
            (f"{_(words.capital(each.words))}", _(phrases.value(each)), _(phrases.before(each)), _tag(each))
            for each in others
        ]
        yield table(("Also measured", "now", "before", ""), rows, numbers=(1, 2), wide=(2,))


def figure(measure: Measure) -> str:
    """A metric with its value, what it means and its line over time."""
    write = phrases.writer(measure)
    title = f"{words.capital(measure.words)}, over time"
    chart = line_chart(measure.trend, title, phrases.trend(measure.trend, write), measure.limit)
    said = [
        f'<section class="card"><h3>{_(words.capital(measure.words))}</h3>',
        f'<div class="figure"><strong>{_(phrases.value(measure))}</strong>{_tag(measure)}</div>',
        *(f"<p>{_(line)}</p>" for line in [measure.meaning] if line),
        f'<p class="soft">{_(phrases.measured(measure))}</p>',
        chart,
        f'<p class="soft">{_(phrases.chart_words(measure))}</p>' if chart else "",
    ]
    return "".join(said) + "</section>"


def _tag(measure: Measure) -> str:
    if not CHANGES[measure.change]:
        return ""
    return f'<span class="tag {_(measure.change.replace(" ", "-"))}">{_(CHANGES[measure.change])}</span>'


def _money(report: Report) -> Iterator[str]:
    money = report.money
    if money is None:
        return
    write = phrases.amount(money)
    yield "<h2>What the decisions cost</h2>"
    yield (
        f'<section class="card"><h3>For every 1,000 {_(money.decisions)}</h3>'
        f'<div class="figure"><strong>{_(write(money.value))}</strong></div>'
        f"{''.join(f'<p>{_(line)}</p>' for line in phrases.costs(money))}"
        f"{_cost_chart(money.trend, money, write)}</section>"
    )


def _cost_chart(dots: tuple[Dot, ...], money: Money, write: Callable[[float], str]) -> str:
    title = f"Cost for every 1,000 {money.decisions}, over time"
    return line_chart(dots, title, phrases.trend(dots, write))


def _releases(report: Report) -> Iterator[str]:
    yield "<h2>What went live</h2>"
    told = [(phrases.release(each), f"“{each.reason}”") for each in report.releases]
    told += [(phrases.turned_down(each), f"“{each.reason}”") for each in report.turned_down]
    yield listed(told, "Nothing went live, and nothing was turned down.")


def _waiting(report: Report) -> Iterator[str]:
    yield "<h2>What waits for a decision</h2>"
    yield listed([(phrases.waiting(each), each.sentence) for each in report.waiting], "Nothing.")


def _troubles(report: Report) -> Iterator[str]:
    yield "<h2>Incidents</h2>"
    for each in phrases.troubles(report):
        lines = "".join(f"<p>{_(line)}</p>" for line in each.lines)
        yield f'<section class="card verdict small {_(each.severity)}"><b>{_(each.head)}</b>{lines}</section>'
    if not report.troubles:
        yield '<p class="soft">None.</p>'


def _weakest(report: Report) -> Iterator[str]:
    if not report.weakest:
        return
    yield "<h2>Where it does worst</h2>"
    sure = any(each.low is not None for each in report.weakest)
    heads = ["Part", "value", *(["likely between"] if sure else []), "cases"]
    rows = [
        (each.name, phrases.part(each), *([phrases.part_interval(each)] if sure else []), f"{each.n:,}")
        for each in report.weakest
    ]
    yield f'<p class="soft">{_(phrases.weakest_by(report))}</p>'
    yield table(heads, [[_(cell) for cell in row] for row in rows], numbers=(1, 2, 3), wide=(2,) if sure else ())


def _work(report: Report) -> Iterator[str]:
    yield "<h2>Work behind it</h2>"
    yield f"<p>{_(phrases.work(report))}</p>"
    if report.failures:
        yield listed([(phrases.failure(each), each.why) for each in report.failures], "")


def _foot(report: Report) -> Iterator[str]:
    yield f"<footer><p>{_(phrases.trail(report))}</p>"
    if report.audit_rows:
        yield f"<p><code>{_(report.audit_head)}</code></p><p>“leverframe audit --verify” follows the trail to it.</p>"
    yield "</footer>"


def listed(entries: Sequence[tuple[str, str]], nothing: str) -> str:
    """Entries of a head and a line below it, both text; ``nothing`` says that there are none."""
    if not entries:
        return f'<p class="soft">{_(nothing)}</p>'
    told = "".join(f"<div><h3>{_(head)}</h3><p>{_(more)}</p></div>" for head, more in entries)
    return f'<section class="card list">{told}</section>'


def table(
    heads: Iterable[str], rows: Iterable[Iterable[str]], *, numbers: tuple[int, ...], wide: tuple[int, ...]
) -> str:
    """Cells are HTML already. ``wide`` columns are left out on a narrow screen."""

    def cells(row: Iterable[str], tag: str) -> str:
        return "".join(
            f'<{tag} class="{"n " if index in numbers else ""}{"wide" if index in wide else ""}">{cell}</{tag}>'
            for index, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="card"><table><tr>{cells(heads, "th")}</tr>{body}</table></div>'
