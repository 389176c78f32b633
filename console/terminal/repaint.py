"""A filter between Textual and the terminal that lets through only what the terminal does not show already.

Textual writes every cell of whatever it paints, and the whole style again for each piece. ``Repaint`` reads that into a
grid of cells, compares it with the grid of what was sent before, and sends the cells that differ, with few moves and
changes of style. What it cannot read goes through as it came, and whatever that may have changed counts as unknown: it
is sent again as soon as it is painted again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from console.terminal.pieces import LASTING, PIECES
from console.terminal.style import MOST, PLAIN, Style, blank, change, for_blank, styled

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"  # around a picture that the terminal shows at once
UNKNOWN = -1
NEAR = 4  # so many cells are sent again sooner than leapt over
ERASE = "\x1b[K"  # what is behind the cursor
MANY = 8  # so many blanks at the end of a line are erased sooner than written
# A cell is one number: that of its style, and below it the character.
_SHIFT, _CHARACTER, _SPACE = 21, (1 << 21) - 1, ord(" ")


@dataclass
class _Run:
    """Cells of a line from ``start`` up to ``end``; ``blank``: none of them has anything written."""

    start: int
    end: int
    style: int
    blank: bool


class Repaint:
    """What a terminal shows, as far as that is known; at first it is not."""

    def __init__(self, columns: int = 0, lines: int = 0, *, erases_in_colour: bool = False) -> None:
        """``erases_in_colour``: whether the terminal erases in the ground that is written on, and not in its own."""
        self.columns, self.lines = columns, lines
        self._erases_in_colour = erases_in_colour
        # Where and how the one who paints is writing; None where that cannot be told.
        self._at: tuple[int, int] | None = None
        self._style: Style | None = PLAIN
        self._as_it_comes = False  # until it is said where it goes on
        self._aside = False  # for good
        # The terminal itself.
        self._cursor: tuple[int, int] | None = None
        self._pen = UNKNOWN
        self._numbers: dict[Style, int] = {}
        self.styles: list[Style] = []
        self._blanks: list[int] = []
        self._opening = False
        self._out: list[str] = []
        self._trusted = False
        self._forget()

    def fit(self, columns: int, lines: int) -> None:
        """The terminal has this size by now."""
        if (columns, lines) != (self.columns, self.lines):
            self.columns, self.lines = columns, lines
            self.distrust()

    def distrust(self) -> None:
        """Send whatever is painted from now on: the terminal may show anything."""
        self._trusted = False

    def _forget(self) -> None:
        self._shown = [[UNKNOWN] * self.columns for _ in range(self.lines)]
        self._painted: dict[int, list[int]] = {}
        self._cursor, self._pen = None, UNKNOWN

    def sent(self, data: str) -> str:
        """What the terminal needs so as to show what ``data`` paints."""
        if self._aside:
            return data
        if not self._trusted or len(self.styles) > MOST:
            self._numbers, self.styles, self._blanks = {}, [], []
            self._forget()
            self._trusted = True
        for piece in PIECES.finditer(data):
            match piece.lastgroup:
                case "text":
                    self._write(piece[0])
                case "sgr":
                    self._dress(piece[0], piece["sgr"])
                case "column":
                    self._at, self._as_it_comes = (int(piece["column"]) - 1, int(piece["line"]) - 1), False
                case "elsewhere" if self._at is not None and self._at[1] < self.lines - 1:
                    pass
                case "whole":
                    self._bracket(piece[0])
                case "unseen":
                    self._send_painted()
                    self._send(piece[0])
                case "doubted":
                    self._write_as_it_comes(piece[0])
                case _ if LASTING.fullmatch(piece[0]):
                    self._give_up(data[piece.start() :], None)
                    self._aside = True
                    break
                case _:
                    self._give_up(piece[0], self._style if piece.lastgroup == "screen" else None)
        self._settle()
        out = "".join(self._out)
        self._out.clear()
        return out

    # What is painted

    def _write(self, text: str) -> None:
        at, style, end = self._at, self._style, len(text)
        if at is None or style is None or at[1] >= self.lines or at[0] + end > self.columns:
            self._write_as_it_comes(text)
            return
        x, y = at
        row = self._painted.get(y)
        if row is None:
            row = self._painted[y] = self._shown[y].copy()
        number = self._number(style)
        space = self._blanks[number] << _SHIFT | _SPACE
        number <<= _SHIFT
        row[x : x + end] = [number | code if code != _SPACE else space for code in map(ord, text)]
        self._at = x + end, y

    def _number(self, style: Style) -> int:
        number = self._numbers.get(style)
        if number is None:
            number = self._numbers[style] = len(self.styles)
            self.styles.append(style)
            self._blanks.append(number)
            self._blanks[number] = self._number(blank(style))
        return number

    def _dress(self, found: str, sgr: str) -> None:
        before, after = self._style, styled(self._style, sgr)
        if after is None and before is not None and not self._as_it_comes:
            self._settle()  # Later nobody could tell in which style to write what is behind the last cell.
            self._wear(self._number(before))
        self._style = after
        if self._style is None or before is None or self._as_it_comes:
            self._send(found)
            self._pen = UNKNOWN if self._style is None else self._number(self._style)

    def _write_as_it_comes(self, text: str) -> None:
        """For characters of which only the terminal knows how wide they are, and for those that have no place."""
        if not self._as_it_comes:
            self._as_it_comes = True
            self._settle()
            if self._style is not None:
                self._wear(self._number(self._style))
            at = self._at
            if at is not None and at[0] < self.columns and at[1] < self.lines:
                # What does not fit lands on the last cells.
                first = max(0, min(at[0], self.columns - 2))
                self._shown[at[1]][first:] = [UNKNOWN] * (self.columns - first)
            else:
                self._forget()
        self._send(text)
        self._at = self._cursor = None

    def _give_up(self, found: str, style: Style | None) -> None:
        """Let through what may change anything; afterwards it is painted in ``style``, if that is known."""
        if not self._as_it_comes:
            self._settle()
            if self._style is not None:
                self._wear(self._number(self._style))
        self._send(found)
        self._forget()
        self._at, self._style, self._as_it_comes = None, style, True

    def _bracket(self, found: str) -> None:
        """A picture begins or ends; one without a difference has no brackets."""
        self._settle()
        if found == BEGIN:
            self._opening = True
        elif self._opening:
            self._opening = False
        else:
            self._send(found)

    # What is sent

    def _send(self, text: str) -> None:
        if self._opening:
            self._opening = False
            self._out.append(BEGIN)
        self._out.append(text)

    def _settle(self) -> None:
        """Send what was painted, and leave the cursor where the one who paints left it."""
        self._send_painted()
        if self._at is None or self._at == self._cursor:
            return
        x, y = self._at
        last = x == self.columns and y < self.lines and self._shown[y][-1] != UNKNOWN and self._style is not None
        if last:  # only by writing into the last cell does a terminal come to stand behind it
            self._send_row(y, self._shown[y], [x - 1])
        else:
            self._move(x, y)

    def _send_painted(self) -> None:
        for y, row in sorted(self._painted.items()):
            shown = self._shown[y]
            if row != shown:
                self._shown[y] = row
                self._send_row(y, row, [x for x, cell in enumerate(row) if cell != shown[x]])
        self._painted = {}

    def _send_row(self, y: int, row: list[int], places: list[int]) -> None:
        """Send the cells at ``places`` of line ``y``, style by style: to go back costs less than a colour."""
        erased = self._erased_from(row, places)
        runs = self._runs(row, [x for x in places if x < erased])
        styles = dict.fromkeys((self._pen, *(run.style for run in runs)))
        drawn: dict[int, list[_Run]] = {}
        for run in runs:
            blank = run.style if run.blank else UNKNOWN
            style = next(each for each in styles if each == run.style or self._looks_blank(each, blank))
            drawn.setdefault(style, []).append(run)
        for style in styles:
            for run in drawn.get(style, ()):
                self._reach(run.start, y, row)
                self._wear(style, blank=run.blank)
                self._send("".join(chr(cell & _CHARACTER) for cell in row[run.start : run.end]))
                self._cursor = run.end, y
        if erased < self.columns:
            self._reach(erased, y, row)
            self._wear(row[-1] >> _SHIFT, blank=True)
            self._send(ERASE)

    def _erased_from(self, row: list[int], places: list[int]) -> int:
        """Where the blanks at the end of ``row`` begin to be erased; behind the last cell where few are to be sent."""
        end = row[-1]
        if end < 0 or end & _CHARACTER != _SPACE:
            return self.columns
        style = self.styles[end >> _SHIFT]
        if style.attributes or (style.ground and not self._erases_in_colour):
            return self.columns
        first = len(row) - next((n for n, cell in enumerate(reversed(row)) if cell != end), len(row))
        blanks = [x for x in places if x >= first]
        return blanks[0] if len(blanks) >= MANY else self.columns

    def _runs(self, row: list[int], places: list[int]) -> list[_Run]:
        """The cells at ``places`` that lie side by side and can be written in one style."""
        runs: list[_Run] = []
        at = style = UNKNOWN
        blank = False
        for x in places:
            cell = row[x]
            found, space = cell >> _SHIFT, cell & _CHARACTER == _SPACE
            if x == at and (found == style or (space and self._looks_blank(style, found))):
                runs[-1].end = at = x + 1
                blank = runs[-1].blank = blank and space
            elif x == at and blank and self._looks_blank(found, style):
                runs[-1].end = at = x + 1
                style = runs[-1].style = found
                blank = runs[-1].blank = False
            else:
                at, style, blank = x + 1, found, space
                runs.append(_Run(x, at, style, blank))
        return runs

    def _looks_blank(self, style: int, blank: int) -> bool:
        """Whether nothing written in ``style`` looks like nothing written in ``blank``."""
        return style >= 0 and self._blanks[style] == blank

    def _reach(self, x: int, y: int, row: list[int]) -> None:
        """Bring the cursor to this place, over cells that are shown already where they are few."""
        at = self._cursor
        if at is None or at[1] != y:
            self._move(x, y)
        elif at[0] > x:
            self._send(f"\x1b[{x + 1}G" if x else "\r")
        elif at[0] < x:
            between = row[at[0] : x]
            if len(between) <= NEAR and self._could_be_sent(between):
                self._send("".join(chr(cell & _CHARACTER) for cell in between))
            else:
                self._send(f"\x1b[{x - at[0]}C" if x - at[0] > 1 else "\x1b[C")

    def _could_be_sent(self, cells: Iterable[int]) -> bool:
        """Whether they are known, and in the style that the terminal writes in."""
        if self._pen < 0:
            return False
        pen, space = self._pen, self._blanks[self._pen] << _SHIFT | _SPACE
        return all(cell == space or (cell >= 0 and cell >> _SHIFT == pen) for cell in cells)

    def _move(self, x: int, y: int) -> None:
        if self._cursor != (x, y):
            self._send(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H")
            self._cursor = x, y

    def _wear(self, number: int, *, blank: bool = False) -> None:
        """Write in this style from now on, or in any in which a blank looks like it."""
        if number != self._pen:
            pen = self.styles[self._pen] if self._pen >= 0 else None
            wanted = for_blank(pen, self.styles[number]) if blank else self.styles[number]
            self._send(change(pen, wanted))
            self._pen = self._number(wanted)
