"""What people said of a version, in lines: who approved it, who commented on it. Pure.

Whatever they wrote is shown as the one line of text that it is: nothing in it reaches the terminal as an order.
"""

from __future__ import annotations

from console.text.lines import Line, Span, line, wrapped
from engine.release.records import Remark, Remarks
from engine.text import plain

MOST_LINES = 3  # of one remark, where not all of it is wanted
LONGEST = 1000
MOST_BESIDE = 2  # comments beside something else that is to be read


def remark_lines(remarks: Remarks, width: int, *, most: int | None = None) -> list[Line]:
    """Approvals and comments in one list, the newest last. ``most``: only so many comments, and not at their length."""
    comments = remarks.comments
    shown = comments if most is None else comments[max(0, len(comments) - most) :]
    lines: list[Line] = []
    for each in sorted((*remarks.approvals, *shown), key=lambda remark: remark.at):
        found = wrapped(_sentence(each), width - 2)
        cut = most is not None and len(found) > MOST_LINES
        mark = Span("▲ ", "watch") if each.past else Span("✓ ", "ok") if each.kind == "approval" else Span("· ", "dim")
        lines += [line(mark if part is found[0] else "  ", *part) for part in (found[:MOST_LINES] if cut else found)]
        if cut:
            lines[-1] = line(*lines[-1], "…")
    if (planned := remarks.planned) is not None:
        mark = Span("▲ ", "watch") if planned.how else Span("→ ", "ok")
        found = wrapped(plain(f"{planned.sentence[:1].upper()}{planned.sentence[1:]}.", LONGEST), width - 2)
        lines += [line(mark if part is found[0] else "  ", *part) for part in found]
    earlier = len(comments) - len(shown)
    said = f"  {earlier} earlier comment{'' if earlier == 1 else 's'}: w on the card reads all"
    return [line(Span(said, "dim")), *lines] if earlier else lines


def _sentence(remark: Remark) -> str:
    when = f"{remark.at.day} {remark.at:%b %H:%M} UTC"
    text = plain(remark.text, LONGEST)
    if remark.kind == "approval":
        glass = f", past {remark.past}, by a broken glass" if remark.past else ""
        return f'{plain(remark.by)} approved it on {when}{glass}: "{text}"'
    return f"{plain(remark.by)}, {when}: {text}"
