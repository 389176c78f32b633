"""The steps of many trainings, told as one row for each kind: what all of them took together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.runs.steps.step import StepResult
from engine.vocabulary import steps

# What a policy costs whoever has it; scoring comes with the rows, whatever the policy.
_OF_A_TRAINING = {kind.name for kind in (steps.EXTRACT, steps.LABELS, steps.TRAIN)}


@dataclass(frozen=True)
class Spent:
    """Seconds that extracts and trainings took, on the clock and of CPU."""

    seconds: float = 0.0
    cpu: float = 0.0

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.seconds - other.seconds, self.cpu - other.cpu)


class StepTotals:
    """Takes the place of ``RunContext.record``; ``tell`` records the sums. A step that fails ends it: it is recorded as
    it is, behind the sums of what went well before."""

    def __init__(self, record: Callable[[StepResult], None]) -> None:
        self._record = record
        self._sums: dict[str, StepResult] = {}

    def add(self, result: StepResult) -> None:
        if result.state != "succeeded":
            self.tell()
            self._record(result)
            return
        before = self._sums.get(result.name)
        if before is not None:
            result = replace(
                result,
                seconds=round(before.seconds + result.seconds, 3),
                cpu_seconds=round(before.cpu_seconds + result.cpu_seconds, 3),
                peak_memory=max(before.peak_memory, result.peak_memory),
            )
        self._sums[result.name] = result

    def spent(self) -> Spent:
        """What extracts and trainings took so far."""
        own = [each for name, each in self._sums.items() if name in _OF_A_TRAINING]
        return Spent(sum(each.seconds for each in own), sum(each.cpu_seconds for each in own))

    def tell(self) -> None:
        for result in self._sums.values():
            self._record(result)
        self._sums.clear()
