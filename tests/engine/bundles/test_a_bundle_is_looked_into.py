"""What a bundle says of itself before anything is changed, and what would keep it from being taken in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.access.proof import KeyProof
from engine.api import Engine
from engine.api import open_engine as open_by_proof
from engine.bundles.manifest import AbsentPart
from engine.bundles.reading import opened
from engine.bundles.writing import unfinished
from engine.errors import Damage, Forbidden, NotFound, Refusal
from tests.engine.bundles.conftest import Sender
from tests.ledger import rows_of, store_of
from tests.people import key_of


def absent_of(path: Path) -> tuple[AbsentPart, ...]:
    with opened(path) as bundle:
        return bundle.manifest.absent


def test_a_look_says_what_it_is_and_whose_and_changes_nothing(receiver: Engine, sender: Sender) -> None:
    before = rows_of(receiver)
    look = receiver.look_into(sender.zip)
    assert (look.label, look.source, look.stations, look.approved_by) == ("tiny@1", "development", 1, ("mia",))
    assert (look.made_for, look.brings_data, look.wheels) == ("mia", True, False)
    assert look.size == sender.zip.stat().st_size and look.path == str(sender.zip)
    assert (look.already, look.refused, look.despite) == (None, None, None)
    assert look.absent == tuple((each.what, each.why) for each in absent_of(sender.zip))
    assert rows_of(receiver) == before and list(store_of(receiver).digests()) == []
    assert receiver.take_in(sender.zip).label == "tiny@1"
    assert "It is here already as tiny@1, which waits for a decision" in str(receiver.look_into(sender.zip).already)


def test_a_key_that_nobody_trusts_is_shown_with_its_line(receiver: Engine, sender: Sender) -> None:
    receiver.distrust("development", "enough")
    look = receiver.look_into(sender.zip)
    assert look.source is None and str(look.refused).startswith("Nobody here trusts the key")
    assert receiver.trust("again", look.line, "compared").fingerprint == look.fingerprint
    assert receiver.look_into(sender.zip).source == "again"


def test_what_is_barred_or_was_rejected_here_is_told_as_the_import_would(receiver: Engine, sender: Sender) -> None:
    receiver.take_in(sender.zip)
    receiver.reject("tiny@1", "not this one")
    look = receiver.look_into(sender.zip)
    assert look.refused is None and "rejected" in str(look.despite)
    with pytest.raises(Refusal, match="It is known, and not for good|is known, and not for good"):
        receiver.take_in(sender.zip)
    label = str(receiver.take_in_despite(sender.zip, "on second thoughts").label)
    receiver.move(receiver.plan_release(label), "good", lambda step: None)
    second = str(receiver.take_in(sender.second).label)
    receiver.move(receiver.plan_release(second), "better", lambda step: None)
    receiver.move(receiver.plan_rollback("tiny", label), "worse", lambda step: None)
    look = receiver.look_into(sender.second)
    assert "which is barred" in str(look.refused) and look.despite is None


def test_what_is_no_bundle_is_refused_in_one_sentence_and_no_descriptor_is_left(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    content = bytearray(sender.zip.read_bytes())
    content[content.find(b'"kind"') + 1] ^= 1
    changed, cut, pipe = tmp_path / "\x1b[31mchanged.zip", tmp_path / "cut.zip", tmp_path / "pipe"
    changed.write_bytes(content)
    cut.write_bytes(content[:4000])
    os.mkfifo(pipe)
    open_now = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path, changed, cut, pipe, tmp_path / "none", Path("/dev/null"), tmp_path / ("x" * 300)):
        with pytest.raises((Refusal, Damage, NotFound)) as told:
            receiver.look_into(path)
        assert "\n" not in str(told.value) and "\x1b" not in str(told.value) and str(told.value).endswith(".")
        with pytest.raises((Refusal, Damage, NotFound)):
            receiver.take_in(path)
    assert len(os.listdir("/proc/self/fd")) == open_now


def test_what_came_in_is_listed_with_where_from_and_what_became_of_it(receiver: Engine, sender: Sender) -> None:
    assert receiver.arrivals() == ()
    for path in (sender.zip, sender.second):
        receiver.take_in(path)
    receiver.reject("tiny@2", "weak")
    found = receiver.arrivals()
    assert [(each.origin.label, each.origin.source, each.state) for each in found] == [
        ("tiny@2", "development", "rejected"), ("tiny@1", "development", "candidate"),
    ]  # fmt: skip
    assert [each.origin.label for each in receiver.arrivals(limit=1)] == ["tiny@2"]


def test_a_file_that_comes_while_a_bundle_is_written_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    with pytest.raises(Refusal, match="is there already"), unfinished(target) as file:
        file.write(b"a bundle")
        target.write_text("somebody's")
    assert target.read_text() == "somebody's" and os.listdir(tmp_path) == ["x.zip"]


def test_over_ssh_the_machine_is_for_itself_and_the_door_says_so(receiver: Engine, sender: Sender) -> None:
    key = key_of("mo")
    receiver.add_operator("mo", "admin", "to look", keys=[key.line])
    remote = open_by_proof(receiver.home, proof=KeyProof(key.fingerprint, "192.0.2.7"))
    try:
        for act in ("send", "where_else", "export"):
            assert str(remote.why_not(act)).startswith("Over SSH nobody may "), act
            assert receiver.why_not(act) is None
        with pytest.raises(Forbidden, match="Over SSH nobody may send versions: it would go out with the keys of"):
            remote.send("tiny@1", "nowhere")
        with pytest.raises(Forbidden, match="Over SSH nobody may ask other workspaces"):
            remote.where_else("tiny@1", ("nowhere",))
        with pytest.raises(Forbidden, match="Over SSH no file of the machine can be named"):
            remote.look_into(sender.zip)
        assert str(remote.why_no_file()).startswith("Over SSH no file") and receiver.why_no_file() is None
    finally:
        remote.close()
