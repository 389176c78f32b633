"""Whatever a client sends as its command, the door goes on for everybody else."""

from __future__ import annotations

import os

import pytest

from console.ssh import order as orders
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
