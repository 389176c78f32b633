"""What stands above the list of runs. Pure."""

from __future__ import annotations

from console.text.lines import Line, Span, line
from engine.vocabulary.jobs import UNLISTED

ALL_UNLISTED = " and ".join(job.several for job in UNLISTED)


def hidden_looks(hidden: int, *, shown: bool) -> Line:
    """That finished looks at health are listed too, or how many are not, and the key that changes it."""
    if shown:
        return line(Span(f" Every run, also finished {ALL_UNLISTED}; ", "dim"), Span("l", "key"),
                    Span(" hides those again.", "dim"))  # fmt: skip
    if not hidden:
        return line(Span(" Every run.", "dim"))
    said = f" {looks(hidden)} not listed; "
    return line(Span(said, "dim"), Span("l", "key"), Span(" lists them.", "dim"))


def looks(hidden: int) -> str:
    """``1 finished look at health is``, ``12 finished looks at health are``."""
    one = " or ".join(job.one for job in UNLISTED)
    return f"{hidden:,} finished {one} is" if hidden == 1 else f"{hidden:,} finished {ALL_UNLISTED} are"
