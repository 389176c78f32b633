"""What an ONNX file says of itself, written behind its model. Pure.

An ONNX file is one Protocol Buffers message, and of such a message repeated fields may be written on at its end: so
that nothing of ONNX is needed here, and the model's own bytes stay as its converter wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping

_METADATA_PROPS = 14  # of ModelProto, each with a key (1) and a value (2)
_KEY, _VALUE = 1, 2


def with_metadata(model: bytes, said: Mapping[str, str]) -> bytes:
    """``model`` with ``said`` among its metadata."""
    entries = (_field(_KEY, key.encode()) + _field(_VALUE, value.encode()) for key, value in sorted(said.items()))
    return model + b"".join(_field(_METADATA_PROPS, entry) for entry in entries)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: its number and kind, its length, itself."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
