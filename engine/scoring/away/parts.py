"""The parts of a scoring that workers share: who is given which, who is asked again, and when it is given up. Pure;
and how a part and its answer lie in a file, and whether an answer is one.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.runs.steps.tables import laid_out, read_kept
from engine.scoring.row_order import one_for_each
from engine.scoring.row_table import RowTable
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

TRIES = 3
"""So often a part is asked for, each time of another worker where there is one."""
FAULTS = 2
"""After so many of them a worker is asked for nothing more."""


class GivenUp(Exception):
    """A part was asked for too often; the message is a sentence without its full stop."""


@dataclass
class Part:
    """Some of the rows. ``number`` counts from 1; ``tried``: the workers that were asked in vain."""

    number: int
    tried: list[str] = field(default_factory=list)


class Waiting:
    """Parts that nobody has, and how the workers did."""

    def __init__(self) -> None:
        self._parts = deque[Part]()
        self._faults = defaultdict[str, int](int)

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, part: Part) -> None:
        self._parts.append(part)

    def next(self, worker: str, others: Collection[str]) -> Part | None:
        """The first part that ``worker`` has not been asked for in vain; also one of those, where none of ``others``
        has still to be asked for it."""
        for part in self._parts:
            if worker not in part.tried or not set(others) - {worker, *part.tried}:
                self._parts.remove(part)
                return part
        return None

    def failed(self, worker: str, part: Part | None, why: str) -> None:
        """``worker`` failed, over ``part`` where it had one. Raises GivenUp where nobody else is to be asked."""
        self._faults[worker] += 1
        if part is None:
            return
        part.tried.append(worker)
        if len(part.tried) >= TRIES:
            raise GivenUp(
                f"part {part.number:,} was asked for {TRIES} times, of {_and(sorted(set(part.tried)))}, and came back "
                f"from none; the last time {why}"
            )
        self._parts.appendleft(part)

    def may_ask(self, worker: str) -> bool:
        return self._faults[worker] < FAULTS


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def packed(head: Mapping[str, Any], body: bytes) -> bytes:
    """A file with both."""
    said = json.dumps(head).encode()
    return b"".join((len(said).to_bytes(8, "big"), said, body))


def unpacked(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Raises ValueError where it is no such file."""
    size = int.from_bytes(content[:8], "big")
    head = json.loads(content[8 : 8 + size])
    if not isinstance(head, dict):
        raise ValueError("no object")
    return head, content[8 + size :]


def answer(head: Mapping[str, Any], body: bytes, rows: int, outputs: Sequence[str], title: str) -> pa.Table:
    """What a scorer said of ``rows`` rows, in the columns ``outputs``. It comes from elsewhere: nothing of it is
    believed before it was looked through. Raises StepFailed."""
    import pyarrow as pa


    if "problem" in head:
        raise StepFailed(f"{title} failed: {plain(str(head['problem']), 300).rstrip('.')}.")
    try:
        table = pa.ipc.open_stream(body).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StepFailed(f"{title} gave an answer that cannot be read ({plain(str(error), 160)}).") from None
    kept = read_kept(head.get("kept", {}))
    if kept is None:
        raise StepFailed(f"{title} gave an answer whose types are no JSON of {{column: {{...}}}}.")
    found = one_for_each(laid_out(table, kept), rows, title)
    return RowTable(found, tuple(outputs)).named(found, title)


def differs(found: pa.Table, expected: pa.Table) -> str:
    """In which column two tables are not the same to the last bit; "" where they are."""
    if found.column_names != expected.column_names or found.num_rows != expected.num_rows:
        return plain(", ".join(found.column_names), 100)
    for name in expected.column_names:
        one, other = found.column(name), expected.column(name)
        if one.type != other.type or list(map(_bits, one.to_pylist())) != list(map(_bits, other.to_pylist())):
            return plain(name, 60)
    return ""


def _bits(value: Any) -> Any:
    return value.hex() if isinstance(value, float) else value
