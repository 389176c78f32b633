"""What an operator can have done about the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.housekeeping.records import CleanPlan


@dataclass(frozen=True)
class ScanDisk:
    doing: str = "the disk is being looked through"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        report = engine.scan_disk(lambda *_: None)
        return Result(f"The disk was looked through in {report.scan_seconds:.1f} s.")


@dataclass(frozen=True)
class CleanUp:
    """A clean-up, exactly as the plan was shown."""

    plan: CleanPlan
    reason: str
    doing: str = "what is not needed goes to the bin"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        cleaned = engine.clean(self.plan, self.reason, lambda text: None)
        return Result(" ".join([cleaned.sentence, *cleaned.notes[:3]]))


@dataclass(frozen=True)
class Restore:
    item: int
    what: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.what} is being restored"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.restore(self.item, self.reason)
        return Result(f"{self.what} is back where it was.")


@dataclass(frozen=True)
class EmptyBin:
    confirmed: str
    reason: str
    doing: str = "the bin is being emptied"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.empty_bin(self.reason, self.confirmed, all=True)
        return Result("The bin is empty.")
