"""Between which thresholds of a model a number lies: small whole numbers, on which trees can be looked up in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]

_CELLS, _PASSES = 4096, 4


class Edges:
    """``thresholds``, which grow. ``bins``: for a number, how many of them it is larger than; a gap is in the last one,
    ``count - 1``.

    A number is first put into one of many cells of equal width. As that never puts a larger number into an earlier
    cell, only the thresholds of its own cell have to be compared with it. Where they lie too close for that, and to
    look them up by halves takes a multiple of the time, it is done that way.
    """

    def __init__(self, thresholds: Numbers) -> None:
        import numpy as np

        self.thresholds = thresholds
        self.count = len(thresholds) + 2
        self._passes = -1
        ends = thresholds[np.isfinite(thresholds)]
        if len(ends) < 2 or not np.isfinite(ends[-1] - ends[0]) or len(ends) < len(thresholds):
            return
        self._low = float(ends[0])
        with np.errstate(all="ignore"):
            self._per = float(_CELLS / (ends[-1] - ends[0]))
        if not np.isfinite(self._per) or self._per == 0:
            return
        cells = self._cells(thresholds)
        inside = np.bincount(cells, minlength=_CELLS + 2)
        if inside.max() > _PASSES:
            return
        self._passes = int(inside.max())
        self._before = np.concatenate([[0], np.cumsum(inside)[:-1]]).astype(np.intp)
        self._next = np.append(thresholds, np.inf)

    def _cells(self, numbers: Numbers) -> Places:
        import numpy as np

        at = np.subtract(numbers, self._low)
        at *= self._per
        # What lies before the first is in cell 0, as the first itself is; a gap is there too, and is looked at later.
        np.fmax(at, 0.0, out=at)
        np.fmin(at, _CELLS + 1, out=at)
        return at.astype(np.intp)

    def bins(self, numbers: Numbers) -> Places:
        import numpy as np

        if self._passes < 0:
            found = np.searchsorted(self.thresholds, numbers, side="left")
        else:
            found = self._before.take(self._cells(numbers))
            for _ in range(self._passes):
                found += self._next.take(found) < numbers
        gaps = np.isnan(numbers)
        if gaps.any():
            found[gaps] = self.count - 1
        return found
