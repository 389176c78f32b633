"""Numbers in sentences: as many digits as they are worth, thousands with commas, a sign where it is a difference."""

from __future__ import annotations

import math


def number(value: float | None, decimals: int = 3) -> str:
    """``0.724``, ``1,234``, ``12.3``; ``not defined`` for None."""
    if value is None or not math.isfinite(value):
        return "not defined"
    size = abs(value)
    if 0 < size < 0.5 * 10**-decimals or size >= 1e9:
        return f"{value:.2g}".replace("-", "−")
    keep = decimals if size < 10 else 1 if size < 1000 else 0
    return f"{value:,.{keep}f}".replace("-", "−")


def signed(value: float | None, decimals: int = 3) -> str:
    """``+0.018``."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def limit(value: float) -> str:
    """A limit as a person wrote it, at least two decimals for a fraction: ``0.70``, ``1,000``, ``0.005``."""
    if value == int(value) and abs(value) >= 2:
        return f"{value:,.0f}"
    text = f"{value:.6f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<2}"


def between(low: float | None, high: float | None, *, sign: bool = False) -> str:
    """``95 % between +0.011 and +0.025``, with digits enough to tell the two ends apart; '' without an interval."""
    if low is None or high is None:
        return ""
    decimals = decimals_for(high - low)
    write = signed if sign else number
    return f"95 % between {write(low, decimals)} and {write(high, decimals)}"


def decimals_for(width: float) -> int:
    """Digits after the point so that a width shows with about two of its own: 3 to 6."""
    if not math.isfinite(width) or width <= 0:
        return 3
    return min(6, max(3, 1 - math.floor(math.log10(width))))


def count(amount: int, noun: str) -> str:
    """``1 gate``, ``9 gates``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def size(amount: float) -> str:
    """``512 B``, ``1.4 MiB``, as sizes are written in a manifest."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def percent(part: float, decimals: int = 1) -> str:
    """``4.1 %``."""
    return f"{100 * part:.{decimals}f} %"
