"""Batches of feedback in words, for the list, the verb and the keys. Pure."""

from __future__ import annotations

from datetime import datetime

from console.text.lines import EMPTY, Column, Line, Span, Tone, line, pad, wrapped
from engine.feedback.records import Batch, BatchState, Receipt
from engine.text import plain

_NAME = 11
_TONES: dict[BatchState, Tone] = {"counted": "ok", "quarantined": "watch", "let in": "ok", "thrown away": "dim"}


def state(batch: Batch) -> Span:
    return Span(batch.state, _TONES[batch.state])


def remark(batch: Batch) -> str:
    """Why it is quarantined, what became of that, or where it came from."""
    if batch.why is None:
        return plain(batch.source)
    decided = f"; {batch.decided_by}: {batch.reason}" if batch.decided_by else ""
    return plain(f"{batch.why}{decided}")


def decided(batch: Batch) -> str:
    """What a person has just decided."""
    rows = "its row counts" if batch.rows == 1 else f"its {batch.rows:,} rows count"
    never = "its row never counts" if batch.rows == 1 else f"its {batch.rows:,} rows never count"
    said = f"let in: {rows} from now on" if batch.counts else f"thrown away: {never}, and stay as they came"
    return f"Feedback {batch.id} of {batch.project} is {said}."


def taken(project: str, receipt: Receipt) -> str:
    """What came of giving a batch."""
    rows = "1 row" if receipt.rows == 1 else f"{receipt.rows:,} rows"
    said = f"Feedback {receipt.batch}: {rows} of {plain(project)} taken in"
    return f"{said} and quarantined: {receipt.quarantined}." if receipt.quarantined else f"{said}."


def batch_lines(batch: Batch, width: int) -> list[Line]:
    """A batch, whole but for its rows."""
    said = [
        ("project", batch.project), ("came", f"{_moment(batch.at)}, {batch.rows:,} rows"), ("by", batch.by),
        ("from", batch.source), ("of times", f"{_moment(batch.since)} to {_moment(batch.until)}"),
        ("digest", batch.digest), ("state", batch.state),
    ]  # fmt: skip
    if batch.why is not None:
        said.append(("held for", batch.why))
    if batch.decided_by is not None and batch.decided_at is not None:
        said.append(("decided", f"by {batch.decided_by}, {_moment(batch.decided_at)}: {batch.reason}"))
    lines = [line(Span(f"Feedback {batch.id}", "strong")), EMPTY]
    for name, text in said:
        first, *rest = wrapped(plain(text, 1000), width - _NAME) or [EMPTY]
        lines += [line(Span(pad(name, _NAME), "dim"), *first), *(line(" " * _NAME, *each) for each in rest)]
    return lines


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%b %Y %H:%M} UTC"


FEEDBACK: tuple[Column[Batch], ...] = (
    Column("NO", 5, lambda b, now: Span(str(b.id), "strong"), right=True),
    Column("PROJECT", 12, lambda b, now: Span(plain(b.project))),
    Column("CAME", 12, lambda b, now: Span(f"{b.at:%d %b %H:%M}"), yields=1),
    Column("BY", 18, lambda b, now: Span(plain(b.by)), yields=2),
    Column("ROWS", 7, lambda b, now: Span(f"{b.rows:,}"), right=True),
    Column("STATE", 11, lambda b, now: state(b)),
    # In 80 columns why a batch waits matters more than when it came, which Enter says, too.
    Column("WHY, OR FROM", 33, lambda b, now: Span(remark(b), "dim"), grows=True),
)


def counted_batches(count: int) -> str:
    """``1 batch``, ``6 batches``."""
    return "1 batch came" if count == 1 else f"{count:,} batches came"
