"""A terminal emulator to hold two streams against each other, cell by cell with their colours."""

from __future__ import annotations

import re
from typing import Any

import pyte

Cell = tuple[Any, ...]
_OF_KEYS = re.compile(r"\x1b\[[<>=][0-9;]*u")  # which the emulator would print


class _ErasesInItsOwn(pyte.Screen):
    """Not every terminal erases in the ground that is written on."""

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        attributes, self.cursor.attrs = self.cursor.attrs, self.default_char
        super().erase_in_line(how, private)
        self.cursor.attrs = attributes


class Emulated:
    """What a terminal shows that was sent some text."""

    def __init__(self, columns: int, lines: int, *, erases_in_colour: bool = True) -> None:
        self.screen = (pyte.Screen if erases_in_colour else _ErasesInItsOwn)(columns, lines)
        self._stream = pyte.Stream(self.screen)

    def take(self, text: str) -> None:
        self._stream.feed(_OF_KEYS.sub("", text))

    @property
    def cells(self) -> list[list[Cell]]:
        """Each cell as a person sees it: of a blank its ground, and what is drawn over or under it."""
        screen = self.screen
        return [[_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]

    @property
    def cursor(self) -> tuple[int, int]:
        return min(self.screen.cursor.x, self.screen.columns - 1), self.screen.cursor.y


def _seen(cell: Any) -> Cell:
    drawn = cell.underscore, cell.strikethrough, cell.reverse
    if cell.data == " " and not any(drawn):
        return " ", cell.bg
    return cell.data, cell.fg, cell.bg, cell.bold, cell.italics, cell.blink, *drawn
