"""The page around every page, and the pages that say one thing. Pure; what they look like is in ``templates/``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.pages.assets import ICON, SCRIPT, STYLE_SHEET
from engine.reports.rendering import rendered
from engine.text import plain

TEMPLATES = Path(__file__).parent / "templates"
EVERY = 20  # Seconds between two looks for news.
WITHOUT_SCRIPT = 60  # And between two loads, where no script runs.


@dataclass(frozen=True)
class Live:
    """What keeps a page fresh: what it shows is of ``marker``, which ``changed`` tells again and again."""

    changed: str
    marker: str
    at: datetime


def framed(template: str, title: str, live: Live | None = None, **given: Any) -> str:
    """A whole page: a template that extends ``frame.html``, with what it is given."""
    frame = {
        "style_sheet": STYLE_SHEET.name,
        "icon": ICON.name,
        "script": SCRIPT.name,
        "every": EVERY,
        "without_script": WITHOUT_SCRIPT,
        "as_of": moment(live.at) if live is not None else "",
    }
    return rendered(template, TEMPLATES, title=title, live=live, frame=frame, **given)


def moment(at: datetime) -> str:
    """``25 November 2026, 03:02 UTC``."""
    there = at.astimezone(UTC)
    return f"{there.day} {there:%B %Y, %H:%M} UTC"


def said(title: str, sentence: str) -> str:
    """A page that says one thing, which may be about what somebody typed."""
    return framed("said.html", plain(title), sentence=plain(sentence, 1000))


def let_in(target: str) -> str:
    """After a link from another site. A redirect would still count as that site's, and the browser would keep the
    cookie back; what the page itself asks for is ours."""
    return framed("let_in.html", "Welcome", target=plain(target, 4000))
