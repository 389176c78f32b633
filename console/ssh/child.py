"""What runs in a session's process: the console, or one verb, for the operator whose key the door has checked."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import termios

from console.ssh import order as orders

_PR_SET_PDEATHSIG = 1


def main(descriptor: int) -> int:
    """Carry out the order at ``descriptor`` and return the exit code."""
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # This process leads a session; now that has its terminal.
    _end_with_the_door()
    order = orders.read(descriptor)
    from console.ssh.carry_out import carry_out

    return carry_out(order)


def _end_with_the_door() -> None:
    """A door that is killed hangs up nothing by itself: a verb that waits for a run would wait on for nobody."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGHUP, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
