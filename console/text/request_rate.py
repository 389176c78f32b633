"""Requests a second in a few characters, for the overview too. Pure, and without the figures' room."""

from __future__ import annotations


def rate(per_second: float) -> str:
    """``12,400/s``, ``3.2/s``, ``0.01/s``."""
    if per_second >= 100:
        return f"{per_second:,.0f}/s"
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{per_second:.2g}/s"
