"""The exceptions of the engine.

    LeverframeError
    ├── Refusal            the operator can do something about it (exit code 1)
    │   ├── Invalid        an input is wrong: a manifest, data, an argument
    │   ├── Unconfirmed    it cannot be undone, and its name was not typed
    │   ├── NotFound       what was named is not there
    │   ├── Conflict       somebody else changed it first (compare-and-set failed)
    │   ├── Forbidden      this person or this account may not do it
    │   │   └── ShutOut    this person may not work here any more, whatever it is
    │   └── StepFailed     a project's own process failed, or passed a limit
    └── Damage             a digest is wrong, the audit chain is broken, a file is gone

Every message is one sentence for people: what happened, to what, and what to do.
Anything else that is raised is a bug and is never swallowed.
"""

from __future__ import annotations

from dataclasses import dataclass


class LeverframeError(Exception):
    """Base of everything that the engine raises on purpose."""


class Refusal(LeverframeError):
    """The engine will not do it, and the sentence says what the operator can do about it."""


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a file that a person wrote."""

    line: int | None
    where: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.where}: {self.message}"


class Invalid(Refusal):
    """An input is wrong; ``mistakes`` lists every one that was found, at once."""

    def __init__(self, message: str, mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes


class Unconfirmed(Refusal):
    """It cannot be undone, and ``word`` was not typed; ``asks`` says what to type, without an end."""

    def __init__(self, asks: str, typed: str, word: str) -> None:
        instead = f"'{typed}' was typed, and " if typed else ""
        super().__init__(f"{asks}; {instead}nothing was done.")
        self.asks, self.word = asks, word


class NotFound(Refusal):
    """What was named is not there."""


class Conflict(Refusal):
    """Somebody else changed it first; look again before deciding."""


class Forbidden(Refusal):
    """This person or this account may not do it. ``kept``: whether the trail has it."""

    kept = False


class ShutOut(Forbidden):
    """This person may not work here any more."""


class StepFailed(Refusal):
    """A project's own process failed, or passed one of its limits."""


class Damage(LeverframeError):
    """Stored content is not what its digest says, or a record was tampered with."""


def bug(error: Exception, *where: str) -> str:
    """What people are told of one whose traceback is kept in the workspace; ``where``: such as "over its mail"."""
    said = " ".join(("Leverframe itself failed", *where))
    return f"{said} ({type(error).__name__}); the traceback is in the workspace's logs."
