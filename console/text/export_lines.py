"""Exports in words: what was made of which version, and how both answers were compared. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import EMPTY, SENTENCE, Column, Line, Span, Tone, line, pad, wrapped
from console.text.tables import STATE_TONES
from engine.text import plain

if TYPE_CHECKING:
    from engine.exports.records import Export
    from engine.records import VersionState
    from engine.versions.parity import Group, Parity, WorstRow

WIDE = 20
GONE = ("retired", "barred")


def target(found: Export) -> str:
    """``SQL for duckdb``, ``ONNX``."""
    return f"SQL for {found.dialect}" if found.kind == "sql" else "ONNX"


def verdict(found: Export) -> Span:
    """Whether it answers as its version does."""
    if found.parity.holds:
        return Span("✓ the same", "ok")
    return Span("■ forced" if found.forced else "■ not", "failing")


def _state(found: Export) -> Span:
    state: VersionState = found.state or "failed"  # type: ignore[assignment]
    tone: Tone = "watch" if state in GONE else STATE_TONES[state]
    return Span(cells.version_state(state), tone)


EXPORTS: tuple[Column[Export], ...] = (
    Column("NO.", 4, lambda e, now: Span(str(e.id)), right=True),
    Column("VERSION", 12, lambda e, now: Span(e.label, "strong"), most=22, front=True),
    Column("IS NOW", 11, lambda e, now: _state(e)),
    Column("AS", 18, lambda e, now: Span(target(e))),
    Column("ANSWERS", 10, lambda e, now: verdict(e)),
    Column("LARGEST", 8, lambda e, now: Span(small(e.parity.largest)), right=True),
    Column("CHANGED", 7, lambda e, now: Span(count(e.parity.changed)), right=True, yields=2),
    Column("MADE", 8, lambda e, now: Span(cells.age(e.at, now)), right=True, yields=1),
    Column("USED BY", 16, lambda e, now: Span(plain(e.used_by) or "nobody said", "" if e.used_by else "dim"),
           yields=3, grows=True),
)  # fmt: skip


def small(value: float | None) -> str:
    """A difference: ``1.1e-07``; ``–`` where none was told."""
    return cells.NOTHING if value is None else "0" if value == 0 else f"{value:.1e}"


def count(value: int | None) -> str:
    """A number of rows; ``–`` where there is none to tell."""
    return cells.NOTHING if value is None else f"{value:,}"


def export_lines(found: Export, width: int) -> list[Line]:
    """An export with its parity, whole."""
    state = f"{found.state}, no longer live" if found.state in GONE else found.state
    head = f"{found.label} ({state}) as {target(found)}, {found.at:%d %b %Y %H:%M} UTC by {found.by}"
    said = (
        ("folder", found.folder), ("used by", found.used_by or "nobody said who uses it"), ("because", found.reason),
        ("digest", found.digest),
    )  # fmt: skip
    about = [each for name, text in said for each in _entry(name, text, width)]
    return [*wrapped(plain(head), width, tone="strong"), EMPTY, *parity_lines(found.parity, width), EMPTY, *about]


def parity_lines(found: Parity, width: int, what: str = "EXPORT") -> list[Line]:
    """How both answers were compared: the verdict, the figures, the kinds of row, the worst rows. ``what``: what
    answered beside the version."""
    good = wrapped("✓ It answers as the version does.", width, tone="ok")
    bad = wrapped("■ It does not answer as the version does:", width, tone="failing")
    bad += [each for why in found.why for each in wrapped(f"· {plain(why, SENTENCE)}", width, indent="  ", first="")]
    return [
        *(good if found.holds else bad), EMPTY, *_figures(found, width), EMPTY, *_kinds(found), EMPTY,
        *_worst(found.worst, width, what),
    ]  # fmt: skip


def _figures(found: Parity, width: int) -> list[Line]:
    bar, share = found.thresholds, " of the spread" if found.spread is not None else ""
    part = "" if found.rows >= found.holdout_rows else f" of {found.holdout_rows:,}, evenly over them"
    changed = count(found.changed) + (f" ({found.changed_share:.2%})" if found.changed_share is not None else "")
    said = (
        ("compared", f"{found.rows:,} holdout rows{part}: {found.compared}"),
        *((("by", found.measured_by),) if found.measured_by else ()),
        ("largest difference", f"{small(found.largest)}{share}, at most {small(bar.largest)} is allowed"),
        ("mean difference", f"{small(found.mean)}{share}, at most {small(bar.mean)} is allowed"),
        *((("changed decisions", changed),) if found.changed is not None else ()),
        ("without an answer", f"{found.unanswered:,}"),
    )
    return [each for name, text in said for each in _entry(name, text, width)]


def _kinds(found: Parity) -> list[Line]:
    titles = f"{pad('KIND OF ROW', 34)}{pad('ROWS', 8, right=True)}{pad('LARGEST', 10, right=True)}"
    kinds = (
        ("at the boundary of the decision", found.boundary), ("with a missing value", found.gaps),
        ("with a category training had not", found.unseen),
    )  # fmt: skip
    lines: list[Line] = [(Span(f"{titles}{pad('CHANGED', 9, right=True)}", "head"),)]
    return [*lines, *(_kind(name, group) for name, group in kinds if group is not None)]


def _kind(name: str, group: Group) -> Line:
    rows = f"{pad(name, 34)}{pad(f'{group.rows:,}', 8, right=True)}"
    if not group.rows:
        return line(rows, Span("  nothing is known of such", "watch"))
    figures = f"{pad(small(group.largest), 10, right=True)}{pad(count(group.changed), 9, right=True)}"
    return line(rows, figures)


def _worst(rows: tuple[WorstRow, ...], width: int, what: str) -> list[Line]:
    if not rows:
        return [line(Span("No row differs.", "dim"))]
    both = max(8, (width - 9 - 12 - 2) // 2 - 8)
    answers = f"  {pad('VERSION', both)}  {pad(what, both)}"
    titles = f"{pad('WORST ROW', 9, right=True)}{answers}{pad('OFF BY', 9, right=True)}  OF"
    lines: list[Line] = [(Span(titles, "head"),)]
    for each in rows:
        said = f"  {pad(plain(each.version, 200), both)}  {pad(plain(each.export, 200), both)}"
        off = pad(small(each.difference), 9, right=True)
        row = pad(f"{each.row:,}", 9, right=True)
        lines.append(line(f"{row}{said}{off}  ", Span(plain(", ".join(each.of)), "dim")))
    return lines


def _entry(name: str, text: str, width: int) -> list[Line]:
    first, *rest = wrapped(plain(text, SENTENCE), width - WIDE) or [EMPTY]
    return [line(Span(pad(name, WIDE), "dim"), *first), *(line(" " * WIDE, *each) for each in rest)]
