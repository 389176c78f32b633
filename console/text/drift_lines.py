"""Drift column by column: how far, what moved, and what the version learnt above what comes now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import Line, Span, Tone, cells_of, fit, line, pad, wrapped
from engine.text import plain

if TYPE_CHECKING:
    from engine.monitoring.look_document import LookDocument
    from engine.monitoring.look_parts import Bar, ColumnDrift, WeighedDrift

TONES: dict[str, Tone] = {
    "large": "watch", "some": "", "none": "dim", "cannot tell": "unknown", "lost column": "failing",
    "changed type": "failing", "new column": "dim",
}  # fmt: skip
GLYPHS = {"large": "▲", "some": "△", "lost column": "■", "changed type": "■", "new column": "+", "cannot tell": "○"}
BROKEN = ("lost column", "changed type")
HISTOGRAM = 14
FIGURE, SHARE = 7, 9


def bars(found: Sequence[Bar]) -> tuple[str, str]:
    """Both sides of a histogram on one scale; a dot is a bin without rows."""
    shares = [(bar.reference, bar.current) for bar in found[:HISTOGRAM]]
    most = max((max(pair) for pair in shares), default=0.0)
    return _bars([a for a, _ in shares], most), _bars([b for _, b in shares], most)


def _bars(shares: Sequence[float], most: float) -> str:
    steps = len(cells.BARS) - 1
    return "".join(cells.BARS[min(steps, round(s / most * steps))] if s > 0 and most > 0 else "·" for s in shares)


def drift_lines(document: LookDocument, width: int) -> list[Line]:
    """What moved, the furthest first; then in a sentence what did not."""
    found = [*document.drift, *_prediction(document.prediction)]
    if not found:
        return []
    return [*_columns("DRIFT", found, width), *_rows(document, width), *_together(document, width)]


def request_drift_lines(document: LookDocument, now: datetime, width: int) -> list[Line]:
    """The same of logged requests and of what they were answered; nothing where there are none."""
    from engine.clock import moment
    from engine.monitoring.look_parts import WeighedDrift

    asked = document.asked
    if not asked.rows or asked.since is None or asked.until is None:
        return []
    found = [*(WeighedDrift(**vars(each)) for each in document.requested), *_prediction(document.answer_drift)]
    first, last = moment(asked.since), moment(asked.until)
    said = f"Compared: {asked.rows:,} logged rows of {first:%d %b %H:%M} to {last:%d %b %H:%M} UTC, the newest of"
    said = f"{said} {cells.ago(last, now)}, with the rows that {plain(document.version)} learnt from."
    if found and all(each.verdict == "cannot tell" for each in found):
        few = f"{asked.rows:,} logged rows are too few to be held against those that it learnt from."
        return [(Span("DRIFT OF REQUESTS", "head"),), *wrapped(few, width, tone="unknown")]
    return [*_columns("DRIFT OF REQUESTS", found, width), *wrapped(said, width, tone="dim")]


def _columns(title: str, found: Sequence[WeighedDrift], width: int) -> list[Line]:
    """What moved, the furthest first; then in a sentence what did not."""
    moved = sorted((each for each in found if each.verdict != "none"), key=how_far)
    still = [plain(each.column, 40) for each in found if each.verdict == "none"]
    shape = _shape(title, moved)
    lines: list[Line] = [fit(_titles(title, shape), width)] if moved else [(Span(title, "head"),)]
    for each in moved:
        lines += _column(each, shape, width)
    if still:
        said = f"As in training: {', '.join(still)}."
        lines += wrapped(said, width, tone="dim")[:3]
    return lines


def _rows(document: LookDocument, width: int) -> list[Line]:
    """Which rows were compared."""
    window = document.window
    if not window.rows:
        return []
    since = f" since {plain(window.since)[:10]}" if window.since else ""
    said = f"Compared: {window.rows:,} rows{since} with the rows it learnt from."
    if of := document.measured_at.get("importance"):
        said += f" How much a column matters was measured at {plain(of)[:16].replace('T', ' ')} UTC."
    return wrapped(said, width, tone="dim")


def how_far(column: WeighedDrift) -> tuple[bool, bool, float]:
    """The order of columns: broken ones, then by size times importance where that is known, else by size."""
    weight = column.weight
    return column.verdict not in BROKEN, weight is None, -(column.size or 0.0 if weight is None else weight)


def _prediction(found: ColumnDrift | None) -> Iterator[WeighedDrift]:
    """The predictions as one more column, whose importance nobody asks for."""
    from engine.monitoring.look_parts import WeighedDrift

    if found is not None:
        yield WeighedDrift(**vars(found))


@dataclass(frozen=True)
class Shape:
    """How wide the names and the verdicts of a table are, and whether it is known how much the model uses a column."""

    name: int
    verdict: int
    ranked: bool

    @property
    def left(self) -> int:
        return self.name + 2 + self.verdict + FIGURE + SHARE * self.ranked + 2


def _shape(title: str, columns: Sequence[WeighedDrift]) -> Shape:
    return Shape(
        name=min(20, max([8, len(title), *(cells_of(plain(each.column, 60)) for each in columns)])),
        verdict=max([0, *(cells_of(each.verdict) + 2 for each in columns)]),
        ranked=any(each.importance is not None for each in columns),
    )


def _titles(title: str, shape: Shape) -> Line:
    figures = pad("PSI", FIGURE, right=True) + (pad("MATTERS", SHARE, right=True) if shape.ranked else "")
    bars_of = pad("LEARNT over NOW", HISTOGRAM + 2)
    return (Span(f"{pad(title, shape.name)}  {pad('', shape.verdict)}{figures}  {bars_of}  WHAT MOVED", "head"),)


def _column(column: WeighedDrift, shape: Shape, width: int) -> list[Line]:
    """Two lines: what it learnt with the figures, below it what comes now; what moved stands beside both."""
    verdict = column.verdict
    word = Span(pad(f"{GLYPHS.get(verdict, '○')} {verdict}", shape.verdict), TONES.get(verdict, "unknown"))
    figures = pad(cells.number(column.psi), FIGURE, right=True)
    if shape.ranked:
        figures += pad(_share(column.importance), SHARE, right=True)
    learnt, now = bars(column.bars)
    why = wrapped(_why(column), max(16, width - shape.left - HISTOGRAM - 4)) or [()]
    first = line(
        Span(pad(plain(column.column, 60), shape.name), "strong"), "  ", word, figures, "  ",
        Span(pad(learnt, HISTOGRAM + 2), "dim"), "  ", *why[0],
    )  # fmt: skip
    rest = why[1:3] if len(why) > 1 else [()]
    if not learnt and len(why) == 1:
        return [fit(first, width)]
    second = [line(" " * shape.left, Span(pad(now if place == 0 else "", HISTOGRAM + 2), "key"), "  ", *each)
              for place, each in enumerate(rest)]  # fmt: skip
    return [fit(each, width) for each in (first, *second)]


def _share(value: float | None) -> str:
    """How much of what the model says hangs on a column."""
    if value is None:
        return cells.NOTHING
    return cells.percent(value) if value >= 0.01 or value == 0 else "< 1 %"


def _why(column: WeighedDrift) -> str:
    """Its sentence without its name and without the figures that stand beside it."""
    said = plain(column.why).removeprefix(f"{plain(column.column, 60)}: ").rstrip(".")
    kept = [part for part in said.split(", ") if not part.startswith("PSI ") and not part.startswith("on ")]
    return ", ".join(kept)


def _together(document: LookDocument, width: int) -> list[Line]:
    """Whether the rows differ from the training data in more than column by column."""
    found = document.together
    if found is None or not found.why:
        return []
    verdict = found.verdict
    tone: Tone = "dim" if verdict == "none" else ""
    word = f"{GLYPHS.get(verdict, '')} {verdict}".strip()
    return wrapped(f"All columns together: {word}. {plain(found.why)}", width, tone=tone)[:3]
