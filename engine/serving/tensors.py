"""Tensors of the Open Inference Protocol as lists of values, and back: in JSON, or in bytes behind it. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from engine.scoring.ready import Value
from engine.serving.exchange import Unanswered
from engine.text import plain

_CODES = {
    "BOOL": "?", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B", "UINT16": "H", "UINT32": "I",
    "UINT64": "Q", "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip
_SHOWN = 60


def read(tensor: Any, binary: bytes, most: int) -> tuple[str, list[Any], bytes]:
    """A tensor's name and values, and what is left of ``binary``. Raises Unanswered.

    ``most``: values that it may have. A NaN in bytes is a gap, as NumPy has them.
    """
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise Unanswered(422, "A tensor in 'inputs' has no name.")
    name, shape, kind = tensor["name"], tensor.get("shape"), tensor.get("datatype")
    about = f"The tensor '{plain(name, _SHOWN)}'"
    if not isinstance(kind, str) or (kind not in _CODES and kind != "BYTES"):
        raise Unanswered(422, f"{about} has no datatype that is known; it is one of {', '.join(_CODES)} and BYTES.")
    rows = _rows(shape)
    if rows is None:
        raise Unanswered(422, f"{about} has a shape other than [rows], or [rows, 1]; send a tensor for each column.")
    if rows > most:
        raise Unanswered(413, f"{about} has {rows:,} rows; at most {most:,} are answered at once.")
    own = tensor.get("parameters")
    size = own.get("binary_data_size") if isinstance(own, dict) else None
    if size is None:
        values = tensor.get("data")
        if not isinstance(values, list):
            raise Unanswered(422, f"{about} has no data.")
        if values and isinstance(values[0], list):
            values = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in values]
    else:
        if "data" in tensor:
            raise Unanswered(422, f"{about} has data, and a binary_data_size; send one of both.")
        if type(size) is not int or not 0 <= size <= len(binary):
            raise Unanswered(400, f"{about} has a binary_data_size that the body has not.")
        values, binary = _unpacked(kind, binary[:size], about), binary[size:]
    if len(values) != rows:
        raise Unanswered(422, f"{about} has {len(values):,} values for {rows:,} rows.")
    return name, values, binary


def _rows(shape: Any) -> int | None:
    if not isinstance(shape, list) or not 1 <= len(shape) <= 2 or any(type(each) is not int for each in shape):
        return None
    return int(shape[0]) if shape[0] >= 0 and shape[1:] in ([], [1]) else None


def _unpacked(kind: str, data: bytes, about: str) -> list[Any]:
    if kind == "BYTES":
        return _texts(data, about)
    code = _CODES[kind]
    size = struct.calcsize(f"<{code}")
    if len(data) % size:
        raise Unanswered(400, f"{about} has {len(data):,} bytes, which is no multiple of {size}.")
    values = list(struct.unpack(f"<{len(data) // size}{code}", data))
    return [None if each != each else each for each in values] if code in "efd" else values


def _texts(data: bytes, about: str) -> list[str]:
    found, place = [], 0
    while place < len(data):
        end = place + 4
        length = int.from_bytes(data[place:end], "little")
        if end > len(data) or end + length > len(data):
            raise Unanswered(400, f"{about} ends within a text.")
        try:
            found.append(data[end : end + length].decode())
        except UnicodeDecodeError:
            raise Unanswered(400, f"{about} holds a text that is not UTF-8.") from None
        place = end + length
    return found


def written(name: str, values: Sequence[Value], binary: bool) -> tuple[dict[str, Any], bytes]:
    """A tensor of ``values``, and its bytes where they stand behind the JSON."""
    kind = _kind(values)
    tensor: dict[str, Any] = {"name": name, "datatype": kind, "shape": [len(values)]}
    if not binary:
        given = values if kind != "BYTES" else [each if isinstance(each, str) else _text(each) for each in values]
        return {**tensor, "data": given}, b""
    if kind == "BYTES":
        texts = [_text(each).encode() for each in values]
        data = b"".join(len(each).to_bytes(4, "little") + each for each in texts)
    else:
        gap = float("nan")
        data = struct.pack(f"<{len(values)}{_CODES[kind]}", *(gap if each is None else each for each in values))
    return {**tensor, "parameters": {"binary_data_size": len(data)}}, data


def _kind(values: Sequence[Value]) -> str:
    there = {type(each) for each in values if each is not None}
    if there == {bool}:
        return "BOOL" if None not in values else "BYTES"
    if there == {int} and None not in values and all(-(2**63) <= int(each) < 2**63 for each in values if each):
        return "INT64"
    return "FP64" if there <= {int, float} else "BYTES"


def _text(value: Value) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)
