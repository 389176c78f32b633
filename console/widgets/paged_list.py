"""A list of any length: it asks for the rows it shows and draws nothing else (a million rows cost one page)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.queries.question import Rows
from console.text.lines import Column, Line, Span, fit, heading, row
from console.widgets.toned import strip

R = TypeVar("R")
MARGIN = 2
HEADING = 1


class PagedList(ScrollView, Generic[R], can_focus=True):
    """A cursor over rows. It stays on its record when others come in above; ``key`` tells records apart."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "edge(0)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Chosen(Message):
        """Enter was pressed on a row."""

    class Moved(Message):
        """The cursor is on another record, or the window shows other rows than it has."""

    def __init__(
        self, columns: Sequence[Column[R]], key: Callable[[R], Any], *, id: str | None = None, follows: bool = False
    ) -> None:
        """With ``follows`` it begins at its last row and stays there as rows come in, until the cursor moves away."""
        super().__init__(id=id)
        self._columns, self._key, self._follows = columns, key, follows
        self._rows: Rows[R] = Rows(0, 0, ())
        self._now: datetime | None = None
        self._cursor = 0
        self._selected_key: Any = None
        self._empty: Sequence[Line] = ()

    # What the screen asks and tells

    @property
    def selected(self) -> R | None:
        """The record under the cursor, as it is drawn; None while it is not read yet."""
        return self._record(self._cursor)

    @property
    def texts(self) -> list[str]:
        """What is seen of it, as text."""
        return ["".join(span.text for span in found) for found, _ in self._visible()]

    @property
    def at_end(self) -> bool:
        """Whether it stays at its last row as rows come in."""
        return self._follows and self._cursor >= self._rows.total - 1

    @property
    def window(self) -> tuple[int, int]:
        """Offset and number of the rows that should be at hand: what is seen, and as much before and after."""
        height = self._height
        top = self.scroll_offset.y
        # In steps of a page, so that a step of the cursor does not ask anew.
        start = max(0, (top // height - 1) * height)
        return start, 4 * height

    def show(
        self, rows: Rows[R], now: datetime, empty: Sequence[Line] = (), columns: Sequence[Column[R]] | None = None
    ) -> None:
        """Show these rows; ``empty`` is what stands there when there are none at all. ``columns``: from now on."""
        before = self._visible()
        at_end = self.at_end
        self._columns = columns or self._columns
        self._rows, self._now, self._empty = rows, now, empty
        if at_end:
            self._cursor = max(0, rows.total - 1)
        else:
            self._follow()
        self._cursor = max(0, min(self._cursor, rows.total - 1))
        size = Size(self._width, rows.total + HEADING)
        if self.virtual_size != size:
            self.virtual_size = size
        if at_end:
            self._settle()
        after = self._visible()
        if len(before) != len(after):
            self.refresh()
        for y, (old, new) in enumerate(zip(before, after, strict=False)):
            if old != new:
                self.refresh(Region(0, y, self._width, 1))
        self._selected_key = self._key_at(self._cursor)

    def _follow(self) -> None:
        """Keep the cursor on its record where that is still among the rows."""
        if self._selected_key is None or self._key_at(self._cursor) == self._selected_key:
            return
        for index, record in enumerate(self._rows.rows):
            if self._key(record) == self._selected_key:
                moved = self._rows.offset + index - self._cursor
                self._cursor += moved
                if self.scroll_offset.y > 0:
                    self._scroll(self.scroll_offset.y + moved)
                return

    def reset(self) -> None:
        """Go back to where it begins, because other rows will be shown."""
        self._cursor, self._selected_key = (max(0, self._rows.total - 1) if self._follows else 0), None
        self._scroll(0)

    # Drawing

    @property
    def _width(self) -> int:
        return int(self.scrollable_content_region.width)

    @property
    def _height(self) -> int:
        """How many rows are seen."""
        return max(1, int(self.scrollable_content_region.height) - HEADING)

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=top, animate=False, immediate=True, force=True)

    def _record(self, index: int) -> R | None:
        at = index - self._rows.offset
        return self._rows.rows[at] if 0 <= at < len(self._rows.rows) else None

    def _key_at(self, index: int) -> Any:
        record = self._record(index)
        return None if record is None else self._key(record)

    def _visible(self) -> list[tuple[Line, bool]]:
        return [self._line(y) for y in range(self.size.height)]

    def _line(self, y: int) -> tuple[Line, bool]:
        """The line at ``y`` of what is seen, and whether the cursor is on it."""
        width = self._width
        if y == 0:
            return (Span("   "), *heading(self._columns, width - 4)), False
        if self._now is None:
            return (), False
        if self._rows.total == 0:
            return (self._empty[y - HEADING] if y - HEADING < len(self._empty) else ()), False
        index = self.scroll_offset.y + y - HEADING
        if index >= self._rows.total:
            return (), False
        chosen = index == self._cursor
        record = self._record(index)
        mark = Span(" ▸ ", "key") if chosen else Span("   ")
        if record is None:
            return (mark, Span("…", "dim")), chosen
        return (mark, *row(self._columns, record, self._now, width - 4)), chosen

    def render_line(self, y: int) -> Strip:
        line, chosen = self._line(y)
        width = self._width
        return strip(fit(line, width), width, self.app.theme, self.rich_style, under_cursor=chosen)

    def on_resize(self) -> None:
        self.virtual_size = Size(self._width, self._rows.total + HEADING)
        self.call_after_refresh(self._settle)

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self.refresh()
        self.post_message(self.Moved())

    # Moving

    def _settle(self) -> None:
        """Scroll so that the cursor is seen, and say what is under it now."""
        height = self._height
        top = self.scroll_offset.y
        if self._cursor < top + MARGIN:
            top = max(0, self._cursor - MARGIN)
        elif self._cursor >= top + height - MARGIN:
            top = self._cursor - height + MARGIN + 1
        top = max(0, min(top, self._rows.total - height))
        if top != self.scroll_offset.y:
            self._scroll(top)
        self._selected_key = self._key_at(self._cursor)
        self.refresh()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self._cursor + by * max(1, self._height - MARGIN))

    def action_edge(self, end: int) -> None:
        self._go(self._rows.total - 1 if end else 0)

    def _go(self, index: int) -> None:
        self._cursor = max(0, min(index, self._rows.total - 1))
        self._settle()

    def action_choose(self) -> None:
        if self.selected is not None:
            self.post_message(self.Chosen())

    def on_click(self, event: Click) -> None:
        if event.y >= HEADING:
            self._go(self.scroll_offset.y + event.y - HEADING)
