"""A process that ends before its console did gives the terminal back, and whatever draws on reaches it no more."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios

from console.opening.last_seen import RESTORED

ENDS = """
import os, termios, tty
from console.opening import last_seen

before = termios.tcgetattr(0)
tty.setraw(0)
os.write(2, b"drawn")
last_seen.give_back(before)
os.write(1, b"late")
os.write(2, b"late")
try:
    tty.setraw(0)
except termios.error:
    os._exit(7)
"""


def test_nothing_that_is_drawn_or_set_afterwards_reaches_it() -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.run([sys.executable, "-c", ENDS], stdin=theirs, stdout=theirs, stderr=theirs, timeout=60)
        modes = termios.tcgetattr(theirs)[3]
        seen = os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 7
    assert seen.endswith(RESTORED) and b"late" not in seen
    assert modes & termios.ECHO and modes & termios.ICANON
