"""What can be done by key about routes and duty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from console.text import duty_lines

if TYPE_CHECKING:
    from engine.api import Engine


@dataclass(frozen=True)
class AddRoute:
    words: str
    reason: str
    doing: str = "a route is being put in force"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.add_route(self.words, self.reason)
        return Result(f"Route {found.id} is in force: {found.who}: {found.sentence}.")


@dataclass(frozen=True)
class RemoveRoute:
    route: int
    reason: str
    doing: str = "a route is being put out of force"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.remove_route(self.route, self.reason)
        return Result(f"Route {found.id} is out of force; what it holds back is sent within a day.")


@dataclass(frozen=True)
class ChooseQuietHours:
    words: str
    reason: str
    doing: str = "your quiet hours are being chosen"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.choose_quiet_hours(self.words, self.reason)
        return Result(f"You are {found.sentence}." if found is not None else "You have no quiet hours any more.")


@dataclass(frozen=True)
class HandOver:
    to: str
    note: str

    @property
    def doing(self) -> str:
        return f"the duty is being offered to {self.to}"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.hand_over(self.to, self.note)
        still = f"{found.former} stays on duty" if found.former else "nobody is on duty"
        return Result(f"Offered to {found.to}; {still} until they take it over.")


@dataclass(frozen=True)
class TakeOver:
    reason: str = ""
    doing: str = "the duty is being taken over"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.take_over(self.reason)
        if found.state == "withdrawn":
            return Result(f"You stay on duty; what was offered to {found.to} is taken back.")
        said = duty_lines.standing(engine.on_duty(), engine.operator.name, engine.now())
        return Result(f"{said} Enter on hand-over {found.id} shows what is open and promised.")
