"""Who approves what, with whose eyes and when, asked of the ledger as the move itself asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from engine.access import addresses
from engine.audit import trail
from engine.errors import Conflict, Invalid, NotFound
from engine.projects import policy, registry
from engine.projects.source.records import NO_COMMIT, UNCOMMITTED, CodeAuthor
from engine.release.approvals import approval_of, expiry
from engine.release.records import MovePlan
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.callers import caller
from tests.engine.release.approving import FRIDAY, HOUR, approve, ask, by, candidate, four_people, plan, refusal


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    yield from four_people(tmp_path)


# Four eyes


@pytest.mark.parametrize(
    ("authors", "asked_for_by", "alone"),
    [
        ((), "dan", "ada bob"),  # cyd owns it
        ((by("bob"),), "dan", "ada"),
        ((by("bob"), by("ada")), "dan", ""),
        ((by("bob", "BOB@Example.org"),), "dan", "ada"),
        ((by("ada"),), "the schedule", "bob dan"),
        ((by("bob"), by("ada", wrote=False)), "dan", ""),  # who put another's commit there had a hand in it
        ((by("bob"), by("hub", "noreply@hub.example", wrote=False)), "dan", "ada"),
    ],
)
def test_with_four_eyes_nobody_approves_alone_what_they_asked_for_committed_or_own(
    ledger: Ledger, authors: tuple[CodeAuthor, ...], asked_for_by: str, alone: str
) -> None:
    label = candidate(ledger, *authors, asked_for_by="ada" if asked_for_by == "the schedule" else asked_for_by)
    if asked_for_by == "the schedule":
        with ledger.write() as db:
            db.execute("UPDATE runs SET requested_by = 'the schedule'")
    everybody = ("ada", "bob", "cyd", "dan")
    assert all(refusal(ledger, label, who) is None for who in everybody), "nobody asked for four eyes"
    ask(ledger, "four_eyes", "yes")
    assert " ".join(who for who in everybody if refusal(ledger, label, who) is None) == alone


def test_each_is_told_what_part_they_had(ledger: Ledger) -> None:
    label = candidate(ledger, by("dan", "dan@example.org"), by("cyd"))
    addresses.add(ledger, "dan", "dan@example.org", "so", caller(), FRIDAY)
    ask(ledger, "four_eyes", "yes")
    wants = ", and this project wants a second person to approve it."
    assert refusal(ledger, label, "dan") == f"dan asked for this retrain and committed code of it{wants}"
    assert refusal(ledger, label, "cyd") == f"cyd committed code of it and owns tiny{wants}"


@pytest.mark.parametrize("owner", ["cyd", "cyd@example.org", "Cyd@Example.ORG"])
def test_an_owner_is_known_by_name_or_by_address(ledger: Ledger, owner: str) -> None:
    label = candidate(ledger, by("bob"))
    with ledger.write() as db:
        db.execute("UPDATE projects SET manifest = ?", (json.dumps({"project": {"name": "tiny", "owner": owner}}),))
    ask(ledger, "four_eyes", "yes")
    assert str(refusal(ledger, label, "cyd")).startswith("cyd owns tiny, and this project wants a second person")
    assert refusal(ledger, label, "ada") is None


@pytest.mark.parametrize("unknown", [by("eve"), UNCOMMITTED, NO_COMMIT])
def test_what_somebody_unknown_committed_is_approved_by_two_and_by_one_when_they_are_known(
    ledger: Ledger, unknown: CodeAuthor
) -> None:
    label = candidate(ledger, by("bob"), unknown)
    ask(ledger, "four_eyes", "yes")
    assert not approve(ledger, plan(ledger, label), "bob"), "who committed it may be one of two"
    assert approve(ledger, plan(ledger, label), "ada")


def test_where_nobody_has_an_address_four_eyes_alone_ask_who_committed(ledger: Ledger) -> None:
    label = candidate(ledger, by("bob"))
    for name in ("ada", "bob", "cyd"):
        addresses.remove(ledger, name, f"{name}@example.org", "so", caller(), FRIDAY)
    with ledger.read() as db:
        assert approval_of(db, catalog.find(db, label), 0, caller(), FRIDAY).unknown == ()
    ask(ledger, "four_eyes", "yes")
    with ledger.read() as db:
        assert approval_of(db, catalog.find(db, label), 0, caller(), FRIDAY).unknown == ("Bob <bob@example.org>",)
    assert not approve(ledger, plan(ledger, label), "ada"), "it may be anybody's, so nobody approves it alone"


def test_an_address_that_an_admin_gives_to_somebody_makes_them_known(ledger: Ledger) -> None:
    label = candidate(ledger, by("dan"))
    ask(ledger, "four_eyes", "yes")
    with ledger.read() as db:
        found = approval_of(db, catalog.find(db, label), 0, caller(), FRIDAY)
    assert found.unknown == ("Dan <dan@example.org>",) and found.needed == 2
    addresses.add(ledger, "dan", "Dan@Example.org", "so", caller(), FRIDAY)
    assert approve(ledger, plan(ledger, label), "ada")


def test_when_it_takes_one_by_now_the_first_of_two_or_its_author_makes_it_live(ledger: Ledger) -> None:
    for who in ("ada", "bob"):
        label = candidate(ledger, by("bob"), by("eve"))
        ask(ledger, "four_eyes", "yes")
        assert not approve(ledger, plan(ledger, label), "ada")
        assert "already; it waits for another person" in str(refusal(ledger, label, "ada"))
        addresses.add(ledger, "bob", "eve@example.org", "his, too", caller(), FRIDAY)
        assert refusal(ledger, label, who) is None
        addresses.remove(ledger, "bob", "eve@example.org", "once more", caller(), FRIDAY)


def test_who_approved_when_it_took_two_makes_it_live_when_it_takes_one(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "approvals", "2")
    assert not approve(ledger, plan(ledger, label), "bob")
    ask(ledger, "approvals", "default", FRIDAY)
    assert approve(ledger, plan(ledger, label), "bob", FRIDAY + HOUR)


def test_a_version_of_before_its_authors_were_kept_is_approved_by_two(ledger: Ledger) -> None:
    label = candidate(ledger)
    with ledger.write() as db:
        db.execute("DROP TRIGGER versions_no_update_of_authors")
        db.execute("UPDATE versions SET authors = NULL")
    ask(ledger, "four_eyes", "yes")
    assert not approve(ledger, plan(ledger, label), "ada") and approve(ledger, plan(ledger, label), "bob")


@pytest.mark.parametrize(
    ("operator", "address", "error", "why"),
    [
        ("bob", "bob", Invalid, "'bob' is no mail address; write it like ada@example.org."),
        ("bob", "b\x1b[31m@example.org", Invalid, "is no mail address"),
        ("zoe", "zoe@example.org", NotFound, "knows no operator 'zoe'"),
        ("dan", "ADA@example.org", Conflict, "ada@example.org is ada's already."),
    ],
)
def test_an_address_that_cannot_be_somebodys_is_refused(
    ledger: Ledger, operator: str, address: str, error: type[Exception], why: str
) -> None:
    before = trail.count(ledger)
    with pytest.raises(error, match=why):
        addresses.add(ledger, operator, address, "so", caller(), FRIDAY)
    assert trail.count(ledger) == before


def test_the_trail_has_what_an_address_can_be_held_against_and_not_the_address(ledger: Ledger) -> None:
    addresses.add(ledger, "bob", "bob@new.example.org", "so", caller(), FRIDAY)
    addresses.remove(ledger, "bob", "bob@new.example.org", "so", caller(), FRIDAY)
    with ledger.read() as db:
        bodies = [row["body"] for row in db.execute("SELECT body FROM audit WHERE action LIKE '%-address'")]
    mark = sha256(b"bob@new.example.org").hexdigest()[:16]
    assert len(bodies) > 2 and not any("example.org" in body for body in bodies)
    assert all(mark in body for body in bodies[-2:])


def test_an_address_is_taken_away_and_may_be_anothers_then(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="is no address of bob"):
        addresses.remove(ledger, "bob", "ada@example.org", "so", caller(), FRIDAY)
    addresses.remove(ledger, "ada", "ada@example.org", "she left", caller(), FRIDAY)
    addresses.add(ledger, "bob", "ada@example.org", "it is his", caller(), FRIDAY)
    with ledger.read() as db:
        assert addresses.holders(db)["ada@example.org"] == "bob"


# Who may, how many, how long


def test_who_is_not_named_does_not_approve_and_an_approval_counts_only_while_its_giver_may(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "approvals", "2")
    assert not approve(ledger, plan(ledger, label), "bob")
    ask(ledger, "approvers", "ada, cyd, dan")
    assert "names who may, and that is ada, cyd, dan." in str(refusal(ledger, label, "bob"))
    assert plan(ledger, label).remarks.approvals == (), "nor is it shown as one that does"
    assert not approve(ledger, plan(ledger, label), "ada"), "bob's does not count any more"
    assert approve(ledger, plan(ledger, label), "cyd")


def test_a_shorter_expiry_holds_for_what_waits_and_a_longer_one_gives_it_no_more(ledger: Ledger) -> None:
    label = candidate(ledger)
    with ledger.read() as db:
        row = catalog.find(db, label)
        holds = approval_of(db, row, 0, caller(), FRIDAY).policy
        assert expiry(row, replace(holds, expires=timedelta(days=40))) == FRIDAY - HOUR + timedelta(days=14)
        assert expiry(row, replace(holds, expires=timedelta.max)) == FRIDAY - HOUR + timedelta(days=14)
    ask(ledger, "expires", "30m")
    assert "expired on 27 Nov 2026" in str(refusal(ledger, label, "ada"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("approvals", "2"), ("four_eyes", "yes"), ("approvers", "ada"), ("freeze", "22:00-23:00"), ("expires", "9d")],
)
def test_a_plan_is_refused_when_what_a_release_takes_was_changed_after_it_was_shown(
    ledger: Ledger, name: str, value: str
) -> None:
    label = candidate(ledger)
    shown = plan(ledger, label)
    ask(ledger, name, value)
    before = trail.count(ledger)
    with pytest.raises(Conflict, match="What a release of tiny takes was changed after this was shown to you"):
        approve(ledger, shown, "ada")
    assert trail.count(ledger) == before
    approve(ledger, plan(ledger, label), "ada")


def test_two_who_approve_at_once_with_four_eyes_make_it_live_once(ledger: Ledger) -> None:
    label = candidate(ledger, by("bob"))
    ask(ledger, "four_eyes", "yes")
    ask(ledger, "approvals", "2")
    shown = plan(ledger, label), plan(ledger, label), plan(ledger, label)
    assert not approve(ledger, shown[0], "bob")
    with pytest.raises(Conflict, match=r'bob approved tiny@1 \("good"\) after this was shown to you'):
        approve(ledger, shown[1], "ada")
    assert approve(ledger, plan(ledger, label), "ada")
    with pytest.raises(Conflict, match="ada made tiny@1 live"):
        approve(ledger, shown[2], "dan")


def test_of_a_project_that_was_removed_nothing_goes_live_until_it_is_added_again(ledger: Ledger) -> None:
    first = candidate(ledger)
    assert approve(ledger, plan(ledger, first), "ada")
    second, third = candidate(ledger), candidate(ledger)
    with ledger.write() as db:
        db.execute("UPDATE versions SET against = 1 WHERE number > 1")
    assert approve(ledger, replace(plan(ledger, second), source=first, live_seq=1), "ada")
    with ledger.write() as db:
        db.execute("UPDATE versions SET against = 2, state = 'candidate' WHERE number = 3")
    shown = replace(plan(ledger, third), source=second, live_seq=2)
    registry.remove(ledger, "tiny", "it is over", "tiny", caller(), FRIDAY)
    with pytest.raises(Conflict, match="tiny was removed; 'leverframe add' adds it again"):
        approve(ledger, shown, "bob")
    with pytest.raises(NotFound, match="There is no project 'tiny' here"):
        approve(ledger, MovePlan("tiny", "rollback", second, first, 2, (), (), (), None), "bob")


def test_a_plan_takes_nothing_out_of_use_but_what_is_live(ledger: Ledger) -> None:
    label, other = candidate(ledger), candidate(ledger)
    with pytest.raises(Conflict, match="nothing is live, not tiny@2; nothing was changed"):
        approve(ledger, replace(plan(ledger, label), source=other), "bob")
    with ledger.read() as db:
        assert catalog.find(db, other)["state"] == "candidate", "else it could be gone back to, which nobody approves"


# Freezes


def test_in_a_freeze_no_approval_makes_anything_live_and_it_is_said_when_it_ends(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "freeze", "16:00-24:00 fri Europe/Berlin; 00:00-24:00 sat,sun Europe/Berlin")
    assert refusal(ledger, label, "ada", FRIDAY) is None
    evening = FRIDAY + 4 * HOUR
    assert "a freeze until Sun 29 Nov 23:00 UTC" in str(refusal(ledger, label, "ada", evening))
    shown = plan(ledger, label)
    with pytest.raises(Conflict, match="a rollback is never frozen"):
        approve(ledger, shown, "ada", evening)
    assert approve(ledger, shown, "ada", datetime(2026, 11, 29, 23, tzinfo=UTC))


def test_the_first_of_two_may_approve_in_a_freeze(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "freeze", "00:00-24:00 fri")
    ask(ledger, "approvals", "2")
    shown = plan(ledger, label)
    assert not approve(ledger, shown, "ada")
    with pytest.raises(Conflict, match="there is a freeze"):
        approve(ledger, shown, "bob")


def test_a_clock_that_is_put_back_before_the_freeze_does_not_end_it(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "freeze", "16:00-24:00 fri", FRIDAY + 5 * HOUR)  # the newest row is in the freeze that it asks for
    assert "there is a freeze" in str(refusal(ledger, label, "ada", FRIDAY))


def test_a_rollback_is_never_frozen(ledger: Ledger) -> None:
    first = candidate(ledger)
    assert approve(ledger, plan(ledger, first), "ada")
    second = candidate(ledger)
    with ledger.write() as db:
        db.execute("UPDATE versions SET against = 1 WHERE number = 2")
    shown = replace(plan(ledger, second), source=first, live_seq=1)
    assert approve(ledger, shown, "ada")
    ask(ledger, "freeze", "00:00-24:00 fri")
    ask(ledger, "approvers", "dan")
    back = MovePlan("tiny", "rollback", second, first, 2, (), (), (), None)
    assert approve(ledger, back, "ada")


def test_in_the_past_what_held_then_is_told(ledger: Ledger, tmp_path: Path) -> None:
    from engine.rewind.past_ledger import stand
    from engine.storage.workspace import Workspace

    ask(ledger, "four_eyes", "yes", FRIDAY)
    ask(ledger, "freeze", "00:00-24:00 fri", FRIDAY)
    ask(ledger, "four_eyes", "no", FRIDAY + 2 * HOUR)
    ask(ledger, "freeze", "default", FRIDAY + 2 * HOUR)
    then = stand(Workspace(tmp_path / "home"), ledger, FRIDAY + HOUR, FRIDAY + 3 * HOUR)
    with then.read() as db, ledger.read() as now:
        told = [{line.name: line.text for line in policy.lines(each, "tiny")} for each in (db, now)]
    assert (told[0]["four_eyes"], told[0]["freeze"]) == ("yes", "00:00-24:00 fri UTC")
    assert (told[1]["four_eyes"], told[1]["freeze"]) == ("no", "never")
    then.close()
