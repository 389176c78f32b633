"""What an ONNX file has to be before any library reads it: a graph of ONNX's own operators that brings all its numbers
along. Pure; it is read as the Protocol Buffers message that it is, field by field, and nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.errors import Damage
from engine.text import plain

LARGEST = 256 << 20
DEEPEST = 6  # graphs in graphs
_DOMAINS = (b"", b"ai.onnx", b"ai.onnx.ml")
_BYTES, _VARINT = 2, 0
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_FUNCTIONS, _TRAINING = 25, 20
# What a message of each kind holds of others that are looked through: the field's number, and what is in it.
_INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "opset"},
    "opset": {},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_DOMAIN: Mapping[str, int] = {"opset": 1, "node": 7}


def check_graph(content: bytes) -> None:
    """Raises Damage, with what it is that is not allowed, or not read."""
    if len(content) > LARGEST:
        raise Damage(f"An ONNX file of {len(content):,} bytes is not loaded; {LARGEST:,} are allowed.")
    if not _check("model", memoryview(content), 0):
        raise Damage("The ONNX file holds no graph.")


def _check(kind: str, message: memoryview, depth: int) -> bool:
    """Look through ``message``; whether there was a graph in it."""
    if depth > DEEPEST:
        raise Damage(f"The ONNX file has more than {DEEPEST} graphs in each other.")
    inside, domain, graphs = _INSIDE[kind], _DOMAIN.get(kind), False
    for number, wire, value in _fields(message):
        if kind == "model" and number in (_FUNCTIONS, _TRAINING):
            what = "functions of its own" if number == _FUNCTIONS else "steps of a training"
            raise Damage(f"The ONNX file has {what}, and only ONNX's own operators are run.")
        if number == domain and bytes(value if isinstance(value, memoryview) else b"?") not in _DOMAINS:
            said = plain(bytes(value).decode("utf-8", "replace"), 60) if isinstance(value, memoryview) else "?"
            raise Damage(f"The ONNX file asks for operators of '{said}', and only ONNX's own are run.")
        if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)):
            raise Damage("The ONNX file keeps numbers in another file, and only what it brings along is read.")
        within = inside.get(number)
        if within is None:
            continue
        if wire != _BYTES or not isinstance(value, memoryview):
            raise Damage("The ONNX file is not whole.")
        graphs |= within == "graph"
        _check(within, value, depth + (within == "graph"))
    return graphs


def _fields(message: memoryview) -> Iterator[tuple[int, int, memoryview | int]]:
    """The fields of a message: their number, how they are written, and what stands there."""
    at, size = 0, len(message)
    while at < size:
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        value: memoryview | int
        if wire == _VARINT:
            value, at = _varint(message, at)
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            value, at = message[at : at + width], at + width
        elif wire == _BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            raise Damage("The ONNX file is not whole.")
        if at > size or not number:
            raise Damage("The ONNX file is not whole.")
        yield number, wire, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if not byte & 0x80:
            return value, at
    raise Damage("The ONNX file is not whole.")
