"""A mail as a message: text, and the same as HTML for readers that show it. Pure, and the same each time it is built.

Headers are made of records, never of lines: a line break in a title or an address cannot begin another header.
"""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from engine.errors import Invalid
from engine.outbox.channel import Letter
from engine.projects.manifest.report import is_address
from engine.reports.rendering import rendered
from engine.text import plain

_NAME = "Leverframe"


def message(letter: Letter, sender: str) -> EmailMessage:
    """The message; its Message-ID is made of the letter's token. Raises Invalid for an address that is none."""
    for address in (sender, letter.recipient):
        if not is_address(address):
            raise Invalid(f"'{plain(address, 80)}' is no mail address; write it like business@example.org.")
    try:
        return _built(letter, sender)
    except (ValueError, MessageError) as error:
        said = plain(str(error), 200)
        raise Invalid(f"The mail to {plain(letter.recipient, 80)} could not be written: {said}.") from None


def _built(letter: Letter, sender: str) -> EmailMessage:
    built = EmailMessage(policy=SMTP)
    built["Subject"] = _unencoded(plain(letter.subject, 200))
    built["From"] = _address(sender, _NAME)
    built["To"] = _address(letter.recipient)
    built["Date"] = format_datetime(letter.at)
    built["Message-ID"] = f"<{letter.token}@{sender.rpartition('@')[2]}>"
    built["Auto-Submitted"] = "auto-generated"
    built["X-Auto-Response-Suppress"] = "All"
    built.set_content(letter.text, cte="quoted-printable")
    built.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    built.set_boundary(f"=_{letter.token}")
    _hold_to(built, letter)
    return built


def _unencoded(text: str) -> str:
    """``text`` without what the library would decode: an encoded word may hold a line break, and would be one."""
    return text.replace("=?", "= ?")


def _hold_to(built: EmailMessage, letter: Letter) -> None:
    """Raise Invalid unless the mail, as it is sent, has the headers that were meant, and no other."""
    sent = message_from_bytes(built.as_bytes(), policy=SMTP)
    if sent.keys() != built.keys() or str(sent["To"]) != letter.recipient:
        raise Invalid(f"The mail to {plain(letter.recipient, 80)} would have other headers than were meant.")


def note(title: str, paragraphs: Sequence[str]) -> tuple[str, str]:
    """A short mail as text and as HTML."""
    html = rendered("note.html", title=title, paragraphs=paragraphs)
    return "\n\n".join([title, *paragraphs]) + "\n", html


def _address(address: str, name: str = "") -> Address:
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)
