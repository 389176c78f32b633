"""What a worker tells of the log of its step: all of it, or both ends of it, however late it is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.runs.compute.on_worker import Guest

END = 64 << 10
CUT = b"\n[leverframe: the middle of the log was cut]\n"


def written(guest: Guest, content: bytes) -> None:
    """As the warden does: anew, under another name first."""
    log = Path(guest.root, "step.log")
    log.with_suffix(".new").write_bytes(content)
    os.rename(log.with_suffix(".new"), log)


@pytest.mark.parametrize("asked", [0, 1, 100, END])
def test_a_log_that_was_cut_begins_as_it_began_whatever_was_asked_before(tmp_path: Path, asked: int) -> None:
    guest = Guest(str(tmp_path), 0)
    start, end = os.urandom(2 * END), os.urandom(2 * END)
    written(guest, start[:asked])
    heard = guest._news(0, False)
    assert (heard["log"], heard["seen"]) == (start[:asked], asked)
    written(guest, start + b" bytes were cut here" + end)
    assert guest._news(asked, False)["log"] == b"", "its end is told last"
    told = guest._news(asked, True)
    assert start[:asked] + told["log"] == start[:END] + CUT + end[-END:]
    assert guest._news(told["seen"], True)["log"] == b""
    guest.close()
