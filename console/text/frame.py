"""What stands around every screen: the line above it and the keys below it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.actions import Action, anywhere, of_screen
from console.text.lines import Line, Span, ends, fit, line, width_of

if TYPE_CHECKING:
    from engine.presence.sessions import Present

# From the table of actions, so that no digit can stand beside another screen than the one it opens.
PLACES = tuple((action.key, action.label) for action in anywhere() if action.id.startswith("go_"))
LEAST_WIDTH, LEAST_HEIGHT = 60, 16


@dataclass(frozen=True)
class Who:
    """Who works here, on which machine, in which workspace; ``as_of``: the moment that is over and shown;
    ``returns``: a key comes back to now."""

    operator: str
    role: str
    host: str
    home: str
    as_of: datetime | None = None
    returns: bool = False


def head(title: str, who: Who, at: datetime | None, width: int, others: Sequence[Present] = ()) -> Line:
    """The product, where one is, who else is on, who one is, and of when the picture is."""
    if who.as_of is not None:
        back = (Span("  T", "key"), Span(" now", "dim")) if who.returns else ()
        return fit(line(" ", as_of(who.as_of), *back, "  ", Span(title, "strong")), width)
    left = line(" ", Span("LEVERFRAME", "strong"), "  ", Span(title, "strong"))
    said = f"{who.host} · {who.operator} ({who.role})"
    clock = f" · {at:%H:%M} UTC " if at else " · reading … "
    room = width - width_of(left) - len(said) - len(clock) - 5
    here = next((words + " · " for words in also_here(others) if len(words) <= room), "")
    return fit(ends(left, line(Span(here + said + clock, "dim")), width), width)


def also_here(others: Sequence[Present]) -> Sequence[str]:
    """That others are on, in as many words as there are and in fewer; of one what they look at, and since when."""
    if not others:
        return ()
    names = list(dict.fromkeys(each.operator for each in others))
    few = f"{names[0]} is here too" if len(names) == 1 else f"{len(names)} others here"
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]} are here too", few
    newest = max(others, key=lambda each: each.since)
    return f"{few}: {newest.screen} since {newest.since:%H:%M}", few


def as_of(at: datetime) -> Span:
    """That a moment is shown that is over: it must not be taken for now."""
    return Span(f"AS OF {at:%a} {at.day} {at:%b %Y %H:%M} UTC, nothing can be changed here", "watch")


def rule(width: int) -> Line:
    """A thin line."""
    return (Span("─" * width, "rule"),)


def keys(screen: str, why_not: Callable[[str], str | None], width: int) -> Line:
    """The keys of the screen itself; what cannot be done now is dimmed. Those that do not fit are on the help page."""
    right = line(Span("?", "key"), Span(" Help  ", "dim"), Span("q", "key"), Span(" Quit ", "dim"))
    own = [(action, why_not(action.id) is not None) for action in of_screen(screen) if action.shown]
    entries: dict[Action, Line] = {}
    room = width - width_of(right)
    # Whatever is seldom wanted comes last, what cannot be done now even then.
    for action, dimmed in sorted(own, key=lambda each: (each[0].spare, each[0].spare and each[1])):
        entry = _entry(action, dimmed=dimmed)
        room -= width_of(entry)
        if room < 0:
            break
        entries[action] = entry
    parts = [Span(" "), *(span for action, _ in own for span in entries.get(action, ()))]
    # The last one needs no room behind it: the right end would give way to that.
    last = parts.pop()
    return fit(ends((*parts, Span(last.text.rstrip(), last.tone)), right, width), width)


def _entry(action: Action, *, dimmed: bool) -> Line:
    return Span(action.key_name, "dim" if dimmed else "key"), Span(f" {action.label}   ", "dim" if dimmed else "")


def places(here: str, width: int, *, steps_back: bool = True) -> Line:
    """The screens and the key of each, the one that is shown strong; the key that steps back, where there is room.

    In 80 columns each name stands close to its key.
    """
    names = sum(len(key) + len(name) for key, name in PLACES)
    spaces = ((" ", "  "), (" ", " "), ("", " "))
    between, gap = next((s for s in spaces if names + len(PLACES) * len("".join(s)) < width), spaces[-1])
    parts: list[Span] = [Span(" ")]
    for key, name in PLACES:
        parts += [Span(key, "key"), Span(f"{between}{name}{gap}", "strong" if name == here else "dim")]
    right = line(Span("T", "key"), Span(" Step back in time ", "dim"))
    if not steps_back or width_of((*parts, *right)) > width:
        right = ()
    return fit(ends(tuple(parts), right, width), width)


def too_small(width: int, height: int) -> list[Line]:
    """What a terminal without room says."""
    return [
        line(Span("Leverframe needs more room.", "strong")),
        line(f"This terminal is {width}x{height};"),
        line(f"it works from {LEAST_WIDTH}x{LEAST_HEIGHT}"),
        line("and is at its best from 80x24."),
        line("Make it larger, or q to quit."),
    ]
