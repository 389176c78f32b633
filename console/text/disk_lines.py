"""What the disk screen and ``leverframe disk`` say: how much is left, for how long, who takes it, what can go. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import EMPTY, Line, Span, Tone, beside, cut_front, fit, line, pad, wrapped
from engine.housekeeping.records import CleanItem, CleanPlan, DiskReport, LargeFile, Share
from engine.text import plain

if TYPE_CHECKING:
    from console.queries.questions import DiskNow

TWO_COLUMNS = 100
BAR = 12
MOST_SHARES, MOST_FILES, MOST_LISTED = 9, 8, 10
WIDEST_NAME = 60
SOON = 14.0  # days until full that want a person


def nobody_has_looked(found: DiskNow) -> list[Line]:
    """What stands in place of a report while there is none."""
    if found.scanned:
        return [EMPTY, line("   The disk is being looked through; what is found comes here by itself.")]
    looks = line(Span("s", "key"), " does, in the background.")
    if found.by_itself:
        looks = line("The engine does so soon; ", Span("s", "key"), " does now.")
    return [EMPTY, line("   Nobody has looked through the disk yet. ", *looks)]


def disk_lines(
    report: DiskReport, now: datetime, width: int, *, scanned: bool = False, whole: bool = False
) -> list[Line]:
    """The report. ``whole``, for a command line: below each other, each share, why a file is there, and no keys."""
    inner = width - 2
    beside_each_other = inner >= TWO_COLUMNS and not whole
    half = (inner - 2) // 2 if beside_each_other else inner
    kinds = _shares("BY KIND", report.by_kind, report.used, half, whole=whole)
    projects = _shares("BY PROJECT", report.by_project, report.used, half, whole=whole)
    large = _files("LARGEST FILES", report.largest, half, whole=whole)
    growing = _files("GROWING FASTEST", report.growing, half, whole=whole)
    if beside_each_other:
        body = [*beside(kinds, projects, half, half), EMPTY, *beside(large, growing, half, half)]
    else:
        body = [each for part in (kinds, projects, large, growing) if part for each in (*part, EMPTY)]
    lines = [*_room(report, now, inner, scanned=scanned, keys=not whole), EMPTY, *_findings(report, inner), *body]
    return [(Span(" "), *each) if each else EMPTY for each in lines]


def _room(report: DiskReport, now: datetime, width: int, *, scanned: bool, keys: bool) -> list[Line]:
    used = 1 - report.free / report.total if report.total else 0.0
    days = report.days_until_full
    lasts = "not growing, or not known yet" if days is None else f"full in {days:,.0f} days at this pace"
    low = report.free < report.keep_free
    tone: Tone = "failing" if low else "watch" if days is not None and days < SOON else "strong"
    glyph = cells.GLYPHS["failing" if low else "watch" if tone == "watch" else "ok"]
    first = line(
        Span(f"{glyph} {cells.size(report.free)} free of {cells.size(report.total)}", tone),
        Span(f"  {cells.percent(used)} used · {lasts}", "dim"),
    )
    said = f"The workspace takes {cells.size(report.used)}. Looked at {cells.ago(report.at, now)} in"
    said += f" {cells.span(report.scan_seconds)}"
    said += "; it is being looked through again now." if scanned else "; s looks again." if keys else "."
    lines = [first, *wrapped(said, width, tone="dim")]
    if low:
        kept = cells.size(report.keep_free)
        said = f"Less than {kept} is free: retrains are refused, decisions and rollback work."
        lines += wrapped(f"{said} C cleans up." if keys else said, width, tone="failing")
    return lines


def _findings(report: DiskReport, width: int) -> list[Line]:
    lines: list[Line] = []
    for finding in report.findings:
        said = f"{cells.GLYPHS[finding.verdict]} {plain(finding.what)}: {plain(finding.sentence)}"
        lines += wrapped(said, width, tone=finding.verdict if finding.verdict != "ok" else "dim")
    return [*lines, EMPTY] if lines else []


def _shares(title: str, shares: Sequence[Share], used: int, width: int, *, whole: bool) -> list[Line]:
    lines: list[Line] = [(Span(title, "head"),)]
    name = max(12, min(width - BAR - 27, WIDEST_NAME))
    for share in sorted(shares, key=lambda s: -s.bytes)[: None if whole else MOST_SHARES]:
        part = share.bytes / used if used else 0.0
        full = round(min(1.0, part) * BAR)
        text = f"{pad(plain(share.name), name)}{pad(cells.size(share.bytes), 9, right=True)}  "
        grows = Span(f"  {_growth(share.growth_per_day)}", "dim")
        lines.append(line(text, Span("━" * full, "key"), Span("─" * (BAR - full), "rule"), grows))
    return [fit(each, width) for each in lines]


def _growth(per_day: float | None) -> str:
    if per_day is None:
        return ""
    if abs(per_day) < 1000:
        return "steady"
    return f"{'+' if per_day > 0 else '−'}{cells.size(abs(per_day))} a day"


def _files(title: str, files: Sequence[LargeFile], width: int, *, whole: bool) -> list[Line]:
    if not files:
        return [(Span(title, "head"),), (Span("nothing worth a look", "dim"),)]
    lines: list[Line] = [(Span(title, "head"),)]
    path = max(16, width - 26)
    for file in files[: MOST_LISTED if whole else MOST_FILES]:
        size, grows = pad(cells.size(file.bytes), 9, right=True), _growth(file.growth_per_day)
        if whole:
            named = plain(file.path if file.place == "workspace" else f"{file.place}/{file.path}")
            said = " · ".join(part for part in (plain(file.why), grows) if part)
            lines += [line(f"{size}  {named}"), line(Span(f"{'':11}{said}", "dim"))]
        else:
            text = f"{pad(cut_front(plain(file.path), path), path)}{size}"
            lines.append(fit(line(text, Span(f"  {grows}", "dim")), width))
    return lines


def clean_lines(plan: CleanPlan, width: int) -> list[Line]:
    """What a clean-up would take to the bin, kind by kind, and what stays and why."""
    going, staying = plan.going, [item for item in plan.items if not item.goes]
    note = wrapped(plain(plan.note), width, tone="watch") if plan.note else []
    if not going:
        said = "Nothing needs to go: everything that is there is kept for a reason."
        return [*note, *wrapped(said, width), *_staying(staying, width)]
    verb = "goes" if len(going) == 1 else "go"
    said = f"{_counted(len(going))}, {cells.size(plan.bytes)}, {verb} to the bin and can be restored from it."
    return [*note, *wrapped(said, width), EMPTY, *_going(going, width), *_staying(staying, width)]


def _counted(count: int) -> str:
    return "1 thing" if count == 1 else f"{count:,} things"


def _going(items: Sequence[CleanItem], width: int) -> list[Line]:
    lines: list[Line] = [(Span("GOES", "head"),)]
    for item in sorted(items, key=lambda i: -i.bytes)[:6]:
        lines.append(_item(item, width))
    more = len(items) - 6
    if more > 0:
        lines.append((Span(f"and {more:,} more; 'leverframe clean --dry-run' names them all", "dim"),))
    return lines


def _staying(items: Sequence[CleanItem], width: int) -> list[Line]:
    """One line for each reason, with how much stays because of it."""
    reasons: dict[str, int] = {}
    for item in items:
        reasons[item.why] = reasons.get(item.why, 0) + item.bytes
    if not reasons:
        return []
    lines: list[Line] = [EMPTY, (Span("STAYS", "head"),)]
    for why, count in sorted(reasons.items(), key=lambda pair: -pair[1])[:6]:
        lines.append(fit(line(pad(cells.size(count), 9, right=True), Span(f"  {plain(why)}", "dim")), width))
    return lines


def _item(item: CleanItem, width: int) -> Line:
    text = f"{pad(cells.size(item.bytes), 9, right=True)}  {plain(item.what)}"
    return fit(line(text, Span(f"  {plain(item.why)}", "dim")), width)
