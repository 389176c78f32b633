"""Data that the manifest lets travel as a reference: the version is here without it, says so, and is completed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from console.text.card_lines import card_lines
from console.text.lines import plain_text
from engine.api import Engine
from engine.errors import NotFound, Refusal
from engine.housekeeping.sweep import Needs
from engine.versions.absent_data import is_absent, mark_of
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.bundles.conftest import Sender, let_go_of
from tests.engine.bundles.forging import contents
from tests.ledger import store_of
from tests.people import open_engine

KEPT_AT = "the shelf of the traffic office, ask traffic@example.org"


@dataclass(frozen=True)
class Referring:
    """``whole``: tiny@1 of a project that says so, as its data lies at ``data``."""

    home: Path
    key: str
    zip: Path
    data: Path


@pytest.fixture(scope="session")
def referring(tmp_path_factory: pytest.TempPathFactory) -> Referring:
    folder = tmp_path_factory.mktemp("referring")
    project = tiny.make(folder / "tiny")
    tiny.replace(
        project, "leverframe.toml", 'key = ["id"]', f'key = ["id"]\ntravels = "reference"\nkept_at = "{KEPT_AT}"'
    )
    engine = open_engine(folder / "home", "mia", create=True)
    try:
        engine.add(project)
        label = retrained(engine, tiny.BEGINS + timedelta(days=30))
        engine.bundle(label, folder / "tiny-1.zip")
        engine.write_data(label, folder / "data")
        return Referring(let_go_of(engine), engine.bundle_key()[1], folder / "tiny-1.zip", folder / "data")
    finally:
        engine.close()


@pytest.fixture
def receiver(home: Path, referring: Referring) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.trust("development", referring.key, "the modellers")
    yield engine
    engine.close()


def approved(engine: Engine, label: str) -> None:
    engine.move(engine.plan_release(label), "good here too", lambda step: None)


def test_the_bundle_names_its_data_with_digest_rows_and_where_it_is_kept(referring: Referring, tmp_path: Path) -> None:
    engine = open_engine(referring.home, "mia")
    made = engine.bundle("tiny@1", tmp_path / "x.zip")
    (part,) = [each for each in made.absent if each.what == "data"]
    assert part.why == f"its leverframe.toml lets it travel as a reference; 2,688 rows, kept at: {KEPT_AT}"
    files = engine.show("tiny@1").data.files
    assert [(each.sha256, each.size) for each in part.files] == [(each.digest, each.size) for each in files]
    found = contents(tmp_path / "x.zip")
    assert not any(name.startswith("data/") for name in found) and KEPT_AT in found["README.html"].decode()
    assert (tmp_path / "x.zip").read_bytes() == referring.zip.read_bytes()


def test_it_is_proven_and_taken_in_without_its_data_and_says_so(receiver: Engine, referring: Referring) -> None:
    steps: list[str] = []
    found = receiver.take_in(referring.zip, on_step=lambda step: steps.append(step.what))
    assert found.label == "tiny@1" and any(f"kept at: {KEPT_AT}" in note for note in found.notes)
    assert any("its data is not here" in each for each in steps) and steps[-1] == "200 of 200 golden rows equal"
    card = receiver.card("tiny@1", receiver.now())
    assert card.without is not None and "2,688 rows" in card.without
    assert "It is here without its data" in plain_text(card_lines(card, receiver.now(), 140))
    plan = receiver.plan_release("tiny@1")
    assert any(KEPT_AT in each for each in plan.does_not_restore)
    assert not any(each.startswith("data,") for each in plan.restores)
    approved(receiver, "tiny@1")
    assert not (receiver.home / "live/tiny/data").exists()
    said = [each.sentence for each in receiver.doctor(mend=False) if "tiny" in each.what]
    assert not any("gone" in each for each in said) and any(KEPT_AT in each for each in said)


def test_what_needs_the_data_says_that_it_is_not_here(receiver: Engine, referring: Referring, tmp_path: Path) -> None:
    receiver.take_in(referring.zip)
    approved(receiver, "tiny@1")
    run = receiver.wait(receiver.look("tiny").id, lambda run: None)
    assert run.state == "failed" and run.why is not None and "is here without its data" in run.why
    with pytest.raises(Refusal, match="So it cannot be written; bring it with"):
        receiver.write_data("tiny@1", tmp_path / "out")
    again = receiver.bundle("tiny@1", tmp_path / "on.zip")
    assert any(KEPT_AT in each.why for each in again.absent)
    said = receiver.take_in(referring.zip).sentence
    assert "It is without its data" in said and "Nothing was changed" in said


def test_without_its_data_it_is_held_against_nothing_and_says_that(
    receiver: Engine, referring: Referring, sender: Sender
) -> None:
    receiver.trust("others", sender.key, "known")
    receiver.take_in(sender.second)  # Of other rows, else its data would be found there.
    approved(receiver, "tiny@1")
    found = receiver.take_in(referring.zip)
    card = receiver.card("tiny@2", receiver.now())
    assert found.waits and (card.version.verdict, card.version.comparison) == ("cannot tell", "not compared")
    told = {gate.kind: gate.verdict for gate in card.gates}
    assert (told["not_below_live_by"], told["schema"], told["at_least"]) == ("cannot tell", "cannot tell", "pass")
    assert "tiny@1, which is live here, was not measured on its holdout: the data of the version that" in found.sentence
    assert {each.verdict for each in card.segments} == {"not compared"}
    assert card.blocked is None and not card.held_against_live


def test_a_clean_up_and_a_backup_know_that_it_is_not_lost(
    receiver: Engine, referring: Referring, tmp_path: Path
) -> None:
    receiver.take_in(referring.zip)
    document, store = receiver.show("tiny@1"), store_of(receiver)
    receiver.back_up(tmp_path / "backup")
    checked = receiver.check_backup(tmp_path / "backup")
    assert (checked.problems, checked.lacking) == ((), ())
    assert [each.damage for each in receiver.scrub()] == [None]
    needed = Needs(store).of(receiver.version("tiny@1").digest)
    assert mark_of(document) in needed and all(store.has(each) for each in needed)
    assert is_absent(store, document) and receiver.plan_release("tiny@1").damaged is None


def test_data_that_is_brought_later_is_held_against_its_digests_and_completes_it(
    receiver: Engine, referring: Referring, tmp_path: Path
) -> None:
    receiver.take_in(referring.zip)
    approved(receiver, "tiny@1")
    other = tmp_path / "other"
    shutil.copytree(referring.data, other)
    part = sorted(other.iterdir())[-1]
    whole = part.read_bytes()
    part.chmod(0o644)
    part.write_bytes(whole[:-1] + b"?")
    with pytest.raises(Refusal, match="it has another digest"):
        receiver.take_in(referring.zip, data=other)
    assert receiver.card("tiny@1", receiver.now()).without is not None
    part.unlink()
    with pytest.raises(NotFound, match=f"other holds no {part.name}; name the one that"):
        receiver.take_in(referring.zip, data=other)
    with pytest.raises(NotFound, match="There is no folder .*nowhere; name the one that"):
        receiver.take_in(referring.zip, data=tmp_path / "nowhere")
    part.write_bytes(whole)
    found = receiver.take_in(referring.zip, data=other)
    assert found.label is None and "tiny@1 has its data here now: 2,688 rows" in found.sentence
    assert receiver.card("tiny@1", receiver.now()).without is None and receiver.count_versions("tiny") == 1
    assert (receiver.home / "live/tiny/data" / part.name).read_bytes() == whole
    assert receiver.audit(limit=1)[0].action == "bring-data" and receiver.verify_audit().ok
    assert receiver.wait(receiver.look("tiny").id, lambda run: None).state == "succeeded"
    digest = receiver.show("tiny@1").data.files[0].chunks[0]
    store_of(receiver).path(digest).unlink()  # From now on it is lost when it is not there.
    assert receiver.plan_release("tiny@1").damaged is not None


def test_data_that_another_version_has_here_is_taken_from_there(
    receiver: Engine, referring: Referring
) -> None:
    known = {store_of(receiver).put(part.read_bytes()) for part in referring.data.iterdir()}
    assert known == {each.digest for each in open_engine(referring.home, "mia").show("tiny@1").data.files}
    steps: list[str] = []
    found = receiver.take_in(referring.zip, on_step=lambda step: steps.append(step.what))
    assert any("code, data, schema" in each for each in steps)  # So it is proven, and may be judged, with them.
    assert found.notes and not any("without" in note for note in found.notes)
    assert receiver.card("tiny@1", receiver.now()).without is None


def test_one_that_was_rejected_is_taken_in_anew_with_its_data_and_not_completed(
    receiver: Engine, referring: Referring
) -> None:
    receiver.take_in(referring.zip)
    receiver.reject("tiny@1", "bring its data")
    with pytest.raises(Refusal, match="rejected by ada: bring its data"):
        receiver.take_in(referring.zip, data=referring.data)
    found = receiver.take_in_despite(referring.zip, "it is here now", data=referring.data)
    assert found.label == "tiny@2" and receiver.card("tiny@2", receiver.now()).without is None


def test_it_comes_in_whole_where_its_data_is_brought_at_once(receiver: Engine, referring: Referring) -> None:
    assert receiver.take_in(referring.zip, data=referring.data).label == "tiny@1"
    assert receiver.card("tiny@1", receiver.now()).without is None


def test_data_that_comes_later_is_on_the_disk_before_it_is_said_to_be_here(
    receiver: Engine, referring: Referring, moves: Callable[[Path], list[Path]]
) -> None:
    receiver.take_in(referring.zip)
    moved = moves(store_of(receiver).root)
    assert "has its data here now" in receiver.take_in(referring.zip, data=referring.data).sentence
    assert moved
