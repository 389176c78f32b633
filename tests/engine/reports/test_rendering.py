"""The page and the text: nothing in data can become markup, nothing comes from elsewhere, charts are well-formed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError

from engine.records import Verdict
from engine.reports import charts, html, rendering, text, words
from engine.reports.records import Dot, Report
from engine.vocabulary.metrics import METRICS
from tests.engine.reports.worlds import MANIFEST, NOW, WEEK, lived_in

ENGINE = Path(rendering.__file__).parents[1]
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x'"
    " & {{ 7*7 }} {% x %} {# \x1b[31m\u202e\r\nBcc: a@b.org"
)
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "p", "section", "b", "div",
    "strong", "span", "table", "tr", "th", "td", "footer", "code", "svg", "desc", "line", "text", "polygon", "polyline",
    "circle",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "name", "content", "class", "viewbox", "role", "aria-label", "x", "y", "x1", "x2", "y1", "y2",
    "dy", "text-anchor", "points", "cx", "cy", "r",
}  # fmt: skip
VOID = {"meta"}
COSTS = {"currency": "<b>USD", "false_alarm": 4.0, "missed": 25.0}


class Reader(HTMLParser):
    """Which elements and attributes a browser sees, and whether each is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def seen(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def hostile(home: Path) -> Report:
    world = lived_in(
        home,
        project={**MANIFEST["project"], "title": HOSTILE},
        data={"purpose": HOSTILE},
        report={"words": {"roc_auc": HOSTILE, "carrier": HOSTILE, "1": HOSTILE, "decisions": HOSTILE}, "costs": COSTS},
    )
    world.alert(NOW - timedelta(hours=5), "failing", HOSTILE, number=3)
    world.run(NOW - timedelta(hours=4), state="failed", why=HOSTILE)
    world.deploy(NOW - timedelta(hours=3), 1, "rollback", why=HOSTILE)
    world.deploy(NOW - timedelta(hours=2), 3, why=HOSTILE)
    return world.report()


def test_a_page_holds_no_markup_but_its_own_whatever_is_in_the_data(home: Path) -> None:
    for report in (lived_in(home).report(), hostile(home.with_name("hostile"))):
        found = seen(html.page(report))
        assert found.tags <= TAGS
        assert found.attributes <= ATTRIBUTES


def test_hostile_texts_are_still_readable_and_obey_no_terminal(home: Path) -> None:
    report = hostile(home)
    page, said = html.page(report), text.text(report)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" in said
    assert "{{ 7*7 }} {% x %} {#" in page, "what is in the data is never a template"
    for rendered in (page, said):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", rendered)


def test_a_page_needs_nothing_from_elsewhere(home: Path) -> None:
    page = html.page(lived_in(home).report())
    assert not re.search(r"https?:|url\(|@import|src=|href=", page)


def test_a_page_is_made_for_paper_phones_and_dark_rooms(home: Path) -> None:
    page = html.page(lived_in(home).report())
    for needed in ("@media print", "@media(max-width:520px)", "prefers-color-scheme:dark", "width=device-width"):
        assert needed in page


@pytest.mark.parametrize("verdict", ["ok", "watch", "failing", "unknown"])
def test_a_verdict_has_a_glyph_and_a_word_beside_its_colour(home: Path, verdict: Verdict) -> None:
    page = html.page(replace(lived_in(home).report(), verdict=verdict))
    assert re.search(rf'verdict {verdict}"><b>[●▲■○] [A-Z][a-z]+', page)


def test_text_keeps_to_its_width_and_names_everything(home: Path) -> None:
    said = text.text(lived_in(home).report())
    assert max(map(len, said.splitlines())) <= text.WIDTH
    for section in ("Key figures", "What went live", "What waits", "Incidents", "Where it does worst", "Work behind"):
        assert f"\n{section}" in said
    assert "Approved by chen “better on the coast”" in " ".join(said.split())


def dots(*values: float, width: float | None = 0.02) -> list[Dot]:
    return [
        Dot(NOW + week * WEEK, value, value - width if width else None, value + width if width else None, f"p@{week}")
        for week, value in enumerate(values)
    ]


def drawing(chart: charts.Chart | None) -> str:
    return str(rendering.environment(rendering.FOLDER).get_template("parts.html").module.drawn(chart)).strip()


@pytest.mark.parametrize(
    "line",
    [
        dots(0.7, 0.72, 0.69),
        dots(0.7, 0.7, width=None),
        dots(0.0, 0.0),
        dots(1e9, 2e9),
        dots(-1e-9, 1e-9, width=None),
        dots(*[0.7 + week / 1000 for week in range(26)]),
        [*dots(0.7, 0.8), *dots(0.6, width=None)][:2],
        [dots(0.7)[0], dots(0.71)[0]],
    ],
)
def test_a_chart_is_well_formed_and_draws_inside_its_frame(line: list[Dot]) -> None:
    drawn = ElementTree.fromstring(drawing(charts.line_chart(line, "a <title>", "a & description", 0.65)))
    assert drawn.findtext("title") == "a <title>"
    assert drawn.findtext("desc") == "a & description"
    places = [
        (float(x), float(y))
        for each in drawn.iter()
        for point in each.get("points", "").split()
        for x, y in [point.split(",")]
    ]
    assert len(places) >= len(line)
    assert all(0 <= x <= charts.WIDTH and 0 <= y <= charts.HEIGHT for x, y in places)
    assert len([each for each in drawn.iter("circle") if each.get("class") == "now"]) == 1


def test_a_chart_of_one_point_is_none_and_a_far_limit_does_not_flatten_the_line() -> None:
    assert charts.line_chart(dots(0.7), "t", "d") is None
    assert drawing(None) == ""
    assert "limit" not in drawing(charts.line_chart(dots(0.7, 0.71), "t", "d", 0.1))
    assert "limit" in drawing(charts.line_chart(dots(0.7, 0.71), "t", "d", 0.65))


def test_nothing_is_put_into_a_page_unescaped_and_a_missing_name_is_an_error() -> None:
    found = [path for room in ("reports", "pages") for path in sorted((ENGINE / room / "templates").glob("*.html"))]
    assert len(found) > 7
    for path in found:
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text("utf-8")), path.name
    wrong = [path.name for path in ENGINE.rglob("*.py") if re.search(r"\bMarkup\b|autoescape=False", path.read_text())]
    assert wrong == []
    with pytest.raises(UndefinedError):
        rendering.rendered("note.html", title="t")


def test_every_metric_has_words_and_a_meaning() -> None:
    for name in METRICS:
        assert words.of_metric({}, name) != name
        assert words.meaning(name, 0.5).endswith(".")
    assert words.of_metric({"mae": "how far off"}, "mae") == "how far off"
    assert words.meaning("roc_auc", 0.724).startswith("Of 100 pairs, one of each outcome, 72 ")
    assert words.meaning("roc_auc", 0.047).endswith("This is worse than guessing.")
    assert words.meaning("r2", -0.2).startswith("Worse than always saying the mean")
    assert words.meaning("roc_auc", None) == words.meaning("unheard-of", 1.0) == ""
