"""A process that ends before its console did gives the terminal back, and whatever draws on reaches it no more."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import tty

from console.opening.last_seen import RESTORED
from tests.engine.runs.step_workshop import until

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


# As the kernel answers while another thread is in the middle of writing to it.
ENDS_WHILE_IT_IS_TAKEN = """
import os
from console.opening import last_seen

write, taken = os.write, [True, True]

def written(descriptor, data):
    if taken:
        taken.pop()
        raise BlockingIOError
    return write(descriptor, data[:5])

os.write = written
last_seen.give_back()
os._exit(0)
"""


def test_a_terminal_that_takes_nothing_for_a_moment_and_then_a_little_is_given_back_whole() -> None:
    ours, theirs = pty.openpty()
    try:
        code = [sys.executable, "-c", ENDS_WHILE_IT_IS_TAKEN]
        subprocess.run(code, stdin=theirs, stdout=theirs, stderr=theirs, timeout=60)
        assert os.read(ours, 4096) == RESTORED
    finally:
        os.close(ours)
        os.close(theirs)


# A thread writes more than the terminal takes while nobody reads, and has it to itself until somebody does.
ENDS_WITHIN_A_PICTURE = """
import os, select, threading
from console.opening import last_seen

threading.Thread(target=os.write, args=(2, b"x" * 200_000), daemon=True).start()
while select.select([], [2], [], 0)[1]:
    pass
last_seen.give_back()
os._exit(0)
"""


def test_a_terminal_that_another_thread_is_writing_to_is_given_back_when_that_is_through() -> None:
    ours, theirs = pty.openpty()
    seen = b""
    try:
        tty.setraw(theirs)
        code = [sys.executable, "-c", ENDS_WITHIN_A_PICTURE]
        with subprocess.Popen(code, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            until(lambda: os.readlink(f"/proc/{process.pid}/fd/2") == os.devnull)  # It is at giving back.
            while process.poll() is None or select.select([ours], [], [], 0)[0]:
                if select.select([ours], [], [], 0.01)[0]:
                    seen += os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 0
    assert seen.endswith(b"x" + RESTORED)
