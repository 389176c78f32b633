"""All channels there are, a row each. A row of the outbox says its channel by how its recipient begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import Refusal
from engine.outbox import mail_server, webhook
from engine.outbox.channel import Channel
from engine.withheld import environment

Environment = Mapping[str, str]
MAIL = "mail"


@dataclass(frozen=True)
class ChannelKind:
    """``name``: what its recipients in the outbox begin with, and a space; those of mail are plain addresses.

    ``called`` and ``one`` are its words for people. ``opened``: the channel as an environment sets it up, None where it
    does not, Invalid where it cannot be. ``recipients``: whom an environment names beside those of the manifests.
    ``unset`` and ``unset_for_long``: what is said where it is not set up.
    """

    name: str
    called: str
    one: str
    opened: Callable[[Environment], Channel | None]
    recipients: Callable[[Environment], Sequence[str]]
    unset: str
    unset_for_long: str


CHANNELS = {
    kind.name: kind
    for kind in (
        ChannelKind(
            MAIL, "mail", "Mail", mail_server.from_environment, lambda _: (),
            "No mail server is set up: LEVERFRAME_SMTP_HOST and LEVERFRAME_SMTP_FROM name one, and "
            "'leverframe report PROJECT --dry-run FOLDER' shows what would be sent.",
            "no mail server was set up for it within a week; LEVERFRAME_SMTP_HOST and the settings beside it name one",
        ),
        ChannelKind(
            webhook.NAME, "webhooks", "Message", webhook.from_environment, webhook.names,
            f"No webhook is set up: {webhook.VARIABLE} holds the addresses of those who are notified.",
            f"no engine knew its address within a week; {webhook.VARIABLE} names such",
        ),
    )
}  # fmt: skip


def channel_of(recipient: str) -> str:
    """The name of the channel that reaches ``recipient``."""
    name, space, _ = recipient.partition(" ")
    return name if space and name in CHANNELS else MAIL


def recipients_in(environment: Environment) -> tuple[str, ...]:
    """Whoever hears of events because the environment names them, by any channel."""
    return tuple(each for kind in CHANNELS.values() for each in kind.recipients(environment))


def set_up(name: str) -> Channel:
    """The channel as this process's environment sets it up. Raises Refusal where it does not, Invalid where it cannot
    be."""
    kind = CHANNELS[name]
    found = kind.opened(environment())
    if found is None:
        raise Refusal(kind.unset)
    return found
