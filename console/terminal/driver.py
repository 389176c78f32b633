"""Textual's driver for this kind of terminal, with the filter of ``repaint`` before it."""

from __future__ import annotations

import shutil
import threading
from codecs import getincrementaldecoder
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from console.terminal.sparing import SparingApp

# To Textual a byte that is no UTF-8, as a client types that writes Latin-1, is the end of the console. Here it is a
# letter that nobody can read.
linux_driver.getincrementaldecoder = lambda name: partial(getincrementaldecoder(name), errors="replace")  # type: ignore[attr-defined]


def erases_in_colour(term: str | None) -> bool:
    """Whether the terminal called ``term`` is known to erase in the ground that is written on (terminfo's ``bce``)."""
    try:
        import curses

        curses.setupterm(term, 1)
    except Exception:  # noqa: BLE001  Not every Python has it, and what it does not know is no terminal's fault.
        return False
    return bool(curses.tigetflag("bce"))


class ThriftyDriver(LinuxDriver):
    """Writes what the terminal does not show yet, as its app's ``repaint`` knows."""

    def __init__(self, app: SparingApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._repaint = app.repaint
        self._turn = threading.Lock()  # the thread that reads keys answers the terminal, too

    def write(self, data: str) -> None:
        with self._turn:
            self._repaint.fit(*shutil.get_terminal_size())
            if sent := self._repaint.sent(data):
                super().write(sent)
