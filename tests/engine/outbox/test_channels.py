"""A row of the outbox says its channel, in Python and in SQL alike, and every channel fills the contract."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.outbox import channels, mails
from engine.outbox.channel import Channel
from engine.outbox.channels import CHANNELS, MAIL, channel_of, recipients_in, set_up
from engine.outbox.mail_server import Folder, Server
from engine.outbox.webhook import Webhooks

RECIPIENTS = {
    "ada@example.org": MAIL,
    "webhook slack-3fa2b1c9": "webhook",
    "webhook": MAIL,
    "webhook@example.org": MAIL,
    "Webhook slack-3fa2b1c9": MAIL,
    " webhook slack": MAIL,
    "no address": MAIL,
    "": MAIL,
}


@pytest.mark.parametrize("recipient", RECIPIENTS)
def test_a_recipient_says_its_channel_and_sql_reads_it_alike(recipient: str) -> None:
    assert channel_of(recipient) == RECIPIENTS[recipient]
    db = sqlite3.connect(":memory:")
    for name in CHANNELS:
        query = f"SELECT {mails.OF_CHANNEL} FROM (SELECT ? AS recipient)"
        assert db.execute(query, (name, recipient)).fetchone()[0] == (name == RECIPIENTS[recipient])
    db.close()


def test_every_channel_fills_the_contract_and_the_dry_run_too(tmp_path: Path) -> None:
    hooks = Webhooks({"webhook json-1": "json://host/SECRET", "webhook slack-2": "slack://SECRET"}, lambda *_: "")
    found: list[Channel] = [Server("mail.example.org", 587, "l@example.org"), hooks, Folder(tmp_path)]
    assert [each.about for each in found] == [
        "by mail.example.org, port 587", "json-1, slack-2", f"into files in {tmp_path}",
    ]  # fmt: skip


def test_a_channel_that_is_not_set_up_says_what_would_set_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "environment", dict)
    for name, said in ((MAIL, "LEVERFRAME_SMTP_HOST"), ("webhook", "LEVERFRAME_NOTIFY_URLS")):
        with pytest.raises(Refusal, match=said):
            set_up(name)
    assert recipients_in({}) == ()
    assert [channel_of(each) for each in recipients_in({"LEVERFRAME_NOTIFY_URLS": "json://a"})] == ["webhook"]
