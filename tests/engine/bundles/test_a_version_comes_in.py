"""A version that another workspace made is proven here, is a candidate here, and says where it is from."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from console.text.card_lines import card_lines
from console.text.lines import plain_text
from engine.api import Engine
from engine.bundles.registering import Arrival
from engine.errors import Conflict, Invalid, LeverframeError, NotFound, Refusal
from tests.engine.bundles.conftest import Sender
from tests.ledger import ledger_of, store_of
from tests.people import open_engine


def approved(engine: Engine, label: str) -> None:
    engine.move(engine.plan_release(label), "good here too", lambda step: None)


def test_it_is_proven_and_waits_for_a_decision_with_its_origin(receiver: Engine, sender: Sender) -> None:
    steps: list[str] = []
    found = receiver.take_in(sender.zip, on_step=lambda step: steps.append(step.what))
    assert found.label == "tiny@1" and steps[-1] == "200 of 200 golden rows equal"
    version = receiver.version("tiny@1")
    theirs = open_engine(sender.home, "mia")
    assert version.state == "candidate" and version.digest == theirs.version("tiny@1").digest
    origin = receiver.origin("tiny@1")
    assert origin is not None and origin.source == "development" and origin.by == "ada"
    assert origin.sentence == "tiny@1 of development, approved there by mia; made by run 1 for mia"
    assert receiver.show("tiny@1") == theirs.show("tiny@1")
    row = next(each for each in receiver.audit() if each.action == "import")
    assert (row.actor, row.subject, row.details["from"]) == ("ada", "tiny@1", "development tiny@1")
    assert row.details["approved_by"] == "mia" and row.details["proof"]
    (run,) = receiver.runs("tiny")
    assert (run.job, run.state, run.version, run.requested_by) == ("import", "succeeded", "tiny@1", "ada")
    assert run.steps and receiver.verify_audit().ok


def test_its_project_comes_with_it_and_is_not_retrained_by_itself(receiver: Engine, sender: Sender) -> None:
    found = receiver.take_in(sender.zip)
    assert any("its retrains are paused" in note for note in found.notes)
    assert [each.name for each in receiver.projects()] == ["tiny"]
    (schedule,) = [each for each in receiver.schedules("tiny") if each.job == "retrain"]
    assert not schedule.enabled
    assert receiver.take_in(sender.second).notes == ()


def test_it_is_approved_and_gone_back_from_as_any_other(receiver: Engine, sender: Sender) -> None:
    receiver.take_in(sender.zip)
    approved(receiver, "tiny@1")
    found = receiver.take_in(sender.second)
    assert found.origin is not None and found.origin.same_ground
    card = receiver.card("tiny@2", receiver.now())
    assert card.blocked is None and card.held_against_live and card.metrics[0].live is not None
    approved(receiver, "tiny@2")
    receiver.move(receiver.plan_rollback("tiny"), "complaints", lambda step: None)
    assert {each.label: each.state for each in receiver.versions("tiny")} == {"tiny@1": "live", "tiny@2": "barred"}


def test_what_it_was_judged_against_elsewhere_is_not_said_of_what_is_live_here(
    receiver: Engine, sender: Sender
) -> None:
    found = receiver.take_in(sender.second)  # Nothing is live here, and it was judged against tiny@1 there.
    assert found.origin is not None and not found.origin.same_ground
    version, card = receiver.version("tiny@1"), receiver.card("tiny@1", receiver.now())
    assert version.comparison == "first" and version.against is None
    assert version.sentence.startswith("Judged at development, against what is tiny@1 there, and nothing is live here")
    assert card.origin is not None and not card.held_against_live
    assert all(each.live is None and each.difference is None for each in card.metrics)
    assert all(each.live is None for each in card.segments) and card.changed_decisions is None
    told = plain_text(card_lines(card, receiver.now(), 140))
    assert "Its gates were judged at development" in told and "judged against" not in told


def test_the_same_version_is_not_taken_in_twice(receiver: Engine, sender: Sender) -> None:
    receiver.take_in(sender.zip)
    before = receiver.count_audit()
    again = receiver.take_in(io.BytesIO(sender.zip.read_bytes()))
    assert again.label is None and "It is here already as tiny@1".lower() in again.sentence.lower()
    assert (receiver.count_versions("tiny"), receiver.count_audit()) == (1, before)
    approved(receiver, "tiny@1")
    said = receiver.take_in(sender.zip).sentence
    assert "which is live. Nothing was changed, and whether the whole of the file" in said


def test_one_that_grew_old_undecided_is_offered_anew(receiver: Engine, sender: Sender) -> None:
    receiver.take_in(sender.second)
    receiver.take_in(sender.zip)
    approved(receiver, "tiny@2")
    assert receiver.version("tiny@1").state == "expired"
    found = receiver.take_in(sender.second)
    assert found.label == "tiny@3" and found.origin is not None and found.origin.same_ground


def test_two_at_once_make_one(receiver: Engine, sender: Sender) -> None:
    found: list[Arrival] = []
    engines = [open_engine(receiver.home, "ada") for _ in range(2)]
    threads = [threading.Thread(target=lambda e=each: found.append(e.take_in(sender.zip))) for each in engines]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each.label or "" for each in found) == ["", "tiny@1"]
    assert receiver.count_versions("tiny") == 1 and receiver.verify_audit().ok


def test_one_signed_by_an_unknown_key_is_refused_with_the_way_to_trust_it(home: Path, sender: Sender) -> None:
    engine = open_engine(home, "ada", create=True)
    with pytest.raises(Refusal) as refused:
        engine.take_in(sender.zip)
    fingerprint = open_engine(sender.home, "mia").bundle_key()[0]
    assert fingerprint in str(refused.value) and f"leverframe trust add NAME '{sender.key}'" in str(refused.value)
    assert engine.projects() == () and list(store_of(engine).digests()) == []
    engine.trust("development", sender.key, "known")
    assert engine.take_in(sender.zip).label == "tiny@1"


def test_a_key_is_trusted_once_and_no_more_when_it_is_taken_away(receiver: Engine, sender: Sender) -> None:
    with pytest.raises(Conflict, match="as that of development"):
        receiver.trust("other", sender.key, "again")
    with pytest.raises(Conflict, match="development has the key"):
        receiver.trust("development", receiver.bundle_key()[1], "again")
    for wrong in ("ssh-ed25519 AAAA", "ssh-rsa AAAA", "nonsense", ""):
        with pytest.raises(Invalid):
            receiver.trust("other", wrong, "why not")
    with pytest.raises(Invalid, match="cannot name a workspace"):
        receiver.trust("De Ve", receiver.bundle_key()[1], "why not")
    with pytest.raises(NotFound, match="those there are: development"):
        receiver.distrust("nobody", "gone")
    receiver.distrust("development", "it was stolen")
    with pytest.raises(Refusal, match="which nobody trusts here"):
        receiver.take_in(sender.zip)
    assert [row.action for row in receiver.audit(limit=2)] == ["distrust", "trust"]


def test_one_that_is_barred_here_is_lifted_and_not_taken_in_beside_itself(receiver: Engine, sender: Sender) -> None:
    receiver.take_in(sender.zip)
    approved(receiver, "tiny@1")
    receiver.take_in(sender.second)
    approved(receiver, "tiny@2")
    receiver.move(receiver.plan_rollback("tiny"), "complaints", lambda step: None)
    with pytest.raises(Refusal, match=r"barred: rolled back from by ada: complaints\. Lift that with 'leverframe lift"):
        receiver.take_in(sender.second)
    with pytest.raises(Refusal, match="Lift that with"):
        receiver.take_in_despite(sender.second, "I know better")


def test_one_older_than_what_is_barred_here_takes_an_admin_with_a_reason(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    receiver.take_in(sender.second)
    approved(receiver, "tiny@1")
    with ledger_of(receiver) as ledger, ledger.write() as db:  # As a rollback leaves it, where there was one before.
        db.execute("UPDATE versions SET state = 'barred', reason = 'rolled back from by ada: bad' WHERE number = 1")
    with pytest.raises(Refusal, match=r"before tiny@1 which is barred here \(rolled back from by ada: bad\)"):
        receiver.take_in(sender.zip)
    found = receiver.take_in_despite(sender.zip, "the old one is wanted")
    assert found.label == "tiny@2" and found.origin is not None and "before tiny@1" in str(found.origin.despite)
    row = next(each for each in receiver.audit() if each.action == "import")
    assert row.reason == "the old one is wanted" and "before tiny@1" in row.details["despite"]


def test_one_that_was_rejected_here_or_there_takes_an_admin(receiver: Engine, sender: Sender, tmp_path: Path) -> None:
    receiver.take_in(sender.zip)
    receiver.reject("tiny@1", "not convinced")
    with pytest.raises(Refusal, match="rejected by ada: not convinced"):
        receiver.take_in(sender.zip)
    assert receiver.take_in_despite(sender.zip, "convinced by now").label == "tiny@2"


def test_data_that_did_not_travel_is_brought_and_held_against_its_digests(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    theirs, bundle, data = open_engine(sender.home, "mia"), tmp_path / "x.zip", tmp_path / "data"
    made = theirs.bundle("tiny@1", bundle, data=False)
    assert made.absent[0].what == "data" and bundle.stat().st_size < sender.zip.stat().st_size
    assert theirs.write_data("tiny@1", data) == len(theirs.show("tiny@1").data.files)
    with pytest.raises(Refusal, match="Its data did not travel".replace("Its", "its")):
        receiver.take_in(bundle)
    part = next(data.iterdir())
    content = part.read_bytes()
    part.chmod(0o644)
    part.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Refusal, match="another digest"):
        receiver.take_in(bundle, data=data)
    part.write_bytes(content[:-1])
    with pytest.raises(Refusal, match="another size"):
        receiver.take_in(bundle, data=data)
    part.write_bytes(content)
    found = receiver.take_in(bundle, data=data)
    assert found.label == "tiny@1"
    approved(receiver, "tiny@1")
    assert json.loads((receiver.home / "live/tiny/schema.json").read_text()) == theirs.show("tiny@1").schema


def test_there_must_be_room_before_anything_is_written(receiver: Engine, sender: Sender) -> None:
    receiver.choose("keep_free", "1000000GiB", "a test")
    with pytest.raises(Refusal, match=r"to be proven, and .* are kept free"):
        receiver.take_in(sender.zip)
    with pytest.raises(Refusal, match="that is coming in has no room here"):
        receiver.take_in(io.BytesIO(sender.zip.read_bytes()))
    assert list(store_of(receiver).digests()) == [] and receiver.projects() == ()


def test_one_that_does_not_reproduce_its_golden_rows_changes_nothing(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    from tests.engine.bundles.forging import contents, sha, signed

    members = contents(sender.zip)
    document = json.loads(members["version.json"])
    table = json.loads(members["model/table.json"])
    other = json.dumps([0.5 * each for each in table]).encode()
    (file,) = document["model"]["files"]
    file |= {"digest": sha(other), "size": len(other), "chunks": [sha(other)]}
    from engine.audit.chain import canonical

    text = canonical(document).encode()
    forged = signed(
        tmp_path / "x.zip", sender.home, {**members, "model/table.json": other, "version.json": text},
        lambda manifest: manifest.update(version=sha(text)),
    )  # fmt: skip
    with pytest.raises(LeverframeError, match="does not reproduce its own predictions"):
        receiver.take_in(forged)
    assert list(store_of(receiver).digests()) == [] and receiver.projects() == ()
    assert [path.name for path in (receiver.home / "cache").glob("import-*")] == []


def test_nothing_of_it_comes_into_the_store_that_is_not_on_the_disk(
    receiver: Engine, sender: Sender, moves: Callable[[Path], list[Path]]
) -> None:
    moved = moves(store_of(receiver).root)
    receiver.take_in(sender.zip)
    assert len(moved) >= len(receiver.show("tiny@1").data.files)
