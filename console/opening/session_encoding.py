"""The session's encoding: the engine works in UTF-8 whatever it is, and only what is printed follows it.

In a session of another encoding Python names files by that: a version made there would hold other names than one made
elsewhere from the same commit, and a name that the encoding has not could not be written at all.
"""

from __future__ import annotations

import os
import sys

_PRINTED = "PYTHONIOENCODING"


def start_again_in_utf8() -> None:
    """Replace this process by one in Python's UTF-8 mode, unless names of files are UTF-8 already."""
    if sys.flags.utf8_mode or sys.getfilesystemencoding() == "utf-8":
        return
    known = {**os.environ, "PYTHONUTF8": "1"}
    known.setdefault(_PRINTED, f"{_encoding()}:replace")
    try:
        os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], known)
    except OSError:
        return  # Then as before: most of it works.


def arguments() -> list[str]:
    """The words of the command line; those that are no UTF-8 were typed in the session's own encoding."""
    return [
        word if word.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in word)
        else os.fsencode(word).decode(_encoding(), "replace")
        for word in sys.argv[1:]
    ]  # fmt: skip


def why_not_drawn() -> str | None:
    """Why the console's lines and bars cannot be shown in this session, with the way out; None where they can."""
    if _encoding().replace("_", "-").lower() in ("utf-8", "utf8"):
        return None
    way = f"unset {_PRINTED}" if os.environ.get(_PRINTED) and not sys.flags.utf8_mode else "set LC_ALL=C.UTF-8"
    return f"This session is not UTF-8 ({_encoding()}), and the console draws what it has no signs for; {way}."


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"
