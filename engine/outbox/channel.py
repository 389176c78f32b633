"""The contract of a channel: a way out of this house for what people are told, such as a mail server or a chat.

A channel is one module with a class that fills ``Channel``, and one row in ``channels.CHANNELS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.errors import Refusal


@dataclass(frozen=True)
class Letter:
    """What goes to one recipient. ``text`` and ``html`` say the same, each as a whole.

    ``body`` is an event's text without the subject, for channels that show both; "" for a report. ``matter`` is what
    kind of news it is (``red``, ``swap``, ``report`` ...). ``token`` is the same at each attempt, so that a second one
    is known to be the same message.
    """

    recipient: str
    subject: str
    text: str
    html: str
    token: str
    at: datetime
    matter: str = ""
    body: str = ""


class Undelivered(Refusal):
    """The channel has not taken a letter; ``for_good``: it never will, so trying again does not help."""

    def __init__(self, sentence: str, *, for_good: bool = False) -> None:
        super().__init__(sentence)
        self.for_good = for_good


class Channel(Protocol):
    """A way to hand letters over."""

    @property
    def about(self) -> str:
        """Where it leads, in a few words without a secret, as ``doctor`` shows it."""
        ...

    def send(self, letter: Letter) -> None:
        """Hand over one letter to its recipient; returns only once it was taken.

        Raises Undelivered when it was not: that is tried again, later and later, unless it is ``for_good``. Any other
        LeverframeError (an address that is none, settings with a mistake) is given up at once, for a person must mend
        it. Bounds every wait of its own: whoever calls has other letters to bring. May be called again with a letter
        that was taken before, when the process was killed before it wrote that down.
        """
        ...
