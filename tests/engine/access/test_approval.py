"""How many approve, and whose eyes: a table of cases."""

from __future__ import annotations

import pytest

from engine.access.approval import Approval, same_eyes, why_not_approve
from tests.callers import caller

ASKED = "ada asked for this retrain, and this project wants a second person to approve it."
TWICE = "ada has approved tiny@1 already; it waits for another person."


@pytest.mark.parametrize(
    ("four_eyes", "requested_by", "given_by", "why"),
    [
        (False, "ada", (), None), (False, "bob", (), None), (True, "bob", (), None), (True, "ada", (), ASKED),
        (False, "bob", ("ada",), TWICE), (False, "bob", ("bob", "ada"), TWICE), (False, "bob", ("bob",), None),
        (True, "ada", ("ada",), ASKED), (True, "the schedule", (), None),
    ],
)  # fmt: skip
def test_who_may_not_be_one_of_those_who_approve_is_told_why(
    four_eyes: bool, requested_by: str, given_by: tuple[str, ...], why: str | None
) -> None:
    assert why_not_approve("tiny@1", Approval(2, four_eyes, requested_by, given_by), caller()) == why


@pytest.mark.parametrize(
    ("needed", "given", "missing"), [(1, 0, 0), (2, 0, 1), (2, 1, 0), (3, 0, 2), (3, 1, 1), (1, 2, 0)]
)
def test_after_one_more_approval_as_many_are_missing_as_were_asked_for(needed: int, given: int, missing: int) -> None:
    people = tuple(f"p{number}" for number in range(given))
    assert Approval(needed, False, "ada", people).missing_after_one == missing


@pytest.mark.parametrize(
    ("four_eyes", "requested_by", "same"), [(True, "ada", True), (True, "bob", False), (False, "ada", False)]
)
def test_eyes_are_the_same_only_where_a_second_person_is_asked_for(
    four_eyes: bool, requested_by: str, same: bool
) -> None:
    assert same_eyes(caller(), requested_by, four_eyes=four_eyes) == same
