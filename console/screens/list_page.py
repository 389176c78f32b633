"""A screen that is a list: rows of the engine, a cursor, a filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from textual.widget import Widget
from textual.widgets import Input

from console.queries.question import ListWindow, Rows
from console.screens.page import Page
from console.text.lines import Column, Line, Span, line
from console.widgets.paged_list import PagedList

R = TypeVar("R")


class ListPage(Page, Generic[R]):
    """``columns`` and ``key`` describe the rows; ``empty`` is what an empty list says to do."""

    columns: ClassVar[Sequence[Column[Any]]]
    empty: ClassVar[Sequence[str]] = ("Nothing here yet.",)
    of_no_row: ClassVar[Sequence[str]] = ()  # what is done to none of them
    placeholder: ClassVar[str] = "show rows that contain …   Enter keeps the filter, Esc takes it away"

    def __init__(self) -> None:
        super().__init__()
        self.matching = ""

    @staticmethod
    def key(record: Any) -> Any:
        """What tells one record from another."""
        return record

    def body(self) -> Iterable[Widget]:
        yield self.make_table()
        yield Input(placeholder=self.placeholder, id="filter")

    def make_table(self) -> PagedList[R]:
        """The list itself."""
        return PagedList(self.columns, self.key, id="list")

    @property
    def table(self) -> PagedList[R]:
        found: PagedList[R] = self.query_one(PagedList)
        return found

    @property
    def is_left(self) -> bool:
        # What its list said before that went comes all the same.
        return super().is_left or not self.query(PagedList)

    @property
    def selected(self) -> R | None:
        """The record under the cursor."""
        return self.table.selected

    @property
    def window(self) -> ListWindow:
        """Which rows the list needs."""
        if not self.is_mounted:  # a key or an answer may come before the list is there
            return ListWindow(matching=self.matching)
        offset, limit = self.table.window
        return ListWindow(offset, limit, self.matching)

    def show(self, answer: Rows[R], at: datetime) -> None:
        self.table.show(answer, at, self.empty_lines())

    def empty_lines(self) -> Sequence[Line]:
        """What stands in place of rows."""
        if self.matching:
            said = f"   No row contains '{self.matching}'. "
            return [(), line(said, Span("Esc", "key"), " takes the filter away.")]
        return [(), *(line("   ", each) for each in self.empty)]

    @property
    def heading(self) -> str:
        return f"{self.place} · filter '{self.matching}'" if self.matching else self.place

    # The cursor and Enter

    def on_paged_list_moved(self) -> None:
        if self.is_left:
            return
        self.selection_changed()
        if self.app.question != self.question():
            self.ask()

    def selection_changed(self) -> None:
        """The cursor is on another record."""
        self.draw_frame()

    def on_paged_list_chosen(self) -> None:
        if not self.is_left:
            self.chosen()

    def chosen(self) -> None:
        """Enter was pressed on the record under the cursor."""
        self.app.action_act("open")

    def why_not(self, action: str) -> str | None:
        if action in ("filter", "back", "retrain", *self.of_no_row) or self.selected is not None:
            return None
        return "There is no row under the cursor."

    def about(self, action: str) -> object:
        return None if action in self.of_no_row or self.selected is None else self.key(self.selected)

    # The filter

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        with field.prevent(Input.Changed):
            field.value = self.matching
        self.set_focus(field)  # At once: the next letter may have been typed already, and is no key of the screen.

    def on_input_changed(self, event: Input.Changed) -> None:
        # What was typed behind Enter comes when the field has been left.
        if event.input.id == "filter" and event.input.display and event.value.strip() != self.matching:
            self._set_filter(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "filter":
            self._leave_filter()

    def on_key(self, event: Any) -> None:
        if event.key == "escape" and isinstance(self.focused, Input):
            event.stop()
            self.clear_filter()

    def do_back(self) -> None:
        if self.matching:
            self.clear_filter()
        else:
            super().do_back()

    def clear_filter(self) -> None:
        """Show every row again."""
        field = self.query_one("#filter", Input)
        with field.prevent(Input.Changed):
            field.value = ""
        self._set_filter("")
        self._leave_filter()

    def _leave_filter(self) -> None:
        self.set_focus(self.table)
        self.query_one("#filter", Input).display = False

    def _set_filter(self, text: str) -> None:
        if text != self.matching:
            self.matching = text
            self.table.reset()
            self.filter_changed()
            self.draw_frame()

    def filter_changed(self) -> None:
        """Other rows are wanted."""
        self.ask()


class WholeListPage(ListPage[R]):
    """A list that comes in one answer; what the filter lets through is worked out here."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[R] = ()

    @staticmethod
    def words(record: R) -> str:
        """What the filter looks into."""
        raise NotImplementedError

    def show(self, answer: Sequence[R], at: datetime) -> None:  # type: ignore[override]
        self._all = answer
        wanted = self.matching.lower()
        found = tuple(record for record in answer if wanted in self.words(record).lower())
        self.table.show(Rows(len(found), 0, found), at, self.empty_lines())

    def filter_changed(self) -> None:
        if self.at is not None:
            WholeListPage.show(self, self._all, self.at)
            self.selection_changed()
