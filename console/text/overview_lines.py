"""What the overview says around its list: how things stand, and why the selected project is as it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells, duty_lines, news_lines, schedule_lines
from console.text.lines import Line, Span, Tone, cut, ends, fit, line, wrapped
from console.text.request_rate import rate
from engine.text import plain

if TYPE_CHECKING:
    from console.queries.question import Desk
    from engine.records import Overview, ProjectStatus, Verdict

# Lines of the detail below the list.
DETAIL = 7
# What stands below it in a terminal of so many rows, of which the rest of the screen takes some.
TALL, AROUND = 36, 15
MOST_BELOW, LEAST_LISTED = 20, 9
ROOMY = 110
_URGENCY: dict[Verdict, int] = {"failing": 0, "unknown": 1, "watch": 2, "ok": 3}


def ordered(projects: Sequence[ProjectStatus]) -> tuple[ProjectStatus, ...]:
    """What needs a person first: by verdict, then those with a decision waiting, then by name."""
    return tuple(sorted(projects, key=urgency))


def urgency(status: ProjectStatus) -> tuple[int, bool, str]:
    """What projects are ordered by."""
    return _URGENCY[status.verdict], not status.candidates, status.project.name


def summary(desk: Desk, now: datetime, width: int) -> list[Line]:
    """How things stand and how much disk is left; below it what went by unseen, or who sees to what is due next, and
    who is on duty."""
    overview = desk.overview
    news = news_lines.news(desk, now)
    due = Span(schedule_lines.next_of(overview, now), "dim")
    seen = line(" ", _too_little(overview) or _clock(overview) or _replay(desk) or news or due)
    return [_standing(overview, width), fit(ends(seen, _who(desk, now, width), width), width)]


def _replay(desk: Desk) -> Span | None:
    return None if desk.replay is None else Span(desk.replay[0], "key" if desk.replay[1] else "watch")


def _who(desk: Desk, now: datetime, width: int) -> Line:
    """Who is on duty, where anybody ever was, and who sees to the schedules; where there is little room not the second
    while that is this console."""
    engine, duty = schedule_lines.who_sees_to_it(desk.engine, now), desk.duty
    said = duty_lines.in_brief(duty, desk.overview.operator.name)
    if not said or duty is None:
        return line(engine, " ")
    tone: Tone = "key" if duty.offered_to == desk.overview.operator.name else "dim"
    here = desk.engine is not None and desk.engine.here
    return line(Span(said, tone), *(() if here and width < ROOMY else (Span(" · ", "dim"), engine)), " ")


def _standing(overview: Overview, width: int) -> Line:
    worst: list[Span] = []
    for verdict in ("failing", "unknown", "watch", "ok"):
        count = sum(1 for s in overview.projects if s.verdict == verdict)
        if count:
            worst += [Span(f"{cells.GLYPHS[verdict]} {count} {verdict}", verdict), Span(" · ")]
    waiting = sum(len(s.candidates) for s in overview.projects)
    said = Span("nothing waits for a decision", "dim")
    if waiting:
        said = Span(f"{waiting} waiting for a decision", "watch")
    return ends(line(" ", *worst, said), line(_disk(overview), " "), width)


def _disk(overview: Overview) -> Span:
    if overview.free is None or not overview.total:
        return Span("", "dim")
    used = 1 - overview.free / overview.total
    return Span(f"disk {cells.percent(used)} used, {cells.size(overview.free)} free", "dim")


def _too_little(overview: Overview) -> Span | None:
    """That less of the disk is left than is kept free, with the key that helps; before any other news."""
    if overview.free is None or overview.free >= overview.keep_free:
        return None
    return Span(f"■ only {cells.size(overview.free)} of disk free: retrains are refused, 7 cleans up", "failing")


def _clock(overview: Overview) -> Span | None:
    return Span(f"■ {plain(overview.clock)}", "failing") if overview.clock is not None else None


def sentence(text: str) -> str:
    """``text`` from outside as a sentence: a capital first, unless that is a name of a column, a version or a metric,
    and a full stop last."""
    text = plain(text)
    word = text.split(" ", 1)[0]
    first = text[:1] if word.endswith(":") or "@" in word or "_" in word else text[:1].upper()
    return first + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def detail(status: ProjectStatus, now: datetime, width: int) -> Sequence[Line]:
    """Why the selected project is as it is, and which key acts on it."""
    lines: list[Line] = [
        (Span("─" * width, "rule"),),
        line(" ", Span(f"{cells.GLYPHS[status.verdict]} {status.project.name}", status.verdict),
             Span(f"  {cut(plain(status.project.title), max(10, width - len(status.project.name) - 6))}", "dim")),
        *wrapped(sentence(status.why), width - 4, indent="   ")[:2],
    ]  # fmt: skip
    run = status.active_run
    if run is not None:
        lines.append(line("   ", Span(f"{cells.run_state(run)}: {plain(run.phase)}", "key"), f", run {run.id}"))
    room = DETAIL - len(lines)
    lines += _waiting(status, width, whole=room >= len(status.reasons) + 3)
    # Where much is wrong, the way back is what is looked for.
    below = (status.rollback_to is not None) + (status.per_second is not None)
    lines += _others(status, DETAIL - below - len(lines), width)
    if status.metric is not None and len(lines) < DETAIL - below:
        said = cells.known(status) + (f", {cells.ago(status.measured_at, now)}" if status.measured_at else "")
        lines.append(line("   ", Span(cut(said, width - 6), "dim")))
    if status.rollback_to is not None:
        lines.append(line("   ", Span("R", "key"), f" would roll back to {cells.way_back(status)}"))
    if status.per_second is not None:
        lines.append(line("   ", Span("e", "key"), f" {rate(status.per_second)} requests are answered"))
    return lines[:DETAIL]


def _waiting(status: ProjectStatus, width: int, *, whole: bool) -> list[Line]:
    """The candidate that waits with its sentence, in two lines where there is room for it ``whole``."""
    if not status.candidates:
        return []
    newest = status.candidates[0]
    text = f"{newest.label} {plain(newest.said) if newest.said else 'waits'}: {plain(newest.sentence)}"
    first = wrapped(text, width - 8)[0][0].text if whole else cut(text, width - 8)
    rest = text[len(first) :].strip() if whole else ""
    lines = [line(each) for each in (first, cut(rest, width - 8)) if each]
    key = (Span("   "), Span("c", "key"), Span(" "))
    return [(*(key if each is lines[0] else (Span("     "),)), *each) for each in lines]


def rows_below(height: int, projects: int) -> int:
    """How many lines a terminal of ``height`` has below the detail, beside a list of so many projects."""
    if height < TALL:
        return 0
    room = height - AROUND
    return min(MOST_BELOW, room - max(LEAST_LISTED, min(projects + 1, room // 2)))


def _others(status: ProjectStatus, room: int, width: int) -> list[Line]:
    """What else is not well, the worst first, a line each; where there is no room for all, how many more."""
    others = status.reasons[1:]
    shown = others if len(others) <= room else others[: room - 1]
    lines = [
        line("   ", Span(f"{cells.GLYPHS[each.verdict]} ", each.verdict), cut(sentence(each.why), width - 8))
        for each in shown
    ]
    if more := len(others) - len(shown):
        how = f"and {cells.counted(more, 'more reason')}: 'leverframe status {status.project.name}' lists them"
        lines.append(line("   ", Span(cut(how, width - 6), "dim")))
    return lines
