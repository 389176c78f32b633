"""Carries out what an operator asked for, away from the screen: the engine's own work on a thread for each command."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from console.acting.messages import CommandRefused, Done, StepDone
from engine.errors import Invalid, LeverframeError, bug

if TYPE_CHECKING:
    from textual.message import Message

    from console.acting.commands import Command
    from engine.api import Engine


class Runner:
    """Start a command; what comes of it is told in messages, also when the screen that asked is gone."""

    def __init__(self, engine: Engine, post: Callable[[Message], Any]) -> None:
        self._engine, self._post = engine, post
        self._guard = threading.Condition()
        self._busy: list[Command] = []

    @property
    def busy(self) -> tuple[Command, ...]:
        """What is being carried out now."""
        with self._guard:
            return tuple(self._busy)

    def why_not(self, act: str) -> str | None:
        """Why whoever works here may not have ``act`` of the door done; None when they may."""
        return self._engine.why_not(act)

    def why_no_file(self) -> str | None:
        """Why whoever works here can name no file of this machine; None when they can."""
        return self._engine.why_no_file()

    def start(self, command: Command) -> None:
        """Carry out ``command`` beside whatever else goes on."""
        with self._guard:
            self._busy.append(command)
        threading.Thread(target=self._carry_out, args=(command,), name=command.doing, daemon=True).start()

    def wait(self) -> None:
        """Until nothing is carried out any more."""
        with self._guard:
            self._guard.wait_for(lambda: not self._busy)

    def _carry_out(self, command: Command) -> None:
        said: Message
        try:
            said = Done(command, command.carry_out(self._engine, lambda step: self._told(command, step)))
        except Invalid as error:
            said = CommandRefused(command, " ".join([str(error), *(f"{m}." for m in error.mistakes)]))
        except LeverframeError as error:
            said = CommandRefused(command, str(error))
        except Exception as error:  # noqa: BLE001  a bug: said, kept, and the console lives on
            self._engine.keep_traceback(traceback.format_exc())
            said = CommandRefused(command, bug(error))
        with self._guard:
            self._busy.remove(command)
            self._guard.notify_all()
        self._post(said)

    def _told(self, command: Command, step: Any) -> None:
        self._post(StepDone(command, step))
