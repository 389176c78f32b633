"""A report as one page of HTML that needs nothing else: no script, no picture, no style from elsewhere. Pure.

What a page looks like is in ``templates/``, where every text is escaped; here is what is put into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.reports import phrases, words
from engine.reports.charts import Chart, line_chart
from engine.reports.records import Measure, Money, Report
from engine.reports.rendering import rendered
from engine.reports.verdict import CHANGES


@dataclass(frozen=True)
class Cell:
    """``mark``: a word that stands out before ``text``, in the class ``kind``. ``aside`` is left out on a narrow
    screen. A text that ``breaks`` may go on in the next line after each ``_``."""

    text: str = ""
    mark: str = ""
    kind: str = ""
    aside: str | None = None
    breaks: bool = False


@dataclass(frozen=True)
class Table:
    """Of cells that are texts or more. ``numbers`` and ``wide`` are places of columns; wide ones are left out on a
    narrow screen."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    numbers: tuple[int, ...] = ()
    wide: tuple[int, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A metric with its line over time."""

    measure: Measure
    tag: Cell
    chart: Chart | None


def page(report: Report) -> str:
    """The whole page."""
    return rendered("report.html", **article(report))


def article(report: Report) -> dict[str, Any]:
    """What ``article.html`` and ``foot.html`` are given."""
    went = [(phrases.release(each), f"“{each.reason}”") for each in report.releases]
    turned_down = [(phrases.turned_down(each), f"“{each.reason}”") for each in report.turned_down]
    return {
        "report": report,
        "measured": [figure(each) for each in report.metrics[:1]],
        "others": _others(report.metrics[1:]),
        "costs": _costs(report.money),
        "moved": [*went, *turned_down],
        "tried": [(f"{phrases.tried(each)}: “{each.reason}”", phrases.tried_so_far(each)) for each in report.tried],
        "waiting": [(phrases.waiting(each), each.sentence) for each in report.waiting],
        "weakest": _weakest(report),
        "failures": [(phrases.failure(each), each.why) for each in report.failures],
    }


def figure(measure: Measure) -> Figure:
    """A metric as it is shown by itself."""
    title = f"{words.capital(measure.words)}, over time"
    said = phrases.trend(measure.trend, phrases.writer(measure))
    return Figure(measure, _tag(measure), line_chart(measure.trend, title, said, measure.limit))


def _tag(measure: Measure) -> Cell:
    return Cell(mark=CHANGES[measure.change], kind=f"tag {measure.change.replace(' ', '-')}")


def _others(metrics: Sequence[Measure]) -> Table | None:
    rows = [
        (words.capital(each.words), phrases.value(each), phrases.before(each), _tag(each)) for each in metrics
    ]  # fmt: skip
    return Table(("Also measured", "now", "before", ""), rows, numbers=(1, 2), wide=(2,)) if rows else None


def _costs(money: Money | None) -> Chart | None:
    if money is None:
        return None
    title = f"Cost for every 1,000 {money.decisions}, over time"
    return line_chart(money.trend, title, phrases.trend(money.trend, phrases.amount(money)))


def _weakest(report: Report) -> Table:
    sure = any(each.low is not None for each in report.weakest)
    heads = ["Part", "value", *(["likely between"] if sure else []), "cases"]
    rows = [
        (each.name, phrases.part(each), *([phrases.part_interval(each)] if sure else []), f"{each.n:,}")
        for each in report.weakest
    ]
    return Table(heads, rows, numbers=(1, 2, 3), wide=(2,) if sure else ())
