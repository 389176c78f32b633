"""Where a version's pipeline is cut, as its document says it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.text import plain


@dataclass(frozen=True)
class BetweenColumn:
    """A column between steps; ``type`` as pandas calls it."""

    name: str
    type: str


@dataclass(frozen=True)
class SplitSection:
    """Where a pipeline is cut: its first ``steps``, by their kinds, are done by a process of the version's environment,
    and those behind them are compiled tables. ``columns``: what stands between, an ``array`` or a DataFrame."""

    steps: tuple[str, ...]
    array: bool
    columns: tuple[BetweenColumn, ...]

    @property
    def named(self) -> str:
        """The steps, as people are told them."""
        return plain(", ".join(self.steps), 120)
