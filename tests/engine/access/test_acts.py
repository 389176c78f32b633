"""What an act is, and that nothing is called which declares none: the declaration alone, on doors made for the test."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from engine.access import acts
from engine.access.acts import Act, Door, changes, declared, looks
from engine.access.roles import enough
from engine.errors import Forbidden, Invalid, Refusal
from engine.records import Operator, Role
from tests.callers import caller
from tests.people import with_article

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = "This is how things stood on 24 Nov 2026 at 12:00 UTC; go back to now to act."


@dataclass(frozen=True)
class Plan:
    kind: str


class Full:
    """A ledger that takes nothing in: what is refused is refused all the same."""

    @staticmethod
    def write() -> Any:
        raise Refusal("The disk is full.")


FULL = Full()


class Shed(Door):
    """A door of its own; what was done is in ``done``."""

    def __init__(self, role: Role, past: datetime | None = None) -> None:
        self.caller, self.past = caller("pat", role), past
        self.done: list[Any] = []

    @property
    def operator(self) -> Operator:
        return self.caller.operator

    @property
    def _people(self) -> Any:
        return FULL

    @looks("see tools", of="tool")
    def see(self, tool: str, *, closely: bool = False) -> str:
        """What a tool is like."""
        return f"{tool}, closely" if closely else tool

    @looks("count tools", in_past=False)
    def count(self) -> int:
        return 7

    @changes("paint", least="operator", dangerous=True)
    def paint(self, colour: str) -> None:
        self.done.append(colour)

    @changes("carry", least="admin", of="plan", kind="plan.kind", kinds={"away": "carry away"})
    def carry(self, plan: Plan) -> None:
        self.done.append(plan)

    @changes("dust", least="viewer", in_past=True, by="process")
    def dust(self) -> None:
        self.done.append("dust")


def test_an_act_is_what_was_declared_at_its_method() -> None:
    assert declared(Shed) == {
        "now": Act("now", "ask for the time", changes=False, least="viewer", in_past=True, by="process"),
        "why_not": Act("why_not", "ask what one may do", False, "viewer", in_past=True, by="process"),
        "why_no_file": Act("why_no_file", "ask what one may do", False, "viewer", in_past=True, by="process"),
        "see": Act("see", "see tools", changes=False, least="viewer", of="tool", in_past=True),
        "count": Act("count", "count tools", changes=False, least="viewer"),
        "paint": Act("paint", "paint", changes=True, least="operator", dangerous=True),
        "carry": Act("carry", "carry", True, "admin", "plan", kind="plan.kind", kinds={"away": "carry away"}),
        "dust": Act("dust", "dust", changes=True, least="viewer", in_past=True, by="process"),
    }


def test_one_may_ask_before_an_act_and_hears_the_words_of_its_refusal() -> None:
    assert Shed("viewer").why_not("paint") == "pat is a viewer and may not paint; ask somebody who is an operator."
    assert Shed("operator").why_not("paint") is None and Shed("viewer").why_not("dust") is None
    assert Shed("viewer").why_not("carry") is None, "its words depend on the plan, which nobody has yet"


def test_a_role_for_one_project_lets_ask_for_what_is_of_a_project_and_for_nothing_else() -> None:
    class Barn(Shed):
        @changes("mow", least="operator", of="field")
        def mow(self, field: str) -> None: ...

    barn = Barn("viewer")
    assert barn.why_not("mow") == "pat is a viewer and may not mow; ask somebody who is an operator."
    barn.caller = replace(barn.caller, operator=Operator("pat", "viewer", projects=(("meadow", "operator"),)))
    assert barn.why_not("mow") is None, "whether it is that one, its arguments tell"
    assert barn.why_not("paint") == "pat is a viewer and may not paint; ask somebody who is an operator."


def test_a_method_that_declares_nothing_keeps_its_class_from_being_made() -> None:
    with pytest.raises(TypeError, match=r"^Barn\.peek declares no act; put @looks or @changes before it\.$"):

        class Barn(Shed):
            def peek(self) -> None:
                """Look in."""


@pytest.mark.parametrize("made", [staticmethod, classmethod])
def test_one_without_a_self_is_no_way_round(made: Any) -> None:
    with pytest.raises(TypeError, match=r"^Barn\.peek declares no act"):
        type("Barn", (Shed,), {"peek": made(lambda *_: None)})


def test_one_that_comes_from_a_class_beside_is_no_way_round() -> None:
    class Beside:
        def peek(self) -> None:
            """Look in."""

    with pytest.raises(TypeError, match=r"^Barn\.peek declares no act"):
        type("Barn", (Beside, Shed), {})


def test_what_is_private_is_no_act() -> None:
    class Barn(Shed):
        def _peek(self) -> int:
            return 1

    assert Barn("viewer")._peek() == 1
    assert declared(Barn) == declared(Shed)
    assert all(getattr(Barn, name) is getattr(Shed, name) for name in declared(Shed)), "it is asked for once"


def test_what_takes_the_place_of_an_act_is_the_same_act() -> None:
    class Barn(Shed):
        def paint(self, colour: str) -> None:
            self.done.append(f"barn {colour}")

    assert declared(Barn) == declared(Shed)
    barn = Barn("operator")
    barn.paint("red")
    assert barn.done == ["barn red"]
    viewers = Barn("viewer")
    with pytest.raises(Forbidden, match="pat is a viewer and may not paint; ask somebody who is an operator"):
        viewers.paint("red")
    assert viewers.done == []


def test_so_is_what_a_class_beside_does_instead_which_comes_first() -> None:
    class Beside:
        done: list[Any]

        def paint(self, colour: str) -> None:
            self.done.append(f"beside {colour}")

    made: Any = type("Barn", (Beside, Shed), {})
    barn = made("operator")
    barn.paint("red")
    assert barn.done == ["beside red"]
    with pytest.raises(Forbidden):
        made("viewer").paint("red")


def test_a_declared_method_is_called_as_it_was_written() -> None:
    shed = Shed("viewer")
    assert (shed.see("saw"), shed.see("saw", closely=True), shed.see(tool="axe")) == ("saw", "saw, closely", "axe")
    assert str(inspect.signature(Shed.see)) == "(self, tool: 'str', *, closely: 'bool' = False) -> 'str'"
    assert (Shed.see.__name__, Shed.see.__doc__) == ("see", "What a tool is like.")
    with pytest.raises(TypeError, match="paint"):
        Shed("operator").paint()  # type: ignore[call-arg]


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", declared(Shed))
def test_an_act_is_done_by_whoever_has_the_role_and_not_begun_by_anybody_else(role: Role, name: str) -> None:
    shed, act = Shed(role), declared(Shed)[name]
    given = {"see": ["saw"], "paint": ["red"], "carry": [Plan("in")], "why_not": ["paint"]}.get(name, [])
    if act.by == "process" or enough((role,), act.least, changes=act.changes):
        getattr(shed, name)(*given)
        assert bool(shed.done) == act.changes
        return
    with pytest.raises(Forbidden) as refused:
        getattr(shed, name)(*given)
    told = f"pat is {with_article(role)} and may not {act.what}; ask somebody who is {with_article(act.least)}."
    assert str(refused.value) == told
    assert shed.done == []


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", declared(Shed))
def test_at_a_moment_that_is_over_only_what_was_declared_possible_there_is(role: Role, name: str) -> None:
    shed, act = Shed(role, NOON), declared(Shed)[name]
    if act.in_past:
        getattr(shed, name)(*{"see": ["saw"], "why_not": ["paint"]}.get(name, []))
        return
    with pytest.raises(Refusal) as refused:
        getattr(shed, name)("whatever", 1, is_given=True)  # before anybody looks at what was given
    assert str(refused.value) == LATER and not isinstance(refused.value, Forbidden)
    assert shed.done == []


@pytest.mark.parametrize(("kind", "said"), [("away", "carry away"), ("in", "carry"), ("", "carry")])
def test_a_refusal_calls_each_kind_of_an_act_by_its_own_name(kind: str, said: str) -> None:
    for call in (lambda: Shed("operator").carry(Plan(kind)), lambda: Shed("operator").carry(plan=Plan(kind))):
        with pytest.raises(Forbidden, match=f"pat is an operator and may not {said}; ask somebody who is an admin"):
            call()


# What each may look at and, the second, what each may change, by what it was declared for.
MAY: dict[Role, tuple[set[str], set[str]]] = {
    "viewer": ({"viewer"}, {"viewer"}),
    "auditor": ({"viewer", "auditor"}, set()),
    "operator": ({"viewer", "auditor", "operator"}, {"viewer", "auditor", "operator"}),
    "admin": ({"viewer", "auditor", "operator", "admin"}, {"viewer", "auditor", "operator", "admin"}),
}


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("least", get_args(Role))
@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_may_what_is_written_here_and_an_auditor_changes_nothing(
    role: Role, least: Role, changes: bool
) -> None:
    assert enough((role,), least, changes=changes) == (least in MAY[role][changes])


def test_of_two_roles_what_either_allows_is_allowed_and_none_allows_nothing() -> None:
    assert enough(("auditor", "operator"), "operator", changes=True)
    assert enough(("auditor", "viewer"), "auditor", changes=False)
    assert not enough(("auditor", "viewer"), "operator", changes=True)
    assert not enough((), "viewer", changes=False)


def test_the_moment_that_is_shown_is_the_one_that_is_over() -> None:
    assert Shed("viewer", NOON).now() == NOON
    assert Shed("viewer").now() > NOON


def test_a_role_is_that_of_whoever_calls_now() -> None:
    shed = Shed("operator")
    shed.paint("red")
    shed.caller = caller("pat", "viewer")
    with pytest.raises(Forbidden):
        shed.paint("blue")
    assert shed.done == ["red"]


@pytest.mark.parametrize("reason", ["", " ", "\n\t ", "\u00a0"])
def test_a_reason_of_nothing_but_space_is_none(reason: str) -> None:
    with pytest.raises(Invalid, match="A reason is needed"):
        acts.checked_reason(reason)


def test_a_reason_has_up_to_a_thousand_characters_without_the_space_around_it() -> None:
    assert acts.checked_reason("  newer data \n") == "newer data"
    assert len(acts.checked_reason(" " + "x" * 1000 + " ")) == 1000
    with pytest.raises(Invalid, match="has 1001 characters; keep it under 1,000"):
        acts.checked_reason("x" * 1001)


def test_nobody_but_the_door_asks_for_a_role() -> None:
    """Where a room asked too, the two could come to say different things."""
    asks = re.compile(r"self\._require\(")
    found = {path.as_posix(): len(asks.findall(path.read_text("utf-8"))) for path in Path("engine").rglob("*.py")}
    assert {name: count for name, count in found.items() if count} == {"engine/api.py": 1}, "doctor alone, which mends"
