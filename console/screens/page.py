"""What all screens have in common: head, keys, one question to the engine, and actions that say why they cannot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from console import actions
from console.queries.question import Question
from console.text import frame
from console.text.lines import Line
from console.widgets.lines_view import LinesView
from console.widgets.paged_list import PagedList

if TYPE_CHECKING:
    from console.acting.commands import Command, Result
    from console.app import LeverframeApp
    from engine.release.records import ProofStep


def bindings(screen: str) -> list[BindingType]:
    """The keys of ``screen`` from the table of actions; enter is the list's own, which tells the screen."""
    return [
        Binding(action.key, f"app.act('{action.id}')", action.label, show=False)
        for action in actions.of_screen(screen)
        if action.key != "enter"
    ]


class Asking:
    """A screen or dialog that asks the engine one question for as long as it is the one on top."""

    command: Command | None = None  # what it has had carried out

    @property
    def is_left(self) -> bool:
        """Whether it goes, or has gone: what comes for it all the same disturbs nobody."""
        return not (isinstance(self, Widget) and self.is_attached)

    def question(self) -> Question | None:
        """What it wants to know."""
        return None

    def beside(self) -> Question | None:
        """What it wants to know besides, which can wait."""
        return None

    def opened_on(self, page: Page, action: str) -> None:
        """It was opened by ``action``, which was chosen on ``page``."""

    def step_done(self, step: ProofStep) -> None:
        """Its command has done one of its steps."""

    def done(self, result: Result) -> None:
        """Its command was carried out."""

    def refused(self, sentence: str) -> None:
        """Its command was not carried out."""

    def answered(self, answer: Any, at: datetime) -> None:
        """The engine answered the question."""

    def unanswered(self, sentence: str) -> None:
        """The engine would not answer, and says why."""

    def answered_beside(self, answer: Any, at: datetime) -> None:
        """The engine answered what can wait."""


class Page(Asking, Screen[None]):
    """A screen of the console. ``name_of`` names it in the table of actions, ``place`` among the numbered screens."""

    name_of: ClassVar[str]
    place: ClassVar[str] = ""
    AUTO_FOCUS = "PagedList"

    if TYPE_CHECKING:
        app: LeverframeApp

    def __init_subclass__(cls, **options: Any) -> None:
        # Before Textual collects them.
        if "name_of" in cls.__dict__:
            cls.BINDINGS = bindings(cls.name_of)
        super().__init_subclass__(**options)

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime | None = None
        self.trouble: str | None = None

    # What a screen says of itself

    @property
    def heading(self) -> str:
        """What stands in the head."""
        return self.place

    def anew(self) -> Page:
        """The same screen, which has shown nothing yet."""
        return type(self)()

    def show(self, answer: Any, at: datetime) -> None:
        """Show what the engine answered."""

    def body(self) -> Iterable[Widget]:
        """The widgets between head and keys."""
        return ()

    def why_not(self, action: str) -> str | None:
        """Why ``action`` cannot be done now, in a sentence for people; None when it can."""
        return None

    gone: ClassVar[str] = "it is not in the list any more."

    def about(self, action: str) -> object:
        """What ``action`` would be done to, of all that the screen shows."""
        return None

    def so(self, action: str) -> frozenset[str]:
        """What is so now, in words, and has to stay so for whoever has chosen ``action`` and is asked for a reason."""
        return frozenset()

    def refusal(self, action: str) -> str | None:
        """Why ``action`` cannot be done now, in the past as in the present."""
        if self.app.who.as_of is not None and action in actions.ACTS:
            from engine.access.acts import nothing_changes

            return nothing_changes(self.app.who.as_of)
        return self.why_not(action) or self._forbidden(action)

    def _forbidden(self, name: str) -> str | None:
        """Why whoever works here may not do it; what shows first what it would do tells that itself."""
        acts = (a for a in actions.of_screen(self.name_of) if a.id == name and a.does and not a.previews)
        return next((self.app.runner.why_not(action.does) for action in acts), None)

    # The frame

    def compose(self) -> ComposeResult:
        yield LinesView(id="head")
        yield from self.body()
        yield LinesView(id="keys")

    def on_mount(self) -> None:
        self.draw_frame()

    def on_screen_resume(self) -> None:
        self.ask()

    def ask(self) -> None:
        """Ask the question anew, because it may have changed; of a screen that something lies over nobody asks."""
        if self.app.screen is self:
            self.app.ask(self.question(), self.beside() if self.app.drawn else None)

    def ask_beside(self) -> None:
        """Ask what can wait, if that is something else by now."""
        if self.app.drawn and self.app.screen is self and self.app.beside != self.beside():
            self.app.ask_beside(self.beside())

    def answered(self, answer: Any, at: datetime) -> None:
        self.at, self.trouble = at, None
        self.show(answer, at)
        self.draw_frame()

    def unanswered(self, sentence: str) -> None:
        # What was shown stays; the sentence says why it is old.
        self.trouble = sentence
        self.draw_frame()
        self.app.say(sentence, "failing")

    def draw_frame(self) -> None:
        """Head and keys, which depend on what is selected."""
        who, at = self.app.who, self.at
        self.lines("#head").show(lambda width: self._head(who, at, width))
        self.lines("#keys").show(self._keys)

    def _head(self, who: frame.Who, at: datetime | None, width: int) -> Sequence[Line]:
        return [frame.head(self.heading, who, at, width, self.app.others), frame.rule(width)]

    def _keys(self, width: int) -> Sequence[Line]:
        return [
            frame.rule(width),
            frame.keys(self.name_of, self.refusal, width),
            frame.places(self.place, width, steps_back=self.app.who.as_of is None),
        ]

    def lines(self, selector: str) -> LinesView:
        """The lines widget that ``selector`` names."""
        return self.query_one(selector, LinesView)

    def texts(self) -> list[str]:
        """What stands on it between head and keys, for the help that explains its words."""
        widgets = [*self.query(LinesView), *self.query(PagedList)]
        return [text for widget in widgets if widget.id not in ("head", "keys") for text in widget.texts]

    # Actions that every screen knows

    def do_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        elif self.place != "Overview":
            self.app.go("overview")
