"""The smallest numbers of rows that can decide. Pure.

- Fewer than ``FEWEST`` rows, or ``FEWEST_OF_CLASS`` of the rarer class of two, bear no interval: they cannot tell, and
  no key of a manifest changes that.
- With fewer than ``ROWS`` rows, or ``ROWS_PER_CLASS`` of the rarest class, a value alone may be on either side of a
  limit by chance: the whole interval decides.
- From there on, or from a gate's own ``minimum_rows`` on, the value decides, as the manifest says it.

Which numbers, and why: docs/decisions/0028.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.validation.words import count
from engine.vocabulary.metrics import PER_CLASS, Task

FEWEST, FEWEST_OF_CLASS = 10, 5
ROWS, ROWS_PER_CLASS = 200, 20


@dataclass(frozen=True)
class RowsToJudge:
    """How many rows there are to judge by. ``smallest_class``: those of the rarest class, None for regression."""

    rows: int
    smallest_class: int | None
    task: Task = "binary"

    @property
    def none_can_tell(self) -> str | None:
        """Why these rows cannot decide anything, or None where an interval can."""
        if self.rows < FEWEST:
            return f"{count(self.rows, 'holdout row')} cannot decide; an interval takes at least {FEWEST}"
        if self.task == "binary" and self.smallest_class is not None and self.smallest_class < FEWEST_OF_CLASS:
            return (
                f"the rarest class has {count(self.smallest_class, 'holdout row')} and cannot decide; "
                f"an interval takes at least {FEWEST_OF_CLASS}"
            )
        return None

    def few(self, metric: str | None = None, minimum: int | None = None) -> tuple[str, str] | None:
        """What is few, where the value of ``metric`` alone does not decide, and what is lacking (``ways``).

        ``minimum``: rows from which on it does, else 200. Of several classes a rare one counts where each class does.
        """
        each = self.task == "binary" or metric in PER_CLASS
        if each and self.smallest_class is not None and self.smallest_class < ROWS_PER_CLASS:
            return f"{count(self.smallest_class, 'row')} of the rarest class", "class"
        if minimum is None and self.rows < ROWS:
            return count(self.rows, "row"), "decision"
        return None
