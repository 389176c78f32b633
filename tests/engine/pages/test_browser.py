"""The pages in a real browser: on a desk and on a phone, by day and by night, while things change and when they end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pages.browser import NAMES, Browser, found
from tests.engine.pages.places import TOKEN, looked_at, retitle, served

PROGRAM = found()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROGRAM is None, reason=f"no browser is here: one of {', '.join(NAMES)}, $BROWSER, or make system-packages"
    ),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    assert PROGRAM is not None
    opened = Browser(PROGRAM, tmp_path / "profile")
    yield opened
    opened.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_their_window_and_the_browser_finds_nothing_wrong(
    home: Path, browser: Browser, tmp_path: Path, width: int
) -> None:
    looked_at(home, value="<img src=x onerror=alert(1)>" + "long" * 40)
    pictures = Path(os.environ.get("LEVERFRAME_PICTURES") or tmp_path)
    with served(home) as here:
        for path, name in (("", "front"), ("projects/flights", "project"), ("projects/nope", "nothing")):
            for dark in (False, True):
                browser.size(width, 900, dark=dark)
                browser.go(here.service.url + path)
                browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
                browser.picture(pictures / f"{name}-{width}-{'dark' if dark else 'light'}.png")
                root = "document.documentElement"
                assert browser.run(f"{root}.scrollWidth - {root}.clientWidth") == 0, (path, width)
        assert browser.run("getComputedStyle(document.body).maxWidth") == "none"
        assert [each for each in browser.problems if "404" not in each] == []


def test_a_page_shows_what_has_changed_by_itself_and_keeps_open_what_was(home: Path, browser: Browser) -> None:
    world = looked_at(home)
    with served(home) as here:
        browser.go(f"{here.service.url}projects/flights")
        browser.run("document.body.dataset.waits = 'yes'; document.getElementById('drift').open = true")
        # Coming back to a page looks at once.
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.wait("document.getElementById('age').textContent.startsWith('As of')")
        assert browser.run("document.body.dataset.waits") == "yes", "it loaded again though nothing had changed"
        retitle(world, "Later arrivals <b>")
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.wait("document.querySelector('h1').textContent === 'Later arrivals <b>'")
        browser.wait("document.getElementById('drift').open")


def test_a_page_says_so_when_nobody_answers_any_more(home: Path, browser: Browser) -> None:
    looked_at(home)
    with served(home) as here:
        browser.go(here.service.url)
    browser.run("document.dispatchEvent(new Event('visibilitychange'))")
    browser.wait("document.getElementById('age').textContent.startsWith('No answer since')")
    assert browser.run("document.body.classList.contains('stale')")


def test_a_page_is_whole_without_scripts_and_loads_again_by_itself(home: Path, browser: Browser) -> None:
    looked_at(home)
    with served(home) as here:
        browser.ask("Emulation.setScriptExecutionDisabled", value=True)
        browser.go(f"{here.service.url}projects/flights")
        shown = browser.ask("DOM.getDocument", depth=-1)
        page = browser.ask("DOM.getOuterHTML", nodeId=shown["root"]["nodeId"])["outerHTML"]
        assert 'http-equiv="refresh" content="60"' in page
        assert "As of 23 November 2026, 12:00 UTC" in page


def test_a_link_with_a_token_opens_the_page_and_leaves_no_token_in_its_address(home: Path, browser: Browser) -> None:
    looked_at(home)
    with served(home, TOKEN) as here:
        browser.go(here.service.url)
        assert browser.run("document.querySelector('h1').textContent") == "Who is there?"
        assert browser.run("getComputedStyle(document.body).margin") == "0px", "the page that asks has no style"
        browser.go(f"{here.service.url}projects/flights?token={TOKEN}")
        browser.wait("document.querySelector('h1').textContent === 'Late arrivals'")
        assert browser.run("location.search") == "" and browser.run("document.cookie") == ""


def test_a_link_with_a_token_on_another_site_opens_the_page_too(home: Path, browser: Browser, tmp_path: Path) -> None:
    looked_at(home)
    with served(home, TOKEN) as here:
        mail = tmp_path / "mail.html"
        mail.write_text(f'<a href="{here.service.url}projects/flights?token={TOKEN}">the report</a>')
        browser.go(mail.as_uri())
        browser.run("document.querySelector('a').click()")
        browser.wait("document.querySelector('h1') && document.querySelector('h1').textContent === 'Late arrivals'")
        assert browser.run("location.search") == ""
