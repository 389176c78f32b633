"""What the workers of one server say to each other: frames of a bounded length, each behind its length of 4 bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

MOST_BYTES = 1 << 20  # of a frame
LONGEST_PATH = 100  # bytes; the system takes 107 for the name of a socket


class Ask(msgspec.Struct, array_like=True, tag=0, gc=False):
    """Rows for exactly that version. ``number``: of this request on this connection."""

    number: int
    label: str
    digest: str
    rows: Sequence[Sequence[Any]]


class Back(msgspec.Struct, array_like=True, tag=1, gc=False):
    """A request that was asked is not waited for any more, unless somebody works at it."""

    number: int


class Quiet(msgspec.Struct, array_like=True, tag=6, gc=False):
    """Since the answer to that request nobody has come for a while."""

    number: int


class Said(msgspec.Struct, array_like=True, tag=2, gc=False):
    """An answer for each row."""

    number: int
    answers: list[tuple[Any, ...]]


class Failed(msgspec.Struct, array_like=True, tag=3, gc=False):
    """What the model or its process said to the rows instead; they are not to be asked again."""

    number: int
    why: str
    of_these_rows: bool


class AskYourOwn(msgspec.Struct, array_like=True, tag=4, gc=False):
    """Nobody has worked at the rows, and nobody will."""

    number: int


class Begun(msgspec.Struct, array_like=True, tag=5, gc=False):
    """Somebody works at the rows, and the answer will come."""

    number: int


Asking = Ask | Back | Quiet
Answering = Said | Failed | AskYourOwn | Begun

_encode = msgspec.msgpack.Encoder().encode


def framed(said: Asking | Answering) -> bytes | None:
    """``said`` as it is sent; None for what is too long, or has values that cannot be sent."""
    try:
        packet = _encode(said)
    except (OverflowError, TypeError, ValueError):  # Whole numbers of more than 64 bits, or half a character.
        return None
    return len(packet).to_bytes(4, "big") + packet if len(packet) <= MOST_BYTES else None


class Frames:
    """Cuts what comes into frames. ``kind``: what may be in one."""

    def __init__(self, kind: Any) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._rest = b""

    def taken(self, data: bytes) -> Iterator[Any]:
        """The frames that are whole by now. Raises msgspec.DecodeError for what is none."""
        rest, start = self._rest + data, 0
        while len(rest) >= start + 4:
            length = int.from_bytes(rest[start : start + 4], "big")
            if length > MOST_BYTES:
                raise msgspec.DecodeError("a frame that is too long")
            end = start + 4 + length
            if len(rest) < end:
                break
            yield self._decode(rest[start + 4 : end])
            start = end
        self._rest = rest[start:]


def place_of(folder: Path, number: int) -> str | None:
    """Where the worker of that number listens to others; None where the system has no room for such a name."""
    path = folder / f"{number}.socket"
    return str(path) if len(bytes(path)) <= LONGEST_PATH else None
