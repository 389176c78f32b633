"""ONNX graphs written field by field, as Protocol Buffers has them: no library of ONNX is needed to make one."""

from __future__ import annotations

import struct
from collections.abc import Sequence

DOUBLE, INT64, STRING = 11, 7, 8
BYTES = bytes | str


def number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def field(place: int, content: BYTES | int) -> bytes:
    if isinstance(content, int):
        return number(place << 3) + number(content)
    content = content.encode() if isinstance(content, str) else content
    return number(place << 3 | 2) + number(len(content)) + content


def tensor(name: str, kind: int, shape: Sequence[int], values: Sequence[float | int | str], more: bytes = b"") -> bytes:
    said = b"".join(field(1, each) for each in shape) + field(2, kind)
    if kind == STRING:
        said += b"".join(field(6, str(each)) for each in values)
    else:
        said += field(9, struct.pack(f"<{len(values)}{'d' if kind == DOUBLE else 'q'}", *values))
    return said + field(8, name) + more


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **whole: int) -> bytes:
    said = b"".join(field(1, each) for each in inputs) + b"".join(field(2, each) for each in outputs) + field(4, kind)
    for name, value in whole.items():
        said += field(5, field(1, name) + field(3, value) + field(20, 2))
    return said + (field(7, domain) if domain else b"")


def value(name: str, kind: int, columns: int | None = 1) -> bytes:
    dims = [field(1, field(2, "N"))] + ([field(1, field(1, columns))] if columns is not None else [])
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, b"".join(dims))))


def graph(
    nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes], numbers: Sequence[bytes] = ()
) -> bytes:
    said = b"".join(field(1, each) for each in nodes) + field(2, "g") + b"".join(field(5, each) for each in numbers)
    return said + b"".join(field(11, each) for each in inputs) + b"".join(field(12, each) for each in outputs)


def model(inside: bytes, domain: str = "", more: bytes = b"") -> bytes:
    own = field(8, field(1, "") + field(2, 17)) + field(8, field(1, "ai.onnx.ml") + field(2, 3))
    other = field(8, field(1, domain) + field(2, 1)) if domain else b""
    return field(1, 8) + field(7, inside) + own + other + more


def logit(classes: Sequence[int | str] = (0, 1)) -> bytes:
    """The chance of the second class is that of the logit of 3a - 2b - 0.25, of two columns of 64 bits, a and b; a text
    "place" adds nothing."""
    label = STRING if isinstance(classes[0], str) else INT64
    nodes = [
        node("Concat", ["a", "b"], ["both"], axis=1),
        node("MatMul", ["both", "weights"], ["product"]),
        node("Add", ["product", "start"], ["logit"]),
        node("Sigmoid", ["logit"], ["second"]),
        node("Sub", ["one", "second"], ["first"]),
        node("Concat", ["first", "second"], ["probabilities"], axis=1),
        node("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
        node("Gather", ["classes", "best"], ["prediction"], axis=0),
    ]
    numbers = [
        tensor("weights", DOUBLE, [2, 1], [3.0, -2.0]), tensor("start", DOUBLE, [1], [-0.25]),
        tensor("one", DOUBLE, [1], [1.0]), tensor("classes", label, [2], classes),
    ]  # fmt: skip
    inputs = [value("a", DOUBLE), value("b", DOUBLE), value("place", STRING)]
    return model(graph(nodes, inputs, [value("prediction", label, None), value("probabilities", DOUBLE, 2)], numbers))


def endless() -> bytes:
    """A loop over all the numbers there are: a graph of ONNX's own operators that is never through with a row."""
    body = graph(
        [node("Identity", ["go"], ["goes"]), node("Identity", ["x"], ["y"])],
        [field(1, "i") + field(2, field(1, field(1, INT64) + field(2, b""))),
         field(1, "go") + field(2, field(1, field(1, 9) + field(2, b""))), value("x", DOUBLE)],
        [field(1, "goes") + field(2, field(1, field(1, 9) + field(2, b""))), value("y", DOUBLE)],
    )  # fmt: skip
    loop = node("Loop", ["most", "", "a"], ["prediction"]) + field(5, field(1, "body") + field(6, body) + field(20, 5))
    numbers = [tensor("most", INT64, [], [1 << 62])]
    return model(graph([loop], [value("a", DOUBLE)], [value("prediction", DOUBLE)], numbers))
