"""A widget that shows lines: a header, a summary, a card, a log. Longer ones scroll, and only what is seen is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.text.lines import Line, fit
from console.widgets.toned import strip

Compose = Callable[[int], Sequence[Line]]


class LinesView(ScrollView, can_focus=False):
    """Shows what ``compose`` makes of a width. Equal lines are not drawn again."""

    def __init__(self, *, id: str | None = None, focusable: bool = False, grows: int = 0, whole: bool = False) -> None:
        """With ``grows`` it is as high as its lines, as long as that leaves so many rows of the terminal free.

        ``whole`` is as high as its lines always: what it is in scrolls.
        """
        super().__init__(id=id)
        self.can_focus = focusable
        self._grows, self._whole = grows, whole
        self._lines: Sequence[Line] = ()
        self._make: Compose = lambda width: ()

    def show(self, make: Compose) -> None:
        """Show the lines that ``make`` gives for the width there is; it is called again when that changes."""
        self._make = make
        self._remake()

    def leave(self, rows: int) -> None:
        """From now on it leaves so many rows of the terminal free, where it grows."""
        if rows != self._grows:
            self._grows = rows
            self._fit_rows()

    @property
    def texts(self) -> list[str]:
        """All its lines as text, what is scrolled away too."""
        return ["".join(span.text for span in each) for each in self._lines]

    @property
    def at_end(self) -> bool:
        """Whether the last line is seen."""
        return self.scroll_offset.y >= self.max_scroll_y

    def _remake(self) -> None:
        width = int(self.scrollable_content_region.width)
        if width <= 0:
            return
        found, old = self._make(width), self._lines
        self._lines = found
        size = Size(width, len(found))
        if self.virtual_size != size:
            self.virtual_size = size
            self._fit_rows()
            self.refresh()
            return
        top = self.scroll_offset.y
        for y in range(self.size.height):
            at = top + y
            before = old[at] if at < len(old) else None
            after = found[at] if at < len(found) else None
            if before != after:
                self.refresh(Region(0, y, self.size.width, 1))

    def _fit_rows(self) -> None:
        rows = len(self._lines)
        if self._whole:
            self.styles.height = max(1, rows)
        elif self._grows:
            self.styles.height = max(1, min(rows, self.app.size.height - self._grows))

    def on_resize(self) -> None:
        self.call_after_refresh(self._remake)

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        width = int(self.scrollable_content_region.width)
        line = self._lines[at] if at < len(self._lines) else ()
        return strip(fit(line, width), width, self.app.theme, self.rich_style)
