"""Whatever a client sends as its command or its variables, the door goes on, and nobody is set up by it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncssh
import pytest

from console.ssh import order as orders
from console.ssh.carry_out import split
from console.ssh.forced import set_up_by_nobody
from console.ssh.limits import Limits
from console.ssh.order import Order
from tests.door import connect, door, key_of, reception, until


@pytest.mark.parametrize("letter", ["x", "\U0001f600", "\x01", '"', "\\", "\ud800"])
def test_the_longest_command_is_told_without_waiting_for_its_reader(letter: str) -> None:
    asked = Order("/" + "h" * 4000, "SHA256:" + "f" * 43, "1" * 45, letter * Limits().command_letters)
    pipe = os.pipe
    ends: list[tuple[int, int]] = []

    def unwaiting() -> tuple[int, int]:
        ends.append(pipe())
        os.set_blocking(ends[-1][1], False)  # What would wait is an error then.
        return ends[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pipe", unwaiting)
        told = asked.descriptor()
    assert orders.read(told) == asked


def test_a_word_with_a_nul_is_none() -> None:
    with pytest.raises(ValueError, match="No word holds a NUL"):
        split("check 'x\0y'")


def test_behind_sshd_no_variable_sets_up_what_mails_fetches_or_starts_something() -> None:
    ours = ("LEVERFRAME_SMTP_HOST", "_LEVERFRAME_COMPLETE", "PYTHONHOME", "UV_INDEX_URL", "GIT_DIR", "LD_PRELOAD")
    kept = {"HOME": "/home/ml", "PATH": "/usr/bin", "WAREHOUSE": "db"}  # A project's, which its administrator sets.
    assert set_up_by_nobody(kept | dict.fromkeys(ours, "the client's")) == kept


def test_sessions_that_are_asked_for_without_end_are_counted_and_keep_nobody_from_the_ledger(home: Path) -> None:
    gate, ada = reception(home, "ada"), key_of("ada")

    async def story() -> None:
        async with door(gate, Limits(sessions_each=0)) as port, connect(port, ada) as line:
            for _ in range(50):
                with pytest.raises(asyncssh.ChannelOpenError, match="You have 0 sessions already"):
                    await line.run("status")
            await until(lambda: len(gate.noted) >= 2)
            assert [row[:2] for row in gate.noted[1:]] == [("turned away", ada.get_fingerprint())]

    asyncio.run(story())
    counted = [row[3] for row in gate.noted if row[0] == "turned away"]
    assert counted == [1, 49], "the rest when the minute is over, or the door closes"
