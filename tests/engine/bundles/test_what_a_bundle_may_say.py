"""What a manifest, a provenance, a directory and a key may say: each bound, held against what lies just beyond it."""

from __future__ import annotations

import json
import stat
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.access.proof import KeyProof
from engine.access.public_key import ed25519
from engine.api import Engine
from engine.api import open_engine as open_by_proof
from engine.audit.chain import canonical
from engine.bundles import names, provenance, reading, zip_layout
from engine.bundles.arrival import Known, already
from engine.bundles.key import public_key
from engine.bundles.manifest import AbsentPart, BundleManifest, BundleMember, content, read
from engine.bundles.zip_layout import ListedMember, NotAZip, ZipMember
from engine.errors import Conflict, Damage, Forbidden, Invalid, LeverframeError, Refusal
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.bundles.conftest import Sender
from tests.engine.bundles.forging import contents, sha, signed
from tests.ledger import ledger_of
from tests.people import key_of, open_engine

SHA = "a" * 64
MEMBER = BundleMember("code/x", 10, SHA)
MANIFEST = BundleManifest(SHA, "tiny@1", SHA, ed25519(bytes(32)).line, (MEMBER,))


def absent(*files: BundleMember) -> tuple[AbsentPart, ...]:
    return (AbsentPart("data", "it was left out", files),)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (replace(MANIFEST, version="A" * 64), "a digest that is none"),
        (replace(MANIFEST, workspace=SHA + "\n"), "a digest that is none"),
        (replace(MANIFEST, members=(replace(MEMBER, sha256="a" * 63),)), "a digest that is none"),
        (replace(MANIFEST, absent=absent(replace(MEMBER, sha256=""))), "a digest that is none"),
        (replace(MANIFEST, members=(replace(MEMBER, size=-1),)), "a size that is none"),
        (replace(MANIFEST, members=(replace(MEMBER, pieces=(5, 4)),)), "a size that is none"),
        (replace(MANIFEST, members=(replace(MEMBER, pieces=(10, 0)),)), "a size that is none"),
        (replace(MANIFEST, members=(replace(MEMBER, pieces=(11, -1)),)), "a size that is none"),
        (replace(MANIFEST, absent=absent(replace(MEMBER, size=-1))), "a size that is none"),
    ],
)
def test_a_manifest_names_digests_and_sizes_that_can_be(odd: BundleManifest, said: str) -> None:
    assert read(content(MANIFEST)) == MANIFEST
    with pytest.raises(Damage, match=said):
        read(content(odd))


def test_a_provenance_names_no_more_workspaces_and_authors_than_any_real_one(sender: Sender) -> None:
    told = json.loads(contents(sender.zip)["provenance.json"])
    author = {"name": "mia", "address": "mia@example.org", "wrote": True}
    for stations, authors, good in ((100, 10_000, True), (101, 1, False), (1, 10_001, False), (0, 1, False)):
        text = json.dumps({"stations": told["stations"] * stations, "authors": [author] * authors}).encode()
        if good:
            assert len(provenance.parsed(text).stations) == stations
        else:
            with pytest.raises(Damage, match="Its provenance names"):
                provenance.parsed(text)


LISTED = ListedMember("code/x", 10, 10, 0, 0, 0, stat.S_IFREG | 0o644, 3 << 8)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (replace(LISTED, flags=1), "is encrypted"),
        (replace(LISTED, packed=9), "is compressed"),
        (replace(LISTED, method=8), "is compressed"),
        (replace(LISTED, mode=stat.S_IFSOCK), "is no file"),
    ],
)
def test_a_member_is_a_file_as_it_is(odd: ListedMember, said: str) -> None:
    assert names.why_not_members([LISTED], 100) is None
    assert said in str(names.why_not_members([odd], 100))


def test_there_are_no_more_members_than_any_real_bundle_has() -> None:
    many = [f"data/{number}" for number in range(names.MOST)]
    assert names.why_not_names(many) is None
    assert "it has 200,001 members" in str(names.why_not_names([*many, "x"]))


def test_a_directory_that_is_longer_than_what_it_lists_or_does_not_fit_is_none() -> None:
    member = ZipMember("code/x", 0, 0)
    whole = zip_layout.head(member) + zip_layout.directory([member])
    begins, length, count = zip_layout.place_of_directory(whole[-zip_layout.TAIL :], len(whole))
    listed = whole[begins : begins + length]
    assert [each.name for each in zip_layout.read_directory(listed, count)] == ["code/x"]
    for odd, number in ((listed + b"x", count), (listed, 2), (listed, 0), (listed[:-1], 1), (b"x" * 46, 1)):
        with pytest.raises(NotAZip):
            zip_layout.read_directory(odd, number)
    end = list(struct.unpack("<4s4H2LH", whole[-22:]))
    for place, value in ((1, 1), (2, 1), (3, 2), (5, length + 1), (6, begins + 1), (7, 1)):
        odd_end = struct.pack("<4s4H2LH", *[*end[:place], value, *end[place + 1 :]])
        with pytest.raises(NotAZip):
            zip_layout.place_of_directory(whole[:-22][-zip_layout.TAIL + 22 :] + odd_end, len(whole))
    for size in (len(whole) - 1, len(whole) + 1):
        with pytest.raises(NotAZip):
            zip_layout.place_of_directory(whole[-zip_layout.TAIL :], size)


@pytest.mark.parametrize(
    ("bound", "value", "said"),
    [
        ("LARGEST_TEXT", 10, "is larger than any real one"),
        ("LARGEST_OBJECT", 10, "in larger pieces than any real one"),
        ("LARGEST_DIRECTORY", 10, "none of ours has more than"),
    ],
)
def test_nothing_larger_than_any_real_one_is_read(
    bound: str, value: int, said: str, receiver: Engine, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, bound, value)
    with pytest.raises(LeverframeError, match=said):
        receiver.take_in(sender.zip)


def test_a_file_is_in_the_pieces_that_the_version_names(receiver: Engine, sender: Sender, tmp_path: Path) -> None:
    def cut(manifest: dict[str, list[dict[str, object]]]) -> None:
        each = next(each for each in manifest["members"] if each["name"] == "code/steps.py")
        each["pieces"] = [1, int(str(each["size"])) - 1]

    with pytest.raises(Damage, match=r"'code/steps\.py' in it is not in the pieces that the version names"):
        receiver.take_in(signed(tmp_path / "x.zip", sender.home, contents(sender.zip), cut))


def test_nothing_but_data_may_be_said_to_be_absent(receiver: Engine, sender: Sender, tmp_path: Path) -> None:
    members = contents(sender.zip)
    gone = next(each for each in json.loads(members["manifest.json"])["members"] if each["name"] == "code/steps.py")
    left = {name: text for name, text in members.items() if name != "code/steps.py"}
    part = {"what": "code", "why": "it was left out", "files": [gone]}
    forged = signed(tmp_path / "x.zip", sender.home, left, lambda found: found.update(absent=[part]))
    with pytest.raises(Damage, match=r"'code/steps\.py' of the version is not in it"):
        receiver.take_in(forged)


def test_who_is_trusted_no_more_while_it_is_proven_brings_nothing_in(receiver: Engine, sender: Sender) -> None:
    said: list[str] = []

    def ended(step: object) -> None:
        if not said:
            receiver.distrust("development", "their key was stolen")
        said.append(str(asdict(step)["what"]))  # type: ignore[call-overload]

    with pytest.raises(Refusal, match="which is not trusted here any more"):
        receiver.take_in(sender.zip, on_step=ended)
    assert len(said) > 2 and receiver.projects() == ()
    with pytest.raises(Refusal, match="which nobody trusts here"):
        receiver.take_in(sender.zip)


def test_a_key_is_trusted_under_one_name_and_a_name_has_one_key(receiver: Engine, sender: Sender) -> None:
    other = ed25519(b"x" * 32).line
    with pytest.raises(Conflict, match="is trusted already, as that of development"):
        receiver.trust("staging", sender.key, "again")
    with pytest.raises(Conflict, match="'leverframe trust remove development' ends that"):
        receiver.trust("development", other, "another")
    for name in ("", "A", "-x", "a b", "a\n", "x" * 41, "\x1b[2J"):
        with pytest.raises(Invalid, match="cannot name a workspace"):
            receiver.trust(name, other, "another")
    receiver.distrust("development", "it moved")
    assert receiver.trust("development", other, "another").line == other
    assert [each.line for each in receiver.trusted_keys()] == [other]


RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7"


@pytest.mark.parametrize("line", ["", "x", RSA, "ssh-ed25519 AAAA", "ssh-ed25519", ed25519(bytes(31)).line, "a" * 9999])
def test_what_is_no_key_of_a_workspace_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        public_key(line)


Change = Callable[[dict[str, object]], object]


@pytest.mark.parametrize(
    ("change", "good"),
    [(lambda found: None, True), (lambda found: found.update(format=2), False),
     (lambda found: found.update(kind="zip"), False), (lambda found: found.update(more=1), False),
     (lambda found: found.pop("label"), False), (lambda found: found.update(members={}), False)],
)  # fmt: skip
def test_a_manifest_holds_what_ours_holds_and_nothing_more(change: Change, good: bool) -> None:
    document = json.loads(content(MANIFEST))
    change(document)
    text = canonical(document).encode()
    if good:
        assert read(text) == MANIFEST
    else:
        with pytest.raises(LeverframeError):
            read(text)


@pytest.mark.parametrize("state", ["barred", "rejected"])
def test_what_is_known_against_it_where_it_comes_from_takes_an_admin_with_a_reason(
    state: str, receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    members = contents(sender.zip)
    told = json.loads(members["provenance.json"])
    told["stations"][0].update(state=state, why="it fell on its face")
    forged = signed(tmp_path / "x.zip", sender.home, {**members, "provenance.json": json.dumps(told).encode()})
    with pytest.raises(Refusal, match=rf"tiny@1 is {state} where it comes from: it fell on its face"):
        receiver.take_in(forged)
    found = receiver.take_in_despite(forged, "it is looked at here")
    assert found.origin is not None and f"is {state} where it comes from" in str(found.origin.despite)


def test_what_was_cleaned_up_here_may_come_in_once_more(receiver: Engine, sender: Sender) -> None:
    receiver.take_in(sender.zip)
    here = receiver.version("tiny@1")
    assert "It is here already as tiny@1" in str(already([Known(here, None)], here.digest))
    assert already([Known(replace(here, cleaned_at=here.made_at), None)], here.digest) is None
    assert already([Known(here, None)], SHA) is None


def test_over_ssh_steps_that_ask_for_more_than_the_rule_come_in_by_an_admin_alone(tmp_path: Path) -> None:
    """They are run to prove it, before anybody has approved it."""
    folder = tiny.make(tmp_path / "tiny")
    tiny.unhold(folder)
    engine = made_of(folder)
    engine.bundle("tiny@1", tmp_path / "x.zip")
    admin = open_engine(tmp_path / "home", "ada", create=True)
    admin.trust("development", engine.bundle_key()[1], "the modellers")
    admin.add_operator("opal", "operator", "a colleague", keys=[key_of("opal").line])
    with (
        closing(open_by_proof(admin.home, proof=KeyProof(key_of("opal").fingerprint, "192.0.2.7"))) as opal,
        open(tmp_path / "x.zip", "rb") as sent,
        pytest.raises(Forbidden, match="its steps ask for more than anybody allowed here: to be held by nothing"),
    ):
        opal.take_in(sent)
    assert admin.projects() == ()
    assert admin.take_in(tmp_path / "x.zip").label == "tiny@1"


def made_of(folder: Path) -> Engine:
    """A workspace beside ``folder`` with the first version of the project in it."""
    engine = open_engine(folder.parent / "sender", "mia", create=True)
    engine.add(folder)
    retrained(engine, tiny.BEGINS + timedelta(days=30))
    return engine


def test_a_version_whose_names_may_not_come_in_does_not_leave_nor_one_that_was_cleaned_up(tmp_path: Path) -> None:
    folder = tiny.make(tmp_path / "tiny")
    (folder / "aux.md").write_text("on Windows no file has this name")
    tiny.commit(folder, "words")
    engine = made_of(folder)
    with pytest.raises(Refusal, match=r"tiny@1 cannot travel: the name 'code/aux\.md' in it .* Give the files"):
        engine.bundle("tiny@1", tmp_path / "x.zip")
    with ledger_of(engine) as ledger, ledger.write() as db:
        db.execute("UPDATE versions SET cleaned_at = '2026-01-02T00:00:00+00:00'")
    with pytest.raises(Refusal, match="was cleaned up on 2026-01-02; 'leverframe bin restore version:tiny@1'"):
        engine.bundle("tiny@1", tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


def test_a_model_that_takes_what_its_data_has_not_is_not_judged(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    for label, path in (("tiny@1", sender.zip), ("tiny@2", sender.second)):
        receiver.take_in(path)
        receiver.move(receiver.plan_release(label), "good here too", lambda step: None)
    members = contents(sender.zip)
    document = json.loads(members["version.json"])
    document["model"]["features"] = ["nope"]
    text = canonical(document).encode()
    forged = signed(
        tmp_path / "x.zip", sender.home, {**members, "version.json": text},
        lambda found: found.update(version=sha(text)),
    )  # fmt: skip
    with pytest.raises(Damage, match="its data has no nope, which its model takes"):
        receiver.take_in(forged)
    assert receiver.count_versions("tiny") == 2
