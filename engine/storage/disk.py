"""What the system says when it will not write, in words that say what to do."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Refusal
from engine.text import plain

_FULL = {errno.ENOSPC, errno.EDQUOT}


def is_full(error: OSError) -> bool:
    """Whether it says that the disk is full."""
    # Arrow and shutil keep the number to themselves and only quote the text.
    return error.errno in _FULL or "No space left" in str(error)


def why_not(error: OSError) -> str:
    """The reason as the end of a sentence: a full disk by its name, anything else in the system's words."""
    if is_full(error):
        return "the disk is full; free some space and try again"
    where = f" ({error.filename})" if error.filename else ""
    return plain(f"{error.strerror or error}{where}", 300)


@contextmanager
def refused(what: str) -> Iterator[None]:
    """Within the block, whatever the system refuses is a Refusal: ``what`` and why not."""
    try:
        yield
    except OSError as error:
        raise Refusal(f"{what}: {why_not(error)}.") from None


def room_of(path: Path) -> int:
    """What it takes on the disk; what vanishes meanwhile counts nothing, and a name of several its share of one."""
    total, left = 0, [str(path)]
    while left:
        place = left.pop()
        try:
            found = os.lstat(place)
            folder = stat.S_ISDIR(found.st_mode)
            total += found.st_blocks * 512 // max(1, 1 if folder else found.st_nlink)
            if folder:
                left += [f"{place}/{name}" for name in os.listdir(place)]
        except OSError:
            continue
    return total


def delete_tree(folder: Path) -> None:
    """Delete a folder, whatever those made of it who filled it: folders in folders without end, or such that not even
    their owner may look into. One that is gone already is fine. Raises OSError."""
    import shutil  # Here, like what is below: the first screen has no need of them.

    if not os.path.lexists(folder):
        return
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError) as error:
        import subprocess

        # These go down from one open folder to the next, as deep as it is.
        for command in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
            subprocess.run([*command, "--", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if os.path.lexists(folder):
            number = error.errno if isinstance(error, OSError) else errno.ENAMETOOLONG
            raise OSError(number, os.strerror(number or errno.EIO), str(folder)) from None
