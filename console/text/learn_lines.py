"""A project's learner in lines: its rule, whether it is frozen, what it learnt, and how it did on the way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.feedback_lines import counted_batches
from console.text.lines import Line, Span, Tone, line, wrapped
from console.text.period_lines import MOST, strip_lines
from console.text.timeline import Mark, Timeline, TimelinePoint
from engine.clock import moment
from engine.text import plain

if TYPE_CHECKING:
    from engine.jobs.learn.lessons import Learner, LearnerReset, Lesson
    from engine.versions.records import CurvePoint

SHOWN, RESETS = 8, 3


def learner_lines(found: Learner, now: datetime, width: int, *, strip: bool) -> list[Line]:
    """All of it; ``strip``: the curve too, where there is no room for a chart."""
    lines = [*_standing(found, now, width), line()]
    drawn = curve_of(found)
    if drawn is None:
        return [*lines, *wrapped(f"Nothing was learnt yet. {_next(found)}", width)]
    lines.append(curve_heading(drawn))
    lines += wrapped(_in_all(found), width, tone="dim")
    if strip:
        lines += _strip(drawn, now, width)
    return lines


def _strip(drawn: Timeline, now: datetime, width: int) -> list[Line]:
    """The newest stretches; a parent that did the same has no line of its own."""
    ours = {(each.at, each.value) for each in drawn.points if each.of_live}
    points = tuple(each for each in drawn.points if each.of_live or (each.at, each.value) not in ours)
    older = "Older stretches stand in the chart, which a larger terminal has." if len(points) > MOST else ""
    lines = strip_lines(replace(drawn, points=points), now, width)
    return [*lines, *wrapped(older, width, tone="dim")]


def lesson_lines(found: Learner, now: datetime, width: int) -> list[Line]:
    """The versions that learnt, the newest first."""
    return [each for lesson in found.lessons[:SHOWN] for each in (line(), *_lesson(lesson, now, width))]


def _standing(found: Learner, now: datetime, width: int) -> list[Line]:
    if found.rule is None:
        live = f"{found.live} has no [learn] in its leverframe.toml" if found.live else "nothing is live yet"
        lines = wrapped(f"{plain(found.project)} learns from its retrains alone: {live}.", width)
    else:
        lines = wrapped(found.rule, width)
    if found.frozen is not None:
        said = f"■ frozen by {found.frozen.by} {cells.ago(found.frozen.at, now)}: {plain(found.frozen.reason)}"
        lines += wrapped(said, width, tone="watch")
    for each in found.resets[:RESETS]:
        lines += wrapped(_reset(each, now), width, tone="watch" if each.checkpoint == found.begins else "dim")
    if found.run is not None:
        lines += wrapped(f"Run {found.run} is learning now.", width, tone="key")
    told = f"Feedback: {counted_batches(found.batches)}" if found.batches else "No feedback came yet"
    held = f", {found.quarantined:,} of them quarantined" if found.quarantined else ""
    tone: Tone = "watch" if found.quarantined else "dim"
    return [*lines, *wrapped(f"{told}{held}.", width, tone=tone)]


def _reset(found: LearnerReset, now: datetime) -> str:
    """When, to which version, and why."""
    reset = found.reset
    grew = f"errors {reset.before:.1%}, then {reset.after:.1%} on {reset.rows:,} labels"
    since = f"labels since {reset.since:%d %b %H:%M} UTC are learnt from there"
    return f"↺ reset to {plain(found.checkpoint)} {cells.ago(reset.at, now)} by {reset.by}: {grew}; {since}."


def _next(found: Learner) -> str:
    if found.rule is None:
        return "docs/online-learning.md says how a project learns."
    return "l learns what there is." if found.batches else "A file of labels is given with + in Feedback, key 9."


def _lesson(lesson: Lesson, now: datetime, width: int) -> list[Line]:
    learnt, version = lesson.learnt, lesson.version
    other = "" if learnt.changed is None else f", {learnt.changed:.1%} of decisions changed"
    head = line(
        Span(version.label, "strong"),
        Span(f"  {version.state}", "dim"),
        Span(f"  {learnt.rows:,} labels on top of {plain(lesson.parent)}{other}"),
        Span(f"  {cells.ago(version.made_at, now)}", "dim"),
    )
    return [head, *wrapped(version.sentence, width, indent="  ", first="  ", tone="dim")]


def curve_of(found: Learner) -> Timeline | None:
    """How the newest versions did while they learnt, and their parents on the same rows; None where nobody has.

    Of versions that learnt from the same parent, the newest is drawn: the others have learnt part of the same."""
    drawn, resets = _drawn(found), [each.reset for each in found.resets if each.reset.curve]
    if not drawn and not resets:
        return None
    metric = drawn[-1].learnt.metric if drawn else resets[0].metric
    resets = [each for each in resets if each.metric == metric]
    curves = [each.learnt.curve for each in drawn] + [each.curve for each in resets]
    points = sorted((point for each in curves for point in _points(each)), key=lambda point: (point.at, point.of_live))
    marks = [
        Mark(moment(each.learnt.until), f"@{each.version.number}", "release")
        for each in drawn
        if each.version.live_from is not None
    ]
    marks += [Mark(each.since, "reset", "reset") for each in resets]
    return Timeline(metric, tuple(points), tuple(sorted(marks, key=lambda mark: mark.at)), None, points[-1].at)


def _drawn(found: Learner) -> list[Lesson]:
    """The lessons that are drawn, the oldest first."""
    newest: list[Lesson] = []
    for lesson in found.lessons:
        # From a checkpoint a learner begins more than once, with other labels each time.
        beside = [each for each in newest if each.parent == lesson.parent and each.learnt.since <= lesson.learnt.until]
        if lesson.learnt.curve and not beside:
            newest.append(lesson)
    lessons = sorted(newest, key=lambda each: each.learnt.until)
    return [each for each in lessons if each.learnt.metric == lessons[-1].learnt.metric]


def _in_all(found: Learner) -> str:
    """What the curve comes to over all its labels: the learner, and the parents as they were."""
    points = [point for lesson in _drawn(found) for point in lesson.learnt.curve]
    points = points or [point for each in found.resets for point in each.reset.curve]
    rows = sum(point.rows for point in points)
    learner, parent = (
        cells.number(sum(point.rows * value for point, value in zip(points, values, strict=True)) / rows)
        for values in ([point.value for point in points], [point.frozen for point in points])
    )
    return f"Over all {rows:,} labels: the learner {learner}, its parent as it was {parent}."


def _points(curve: Sequence[CurvePoint]) -> Sequence[TimelinePoint]:
    found = []
    for each in curve:
        at = moment(each.until)
        found.append(TimelinePoint(at, each.frozen))
        found.append(TimelinePoint(at, each.value, each.low, each.high, of_live=True))
    return found


def curve_heading(drawn: Timeline) -> Line:
    """What the marks are."""
    said = "   each label before it was learnt: ● learner ○ parent"
    return line(Span(f"{drawn.metric} WHILE IT LEARNT", "head"), Span(said, "dim"))
