"""Zips that are made to harm whoever opens them, and bundles that somebody with a trusted key has signed and forged."""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.api import Engine
from engine.audit.chain import canonical
from engine.bundles import key
from engine.errors import Damage, LeverframeError, NotFound, Refusal
from tests.engine.bundles.conftest import Sender
from tests.engine.bundles.forging import contents, sha, signed, zipped
from tests.ledger import rows_of, store_of
from tests.people import open_engine


@pytest.fixture
def refused(receiver: Engine, tmp_path: Path) -> Callable[[Path], str]:
    """What is said of a bundle that is refused, after which nothing has changed."""
    before = rows_of(receiver)

    def take_in(path: Path) -> str:
        with pytest.raises(LeverframeError) as told:
            receiver.take_in(path)
        assert rows_of(receiver) == before
        assert list(store_of(receiver).digests()) == []
        assert list((receiver.home / "cache").glob("import-*")) == []
        return str(told.value)

    return take_in


def made_by_python(target: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = 0) -> Path:
    with zipfile.ZipFile(target, "w", method) as file:
        for name, content in entries:
            file.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../etc/passwd", "leads out of its folder"),
        ("code/../../x", "leads out of its folder"),
        ("code//x", "leads out of its folder"),
        ("code/./x", "leads out of its folder"),
        ("/etc/passwd", "a place on this machine"),
        ("C:/Windows/x", "a place on this machine"),
        ("code\\..\\x", "letters that no name may have"),
        ("code/\x1b[2Jx", "letters that no name may have"),
        ("code/a\u202etxt.py", "letters that no name may have"),
        ("code/a\nb", "letters that no name may have"),
        ("x" * 300, "too long"),
        ("code/a.py.", "of another file, or of none, on Windows"),
        ("code /a.py", "of another file, or of none, on Windows"),
        ("code/a.py:b", "of another file, or of none, on Windows"),
        ("code/NUL.txt", "of another file, or of none, on Windows"),
        ("com1", "of another file, or of none, on Windows"),
    ],
)
def test_a_name_that_leads_elsewhere(name: str, said: str, refused: Callable[[Path], str], tmp_path: Path) -> None:
    told = refused(zipped(tmp_path / "x.zip", {name: b"x"}))
    assert said in told and told.isprintable()


def test_a_symbolic_link(refused: Callable[[Path], str], tmp_path: Path) -> None:
    link = zipfile.ZipInfo("code/x")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert "is a symbolic link" in refused(made_by_python(tmp_path / "x.zip", (link, b"/etc/passwd")))


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFDIR, stat.S_IFCHR])
def test_what_is_no_file(kind: int, refused: Callable[[Path], str], tmp_path: Path) -> None:
    odd = zipfile.ZipInfo("code/x")
    odd.create_system, odd.external_attr = 3, (kind | 0o777) << 16
    assert "is no file" in refused(made_by_python(tmp_path / "x.zip", (odd, b"")))


def test_a_bomb_by_its_ratio(refused: Callable[[Path], str], tmp_path: Path) -> None:
    bomb = made_by_python(tmp_path / "x.zip", ("code/x", bytes(50 << 20)), method=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 100_000
    assert "is compressed, to 1,0" in refused(bomb)


def test_a_bomb_by_what_it_says_of_itself(refused: Callable[[Path], str], tmp_path: Path) -> None:
    """A thousand members that lie in each other, and one that says it is a terabyte."""
    path = made_by_python(tmp_path / "x.zip", ("code/x", b"x" * 1000))
    content = path.read_bytes()
    begins = content.index(b"PK\1\2")
    entry, end = content[begins:-22], content[-22:]
    many = b"".join(entry.replace(b"code/x", f"code/{number:04d}".encode()[-6:]) for number in range(1000))
    fields = [*struct.unpack("<4s4H2LH", end)]
    fields[3:6] = [1000, 1000, len(many)]
    path.write_bytes(content[:begins] + many + struct.pack("<4s4H2LH", *fields))
    assert "lie in each other" in refused(path)
    extra = struct.pack("<2H2Q", 1, 16, 1 << 40, 1 << 40)
    large = entry[:20] + b"\xff" * 8 + entry[28:30] + struct.pack("<H", len(extra)) + entry[32:] + extra
    fields[3:6] = [1, 1, len(large)]
    path.write_bytes(content[:begins] + large + struct.pack("<4s4H2LH", *fields))
    assert "lie in each other" in refused(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice(refused: Callable[[Path], str], tmp_path: Path) -> None:
    assert "'code/x' twice" in refused(made_by_python(tmp_path / "x.zip", ("code/x", b"a"), ("code/x", b"b")))


@pytest.mark.parametrize(
    ("one", "other"), [("code/a.py", "code/A.py"), ("code/é", "code/e\u0301"), ("code/straße", "code/STRASSE")]
)
def test_names_that_are_one_file_elsewhere(
    one: str, other: str, refused: Callable[[Path], str], tmp_path: Path
) -> None:
    assert "one file on some machines" in refused(zipped(tmp_path / "x.zip", {one: b"", other: b""}))


def test_a_name_that_is_a_file_and_a_folder(refused: Callable[[Path], str], tmp_path: Path) -> None:
    assert "a file and a folder" in refused(zipped(tmp_path / "x.zip", {"code/x": b"", "code/X/y": b""}))


def test_what_is_no_file_and_what_is_no_zip(receiver: Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(Refusal):
            receiver.take_in(path)
    with pytest.raises(NotFound):
        receiver.take_in(tmp_path / "nothing.zip")
    for content in (b"", b"x", b"PK\5\6", os.urandom(5000), b"PK\5\6" + b"\xff" * 18):
        path = tmp_path / "x.zip"
        path.write_bytes(content)
        with pytest.raises(LeverframeError, match="no bundle that is whole"):
            receiver.take_in(path)


# Signed by a key that is trusted here, and not what such a key signs.


def test_a_format_of_another_leverframe(refused: Callable[[Path], str], sender: Sender, tmp_path: Path) -> None:
    forged = signed(tmp_path / "x.zip", sender.home, contents(sender.zip), lambda found: found.update(format=3))
    assert "format 3 and this Leverframe reads 1 and 2" in refused(forged)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"label":"tiny@1"', b'"label":"\\ud800"'),
        (b'"label":"tiny@1"', b'"label":"x","label":"tiny@1"'),
        (b'"format":1', b'"format":1,"size":NaN'),
        (b'"format":1', b'"format":1.0'),
        (b'"absent":[]', b'"absent":' + b"[" * 900 + b"]" * 900),
    ],
)
def test_a_manifest_that_is_spelt_as_no_leverframe_does(
    old: bytes, new: bytes, refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    """Anybody can make one: it is read before it is known whose it is."""
    members = contents(sender.zip)
    text = members["manifest.json"].replace(old, new, 1)
    signature = key.sign(sender.home, text).hex().encode() + b"\n"
    told = refused(zipped(tmp_path / "x.zip", {**members, "manifest.json": text, "manifest.sig": signature}))
    assert text != members["manifest.json"] and "manifest" in told


def test_a_key_that_is_not_the_one_that_signed(
    refused: Callable[[Path], str], receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    """Somebody else signs and says that it was development."""
    other = open_engine(tmp_path / "other", "eve", create=True)
    forged = signed(tmp_path / "x.zip", other.home, contents(sender.zip), lambda found: found.update(key=sender.key))
    assert "not what its key has signed" in refused(forged)


@pytest.mark.parametrize("member", ["version.json", "provenance.json", "code/steps.py", "model/table.json",
                                    "golden/predictions.parquet", "environment/lock.json", "README.html"])  # fmt: skip
def test_a_member_that_is_lacking(
    member: str, refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    members = {name: content for name, content in contents(sender.zip).items() if name != member}
    assert member in refused(signed(tmp_path / "x.zip", sender.home, members))


@pytest.mark.parametrize("member", ["code/more.py", "wheels/a/x.whl", "x"])
def test_a_member_too_many(member: str, refused: Callable[[Path], str], sender: Sender, tmp_path: Path) -> None:
    members = {member: b"more", **contents(sender.zip)}
    assert f"'{member}' in it is none of the version" in refused(signed(tmp_path / "x.zip", sender.home, members))


def test_a_package_that_the_lock_does_not_name(
    refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    members = {"wheels/evil-1.0-py3-none-any.whl": b"more", **contents(sender.zip)}
    assert "none of the packages that its lock names" in refused(signed(tmp_path / "x.zip", sender.home, members))


def test_members_that_the_manifest_does_not_list(
    refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    members = contents(sender.zip)
    assert "'code/more.py' is in one" in refused(zipped(tmp_path / "x.zip", {"code/more.py": b"", **members}))
    without = {name: content for name, content in members.items() if name != "code/steps.py"}
    assert "'code/steps.py' is in one" in refused(zipped(tmp_path / "x.zip", without))
    order = [*reversed(list(members)[:-2]), "manifest.json", "manifest.sig"]
    assert "another order" in refused(zipped(tmp_path / "x.zip", {name: members[name] for name in order}))


def test_other_code_under_the_same_version(refused: Callable[[Path], str], sender: Sender, tmp_path: Path) -> None:
    members = {**contents(sender.zip), "code/steps.py": b"import os; os.system('id')"}
    assert "'code/steps.py' in it is not the file that the version names" in refused(
        signed(tmp_path / "x.zip", sender.home, members)
    )


def test_another_content_with_its_own_checksum(refused: Callable[[Path], str], sender: Sender, tmp_path: Path) -> None:
    members = contents(sender.zip)
    for name in ("code/steps.py", "model/table.json", "README.html", "data/part-00001.parquet"):
        other = members[name][:-2] + members[name][-2:].swapcase()[::-1]
        assert other != members[name]
        assert f"'{name}' is not what was signed" in refused(zipped(tmp_path / "x.zip", {**members, name: other}))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.update(project="../x"), "no name of a project"),
        (lambda found: found.update(project="a\0b"), "no name of a project"),
        (lambda found: found.pop("golden"), "golden"),
        (lambda found: found["golden"].update(rows="many"), "golden.rows"),
        (lambda found: found["settings"]["project"].update(name="other"), "leverframe.toml"),
        (lambda found: found["settings"]["approval"].update(approvals=0), "leverframe.toml"),
        (lambda found: found["schedule"].clear(), "schedule"),
        (lambda found: found["code"]["files"][0].update(path="../../x"), ""),
        (lambda found: found["metrics"].update(verdict="fail"), "did not pass its gates"),
        (lambda found: found.update(format=9), "format 9"),
        (lambda found: found["environment"].update(kind="java"), "'java'"),
        (lambda found: found["environment"]["packages"].append({"name": "x", "version": "1"}), "other packages"),
        (lambda found: found["environment"].update(digest="0" * 64), "other packages"),
        (lambda found: found["gates"][0].update(verdict="odd"), "has no verdict that a gate has"),
        (lambda found: found["gates"][0].update(name="\x1b[2J"), "letters that steer a terminal"),
        (lambda found: found["code"].update(author="mia\x07"), "letters that steer a terminal"),
        (lambda found: found["metrics"]["segments_left_out"].update({"\x9b2J": 1}), "letters that steer a terminal"),
        (lambda found: found.update(schema={}), "schema of its data"),
        (lambda found: found["schema"].update(columns=5), "schema of its data"),
        (lambda found: found["schema"]["columns"][0].pop("name"), "schema of its data"),
        (lambda found: found["schema"]["columns"][0].update(categories=[["x"]]), "schema of its data"),
        (lambda found: found["lineage"]["sandbox"].update(landlock="six"), "landlock"),
        (lambda found: found["lineage"]["sandbox"].pop("calls"), "calls"),
        (lambda found: found["metrics"]["metrics"]["roc_auc"].update(n=1 << 63), "a larger number"),
        (lambda found: found["metrics"]["metrics"]["roc_auc"].update(value=-(10**30)), "a larger number"),
    ],
)
def test_a_document_that_no_workspace_wrote(
    change: Change, said: str, refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    document = json.loads(contents(sender.zip)["version.json"])
    change(document)
    assert said in refused(of_document(tmp_path / "x.zip", sender, canonical(document).encode()))


def of_document(
    target: Path, sender: Sender, text: bytes, members: dict[str, bytes] | None = None, **more: object
) -> Path:
    """The bundle of another version.json, which its manifest names and a trusted key has signed; ``members``: what it
    holds beside that, ``more``: of its manifest."""
    held = {**(contents(sender.zip) if members is None else members), "version.json": text}
    return signed(target, sender.home, held, lambda found: found.update(version=sha(text), **more))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"project":"tiny"', b'"project":"x","project":"tiny"'),
        (b'"author":', b'"author":"\\ud800","was":'),
        (b'"author":', b'"author":"mia\xed\xa0\x80","was":'),
        (b'"train_seconds":', b'"train_seconds":NaN,"was":'),
        (b'"train_seconds":', b'"train_seconds":1E400,"was":'),
        (b"{", b"{ "),
    ],
)
def test_a_document_that_is_spelt_as_no_leverframe_does(
    old: bytes, new: bytes, refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    """Two readers could read two things in it, or one of them nothing."""
    text = contents(sender.zip)["version.json"].replace(old, new, 1)
    told = refused(of_document(tmp_path / "x.zip", sender, text))
    assert "version.json is not written as Leverframe writes one" in told or "no JSON document" in told


def test_a_document_that_is_deeper_than_any_real_one(
    refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    text = contents(sender.zip)["version.json"]
    for depth in (50, 300, *range(900, 1000, 10), 100_000):
        deep = text.replace(b'"schema":', b'"schedule2":' + b"[" * depth + b"]" * depth + b',"schema":', 1)
        assert "version" in refused(of_document(tmp_path / "x.zip", sender, deep))


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b"{}", b"[" * 100_000, b"\xff", b'{"text": 5}', b"NaN"])
def test_a_lock_that_is_none(
    content: bytes, refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    members = {**contents(sender.zip), "environment/lock.json": content}
    document = json.loads(members["version.json"])
    chunks = [sha(content)] if content else []
    document["environment"]["lock"] = {"digest": sha(content), "size": len(content), "chunks": chunks}
    forged = of_document(tmp_path / "x.zip", sender, canonical(document).encode(), members)
    assert "lock of the environment" in refused(forged)


@pytest.mark.parametrize("path", ["../../../../x", "/etc/passwd", "a\0b", "a/./b"])
def test_data_that_did_not_travel_and_would_lie_elsewhere(
    path: str, receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    members = contents(sender.zip)
    document = json.loads(members["version.json"])
    document["data"]["files"][0]["path"] = path
    files = [
        {"name": f"data/{each['path']}", "size": each["size"], "sha256": each["digest"], "executable": False}
        | {"pieces": []}
        for each in document["data"]["files"]
    ]
    absent = [{"what": "data", "why": "it was left out", "files": files}]
    left = {name: content for name, content in members.items() if not name.startswith("data/")}
    forged = of_document(tmp_path / "x.zip", sender, canonical(document).encode(), left, absent=absent)
    with pytest.raises(Damage, match="What did not travel with it has names that none has"):
        receiver.take_in(forged, data=tmp_path)


def test_a_document_that_the_manifest_does_not_name(
    refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    members = {**contents(sender.zip), "version.json": contents(sender.second)["version.json"]}
    assert "not the version that its manifest names" in refused(signed(tmp_path / "x.zip", sender.home, members))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 100_000, b'{"stations": [], "authors": []}', b"\xff",
                                     b'{"stations": [{"run": 99999999999999999999}]}'])  # fmt: skip
def test_a_provenance_that_is_none(
    content: bytes, refused: Callable[[Path], str], sender: Sender, tmp_path: Path
) -> None:
    members = {**contents(sender.zip), "provenance.json": content}
    assert "provenance" in refused(signed(tmp_path / "x.zip", sender.home, members))


def test_a_provenance_of_another_version(refused: Callable[[Path], str], sender: Sender, tmp_path: Path) -> None:
    members = {**contents(sender.zip), "provenance.json": contents(sender.second)["provenance.json"]}
    assert "disagree on where it comes from" in refused(signed(tmp_path / "x.zip", sender.home, members))


def test_words_that_would_steer_a_terminal_are_taken_for_words(
    receiver: Engine, sender: Sender, tmp_path: Path
) -> None:
    members = contents(sender.zip)
    told = json.loads(members["provenance.json"])
    told["stations"][0]["decisions"][0]["actor"] = "\x1b]0;owned\x07mia"
    forged = signed(
        tmp_path / "x.zip", sender.home, {**members, "provenance.json": json.dumps(told).encode()}
    )  # fmt: skip
    found = receiver.take_in(forged)
    assert found.origin is not None and found.origin.sentence.isprintable()
    assert all(str(value).isprintable() for row in receiver.audit() for value in row.details.values())
