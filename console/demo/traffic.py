"""Gentle traffic: programs that ask the demo's server by themselves, now and then, as callers do who know nothing of
each other. The rows are real and come in the order of the data, sooner after one another than they once did."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from console.demo.callers import Caller, Record, live_rows
from engine.errors import LeverframeError

ROWS = 2_000  # the newest of what is live, over and over


class Traffic:
    """Asks for ``project`` at ``port`` from ``start`` until ``close``; a server that does not answer is asked later."""

    def __init__(self, home: Path, project: str, port: int, rate: float) -> None:
        self._home, self._project, self._port, self._rate = home, project, port, rate
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name=f"traffic {project}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ask for nothing more."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _ask(self) -> None:
        caller = Caller(self._port)
        try:
            for pause, record in zip(gaps(self._rate, self._project), cycle(self._rows()), strict=False):
                if self._ended.wait(pause):
                    return
                caller.ask(self._project, [record])
        except LeverframeError:
            return  # Nothing of it is live any more.
        finally:
            caller.close()

    def _rows(self) -> Iterator[Record]:
        return iter(live_rows(self._home, self._project, ROWS).requests)


def gaps(rate: float, seed: str) -> Iterator[float]:
    """Seconds from one request to the next, of callers who come independently of each other: for ever. Pure."""
    drawn = random.Random(seed)
    while True:
        yield drawn.expovariate(rate)

