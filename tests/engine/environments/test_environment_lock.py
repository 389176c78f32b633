from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.environments.python.interpreter import Interpreter, find_interpreter, matches, own_interpreter
from engine.environments.python.lock import Lock, packages_of, parse_lock, resolve
from engine.environments.python.uv_process import Uv
from engine.environments.records import Package
from engine.errors import Damage, Invalid, NotFound, Refusal

if TYPE_CHECKING:
    from conftest import Place

HASH = "--hash=sha256:" + "a" * 64
TEXT = f"apple==1.0 \\\n    {HASH} \\\n    {HASH}\nPear_Tree==1.5 {HASH}\n"


class NoUv(Uv):
    """A uv that must not be asked."""

    def run(self, *arguments: str, **_: object) -> str:
        raise AssertionError(f"uv was started: {arguments}")


def test_the_packages_of_a_lock_have_canonical_names_and_versions() -> None:
    assert packages_of(TEXT) == (Package("apple", "1.0"), Package("pear-tree", "1.5"))
    assert packages_of("") == ()


@pytest.mark.parametrize(
    "line",
    [
        "apple==1.0",
        f"apple>=1.0 {HASH}",
        f"apple {HASH}",
        f"--index-url http://evil.example {HASH}",
        f"apple @ https://evil.example/a.whl {HASH}",
        f"-e . {HASH}",
        f"apple==1.0 {HASH} --index-url=http://evil.example",
        "apple==1.0 --hash=md5:00",
        f"apple==1.0 {HASH}\napple==2.0 {HASH}",
    ],
)
def test_a_lock_that_holds_anything_but_pinned_and_hashed_packages_is_invalid(line: str) -> None:
    with pytest.raises(Invalid, match="lock of the environment"):
        parse_lock(line, "3.11.7")


def test_the_digest_covers_text_python_and_platform() -> None:
    locks = [
        parse_lock(TEXT, "3.11.7", "linux-x86_64"),
        parse_lock(TEXT + "\n", "3.11.7", "linux-x86_64"),
        parse_lock(TEXT, "3.11.8", "linux-x86_64"),
        parse_lock(TEXT, "3.11.7", "linux-aarch64"),
    ]
    assert len({lock.digest for lock in locks}) == 4
    assert parse_lock(TEXT, "3.11.7", "linux-x86_64") == locks[0]


def test_a_version_keeps_a_lock_and_gets_the_same_one_back() -> None:
    lock = parse_lock(TEXT, "3.11.7")
    kept = json.loads(json.dumps(lock.to_json()))
    assert set(kept) == {"text", "python", "platform", "digest"}
    assert Lock.from_json(kept) == lock


def test_a_kept_lock_that_was_changed_is_damage() -> None:
    kept = parse_lock(TEXT, "3.11.7").to_json()
    with pytest.raises(Damage, match="not the one that was stored"):
        Lock.from_json({**kept, "text": f"evil==1.0 {HASH}\n"})


@pytest.mark.parametrize("document", [{}, {"text": 1}, {"text": TEXT, "python": "3.11.7", "platform": None}])
def test_a_kept_lock_without_its_parts_is_invalid(document: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="has no text, python, platform or digest"):
        Lock.from_json(document)


def test_requirements_are_resolved_to_pinned_and_hashed_packages_without_addresses(place: Place) -> None:
    lock = place.lock("fruit-salad")
    assert {(p.name, p.version) for p in lock.packages} == {("fruit-salad", "1.0"), ("apple", "2.0"), ("pear", "1.5")}
    assert "://" not in lock.text and str(place.root) not in lock.text
    assert lock.python == own_interpreter().version


def test_a_lock_changes_only_when_the_requirements_do_or_when_asked_for_anew(place: Place) -> None:
    first = place.lock("apple")
    place.publish("apple", "3.0")
    (place.cache / "uv").rename(place.root / "elsewhere")
    again = resolve(place.root / "requirements.txt", None, place.cache, uv=NoUv(place.cache / "uv"))
    assert again == first
    assert place.lock("apple", fresh=True).packages == (Package("apple", "3.0"),)
    assert place.lock("apple<2").packages == (Package("apple", "1.0"),)


def test_a_damaged_cached_lock_is_resolved_again(place: Place) -> None:
    first = place.lock("apple")
    (kept,) = (place.cache / "locks").iterdir()
    for content in ("", "[]", "{}", '{"text": "evil==1"}', json.dumps({**first.to_json(), "text": ""})):
        kept.write_text(content, "utf-8")
        assert place.lock("apple") == first


def test_a_project_without_requirements_has_an_empty_lock_and_asks_nobody(tmp_path: Path) -> None:
    lock = resolve(None, None, tmp_path, uv=NoUv(tmp_path / "uv"))
    assert (lock.text, lock.packages) == ("", ())


def test_a_missing_requirements_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"needs\.txt"):
        resolve(tmp_path / "needs.txt", None, tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "pandas\n".encode("utf-16"),
            "env/needs.txt is UTF-16 text, as PowerShell's '>' writes it, not UTF-8; save it as UTF-8.",
        ),
        (
            "pandas\n".encode("utf-16-le"),
            "env/needs.txt is UTF-16 text, as PowerShell's '>' writes it, not UTF-8; save it as UTF-8.",
        ),
        (
            "# tables\r\nsix # né à Paris\n".encode("latin-1"),
            "env/needs.txt line 2: 'six # né à Paris' is not UTF-8 text; save the file as UTF-8.",
        ),
        (b"-e .\n", "env/needs.txt line 1: '-e .': an editable install is not a fixed version; publish the package"),
        (b"\xef\xbb\xbfapple==99\n", "env/needs.txt line 1, apple: The requirements cannot be met: "),
        (b"# fruit\napple\nPIL\n", "env/needs.txt line 3: 'PIL' is not the package; write pillow."),
    ],
)
def test_what_is_wrong_with_requirements_names_the_file_that_the_person_has_and_the_line(
    place: Place, content: bytes, sentence: str
) -> None:
    path = place.root / "copied-for-a-while"
    path.write_bytes(content)
    with pytest.raises(Refusal) as caught:
        resolve(path, None, place.cache, uv=place.uv, called="env/needs.txt")
    assert str(caught.value).startswith(sentence)
    assert str(place.root) not in str(caught.value)
    assert "copied-for" not in str(caught.value)


def test_a_byte_order_mark_of_utf_8_is_no_mistake(place: Place) -> None:
    path = place.root / "needs.txt"
    path.write_bytes(b"\xef\xbb\xbfapple==1.0\n")
    assert resolve(path, None, place.cache, uv=place.uv).packages == (Package("apple", "1.0"),)


def test_a_hostile_requirements_file_never_reaches_uv(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\n--index-url http://evil.example/simple\n-e .\n", "utf-8")
    with pytest.raises(Invalid, match="line 2"):
        resolve(tmp_path / "requirements.txt", None, tmp_path, uv=NoUv(tmp_path / "uv"))


def test_a_projects_own_uv_settings_are_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    project = place.root / "project"
    project.mkdir()
    (project / "uv.toml").write_text("this is [not toml", "utf-8")
    monkeypatch.chdir(project)
    assert place.lock("apple").packages == (Package("apple", "2.0"),)


def test_requirements_that_cannot_be_met_are_refused_in_one_sentence(place: Place) -> None:
    with pytest.raises(Refusal, match="requirements cannot be met: Because .*apple==99.*change the requirements file"):
        place.lock("apple==99")


@pytest.mark.parametrize(
    ("asked", "version", "same"),
    [
        ("3.11", "3.11.7", True),
        ("3", "3.11.7", True),
        ("3.11.7", "3.11.7", True),
        ("3.1", "3.11.7", False),
        ("3.11.7", "3.11.70", False),
        ("3.12", "3.11.7", False),
    ],
)
def test_a_python_is_matched_by_whole_parts_of_its_version(asked: str, version: str, same: bool) -> None:
    assert matches(asked, version) is same


def test_the_engines_own_python_is_taken_when_it_fits_and_nobody_is_asked(tmp_path: Path) -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert find_interpreter(own, NoUv(tmp_path / "uv")) == own_interpreter()
    assert find_interpreter(None, NoUv(tmp_path / "uv")) == own_interpreter()


def test_a_python_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=rf"Python 3\.99 is not on this machine \(there: .*{own_interpreter().version}"):
        find_interpreter("3.99", Uv(tmp_path / "uv"))


@pytest.mark.parametrize("asked", ["/bin/sh", "3.11; rm -rf /", "", "latest", "--help", "3.11\n"])
def test_a_python_that_is_no_version_is_invalid(asked: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not a version of Python"):
        find_interpreter(asked, NoUv(tmp_path / "uv"))


def test_another_python_is_remembered_until_its_program_changes(tmp_path: Path) -> None:
    program = tmp_path / "python3.98"
    program.write_text("#!/bin/sh\necho '[\"" + str(program) + "\", [3, 98, 1]]'\n", "utf-8")
    program.chmod(0o755)
    row = {"implementation": "cpython", "variant": "default", "version": "3.98.1", "path": str(program)}

    class Listing(Uv):
        def run(self, *arguments: str, **_: object) -> str:
            return json.dumps([row])

    found = Interpreter(program, "3.98.1")
    assert find_interpreter("3.98", Listing(tmp_path / "cache" / "uv")) == found
    assert find_interpreter("3.98", NoUv(tmp_path / "cache" / "uv")) == found
    program.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    with pytest.raises(Refusal, match=r"there: .*3\.98\.1"):
        find_interpreter("3.98", Listing(tmp_path / "cache" / "uv"))


@pytest.mark.slow  # asks the machine's registry
def test_the_machines_own_registry_resolves_a_real_package(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("iniconfig==2.0.0\n", "utf-8")
    lock = resolve(tmp_path / "requirements.txt", None, tmp_path / "cache")
    assert lock.packages == (Package("iniconfig", "2.0.0"),)
