"""A bundle is one zip that unzip and a text editor can read, whose bytes are the same whenever it is written."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import pytest
import zstandard

from engine.api import Engine
from engine.bundles.contents import VERIFIER
from engine.errors import Damage, NotFound, Refusal
from tests.engine.bundles.conftest import Sender
from tests.engine.bundles.forging import contents, sha, signed
from tests.ledger import store_of
from tests.people import open_engine

SCRIPT = Path(__file__).resolve().parents[3] / "engine/bundles" / VERIFIER


@pytest.fixture
def engine(sender: Sender) -> Engine:
    return open_engine(sender.home, "mia")


def verified(place: Path, *words: str, script: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(script), str(place), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_same_version_gives_the_same_bytes_to_a_file_and_to_a_stream(
    engine: Engine, sender: Sender, tmp_path: Path
) -> None:
    again, stream = tmp_path / "again.zip", io.BytesIO()
    engine.bundle("tiny@1", again)
    engine.bundle("tiny@1", stream)
    assert again.read_bytes() == stream.getvalue() == sender.zip.read_bytes()


def test_it_holds_the_version_as_plain_files(engine: Engine, sender: Sender) -> None:
    found, document = contents(sender.zip), engine.show("tiny@1")
    assert next(iter(found)) == "README.html" and list(found)[-2:] == ["manifest.json", "manifest.sig"]
    assert found["code/steps.py"] == (sender.home.parent / "tiny/steps.py").read_bytes()
    assert json.loads(found["schema.json"]) == document.schema
    assert json.loads(found["settings.json"])["project"]["name"] == "tiny"
    assert sha(found["version.json"]) == engine.version("tiny@1").digest
    assert {sha(found[f"model/{each.path}"]) for each in document.model.files} == {
        each.digest for each in document.model.files
    }
    assert sum(name.startswith("data/part-") for name in found) == len(document.data.files)
    (station,) = json.loads(found["provenance.json"])["stations"]
    assert [each["kind"] for each in station["decisions"]] == ["approve"] and station["requested_by"] == "mia"
    page = found["README.html"].decode()
    assert "tiny@1" in page and "the first" in page and "Does not hold" in page


def test_its_manifest_lists_every_other_member_and_what_is_absent(sender: Sender) -> None:
    found = contents(sender.zip)
    manifest = json.loads(found["manifest.json"])
    listed = {each["name"]: (each["size"], each["sha256"]) for each in manifest["members"]}
    rest = {name: (len(content), sha(content)) for name, content in found.items() if "manifest." not in name}
    assert listed == rest
    assert manifest["absent"] == []


def test_other_programs_take_it_apart(sender: Sender, tmp_path: Path) -> None:
    with zipfile.ZipFile(sender.zip) as zipped:
        assert zipped.testzip() is None
        assert {each.date_time for each in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    done = subprocess.run(["unzip", "-q", str(sender.zip), "-d", str(tmp_path / "out")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert verified(tmp_path / "out").returncode == 0


def test_the_verifier_that_travels_says_that_it_is_good_and_who_signed_it(
    engine: Engine, sender: Sender, tmp_path: Path
) -> None:
    fingerprint = engine.bundle_key()[0]
    with zipfile.ZipFile(sender.zip) as zipped:
        own = Path(zipped.extract(VERIFIER, tmp_path))
    assert own.read_bytes() == SCRIPT.read_bytes()
    assert len(own.read_text("utf-8").splitlines()) < 150
    good = verified(sender.zip, "--key", fingerprint, script=own)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("GOOD: tiny@1, ") and fingerprint in good.stdout
    other = verified(sender.zip, "--key", "SHA256:somebody", script=own)
    assert other.returncode == 1 and other.stderr.startswith("BAD: ")


def test_the_verifier_says_no_word_of_a_strangers_that_steers_a_terminal(sender: Sender, tmp_path: Path) -> None:
    part = {"what": "data\x1b[2J", "why": "é\u202e\nGOOD: x", "files": []}
    said: dict[str, object] = {"label": "tiny@1\x1b]0;owned\x07", "absent": [part]}
    good = verified(signed(tmp_path / "x.zip", sender.home, contents(sender.zip), lambda found: found.update(said)))
    assert good.returncode == 0 and len(good.stdout.splitlines()) == 2
    assert all(line.isascii() and line.isprintable() for line in good.stdout.splitlines())
    odd: list[dict[str, object]] = [{"absent": 5}, {"absent": [{}]}, {"members": [5]}, {"key": "x"}, {"key": None}]
    for each in odd:
        bad = verified(signed(tmp_path / "x.zip", sender.home, contents(sender.zip), partial(dict.update, **each)))
        assert (bad.returncode, bad.stdout) == (1, "") and bad.stderr.startswith("BAD: ")


def test_the_verifier_finds_what_was_put_into_the_folder(sender: Sender, tmp_path: Path) -> None:
    place = tmp_path / "out"
    with zipfile.ZipFile(sender.zip) as zipped:
        zipped.extractall(place)
    (place / "more").mkdir()
    assert verified(place).returncode == 0  # An empty folder is no file.
    for more in (place / "more/x", place / "more/y"):
        more.symlink_to(tmp_path if more.name == "x" else place / "README.html")
        bad = verified(place)
        assert bad.returncode == 1 and f"'more/{more.name}' is in one of the manifest and the folder" in bad.stderr
        more.unlink()


def test_a_file_that_is_there_is_not_written_over_and_nothing_half_is_left(engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "there.zip"
    target.write_text("mine")
    with pytest.raises(Refusal, match=r"there\.zip is there already"):
        engine.bundle("tiny@1", target)
    with pytest.raises(NotFound):
        engine.bundle("tiny@9", tmp_path / "none.zip")
    with pytest.raises(NotFound, match=r"nothing was made of nobody here; 'leverframe status' lists the projects"):
        engine.bundle("nobody@1", tmp_path / "none.zip")
    with pytest.raises(NotFound, match=r"There is no folder .*/nowhere to write x\.zip in; make it, or name another\."):
        engine.bundle("tiny@1", tmp_path / "nowhere" / "x.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["there.zip"] and target.read_text() == "mine"


def test_what_is_damaged_in_the_store_is_not_passed_on(engine: Engine, tmp_path: Path) -> None:
    store, model = store_of(engine), engine.show("tiny@2").model.files[0]
    path = store.path(model.chunks[0])
    content = path.read_bytes()
    path.chmod(0o644)
    try:
        for other in (content[:-1] + bytes([content[-1] ^ 1]), zstandard.compress(b"x" * model.size)):
            path.write_bytes(other)  # One that cannot be unpacked, and one that is another content.
            with pytest.raises(Damage, match="tiny@2 is damaged"):
                engine.bundle("tiny@2", tmp_path / "x.zip")
    finally:
        path.write_bytes(content)
    assert list(tmp_path.iterdir()) == []


def test_the_trail_says_that_it_left(engine: Engine, tmp_path: Path) -> None:
    made = engine.bundle("tiny@1", tmp_path / "x.zip")
    row = engine.audit(limit=1)[0]
    assert (row.action, row.subject, row.actor) == ("bundle", "tiny@1", "mia")
    assert row.details["bundle"] == made.digest == sha(contents(tmp_path / "x.zip")["manifest.json"])


@pytest.mark.parametrize("what", ["bundle", "write-data"])
def test_it_has_its_name_only_when_the_trail_says_that_it_left(
    what: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So whoever is killed anywhere leaves nothing that somebody could take and that no trail knows of."""

    def killed(source: Path, target: Path) -> None:
        row = engine.audit(limit=1)[0]
        assert (row.action, row.details["to"]) == (what, str(target)) and not target.exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "rename", killed)
        if what == "bundle":
            engine.bundle("tiny@1", tmp_path / "x")
        else:
            engine.write_data("tiny@1", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_data_is_written_over_nothing(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to(tmp_path / "nothing")
    with pytest.raises(Refusal, match="is there already"):
        engine.write_data("tiny@1", tmp_path / "x")
    with pytest.raises(Refusal, match="could not be written"):
        engine.write_data("tiny@1", tmp_path / "nowhere" / "x")
    engine.write_data("tiny@1", tmp_path / "y")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "y"]


def test_the_key_is_for_the_account_alone_and_stays(engine: Engine, sender: Sender) -> None:
    path = sender.home / "keys" / "bundle.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert engine.bundle_key() == engine.bundle_key()
    assert engine.bundle_key()[1] == sender.key
