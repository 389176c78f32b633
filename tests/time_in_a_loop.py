"""A loop of asyncio whose time passes as soon as everybody waits: what has to wait for an hour has waited at once.

What is measured by its time depends neither on the machine nor on what else runs there.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NobodyWaits(selectors.SelectSelector):
    """Tells what has come, and where nothing has, that the time to wait for it is over."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:  # For another thread, say: that is no matter of time.
            return super().select(None)
        if not found and timeout:
            self.passed += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _NobodyWaits()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.passed


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns, run by such a loop. Raises what it raises."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(coroutine)
