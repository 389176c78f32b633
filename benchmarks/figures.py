"""What every benchmark prints: the machine, and a table of what was measured beside its limit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One measured number. ``limit``: what the project promises; ``at_most`` False: it is to be reached, not kept."""

    what: str
    measured: float
    limit: float | None = None
    unit: str = "s"
    at_most: bool = True

    @property
    def kept(self) -> bool:
        """Whether the promise holds here; a figure without a limit has nothing to keep."""
        return self.limit is None or (self.measured <= self.limit if self.at_most else self.measured >= self.limit)

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        if self.limit is None:
            return self.what, _number(self.measured, self.unit), "", "", ""
        sign = "≤" if self.at_most else "≥"
        ratio = f"{self.measured / self.limit:.2f}" if self.limit else ""
        word = "kept" if self.kept else "MISSED"
        return self.what, _number(self.measured, self.unit), f"{sign} {_number(self.limit, self.unit)}", ratio, word


def show(figures: Sequence[Figure]) -> int:
    """Print the table; 1 when a limit is missed, else 0. Timings are for people: no test decides by them."""
    rows = [("", "measured", "limit", "of it", ""), *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print(machine())
    for row in rows:
        columns = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *columns[1:]]).rstrip())
    return 0 if all(figure.kept for figure in figures) else 1


def machine() -> str:
    """Cores and load, without which a timing means nothing."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{os.cpu_count()} cores ({model}), load over 1, 5 and 15 minutes: {loads}"


def spread(name: str, seconds: Sequence[float]) -> str:
    """The median of several timings, with the fastest and the slowest."""
    return f"{name}: {median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f}, {len(seconds)} times)"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


def _number(value: float, unit: str) -> str:
    if unit == "ms" or unit == "MB":
        return f"{value:,.1f} {unit}"
    if unit == "s":
        return f"{value:.2f} s"
    return f"{value:,.2f} {unit}".strip() if value < 100 else f"{value:,.0f} {unit}".strip()
