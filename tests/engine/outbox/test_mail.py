"""A mail, read back by the standard library: what it holds, and that nothing can write its own header."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from engine.errors import Invalid
from engine.outbox.channel import Letter
from engine.outbox.mail import message, note

SENDER = "leverframe@example.org"
AT = datetime(2026, 11, 23, 7, tzinfo=UTC)
HEADERS = [
    "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
    "Content-Type",
]  # fmt: skip


def letter(subject: str = "Late arrivals", recipient: str = "business@example.org", text: str = "ja\n") -> Letter:
    return Letter(recipient, subject, text, "<p>ja</p>\n", "c0ffee", AT)


def read(built: EmailMessage) -> EmailMessage:
    found = message_from_bytes(built.as_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def test_a_mail_has_text_and_html_and_says_who_wrote_it() -> None:
    found = read(message(letter(), SENDER))
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert sorted(found.keys()) == sorted(HEADERS)
    assert found["From"] == "Leverframe <leverframe@example.org>"
    assert found["Message-ID"] == "<c0ffee@example.org>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"].datetime == AT


def test_the_same_letter_is_the_same_bytes() -> None:
    assert message(letter(), SENDER).as_bytes() == message(letter(), SENDER).as_bytes()


@pytest.mark.parametrize(
    "title",
    [
        "Late\r\nBcc: victim@example.org",
        "Late\nBcc: victim@example.org\n\nHello",
        "Late\rBcc: victim@example.org",
        "Late\u2028Bcc: victim@example.org",
        "Late\x00\x0b\x0c\x1c\x85Bcc: victim@example.org",
        "=?utf-8?q?Late=0D=0ABcc:_victim@example.org?=",
        "ü" * 500 + "\r\nBcc: victim@example.org",
        "",
    ],
)
def test_a_title_cannot_begin_another_header(title: str) -> None:
    built = message(letter(title), SENDER)
    found = read(built)
    assert sorted(found.keys()) == sorted(HEADERS)
    assert found["Bcc"] is None
    assert found["To"] == "business@example.org"
    assert not [line for line in built.as_bytes().splitlines() if line.lower().startswith(b"bcc:")]
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "recipient",
    ["a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org", "a@b.org c@d.org", "no address", "", "<a@b.org>", "a@b.org\n"],
)
def test_what_is_no_address_is_refused(recipient: str) -> None:
    with pytest.raises(Invalid, match="is no mail address"):
        message(letter(recipient=recipient), SENDER)


def test_an_address_that_cannot_be_written_is_refused_and_no_bug() -> None:
    for recipient in ("ü@example.org", "a..b@example.org", ".@example.org", "a\u200b@example.org"):
        try:
            built = message(letter(recipient=recipient), SENDER)
        except Invalid:
            continue
        assert sorted(read(built).keys()) == sorted(HEADERS)


def test_a_body_that_looks_like_mail_stays_a_body() -> None:
    text = "From here on\n.\n\r\nBcc: a@b.org\n--=_c0ffee\nContent-Type: text/html\n" + "x" * 5000 + "\nüß\n"
    part = read(message(letter(text=text), SENDER)).get_body(("plain",))
    assert part is not None
    assert part.get_content().split() == text.split()


def test_a_note_says_the_same_in_both_forms_and_escapes() -> None:
    text, html = note("<b>flights@8</b> waits", ["one & two", "<script>"])
    assert text == "<b>flights@8</b> waits\n\none & two\n\n<script>\n"
    assert "<h1>&lt;b&gt;flights@8&lt;/b&gt; waits</h1>" in html
    assert "<p>one &amp; two</p><p>&lt;script&gt;</p>" in html
