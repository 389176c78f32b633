"""What a worker hands to its shadow's process: rows with the answers that they got, in frames of bounded size.

A frame is one packet of a socket, so that it is there whole or not at all, and a socket that is full refuses it at
once. To write a row costs about a microsecond and is done by the thread of the request log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from engine.requests.answered import Answered
from engine.requests.records import Value

MOST_ROWS = 64
MOST_BYTES = 96 * 1024  # of a packet; the system's own bound is twice that


class HandedRequest(msgspec.Struct, array_like=True, gc=False):
    """Rows of one request, or a part of a large one. ``at``: seconds since 1970."""

    request: str
    at: float
    rows: Sequence[Sequence[Any]]
    answers: Sequence[Sequence[Any]]
    keys: Mapping[str, Sequence[Any]]


class Frame(msgspec.Struct, array_like=True, gc=False):
    """Requests whose rows have the same ``features`` and whose answers the same ``outputs``, in these orders."""

    features: tuple[str, ...]
    outputs: tuple[str, ...]
    requests: list[HandedRequest]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


def frames(answered: Sequence[Answered], hidden: frozenset[str]) -> Iterator[tuple[bytes | None, int]]:
    """``answered`` in frames, each with the number of its rows; None for rows that cannot be handed over.

    ``hidden``: key columns that are left out.
    """
    waiting: list[HandedRequest] = []
    held = 0
    names: tuple[tuple[str, ...], tuple[str, ...]] = (), ()
    for each in answered:
        for part in _parts(each, hidden):
            if waiting and (held + len(part.rows) > MOST_ROWS or names != (each.features, each.outputs)):
                yield from _packed(Frame(*names, waiting))
                waiting, held = [], 0
            names = each.features, each.outputs
            waiting.append(part)
            held += len(part.rows)
    if waiting:
        yield from _packed(Frame(*names, waiting))


def frame_in(packet: bytes) -> Frame:
    """The frame in a packet. Raises msgspec.DecodeError where there is none."""
    return _decode(packet)


def _parts(answered: Answered, hidden: frozenset[str]) -> Iterator[HandedRequest]:
    at = answered.at.timestamp()
    keys = {name: values for name, values in answered.keys.items() if name not in hidden}
    for start in range(0, len(answered.rows), MOST_ROWS):
        end = start + MOST_ROWS
        yield HandedRequest(
            answered.request, at, answered.rows[start:end], answered.answers[start:end],
            {name: values[start:end] for name, values in keys.items()},
        )  # fmt: skip


def _packed(frame: Frame) -> Iterator[tuple[bytes | None, int]]:
    rows = sum(len(each.rows) for each in frame.requests)
    try:
        packet = _encode(frame)
    except (OverflowError, TypeError, ValueError):  # Whole numbers of more than 64 bits, or half a character.
        packet = None
    if packet is not None and len(packet) <= MOST_BYTES:
        yield packet, rows
    elif rows > 1:
        yield from (packed for half in _halves(frame) for packed in _packed(half))
    else:
        yield None, rows


def _halves(frame: Frame) -> Iterator[Frame]:
    requests = frame.requests
    if len(requests) > 1:
        middle = len(requests) // 2
        yield Frame(frame.features, frame.outputs, requests[:middle])
        yield Frame(frame.features, frame.outputs, requests[middle:])
        return
    (only,) = requests
    middle = len(only.rows) // 2
    for part in (slice(None, middle), slice(middle, None)):
        keys = {name: values[part] for name, values in only.keys.items()}
        halved = HandedRequest(only.request, only.at, only.rows[part], only.answers[part], keys)
        yield Frame(frame.features, frame.outputs, [halved])


def taken_from(values: Mapping[str, Sequence[Value]], row: int) -> dict[str, Value]:
    """The values of one row of columns."""
    return {name: column[row] for name, column in values.items() if row < len(column)}
