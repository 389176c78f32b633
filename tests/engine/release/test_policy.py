"""Who may make what live, as a table of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.access.approval import Approval, Policy
from engine.records import Deployment, Version
from engine.release.policy import why_not_from, why_not_reject, why_not_release, why_not_rollback
from tests.callers import caller

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA = caller(role="operator")
ALONE = Approval(Policy(), frozenset({"ada", "bob"}), {"ada": "asked for this retrain"})
BOBS = Approval(Policy(approvers=(("bob",),)), frozenset({"bob"}))
CANDIDATE = Version(
    project="flights", number=12, digest="d" * 64, state="candidate", made_at=NOW, as_of=NOW, run=1, verdict="pass",
    comparison="better", sentence="BETTER", against="flights@9", metric=None, live_from=None, live_until=None,
    reason=None,
)  # fmt: skip
LATER = NOW + timedelta(days=1)


def test_a_fresh_candidate_judged_against_the_live_version_may_be_released() -> None:
    assert why_not_release(CANDIDATE, "flights@9", LATER, ALONE, ADA, NOW) is None


@pytest.mark.parametrize(("elsewhere", "says"), [(False, "; retrain to "), (True, "; import its bundle again to ")])
def test_what_came_as_a_bundle_is_had_anew_by_it(elsewhere: bool, says: str) -> None:
    for version, live, expires in (
        (CANDIDATE, "flights@11", LATER), (CANDIDATE, "flights@9", NOW),
        (replace(CANDIDATE, state="expired"), "flights@9", LATER),
    ):  # fmt: skip
        refused = why_not_release(version, live, expires, ALONE, ADA, NOW, from_elsewhere=elsewhere)
        assert refused is not None and says in refused


@pytest.mark.parametrize(
    ("version", "live", "expires", "approval", "says"),
    [
        (CANDIDATE, "flights@11", LATER, ALONE, "was judged against flights@9, but flights@11 is live now"),
        (CANDIDATE, None, LATER, ALONE, "was judged against flights@9, but nothing is live now"),
        (replace(CANDIDATE, against=None), "flights@9", LATER, ALONE, "judged against nothing"),
        (CANDIDATE, "flights@9", NOW, ALONE, "expired on 24 Nov 2026"),
        (CANDIDATE, "flights@9", LATER, replace(ALONE, policy=Policy(four_eyes=True)), "a second person"),
        (CANDIDATE, "flights@9", LATER, BOBS, "names who may, and that is bob"),
        (CANDIDATE, "flights@9", LATER, replace(ALONE, frozen_until=LATER), "a rollback is never frozen"),
        (CANDIDATE, "flights@9", LATER, replace(ALONE, policy=Policy(2), given_by=("ada",)), "has approved flights@12"),
        (replace(CANDIDATE, state="failed"), "flights@9", LATER, ALONE, "did not pass its gates: BETTER"),
        (replace(CANDIDATE, state="live"), "flights@12", LATER, ALONE, "is live already"),
        (
            replace(CANDIDATE, state="rejected", reason="rejected by bob: weak"),
            "flights@9",
            LATER,
            ALONE,
            "by bob: weak;",
        ),
        (replace(CANDIDATE, state="barred", reason="bad"), "flights@9", LATER, ALONE, "is barred (bad)"),
        (replace(CANDIDATE, state="retired"), "flights@9", LATER, ALONE, "with a rollback"),
        (replace(CANDIDATE, state="expired"), "flights@9", LATER, ALONE, "expired"),
    ],
)
def test_a_release_is_refused_in_words(
    version: Version, live: str | None, expires: datetime, approval: Approval, says: str
) -> None:
    refused = why_not_release(version, live, expires, approval, ADA, NOW)
    assert refused is not None
    assert says in refused


@pytest.mark.parametrize(
    ("state", "label", "live", "says"),
    [
        ("retired", 12, None, "nothing to roll back from"),
        ("live", 12, "flights@12", "is live already"),
        ("barred", 12, "flights@13", "lift the bar first"),
        ("candidate", 12, "flights@9", "was never live"),
        ("rejected", 12, "flights@9", "was never live"),
        ("failed", 12, "flights@9", "was never live"),
    ],
)
def test_a_rollback_is_refused_in_words(state: str, label: int, live: str | None, says: str) -> None:
    target = replace(CANDIDATE, state=state, number=label)  # type: ignore[arg-type]
    refused = why_not_rollback(target, live)
    assert refused is not None
    assert says in refused


def test_a_version_that_was_live_may_be_gone_back_to() -> None:
    before = replace(CANDIDATE, state="retired")
    assert why_not_rollback(before, "flights@13") is None
    assert "was cleaned up on" in str(why_not_rollback(replace(before, cleaned_at=NOW), "flights@13"))


def test_only_a_candidate_can_be_rejected() -> None:
    assert why_not_reject(CANDIDATE) is None
    assert why_not_reject(replace(CANDIDATE, state="live")) is not None


ROLLED_BACK = Deployment(3, "flights", 8, 9, "rollback", NOW, "bob", "the page is on fire")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("source", "last", "later", "says"),
    [
        ("flights@8", ROLLED_BACK, MINUTE, None),
        ("flights@9", ROLLED_BACK, MINUTE, "flights@8 is live, not flights@9; nothing was changed"),
        ("flights@9", replace(ROLLED_BACK, kind="release"), 99 * MINUTE, "flights@8 is live, not flights@9"),
        (None, ROLLED_BACK, MINUTE, 'bob rolled flights back to flights@8 60 s ago ("the page is on fire")'),
        (None, ROLLED_BACK, MINUTE, "say so with --from flights@8"),
        (None, ROLLED_BACK, 14 * MINUTE, "14 min ago"),
        (None, ROLLED_BACK, -MINUTE, "0 s ago"),
        (None, ROLLED_BACK, 15 * MINUTE, None),
        (None, replace(ROLLED_BACK, kind="release"), MINUTE, None),
        (None, None, MINUTE, None),
    ],
)
def test_a_rollback_is_meant_from_one_version(
    source: str | None, last: Deployment | None, later: timedelta, says: str | None
) -> None:
    said = why_not_from(source, "flights@8", last, NOW + later)
    assert said is None if says is None else said is not None and says in said


def test_a_bar_keeps_nobody_out_who_lifts_it_on_the_way() -> None:
    barred = replace(CANDIDATE, state="barred", reason="rolled back from by bob: weak")
    assert "lift the bar first" in str(why_not_rollback(barred, "flights@9"))
    assert why_not_rollback(barred, "flights@9", lifts=True) is None
