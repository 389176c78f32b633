"""Content-defined chunk boundaries: a file that grew or changed in places shares nearly all its chunks with before.

A gear hash over a window of 32 bytes decides where a chunk ends, so that the same bytes are cut at the same places
whatever comes before them (Xia et al., "FastCDC", USENIX ATC 2016; here without its normalisation, vectorised).
"""

from __future__ import annotations

from typing import Any

WINDOW = 32
SMALLEST = 16 * 1024
LARGEST = 256 * 1024
# One place in 2**16 ends a chunk: about 64 KiB beyond the smallest size. Changing any of these changes every chunk.
_MASK_BITS = 16
_SEED = 20_130_101


def boundaries(data: bytes | memoryview) -> list[int]:
    """The ends of the chunks of ``data``, ascending; the last is its length, and empty data has none."""
    length = len(data)
    if length <= SMALLEST:
        return [length] if length else []
    ends: list[int] = []
    start = 0
    for place in _cut_places(data):
        while place - start > LARGEST:
            start += LARGEST
            ends.append(start)
        if place - start >= SMALLEST:
            ends.append(place)
            start = place
    while length - start > LARGEST:
        start += LARGEST
        ends.append(start)
    if start < length:
        ends.append(length)
    return ends


def _cut_places(data: bytes | memoryview) -> list[int]:
    """Where the hash of the last 32 bytes has all its mask bits zero, by doubling the window: 1, 2, 4 ... 32 bytes."""
    import numpy as np

    places: list[Any] = []
    block = 1 << 22
    table = np.random.default_rng(_SEED).integers(0, 1 << 32, 256, dtype=np.uint32)
    whole = np.frombuffer(data, dtype=np.uint8)
    for begin in range(0, len(whole), block):
        # Each block starts 31 bytes early, so that no window is cut by the block's own edge.
        lead = min(begin, WINDOW - 1)
        hashes = table[whole[begin - lead : begin + block]]
        width = 1
        while width < WINDOW:
            shifted = hashes.copy()
            shifted[width:] += hashes[:-width] << np.uint32(width)
            hashes = shifted
            width *= 2
        found = np.flatnonzero((hashes >> np.uint32(32 - _MASK_BITS)) == 0)
        found = found[found >= lead] - lead + begin + 1
        places.append(found[found >= WINDOW])
    return [int(p) for p in np.concatenate(places)] if places else []
