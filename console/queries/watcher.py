"""The one thread that reads: it asks the engine what the visible screen wants to know, when that may have changed."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from console.acting.messages import Answered, PeopleSeen, ShownOut, Unanswered
from engine import clock
from engine.errors import LeverframeError, ShutOut, bug

if TYPE_CHECKING:
    from textual.message import Message

    from console.queries.question import Question
    from engine.api import Engine
    from engine.presence.sessions import Present
    from engine.records import Role

LOOK_SECONDS = 0.2
# A run reports several times a second; nobody reads faster than this, and a bad line carries no more.
AGAIN_SECONDS = 1.25
RECONCILE_SECONDS = 2.0
AGES_SECONDS = 5.0


@dataclass(frozen=True)
class Trouble:
    """Why there is no answer."""

    sentence: str


@dataclass
class Asked:
    """A question, and when and with what it was answered last."""

    question: Question | None = None
    marker: int = -1
    at: float | None = None
    told: tuple[Any, float] = (None, 0.0)

    def is_due(self, marker: int) -> bool:
        if self.question is None or self.at is None:
            return self.question is not None
        since = time.monotonic() - self.at
        return since > self.question.refresh or (marker != self.marker and since > AGAIN_SECONDS)


class Watcher:
    """Ask with ``watch``; answers come as messages. The last question wins, and an answer is told once.

    A second question may stand beside it, for what of the same screen can wait.
    """

    def __init__(self, engine: Engine, post: Callable[[Message], Any], now: Callable[[], datetime] = clock.now) -> None:
        self._engine, self._post, self._now = engine, post, now
        self._asked, self._beside = Asked(), Asked()
        self._screen = self._told_screen = ""
        self._people: tuple[tuple[Present, ...], Role | None] = ((), None)
        self._ended = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, patience: float | None = 2.0) -> None:
        """End the thread, at the latest when the engine has answered the question it was asked last.

        ``patience``: for how many seconds that is waited for; None: until it has.
        """
        self._ended = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def watch(self, question: Question | None) -> None:
        """From now on this is what is wanted; it is answered at once, also when it was answered before."""
        self._asked = Asked(question)
        self._wake.set()

    def watch_beside(self, question: Question | None) -> None:
        """From now on this is wanted, too."""
        self._beside = Asked(question)
        self._wake.set()

    def be_at(self, screen: str) -> None:
        """Others hear from now on that this is looked at."""
        self._screen = screen

    def _run(self) -> None:
        reconcile_at = time.monotonic() + RECONCILE_SECONDS
        while not self._ended:
            if time.monotonic() >= reconcile_at:
                self._guarded(self._engine.reconcile)
                self._guarded(self._see_people)
                reconcile_at = time.monotonic() + RECONCILE_SECONDS
            asked, beside = self._asked, self._beside
            self._look(asked)
            if asked is self._asked:  # else it is another screen's turn
                self._look(beside)
            if self._told_screen != self._screen:
                self._told_screen = self._screen
                self._guarded(partial(self._engine.be_at, self._told_screen))
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _look(self, asked: Asked) -> None:
        if asked.question is None:
            return
        marker = self._engine.change_marker()
        if asked.is_due(marker):
            first = asked.at is None
            asked.marker, asked.at = marker, time.monotonic()
            self._tell(asked, asked.question, first=first)

    def _tell(self, asked: Asked, question: Question, *, first: bool) -> None:
        """Ask and tell what came of it; what was told a moment ago is not told again."""
        at = self._now()
        try:
            answer = question.answer(self._engine, at)
        except ShutOut as error:
            self._ended = True  # There is nothing that they might still ask.
            self._post(ShownOut(str(error)))
            return
        except LeverframeError as error:
            answer = Trouble(str(error))
        except Exception as error:  # noqa: BLE001  a bug: the screen says so and lives on
            self._engine.keep_traceback(traceback.format_exc())
            answer = Trouble(bug(error))
        before, told_at = asked.told
        # Ages grow, so after a while the same answer is news; the same trouble never is.
        stale = time.monotonic() - told_at > AGES_SECONDS and not isinstance(answer, Trouble)
        if answer == before and not first and not stale:
            return
        asked.told = (answer, time.monotonic())
        if isinstance(answer, Trouble):
            self._post(Unanswered(question, answer.sentence, at))
        else:
            self._post(Answered(question, answer, at))

    def _see_people(self) -> None:
        others, role = self._engine.others(), self._engine.operator.role
        if (others, role) != self._people:
            self._people = others, role
            self._post(PeopleSeen(others, role))

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except LeverframeError:
            pass  # every reading that matters says the same to the person in front of it
        except Exception:  # noqa: BLE001  a bug: kept, and tried again
            self._engine.keep_traceback(traceback.format_exc())
