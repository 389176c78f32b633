"""A version ready on the workers of ``[compute]``: parts of the rows go there, and their answers come back in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.projects.manifest.reader import ComputeSpec
from engine.runs.compute import order
from engine.runs.compute.driver import REFUSED
from engine.runs.steps.running import start_step
from engine.runs.steps.step import StepResult, StepSpec
from engine.runs.steps.tables import streamed, types_of
from engine.scoring.away.driver import ANSWERS, END, PARTS
from engine.scoring.away.parts import answer, packed, unpacked
from engine.scoring.away.seat import FIRST, FIRST_ANSWER
from engine.storage.disk import delete_tree, refused

if TYPE_CHECKING:
    import pyarrow as pa

DRIVER = "engine.scoring.away.driver"
_MOST, _MOST_BYTES = 64, 256 << 20
_LOOK = 0.01


class Workers:
    """``ahead``: how many parts may be asked for before the first is answered. ``shares``: how many each worker
    answered; ``again``: how many were asked for more than once."""

    def __init__(
        self, asked: StepSpec, about: Mapping[str, Any], compute: ComputeSpec, first: pa.Table, expected: pa.Table,
        rows: int, *, patience: float, keeps_types: bool,
    ) -> None:  # fmt: skip
        """``asked`` and ``about``: as ``kit.filled`` has them; its folder is filled. ``first``: rows that each scorer
        answers before all others, as ``expected``, which this machine said, or else is asked for nothing; ``rows``: in
        a part. ``patience``: seconds for the answer to one. ``keeps_types``: see ``Stage.types``."""
        self._folder = folder = asked.log.parent
        self._title, self._keeps = asked.name, keeps_types
        about = {
            **about,
            "patience": patience,
            "otherwise": "score on this machine, which needs no workers",
            "outputs": expected.column_names,
        }
        (folder / FIRST).write_bytes(self._packed(first))
        (folder / FIRST_ANSWER).write_bytes(packed({}, streamed(expected)))
        self._outputs, self._count, self._over = expected.column_names, 0, False
        self.ahead = max(2, min(_MOST, _MOST_BYTES // max(1, first.nbytes // max(1, first.num_rows) * rows)))
        self.shares, self.again = dict[str, int](), 0
        self._running = start_step(order.ordered(asked, compute, DRIVER, about), lambda done, text: None)

    def _packed(self, features: pa.Table) -> bytes:
        head = {"kept": types_of(features) if self._keeps else {}, "rows": features.num_rows}
        return packed(head, streamed(features))

    def begin(self, features: pa.Table) -> Callable[[], pa.Table]:
        """Ask for a part; what waits for its answer, and raises StepFailed where none comes."""
        self._count += 1
        number, rows = self._count, features.num_rows
        place = self._folder / PARTS / str(number)
        with refused("The rows cannot be laid down for the workers"):
            place.with_suffix(".tmp").write_bytes(self._packed(features))
            place.with_suffix(".tmp").rename(place)
        return lambda: self._answer(number, rows)

    def _answer(self, number: int, rows: int) -> pa.Table:
        place = self._folder / ANSWERS / str(number)
        while not place.exists():
            if self._running.over and not place.exists():
                raise StepFailed(_why(self._running.wait()))
            time.sleep(_LOOK)
        # The driver has looked through it; but it speaks with the cluster, and may be somebody else's by now.
        try:
            head, body = unpacked(place.read_bytes())
            worker, again = str(head.get("worker"))[:100], bool(head.get("again"))
        except (OSError, ValueError, RecursionError):
            raise StepFailed(f"{self._title} failed: the answer to part {number:,} cannot be read.") from None
        found = answer(head, body, rows, self._outputs, self._title)
        place.unlink(missing_ok=True)
        (self._folder / PARTS / str(number)).unlink(missing_ok=True)
        self.shares[worker] = self.shares.get(worker, 0) + 1
        self.again += again
        return found

    def in_words(self) -> str:
        """Who answered how much so far."""
        shares = ", ".join(f"{worker} {count:,}" for worker, count in sorted(self.shares.items()))
        return f"parts by worker: {shares or 'none'}; {self.again:,} were asked for again"

    def cancel(self, why: str) -> None:
        """End it, also from another thread."""
        self._over = True
        self._running.cancel(why)

    def close(self) -> StepResult:
        """Nothing more is asked; how its driver ended. Nothing of it is left here then, and soon not on a worker."""
        if not self._running.over:
            with suppress(OSError):
                (self._folder / PARTS / END).touch()
                self._patient()
            self._running.cancel("it was broken off")
        result = self._running.wait()
        for part in ("parts", "output", "tmp", "code", "input"):
            with suppress(OSError):
                delete_tree(self._folder / part)
        return result

    def _patient(self) -> None:
        """Wait a while for a driver that has nothing left to do."""
        until = time.monotonic() + (0.0 if self._over or self._unanswered() else 10.0)
        while time.monotonic() < until and not self._running.over:
            time.sleep(_LOOK)

    def _unanswered(self) -> bool:
        return sum(self.shares.values()) < self._count


def _why(result: StepResult) -> str:
    why = (result.why or f"{result.name} ended before all was answered").rstrip(".")
    if result.exit_code == REFUSED:
        why = why.replace(f"ended with exit code {REFUSED}", "failed", 1)  # The driver's own sentence follows.
    return f"{why}."
