"""Schedules in words: when each is due next, in its own zone and in the operator's, what became of the last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import Line, Span, Tone, line, pad, wrapped
from engine.text import plain
from engine.vocabulary import jobs

if TYPE_CHECKING:
    from engine.monitoring.records import Trigger
    from engine.records import Overview
    from engine.schedule.records import EngineState, Occurrence, OccurrenceState, Schedule

TONES: dict[OccurrenceState, Tone] = {"ran": "", "skipped": "watch", "missed": "failing"}
GLYPHS: dict[OccurrenceState, str] = {"ran": "✓", "skipped": "▲", "missed": "■"}
_STATES: tuple[OccurrenceState, ...] = ("missed", "ran", "skipped")
CATCH_UP = {
    "latest": "after a downtime only the latest runs, once",
    "all": "after a downtime every one runs, in order",
    "skip": "after a downtime none is made up for",
}


def who_sees_to_it(state: EngineState | None, now: datetime) -> Span:
    """``engine: this console``, or who holds it, or that nobody does."""
    if state is not None and not state.known:
        return Span("engine: not known of then", "dim")
    if state is None or not state.running:
        return Span("no engine: nothing starts by itself", "watch")
    if state.here:
        return Span("engine: this console", "dim")
    age = cells.age(state.since, now)
    return Span(f"engine: {plain(state.host or '?', 40)}, process {state.pid}, for {age}", "dim")


def occurrence_state(found: Occurrence) -> Span:
    """A glyph and the word; ``×12`` where the row stands for so many due times."""
    times = f" ×{found.times:,}" if found.times > 1 else ""
    return Span(f"{GLYPHS[found.state]} {found.state}{times}", TONES[found.state])


def detail(schedule: Schedule, now: datetime, zone: tzinfo | None, width: int) -> Sequence[Line]:
    """The selected schedule: its next five due times in two zones, and its policy."""
    lines: list[Line] = [(Span("─" * width, "rule"),)]
    policy = f"{schedule.project} {schedule.job}: {CATCH_UP[schedule.catch_up]}"
    if schedule.give_up_after is not None:
        policy += f", and not when it is {cells.span(schedule.give_up_after)} late"
    lines += wrapped(policy + ".", width - 4, indent="   ")[:2]
    if schedule.changed_by and schedule.origin == "operator":
        note = f': "{plain(schedule.note, 120)}"' if schedule.note else ""
        lines += wrapped(f"Changed by {schedule.changed_by}{note}.", width - 4, indent="   ", tone="dim")[:1]
    if not schedule.enabled:
        lines.append(line("   ", Span("Paused: nothing is due. ", "watch"), Span("u", "key"), " resumes it."))
        return lines
    from zoneinfo import ZoneInfo  # Not above: the first screen shows no schedule.

    own = ZoneInfo(schedule.timezone)
    lines.append(line("   ", Span(f"{pad('NEXT, ' + schedule.timezone, 30)}  {pad('here', 18)}", "head")))
    for due in schedule.next_due[:5]:
        here = due.astimezone(zone)
        text = f"   {pad(f'{due.astimezone(own):%a %d %b %H:%M}', 30)}  {pad(f'{here:%a %d %b %H:%M}', 18)}"
        lines.append(line(text, Span(f"  {cells.until(due, now)}", "dim")))
    return lines


def also(triggers: Sequence[Trigger], width: int) -> Sequence[Line]:
    """What starts retrains of the selected project besides time, a line or two each."""
    lines: list[Line] = []
    for each in triggers:
        last = ""
        if each.at is not None:
            became = f"run {each.run}" if each.run else plain(each.why, 160)
            last = f" Last held {each.at:%d %b %H:%M} UTC: {became}."
        said = f"Also at {each.words}, at most once in {cells.span(each.cool_down)}.{last}"
        lines += wrapped(said, width - 4, indent="   ", tone="dim")[:2]
    return lines


def went_by(occurrences: Sequence[Occurrence], *, brief: bool = False) -> Span | None:
    """What went by while nobody looked, what calls first, and unless ``brief`` why; None when nothing did.

    Of a job that makes up for what it missed, such as a look at health, it is told and calls nobody.
    """
    told = sorted((o for o in occurrences if o.why), key=lambda o: (jobs.telling_order(o.job), _STATES.index(o.state)))
    if not told:
        return None
    parts: list[str] = []
    for job in dict.fromkeys(o.job for o in told):
        parts += _counts(job, [o for o in told if o.job == job])
    said = ", ".join(parts) + (" (6)" if brief else f" (6 and h show each): {plain(told[0].why, 160)}")
    calls = any(o.state != "ran" and jobs.of(o.job).calls for o in told)
    return Span(said, "watch" if calls else "dim")


def _counts(job: str, told: Sequence[Occurrence]) -> list[str]:
    """``2 retrains missed``, ``1 caught up``: what it is about stands once."""
    words = {"missed": "missed", "ran": "caught up", "skipped": "skipped"}
    found: list[str] = []
    for state in _STATES:
        times = sum(o.times for o in told if o.state == state)
        if times:
            noun = cells.counted(times, jobs.of(job).short) if not found else f"{times:,}"
            found.append(f"{noun} {words[state]}")
    return found


def next_of(overview: Overview, now: datetime) -> str:
    """``next retrain in 2 h (flights)``, over all projects."""
    due = [(s.next_due, s.project.name) for s in overview.projects if s.next_due is not None]
    if not due:
        return "no retrain is scheduled"
    at, name = min(due)
    return f"next retrain {cells.until(at, now)} ({name})"
