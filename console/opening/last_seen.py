"""The last known screen, shown at once and marked with its age, while the console is loaded behind it.

Nothing but the standard library is imported here, and little of it: this is what a person waits for.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import ExitStack

NAME = "last-screen"
ALTERNATE_SCREEN = "\x1b[?1049h\x1b[?25l\x1b[H"
_TAKES_SECONDS = 0.5
_ASK_AGAIN_SECONDS = 0.01
# The ordinary screen, a cursor, no colours, no pasting in brackets, keys as they were.
RESTORED = b"\x1b[<u\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m"


def show(home: str | None, leaving: ExitStack) -> None:
    """Print the picture that fits this terminal, if there is one, and a terminal.

    ``leaving`` gives the ordinary screen back, from before it is gone: a signal may come at any moment.
    """
    place = os.path.expanduser(home or os.environ.get("LEVERFRAME_HOME") or "~/.leverframe")
    try:
        size = os.get_terminal_size(1)
        with open(os.path.join(place, "console", NAME), encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return
            width, height, at = (int(word) for word in file.readline().split())
            picture = file.read()
    except (OSError, ValueError):
        return
    if (width, height) != (size.columns, size.lines) or not sys.stdin.isatty():
        return
    if "NO_COLOR" in os.environ:
        import re

        picture = re.sub(r"\x1b\[[0-9;]*m", "", picture)
    lines = picture.split("\n")[: height - 3]  # one that an older console kept has keys below it, which do nothing
    said = f" As you left it {_ago(time.time() - at)} ago; opening …"
    whole = ["\x1b[1m LEVERFRAME  Overview\x1b[0m", *lines, f"\x1b[7m{said.ljust(width)}\x1b[0m"]
    leaving.callback(leave)
    sys.stdout.write(ALTERNATE_SCREEN + "\r\n".join(whole))
    sys.stdout.flush()


def leave() -> None:
    """Go back to the ordinary screen, because the console did not open after all."""
    sys.stdout.write("\x1b[?1049l\x1b[?25h")
    sys.stdout.flush()


def give_back(modes: list[Any] | None = None) -> None:
    """Go back to the ordinary screen, and to ``modes``, before this process ends, whatever is still to be drawn.

    Other threads draw on until then, and reach the terminal no more. One that takes nothing any more (stopped by
    Ctrl+S, or its other end hangs) is waited for a moment only.
    """
    import termios
    from contextlib import suppress

    terminal = 1
    with suppress(OSError):  # where no file can be opened any more
        nowhere = os.open(os.devnull, os.O_RDWR)
        terminal = os.dup(1)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
    with suppress(OSError):
        os.set_blocking(terminal, False)
        try:
            _restore(terminal)
        finally:
            os.set_blocking(terminal, True)  # Others have this terminal too.
    if modes is not None:
        with suppress(OSError, termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, modes)


def _restore(terminal: int) -> None:
    """Write to a terminal that may be full of a whole picture, or that a thread in the middle of one has to itself."""
    import select

    left, end = RESTORED, time.monotonic() + _TAKES_SECONDS
    while left and (seconds := end - time.monotonic()) > 0:
        select.select([], [terminal], [], seconds)
        try:
            left = left[os.write(terminal, left) :]
        except BlockingIOError:
            time.sleep(_ASK_AGAIN_SECONDS)


def _ago(seconds: float) -> str:
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{max(0, seconds):.0f} s"
