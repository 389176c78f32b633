"""The console's app: screens, themes, and the way from a key to an action. Nothing of the domain."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size

from console import actions, routes, themes
from console.acting.messages import (
    Answered,
    CommandRefused,
    Done,
    PeopleSeen,
    ShownOut,
    StepDone,
    Unanswered,
)
from console.acting.runner import Runner
from console.dialogs.too_small import TooSmall
from console.palette import ActionPalette
from console.queries.watcher import Watcher
from console.screens.page import Asking, Page
from console.terminal.sparing import SparingApp
from console.text import frame
from console.time_travel.crossing import Crossing
from engine import clock

if TYPE_CHECKING:
    from console.acting.commands import Command
    from console.queries.question import Desk, Question
    from console.queries.recent_question import Recent
    from console.text.lines import Tone
    from engine.api import Engine
    from engine.presence.sessions import Present

TOASTS: dict[Tone, str] = {"failing": "error", "watch": "warning"}


class LeverframeApp(SparingApp):
    """Keys come in as actions of the table; threads come in as messages."""

    TITLE = "Leverframe"
    CSS_PATH = "styles/console.tcss"
    COMMANDS: ClassVar[set[Any]] = {ActionPalette}
    MODES: ClassVar[dict[str, Any]] = {name: partial(routes.place, name) for name in routes.PLACES}
    DEFAULT_MODE = "overview"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(action.key, f"act('{action.id}')", action.label, show=False, priority=action.id == "redraw")
        for action in actions.anywhere()
    ]

    def __init__(
        self,
        engine: Engine,
        who: frame.Who,
        first: Future[Desk] | None = None,
        last_visit: datetime | None = None,
        now: Callable[[], datetime] = clock.now,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        # Without colours the terminal's own are left alone: Textual would turn default on default into black on black.
        super().__init__(ansi_color=True if themes.colourless(os.environ) else None)
        self.who = who
        self.first = first
        self.last_visit = last_visit
        self._when_ready = ready
        self.question: Question | None = None
        self.beside: Question | None = None
        self.desk: Desk | None = None
        self.recent: Recent | None = None
        self.others: tuple[Present, ...] = ()
        self.shown_out: str | None = None
        self.watcher = Watcher(engine, self.post_message, now)
        self.runner = Runner(engine, self.post_message)
        self._leaving = self._left = self._dressed = self.drawn = False
        self.crossing = Crossing(self)
        for theme in themes.textual_themes():
            self.register_theme(theme)
        self._dress(themes.fitting(os.environ))
        self.animation_level = "none"

    def _dress(self, theme: str) -> None:
        """Begin in ``theme``, with every style read once: Textual would read all of them two times more, 4 ms each."""
        found = self.get_theme(theme)
        if found is not None and found.ansi:
            self.theme = theme  # The terminal's own colours pass through a filter that comes with it.
        else:
            self.set_reactive(App.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def refresh_css(self, animate: bool = True) -> None:
        """Not before there is a screen: it has just read the styles of this theme."""
        if self._dressed:
            super().refresh_css(animate)

    def on_mount(self) -> None:
        self._dressed = True

    def on_ready(self) -> None:
        """The first picture is on the screen, and nobody reads beside it before."""
        self.drawn = True
        self.watcher.start()
        if isinstance(top := self.top, Page):
            top.ask_beside()
        self._when_ready()

    def on_unmount(self) -> None:
        self.watcher.stop()
        self.crossing.close()

    # What threads tell

    def ask(self, question: Question | None, beside: Question | None = None) -> None:
        """From now on the screen on top wants to know this."""
        self.question = question
        self.watcher.watch(question)
        self._say_where()
        self.ask_beside(beside)

    def ask_beside(self, question: Question | None) -> None:
        """From now on the screen on top wants to know this, too, when there is time for it."""
        self.beside = question
        self.watcher.watch_beside(question)

    def on_answered(self, message: Answered) -> None:
        top = self._who_asks(message.at)
        if top is not None and top.question() == message.question:
            top.answered(message.answer, message.at)
            self._say_where()  # a heading may come of an answer
        elif top is not None and top.beside() == message.question:
            top.answered_beside(message.answer, message.at)

    def on_unanswered(self, message: Unanswered) -> None:
        top = self._who_asks(message.at)
        if top is not None and top.question() == message.question:
            top.unanswered(message.sentence)

    def on_shown_out(self, message: ShownOut) -> None:
        """Nothing is shown any more to whoever may not work here; why is said when the screen has been given back."""
        self.shown_out = message.sentence
        self._left = True
        self.exit(return_code=1)

    @property
    def top(self) -> Any:
        """The screen on top; none while the console is left, when messages still come."""
        screens = self.screen_stack
        return screens[-1] if screens else None

    def _who_asks(self, at: datetime) -> Asking | None:
        """The screen on top, for an answer of ``at``; none while the console is left, which takes its widgets away."""
        top = self.top
        return top if isinstance(top, Asking) and not top.is_left and self.crossing.is_of_here(at) else None

    def _say_where(self) -> None:
        """Tell whoever else is on what is looked at here."""
        headings = (getattr(each, "heading", "") for each in reversed(self.screen_stack))
        self.watcher.be_at(next(filter(None, headings), "").partition(" · ")[0])

    def on_people_seen(self, message: PeopleSeen) -> None:
        self.others, self.who = message.others, replace(self.who, role=message.role)
        if isinstance(top := self.top, Page) and not top.is_left:
            top.draw_frame()

    def on_step_done(self, message: StepDone) -> None:
        dialog = self._dialog_of(message.command)
        if dialog is not None:
            dialog.step_done(message.step)

    def on_done(self, message: Done) -> None:
        dialog = self._dialog_of(message.command)
        if message.result.then is not None:
            self.crossing.arrive(message.result.then, dialog, message.result.missing)
        elif dialog is not None:
            dialog.done(message.result)
        else:
            self.say(message.result.whole, message.result.tone)

    def on_command_refused(self, message: CommandRefused) -> None:
        dialog = self._dialog_of(message.command)
        if dialog is not None:
            dialog.refused(message.sentence)
        else:
            self.say(message.sentence, "failing")

    def _dialog_of(self, command: Command) -> Asking | None:
        found = (s for s in self.screen_stack if isinstance(s, Asking) and s.command is command)
        return next(found, None)

    # From a key to an action

    def action_act(self, name: str) -> None:
        """Do the action called ``name``, or say why it cannot be done."""
        if self._left:
            return  # a screen that is opened now would never get its widgets
        top = self.screen
        own = getattr(self, f"do_{name}", None)
        if own is not None:
            own()
            return
        if not isinstance(top, Page):
            return
        refusal = top.refusal(name)
        if refusal is not None:
            self.say(refusal, "watch")
            return
        getattr(top, f"do_{name}")()
        if isinstance(self.screen, Asking):
            self.screen.opened_on(top, name)

    def say(self, sentence: str, tone: Tone = "") -> None:
        """Tell the person one sentence."""
        severity: Any = TOASTS.get(tone, "information")
        self.notify(sentence, severity=severity, timeout=8, markup=False)

    def run_command(self, command: Command) -> None:
        """Have ``command`` carried out, unless it is in hand already; the outcome is said when it comes."""
        if command in self.runner.busy:
            self.say(f"Wait: {command.doing}.", "watch")
            return
        self.runner.start(command)

    def go(self, place: str) -> None:
        """Show one of the numbered screens, as it was left."""
        mode = self.crossing.mode(place)
        if mode != self.current_mode:
            self.switch_mode(mode)
        else:
            while len(self.screen_stack) > 1:
                self.pop_screen()

    def do_go_overview(self) -> None:
        self.go("overview")

    def do_go_candidates(self) -> None:
        self.go("candidates")

    def do_go_runs(self) -> None:
        self.go("runs")

    def do_go_versions(self) -> None:
        self.go("versions")

    def do_go_audit(self) -> None:
        self.go("audit")

    def do_go_schedules(self) -> None:
        self.go("schedules")

    def do_go_disk(self) -> None:
        self.go("disk")

    def do_go_health(self) -> None:
        self.go("health")

    def do_go_admin(self) -> None:
        self.go("admin")

    def do_palette(self) -> None:
        self.action_command_palette()

    def action_command_palette(self) -> None:
        """Over a screen only: Textual's own key for it works everywhere, in the palette too."""
        if isinstance(self.screen, Page):
            super().action_command_palette()

    def do_help(self) -> None:
        top = self.screen
        if isinstance(top, Page):
            self.push_screen(routes.help_page(top.name_of, top.heading, top.texts()))

    def do_theme(self) -> None:
        if self.no_color:
            self.say("NO_COLOR is set, so there are no colours to choose; without it there are.", "watch")
            return
        at = themes.NAMES.index(self.theme) if self.theme in themes.NAMES else -1
        self.theme = themes.NAMES[(at + 1) % len(themes.NAMES)]

    def do_quit(self) -> None:
        """Leave; while something is being carried out, say so first."""
        busy = (*self.runner.busy, *self.crossing.busy)
        if busy and not self._leaving:
            self._leaving = True
            self.say(f"Wait: {busy[0].doing}. Press q again to break it off; what was decided stays whole.", "watch")
            return
        self._left = True
        self.exit()

    async def action_quit(self) -> None:
        self.do_quit()

    def remember(self, desk: Desk, first: Recent | None) -> None:
        """Remember the newest overview, with what is known of its first project: when the console is left, the next
        start's first picture is made of it."""
        if self.crossing.past is None:
            self.desk, self.recent = desk, first

    # An earlier moment

    def do_step_back(self) -> None:
        """Ask which moment to show; in the past, come back."""
        if not isinstance(self.screen, Page):
            return
        if self.crossing.past is not None:
            self.crossing.come_back()
        elif self.who.as_of is not None:
            self.say("This console was opened with --at; leave it with q, and open it without to see now.", "watch")
        else:
            asked = (page.question() for page in self.crossing.opened())
            self.push_screen(routes.moment(tuple(each for each in asked if each is not None), self.last_visit))

    # The terminal

    def on_resize(self, event: Resize) -> None:
        if self.drawn:
            self.do_redraw()  # a terminal that was made smaller and as large again has lost what did not fit
        self.find_room(event.size)

    def find_room(self, size: Size) -> None:
        """Say what is needed in a terminal without room, until there is some."""
        small = size.width < frame.LEAST_WIDTH or size.height < frame.LEAST_HEIGHT
        shown = isinstance(self.top, TooSmall)
        if small and not shown:
            self.push_screen(TooSmall())
        elif not small and shown:
            self.pop_screen()
