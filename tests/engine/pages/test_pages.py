"""What the pages say, and that nothing in the data becomes markup or shows a column that is nobody's business."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.pages import frame, front_page, project_page
from engine.pages.frame import Live
from engine.pages.view import open_view
from tests.engine.pages.places import SECRET, looked_at
from tests.engine.reports.test_rendering import ATTRIBUTES, HOSTILE, TAGS, VOID, Reader
from tests.engine.reports.worlds import MANIFEST, NOW, WEEK, lived_in

LIVE = Live("/changed", "abc", NOW)
OURS = TAGS | {
    "nav",
    "a",
    "link",
    "script",
    "noscript",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "details",
    "summary",
    "br",
    "wbr",
}
GIVEN = ATTRIBUTES | {
    "href", "rel", "type", "src", "defer", "id", "http-equiv", "data-changed", "data-marker", "data-every",
}  # fmt: skip


def seen(page: str) -> Reader:
    VOID.update({"link", "br", "wbr"})
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def pages(home: Path) -> list[str]:
    """Both pages of a project whose every text is hostile."""
    world = looked_at(
        home,
        HOSTILE,
        HOSTILE,
        project={**MANIFEST["project"], "title": HOSTILE},
        data={"purpose": HOSTILE},
        report={"words": {"roc_auc": HOSTILE, "carrier": HOSTILE}},
    )
    world.alert(NOW - WEEK, "failing", HOSTILE, number=3)
    world.alert(NOW - 2 * WEEK, "watch", HOSTILE + "2", NOW - WEEK, number=3)
    view = open_view(home)
    shown = [front_page.page(view.front(NOW), LIVE), project_page.page(view.project("flights", NOW), LIVE)]
    view.close()
    return shown


def test_pages_hold_no_markup_but_their_own_whatever_is_in_the_data(pages: list[str]) -> None:
    for page in [*pages, frame.said("Title", HOSTILE), frame.let_in(HOSTILE)]:
        found = seen(page)
        assert found.tags <= OURS
        assert found.attributes <= GIVEN
        assert "{{ 7*7 }}" in page
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page.replace(HOSTILE, ""))


def test_pages_load_what_lies_on_this_server_and_name_no_other_place(pages: list[str]) -> None:
    for page in pages:
        assert not re.search(r"(?:src|href)=\"(?!/)", page)
        assert "style=" not in page and "<style" not in page


def test_a_sensitive_column_is_on_no_page_neither_by_name_nor_by_value(home: Path) -> None:
    looked_at(home, data={"sensitive": [SECRET]})
    view = open_view(home)
    page = project_page.page(view.project("flights", NOW), LIVE)
    view.close()
    assert SECRET not in page
    assert "It concerns a column that is not shown here." in page
    assert "carrier" in page


def test_the_front_page_says_each_project_in_words_and_the_ones_that_need_somebody_first(home: Path) -> None:
    world = looked_at(home)
    world.alert(NOW - WEEK, "failing", "psi 3.2", number=3, part="drift")
    view = open_view(home)
    page = front_page.page(view.front(NOW), LIVE)
    view.close()
    assert "Late arrivals" in page and "■ Needs action" in page
    assert "What comes in is no longer like what it learnt from." in page and "psi 3.2" not in page
    assert "How well the outcomes are told apart" in page
    assert "1 new version waits" in page


def test_a_workspace_without_projects_says_so(home: Path) -> None:
    assert "There is no project here yet." in front_page.page((), LIVE)


def test_a_project_page_is_the_report_with_what_lies_behind_it(home: Path) -> None:
    looked_at(home)
    view = open_view(home)
    page = project_page.page(view.project("flights", NOW), LIVE)
    view.close()
    for told in ("Key figures", "What went live", "Look closer", "Parts that do worse", "All that went live"):
        assert told in page
    assert "EV came" in page and "PSI" not in page
    assert "Last week" in page and "Last month" in page


def test_a_past_period_shows_its_report_and_not_the_newest_look(home: Path) -> None:
    looked_at(home)
    view = open_view(home)
    page = project_page.page(view.project("flights", NOW, (NOW - 3 * WEEK, NOW - 2 * WEEK)), None)
    view.close()
    assert "2 November 2026" in page
    assert "Parts that do worse" not in page and "data-changed" not in page


def test_what_is_served_cannot_be_written_to_by_anybody_who_holds_it(home: Path) -> None:
    import sqlite3

    from engine.errors import Refusal

    lived_in(home)
    view = open_view(home)
    with view.ledger.read() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM alerts")
    with pytest.raises(Refusal, match="read only"):
        view.ledger.write()
    view.close()


def test_the_marker_changes_with_what_a_page_shows_and_with_nothing_else(home: Path) -> None:
    world = looked_at(home)
    view = open_view(home)
    first = (view.marker(NOW), view.marker(NOW, "flights"))
    assert (view.marker(NOW), view.marker(NOW, "flights")) == first
    world.alert(NOW, "failing", "worse", number=3)
    second = (view.marker(NOW), view.marker(NOW, "flights"))
    assert second[0] != first[0] and second[1] != first[1]
    world.run(NOW, "report")
    assert view.marker(NOW, "flights") != second[1]
    view.close()
