"""What a worker took for a large request goes back to the system as soon as it is done with it.

What is freed in large pieces glibc gives back at once, but only until it has freed the first: then it takes pieces of
up to that size (32 MiB at most) out of its heap, where one small thing that lies behind them keeps all of it. A worker
of 77 MB that had refused bodies of 16 MiB had 185 from then on. With bounds that stay it has 105.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

# From malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
PIECE = 1 << 20  # bytes; what is as large is taken from the system by itself, which costs microseconds
KEPT = 4 << 20  # bytes at the end of the heap, that the next request finds there


def give_back() -> None:
    """For the start of a process. Nothing is done where the C library knows no such bounds."""
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, PIECE)
        library.mallopt(_TRIM_THRESHOLD, KEPT)
