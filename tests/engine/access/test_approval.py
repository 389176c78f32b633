"""What an approval takes: a table of cases for each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from engine.access.approval import (
    NOTHING_ASKED,
    Approval,
    Policy,
    cannot_be_met,
    may_approve,
    same_eyes,
    stricter,
    value_in_words,
    what_it_takes,
    why_not_approve,
)
from engine.access.windows import Window, frozen_until
from engine.records import Role
from tests.callers import caller

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
PEOPLE: dict[str, tuple[Role, ...]] = {
    "ada": ("admin",), "bob": ("operator",), "cyd": ("viewer", "operator"), "vic": ("viewer",), "aude": ("auditor",),
}  # fmt: skip
EVERYBODY = frozenset({"ada", "bob", "cyd"})
ASKED = {"ada": "asked for this retrain"}
ALONE = "ada asked for this retrain, and this project wants a second person to approve it."
TWICE = "ada has approved tiny@1 already; it waits for another person."
FRIDAY, SATURDAY = Window("16:00", "24:00", (4,)), Window("00:00", "24:00", (5,), "Europe/Berlin")


def approval(**values: object) -> Approval:
    policy = {name: values.pop(name) for name in ("approvals", "four_eyes", "approvers", "freeze") if name in values}
    return replace(Approval(replace(Policy(), **policy), EVERYBODY), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (approval(), None),
        (approval(involved=ASKED), None),
        (approval(four_eyes=True), None),
        (approval(four_eyes=True, involved={"bob": "owns tiny"}), None),
        (approval(four_eyes=True, involved=ASKED), ALONE),
        (approval(four_eyes=True, involved={"ada": "owns tiny"}), ALONE.replace("asked for this retrain", "owns tiny")),
        # Two people are four eyes, whoever they are: one of them may be who asked for it.
        (approval(four_eyes=True, involved=ASKED, approvals=2), None),
        (approval(four_eyes=True, involved=ASKED, approvals=2, given_by=("bob",)), None),
        # A commit by somebody unknown may be anybody's: then it takes two, and who is involved may be one of them.
        (approval(four_eyes=True, involved=ASKED, unknown=("x@y",)), None),
        (approval(approvals=2, given_by=("ada",)), TWICE),
        (approval(approvals=3, given_by=("bob", "ada")), TWICE),
        # Less is asked than when they approved it, or a glass is broken for them: then it is live by their word.
        (approval(given_by=("ada",)), None),
        (approval(approvals=2, given_by=("bob", "ada")), None),
        (approval(four_eyes=True, involved=ASKED, given_by=("ada",)), ALONE),
        # That it takes one person who is not involved was met by bob, when it took two.
        (approval(four_eyes=True, involved=ASKED, given_by=("bob",)), None),
        (approval(approvals=2, given_by=("bob",)), None),
        (approval(approvers=(("bob",),), may=frozenset({"bob"})), "the policy names who may, and that is bob."),
        (approval(approvers=(("zoe",),), may=frozenset()), "nobody by now; 'leverframe policy tiny' says whom"),
        (approval(freeze=(FRIDAY,)), None),
        (approval(freeze=(FRIDAY,), frozen_until=NOON), "a freeze until Fri 27 Nov 12:00 UTC (16:00-24:00 fri UTC)"),
        # What moves nothing is not frozen.
        (approval(freeze=(FRIDAY,), frozen_until=NOON, approvals=2), None),
        (approval(freeze=(FRIDAY,), frozen_until=NOON, approvals=2, given_by=("bob",)), "a rollback is never frozen."),
    ],
)  # fmt: skip
def test_who_may_not_be_one_of_those_who_approve_is_told_why(given: Approval, why: str | None) -> None:
    said = why_not_approve("tiny@1", given, caller())
    assert said is None if why is None else said is not None and why in said


@pytest.mark.parametrize(
    ("needed", "given", "missing"), [(1, 0, 0), (2, 0, 1), (2, 1, 0), (3, 0, 2), (3, 1, 1), (1, 2, 0)]
)
def test_after_one_more_approval_as_many_are_missing_as_were_asked_for(needed: int, given: int, missing: int) -> None:
    people = tuple(f"p{number}" for number in range(given))
    assert approval(approvals=needed, given_by=people).missing_after_one == missing


@pytest.mark.parametrize(
    ("four_eyes", "unknown", "approvals", "needed"),
    [(True, ("x@y",), 1, 2), (True, ("x@y",), 3, 3), (False, ("x@y",), 1, 1), (True, (), 1, 1)],
)
def test_what_somebody_unknown_committed_takes_two_where_four_eyes_are_asked_for(
    four_eyes: bool, unknown: tuple[str, ...], approvals: int, needed: int
) -> None:
    assert approval(four_eyes=four_eyes, unknown=unknown, approvals=approvals).needed == needed


@pytest.mark.parametrize(
    ("four_eyes", "requested_by", "same"), [(True, "ada", True), (True, "bob", False), (False, "ada", False)]
)
def test_eyes_are_the_same_only_where_a_second_person_is_asked_for(
    four_eyes: bool, requested_by: str, same: bool
) -> None:
    assert same_eyes(caller(), requested_by, four_eyes=four_eyes) == same


STRICT = Policy(2, True, (("role:admin",),), (FRIDAY,), timedelta(days=2))


@pytest.mark.parametrize(
    ("own", "asked", "holds"),
    [
        (Policy(), NOTHING_ASKED, Policy()),
        (STRICT, NOTHING_ASKED, STRICT),
        (Policy(), STRICT, STRICT),
        (Policy(3), STRICT, replace(STRICT, approvals=3)),
        (Policy(approvers=(("bob",),)), STRICT, replace(STRICT, approvers=(("bob",), ("role:admin",)))),
        (Policy(freeze=(SATURDAY,)), STRICT, replace(STRICT, freeze=(SATURDAY, FRIDAY))),
        (Policy(expires=timedelta(days=1)), STRICT, replace(STRICT, expires=timedelta(days=1))),
        (Policy(expires=timedelta(days=30)), NOTHING_ASKED, Policy(expires=timedelta(days=30))),
    ],
)
def test_of_two_policies_the_stricter_holds_key_by_key(own: Policy, asked: Policy, holds: Policy) -> None:
    assert stricter(own, asked) == holds


def test_the_stricter_is_the_same_in_any_order_and_of_one_alone_it_is_itself() -> None:
    some = (Policy(), NOTHING_ASKED, STRICT, Policy(4, approvers=(("bob",),)), Policy(freeze=(SATURDAY, FRIDAY)))
    for one, other, third in product(some, repeat=3):
        assert stricter(one, other) == stricter(other, one)
        assert stricter(one, stricter(other, third)) == stricter(stricter(one, other), third)
    for one in some:
        assert stricter(one, one) == replace(one, freeze=tuple(sorted(one.freeze)))


@pytest.mark.parametrize(
    ("approvers", "may"),
    [
        ((), "ada bob cyd"),
        ((("bob",),), "bob"),
        ((("role:admin",),), "ada"),
        ((("role:operator",),), "ada bob cyd"),
        ((("bob", "role:admin"),), "ada bob"),
        # On both lists: the project's and the workspace's.
        ((("bob", "cyd"), ("ada", "cyd")), "cyd"),
        ((("bob",), ("role:admin",)), ""),
        ((("vic", "aude"),), ""),  # a viewer or an auditor who is named is that all the same
        ((("zoe",),), ""),
    ],
)
def test_who_may_approve_stands_on_every_list(approvers: tuple[tuple[str, ...], ...], may: str) -> None:
    assert " ".join(sorted(may_approve(Policy(approvers=approvers), PEOPLE))) == may


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Policy(), None),
        (Policy(3), None),
        (Policy(4), "it takes 4 people to release a version, and only ada and bob and cyd may approve"),
        (Policy(2, approvers=(("role:admin",),)), "it takes 2 people to release a version, and only ada may approve"),
        (Policy(four_eyes=True, approvers=(("bob",),)), None),  # he may approve what others asked for and committed
        (Policy(four_eyes=True), None),
        (Policy(approvers=(("zoe",),)), "it takes 1 person to release a version, and nobody may approve"),
        (Policy(freeze=(Window("00:00", "24:00"),)), "its freezes (00:00-24:00 UTC) leave no moment"),
        (Policy(freeze=(FRIDAY, SATURDAY)), None),
    ],
)  # fmt: skip
def test_a_policy_that_nobody_can_meet_is_told(policy: Policy, why: str | None) -> None:
    said = cannot_be_met(policy, PEOPLE, NOON)
    assert said is None if why is None else said is not None and said.startswith(why)


def test_four_eyes_where_one_person_works_alone_are_told() -> None:
    said = cannot_be_met(Policy(four_eyes=True), {"ada": ("admin",), "vic": ("viewer",)}, NOON)
    assert said == (
        "with four eyes it takes 2 people to release a version, and only ada may approve; an admin can let more people "
        "in ('leverframe operators add'), or ask for less ('leverframe policy' says who asks for what)"
    )


def test_more_people_are_not_advised_where_a_freeze_never_ends() -> None:
    said = cannot_be_met(Policy(freeze=(Window("00:00", "24:00"),)), PEOPLE, NOON) or ""
    assert "people" not in said
    assert said.endswith("an admin can ask for less ('leverframe policy' says who asks for what)")


@pytest.mark.parametrize(("may", "said"), [({"ada"}, True), ({"ada", "bob"}, False), (EVERYBODY, False)])
def test_that_fewer_may_approve_than_must_is_said_where_it_is_so(may: frozenset[str], said: bool) -> None:
    told = what_it_takes(approval(approvals=2, may=frozenset(may)))
    assert any("As things are it cannot go live" in each for each in told) == said


def test_what_binds_an_approval_is_said_in_sentences() -> None:
    given = approval(
        approvals=2, four_eyes=True, approvers=(("bob",),), freeze=(FRIDAY,), involved=ASKED, unknown=("x@y",),
        given_by=("bob",), frozen_until=NOON, may=frozenset({"bob"}),
    )  # fmt: skip
    assert what_it_takes(given) == (
        "As things are it cannot go live: fewer people may approve it than must; an admin can let more people in "
        "('leverframe operators add'), or ask for less ('leverframe policy' says who asks for what).",
        "Who may approve it: bob.",
        "Four eyes: not alone by who has a part in it: ada (asked for this retrain).",
        "Nobody knows whose it is: x@y, so that nobody approves it alone. "
        "An admin says whose an address is ('leverframe operators emails add').",
        "Frozen until Fri 27 Nov 12:00 UTC.",
    )
    assert what_it_takes(approval()) == ()
    # There is no address that could be given to anybody.
    (said,) = what_it_takes(approval(unknown=("uncommitted changes",)))
    assert said == "Nobody knows whose it is: uncommitted changes."
    assert what_it_takes(approval(freeze=(FRIDAY,))) == ("Nothing goes live by an approval in 16:00-24:00 fri UTC.",)


def test_nobody_is_told_to_wait_for_the_end_of_freezes_that_have_none() -> None:
    days = (Window("00:00", "12:00"), Window("12:00", "24:00"))
    given = approval(freeze=days, frozen_until=frozen_until(days, [NOON]))
    assert why_not_approve("tiny@2", given, caller()) == (
        "tiny@2 cannot go live: its freezes (00:00-12:00 UTC; 12:00-24:00 UTC) leave no moment in which it may. An "
        "admin changes that, or breaks the glass; a rollback is never frozen."
    )
    assert what_it_takes(given) == ("Frozen at every moment: 00:00-12:00 UTC; 12:00-24:00 UTC.",)


@pytest.mark.parametrize(
    ("name", "text"),
    [("approvals", "2"), ("four_eyes", "yes"), ("approvers", "role:admin"), ("freeze", "16:00-24:00 fri UTC")],
)
def test_each_key_has_words(name: str, text: str) -> None:
    assert value_in_words(STRICT, name) == text
    assert value_in_words(NOTHING_ASKED, "expires") == "no bound"
