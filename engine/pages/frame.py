"""The page around every page: the line on top with the age of what is shown, the style, the script. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape as _

from engine.pages.assets import ICON, SCRIPT, STYLE_SHEET
from engine.text import plain

EVERY = 20  # Seconds between two looks for news.
WITHOUT_SCRIPT = 60  # And between two loads, where no script runs.


@dataclass(frozen=True)
class Live:
    """What keeps a page fresh: what it shows is of ``marker``, which ``changed`` tells again and again."""

    changed: str
    marker: str
    at: datetime


def framed(title: str, parts: Sequence[str], live: Live | None = None, way: str = "") -> str:
    """A whole page. ``parts`` and ``way`` (where one is, beside the name) are HTML already."""
    fresh, data = "", ""
    age = ""
    if live is not None:
        fresh = f'<noscript><meta http-equiv="refresh" content="{WITHOUT_SCRIPT}"></noscript>'
        data = f' data-changed="{_(live.changed)}" data-marker="{_(live.marker)}" data-every="{EVERY}"'
        age = f'<span id="age" role="status">As of {moment(live.at)}</span>'
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{_(title)}</title>{fresh}"
        f'<link rel="stylesheet" href="/static/{STYLE_SHEET.name}">'
        f'<link rel="icon" type="image/svg+xml" href="/static/{ICON.name}">'
        f'<script src="/static/{SCRIPT.name}" defer></script></head>\n'
        f'<body{data}><nav class="top"><div><b>{way or "Models in production"}</b>{age}</div></nav>\n'
        f"<main>\n{chr(10).join(parts)}\n</main></body></html>\n"
    )


def moment(at: datetime) -> str:
    """``25 November 2026, 03:02 UTC``."""
    there = at.astimezone(UTC)
    return f"{there.day} {there:%B %Y, %H:%M} UTC"


def said(title: str, sentence: str) -> str:
    """A page that says one thing, which may be about what somebody typed."""
    title, sentence = plain(title), plain(sentence, 1000)
    parts = [f"<header><h1>{_(title)}</h1></header>", f'<section class="card"><p>{_(sentence)}</p></section>']
    return framed(title, parts)


def let_in(target: str) -> str:
    """After a link from another site. A redirect would still count as that site's, and the browser would keep the
    cookie back; what the page itself asks for is ours."""
    target = plain(target, 4000)
    go = f'<meta http-equiv="refresh" content="0;url={_(target)}">'
    return framed("Welcome", [f'{go}<p>You are let in. <a href="{_(target)}">Go on</a>.</p>'])
