"""A program in this terminal as over a bad line: what it writes comes late and slowly.

    python benchmarks/bad_line.py [--rate 20000] [--delay 0.3] -- .venv/bin/leverframe --home FOLDER

``--delay`` is the way there and back in seconds, ``--rate`` bytes a second. Nothing is lost, and no more than 64 kB are
on their way.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import sys
import termios
import time
import tty
from collections import deque

ON_THE_WAY = 64 * 1024
PIECE = 512


def carried(program: int, rate: float, delay: float) -> None:
    """Until the program ends, carry keys to it at once, and what it writes late and slowly."""
    waiting: deque[tuple[float, bytes]] = deque()
    free, held, ended = 0.0, 0, False
    while waiting or not ended:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            data = waiting.popleft()[1]
            held -= len(data)
            os.write(1, data)
        wanted = [0] if ended or held >= ON_THE_WAY else [0, program]
        until = max(0.0, waiting[0][0] - now) if waiting else None
        for source in select.select(wanted, [], [], until)[0]:
            try:
                data = os.read(source, PIECE)
            except OSError:  # the program has ended
                data = b""
            if source == 0:
                if data and not ended:
                    os.write(program, data)
                elif not data:
                    return
            elif not data:
                ended = True
            else:
                free = max(free, time.monotonic()) + len(data) / rate
                waiting.append((free + delay, data))
                held += len(data)


def run(words: list[str], rate: float, delay: float) -> int:
    """Run the program on a terminal of its own, as large as this one; its exit code."""
    pid, program = pty.fork()
    if pid == 0:
        os.execvp(words[0], words)

    def fit(*_: object) -> None:
        fcntl.ioctl(program, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))

    fit()
    signal.signal(signal.SIGWINCH, fit)
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        carried(program, rate, delay)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        os.close(program)  # where this terminal is gone the program's is, too
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20_000)
    parser.add_argument("--delay", type=float, default=0.3)
    parser.add_argument("words", nargs="+")
    options = parser.parse_args()
    return run(options.words, options.rate, options.delay)


if __name__ == "__main__":
    sys.exit(main())
