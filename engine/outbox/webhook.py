"""Events to chats, pagers and webhooks, through Apprise, which speaks to a hundred services.

LEVERFRAME_NOTIFY_URLS holds their addresses, with spaces between them. They hold secrets, so the ledger, the log and
the alerts know each by a name made of its kind and a few digits of its digest: ``webhook slack-3fa2b1c9``.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine.errors import Invalid
from engine.outbox.channel import Letter, Undelivered
from engine.text import plain
from engine.withheld import ADDRESSES, NAMES, names_of

NAME, VARIABLE = "webhook", ADDRESSES
# For one message as a whole. Apprise bounds each wait; a service that sends a byte now and then passes those.
WHOLE_SECONDS = 30.0
_KINDS = {
    "red": "failure", "escalation": "failure", "report-failed": "warning", "rollback": "warning", "swap": "success",
}  # fmt: skip
# What makes a chat call everybody, in what somebody wrote: "@here", "<!channel>"; not "flights@7" nor an address.
_CALLS = re.compile(r"(?<![\w.+-])@(?=\w)|<(?=[@!#])")
Tell = Callable[[str, str, str, str], str]


@dataclass(frozen=True)
class Webhooks:
    """The services of this machine's environment: a channel. ``tell`` hands one message over: address, title, text,
    kind."""

    addresses: Mapping[str, str] = field(repr=False)
    tell: Tell = field(repr=False)
    whole: float = WHOLE_SECONDS
    _under_way: dict[str, threading.Thread] = field(default_factory=dict, repr=False)

    @property
    def about(self) -> str:
        return ", ".join(name.removeprefix(f"{NAME} ") for name in self.addresses)

    def send(self, letter: Letter) -> None:
        """Hand over one message; returns only once it was taken. Raises Undelivered."""
        address = self.addresses.get(letter.recipient)
        if address is None:
            raise Undelivered(f"{VARIABLE} does not name {letter.recipient} any more.")
        before = self._under_way.get(letter.recipient)
        if before is not None and before.is_alive():
            raise Undelivered(f"{letter.recipient} still holds the line of the attempt before.")
        said: list[str | Exception] = []
        # Nobody can stop it, so it must hold up neither the others nor the end of the process.
        thread = threading.Thread(
            target=_kept,
            args=(said, self.tell, address, _quiet(letter.subject), _quiet(letter.body), _kind(letter)),
            daemon=True,
        )
        self._under_way[letter.recipient] = thread
        thread.start()
        thread.join(self.whole)
        if not said:
            raise Undelivered(f"{letter.recipient} did not answer within {self.whole:g} s.")
        if isinstance(said[0], Exception):
            raise said[0]
        if said[0]:
            raise Undelivered(f"{letter.recipient} did not take it ({_without_secrets(said[0], address)}).")


def _kept(said: list[str | Exception], tell: Tell, *given: str) -> None:
    try:
        said.append(tell(*given))
    except Exception as problem:  # noqa: BLE001  handed to whoever waits
        said.append(problem)


def names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What the outbox calls the services that the environment names."""
    if VARIABLE in environment:
        return tuple(names_of(environment[VARIABLE]))
    return tuple(filter(None, environment.get(NAMES, "").split(",")))


def from_environment(environment: Mapping[str, str]) -> Webhooks | None:
    """The services that the environment names; None when it names none. Raises Invalid for what cannot be."""
    said = environment.get(VARIABLE, "")
    return _webhooks(said) if said.strip() else None


@lru_cache(maxsize=1)
def _webhooks(said: str) -> Webhooks:
    """Kept, so that it remembers who still holds a line."""
    try:
        from apprise import Apprise
    except ImportError:
        raise Invalid(
            f"{VARIABLE} is set and Apprise is not installed, so nobody is notified; install leverframe[notify]."
        ) from None
    # It would write addresses into a log of its own.
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    logging.getLogger("apprise").propagate = False
    found = names_of(said)
    for place, address in enumerate(found.values(), 1):
        if Apprise.instantiate(address) is None:
            raise Invalid(
                f"Address {place} in {VARIABLE} ({plain(address.partition(':')[0], 20)}) is none that Apprise knows; "
                "see how its kind is written there."
            )
    return Webhooks(found, _through_apprise)


def _through_apprise(address: str, title: str, text: str, kind: str) -> str:
    """'' when it was taken, else why not."""
    from apprise import Apprise, AppriseAsset

    # Without a limit of its own, which would leave a thread behind that the end of the process waits for.
    service = Apprise(asset=AppriseAsset(service_timeout=0, async_mode=False, storage_mode="memory"))
    service.add(address)
    problems: list[str] = []

    def note(entry: Any, *_: Any) -> None:
        problems.append(str(getattr(entry, "message", "")))

    taken = service.notify(
        title=title, body=text, notify_type=kind, body_format="text", interpret_escapes=False, log_callback=note
    )  # fmt: skip
    return "" if taken else next(filter(None, problems), "it gave no reason")


def _kind(letter: Letter) -> str:
    return _KINDS.get(letter.matter, "info")


def _quiet(text: str) -> str:
    """``text`` without what would call people in a chat."""
    return _CALLS.sub(lambda found: found.group() + " ", text)


def _without_secrets(said: str, address: str) -> str:
    """What a service or Apprise said, without any part of its address that could be a secret."""
    for part in sorted(re.split(r"[/:@?&=\s]+", address)[1:], key=len, reverse=True):
        if len(part) > 3:
            said = said.replace(part, "…")
    return plain(said, 200).rstrip(".")
