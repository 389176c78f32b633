"""The way from now to an earlier moment and back: the screens that are shown, and who asks and acts behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from console import routes
from console.screens.page import Page

if TYPE_CHECKING:
    from console.acting.commands import Command
    from console.app import LeverframeApp
    from console.time_travel.past import Past, Present
    from engine.api import PastEngine

LEAVE_SECONDS = 2.0


class Crossing:
    """Where the app is: ``past`` is the moment that is shown, None while it is now."""

    def __init__(self, app: LeverframeApp) -> None:
        self._app = app
        self.past: Past | None = None
        self._present: Present | None = None
        self._been: datetime | None = None
        self._visits = 0

    @property
    def busy(self) -> tuple[Command, ...]:
        """What goes on in the present while another moment is shown."""
        return self._present.runner.busy if self._present is not None else ()

    def opened(self) -> list[Page]:
        """The screens that are open on the numbered one and show something of the ledger."""
        pages = [screen for screen in self._app.screen_stack[1:] if isinstance(screen, Page)]
        return [page for page in pages if page.question() is not None]

    def mode(self, place: str) -> str:
        """The mode of a numbered screen. Those of the past are made anew: none shows a row of another moment."""
        return place if self._present is None else f"{place} {self._visits}"

    def is_of_here(self, at: datetime) -> bool:
        """Whether an answer of ``at`` is one of the moment that is shown: one may come in late from the other side."""
        return at == self.past.moment if self.past is not None else at != self._been

    def arrive(self, engine: PastEngine, dialog: object, missing: Sequence[str | None]) -> None:
        """The past has been made: show it, unless its dialog was left meanwhile.

        ``missing``: for each screen that is open on the numbered one, None or why it is not there then.
        """
        from console.time_travel.past import Past, Present  # not on the way to the first screen

        app = self._app
        past = Past(engine, app.post_message)
        if dialog is None or self.past is not None:
            past.close()
            return
        while app.screen is not dialog:  # the terminal may have lost its room meanwhile
            app.pop_screen()
        app.pop_screen()
        place, opened = str(app.current_mode), self.opened()
        self._present = Present(place, app.who, app.last_visit, app.watcher, app.runner)
        self.past, self._visits, app.first, app.last_visit = past, self._visits + 1, None, None
        app.watcher.watch(None)
        app.who = replace(app.who, as_of=past.moment, returns=True)
        app.watcher, app.runner = past.watcher, past.runner
        for name in routes.PLACES:
            app.add_mode(self.mode(name), partial(routes.place, name))
        app.watcher.start()
        lost = missing[-1] if missing else None
        app.switch_mode(self.mode(place if lost is None else "overview"))
        if lost is None:
            for page, why in zip(opened, missing, strict=True):
                if why is None:
                    app.push_screen(page.anew())
        else:
            app.say(lost, "watch")
        app.find_room(app.size)

    def come_back(self) -> None:
        """Show now again, as it was left."""
        app, past, present = self._app, self.past, self._present
        assert past is not None and present is not None
        left = [self.mode(name) for name in routes.PLACES]
        self._present = self.past = None
        self._been = past.moment
        app.who, app.last_visit = present.who, present.last_visit
        app.watcher, app.runner = present.watcher, present.runner
        app.switch_mode(present.mode)
        for mode in left:
            app.remove_mode(mode)
        past.close()

    def close(self) -> None:
        """The console is left. A copy that is still read goes with the process."""
        if self._present is not None and self.past is not None:
            self._present.watcher.stop()
            self.past.close().join(LEAVE_SECONDS)
