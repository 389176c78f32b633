"""Whatever a client sends as its command or its variables, the door goes on, and nobody is set up by it."""

from __future__ import annotations

import os

import pytest

from console.ssh import order as orders
from console.ssh.forced import set_up_by_nobody
from console.ssh.limits import Limits
from console.ssh.order import Order


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


def test_behind_sshd_no_variable_sets_up_what_mails_fetches_or_starts_something() -> None:
    ours = ("LEVERFRAME_SMTP_HOST", "_LEVERFRAME_COMPLETE", "PYTHONHOME", "UV_INDEX_URL", "GIT_DIR", "LD_PRELOAD")
    kept = {"HOME": "/home/ml", "PATH": "/usr/bin", "WAREHOUSE": "db"}  # A project's, which its administrator sets.
    assert set_up_by_nobody(kept | dict.fromkeys(ours, "the client's")) == kept
