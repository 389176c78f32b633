from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.environments import comparing, picture, unchanged
from engine.environments.picture import MARKER, PICTURE, differences, take
from engine.environments.python import mending
from engine.environments.python.build import build_anew, ensure, place
from engine.environments.python.check import compare, site_packages
from engine.environments.python.lock import Lock
from engine.environments.records import Environment
from tests.ledger import ledger_at

if TYPE_CHECKING:
    from conftest import Place

Built = tuple["Place", Lock, Environment]


@pytest.fixture
def built(place: Place) -> Built:
    """An environment whose picture was seen to be true once, so that the file system's marks are trusted."""
    lock = place.lock("fruit-salad")
    environment = ensure(lock, place.environments, uv=place.uv)
    assert compare(environment, lock) == ()
    return place, lock, environment


def compiled(source: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(source)))


def test_an_untouched_environment_does_not_differ_and_is_not_read_again(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lock, environment = built

    def refuse(root: Path) -> dict[str, str]:
        raise AssertionError("it was read again")

    monkeypatch.setattr(comparing, "take", refuse)
    assert compare(environment, lock) == ()
    with pytest.raises(AssertionError, match="read again"):
        compare(environment, lock, content=True)


def same_size(path: Path) -> None:
    """Another content of the same size, at the same time."""
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-2] + b"#\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def in_bytecode(packages: Path) -> None:
    """The head of the bytecode, which Python and uv look at, stays."""
    path = compiled(packages / "pear" / "extra.py")
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:16] + content[16:].replace(b"ANSWER", b"ANSWAR"))


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file in a package": (lambda p: (p / "pear" / "more.py").write_text(""), "pear/more.py was added"),
    "a module beside packages": (lambda p: (p / "six.py").write_text(""), "six.py was added"),
    "a .pth file": (lambda p: (p / "evil\x1b[31m.pth").write_text("import evil"), "evil.pth was added"),
    "a module in an empty folder": (lambda p: (p / "pear.libs" / "x.py").write_text(""), "pear.libs/x.py was added"),
    "another empty folder": (lambda p: (p / "apple.libs").mkdir(), "apple.libs was added"),
    "a link": (lambda p: (p / "pear" / "link.py").symlink_to("extra.py"), "pear/link.py was added"),
    "a fifo": (lambda p: os.mkfifo(p / "pear" / "pipe"), "pear/pipe was added"),
    "a file that is gone": (lambda p: (p / "pear" / "extra.py").unlink(), "pear/extra.py is gone"),
    "an empty folder that is gone": (lambda p: (p / "pear.libs").rmdir(), "pear.libs is gone"),
    "another content": (lambda p: (p / "pear" / "extra.py").write_text("ANSWER = 4242"), "pear/extra.py was changed"),
    "a content of the same size": (lambda p: same_size(p / "pear" / "extra.py"), "pear/extra.py was changed"),
    "a file made a link": (
        lambda p: ((p / "pear" / "extra.py").unlink(), (p / "pear" / "extra.py").symlink_to("__init__.py")),
        "pear/extra.py was changed",
    ),
    "a file made a program": (lambda p: (p / "pear" / "extra.py").chmod(0o755), "pear/extra.py was changed"),
    "bytecode": (in_bytecode, ".pyc was changed"),
    "a list of files": (lambda p: (p / "pear-1.5.dist-info" / "RECORD").write_text(""), "RECORD was changed"),
    "settings of Python": (
        lambda p: (p.parents[2] / "pyvenv.cfg").write_text("include-system-site-packages = true"),
        "pyvenv.cfg was changed",
    ),
    "a file beside bin": (lambda p: (p.parents[2] / "x").write_text(""), "x was added"),
    "a program": (lambda p: (p.parents[2] / "bin" / "pip").write_text("#!/bin/sh"), "bin/pip was added"),
    "a link that leads elsewhere": (
        lambda p: ((p.parents[2] / "bin" / "python3").unlink(), (p.parents[2] / "bin" / "python3").symlink_to("pip")),
        "bin/python3 was changed",
    ),
    "the lock": (lambda p: (p.parents[2] / "requirements.lock").write_text(""), "requirements.lock was changed"),
    "the picture": (lambda p: same_size(p.parents[2] / PICTURE), "is not the one that was taken"),
    "no picture": (lambda p: (p.parents[2] / PICTURE).unlink(), "cannot be read"),
    "the marker": (lambda p: (p.parents[2] / MARKER).write_text("{}"), f"{MARKER} was changed"),
}


@pytest.fixture(scope="module")
def once(lasting_place: Place) -> Built:
    """An environment with an empty folder, as some wheels have one and no list of files can name it."""
    place = lasting_place
    place.publish("pear", "1.5", empty="pear.libs")
    lock = place.lock("fruit-salad")
    return place, lock, ensure(lock, place.environments, uv=place.uv)


@pytest.fixture
def copied(once: Built, tmp_path: Path) -> Built:
    """It in a workspace of its own."""
    there, lock, _ = once
    shutil.copytree(there.root, tmp_path / "copy", symlinks=True)
    copy = replace(there, root=tmp_path / "copy", uv=replace(there.uv, cache=tmp_path / "copy" / "cache" / "uv"))
    environment = _place(lock, copy)
    assert compare(environment, lock) == ()
    return copy, lock, environment


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_is_tampered_with_is_found_by_a_run_and_by_doctor(copied: Built, how: str) -> None:
    place, lock, environment = copied
    packages = site_packages(environment.path)
    assert (packages / "pear.libs").is_dir()
    tamper, said = TAMPERED[how]
    tamper(packages)
    found = compare(environment, lock)
    assert said in " ".join(found)
    assert compare(environment, lock) == found, "it is found again"
    (seen,) = mending.standing(place.environments)
    assert (seen.differences, seen.lock) == (found, lock)


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_is_tampered_with_is_found_where_the_system_tells_of_it(
    copied: Built, how: str, monkeypatch: pytest.MonkeyPatch, mountinfo: Path
) -> None:
    _, lock, environment = copied
    assert compare(environment, lock) == ()
    (watched,) = [each for each in picture.remembered_folders() if each.root == environment.path]
    assert unchanged.watch(watched) is not None
    try:
        with monkeypatch.context() as patched:
            patched.setattr(comparing, "stamp", lambda *_: pytest.fail("every name was asked for"))
            assert compare(environment, lock) == ()
        tamper, said = TAMPERED[how]
        tamper(site_packages(environment.path))
        assert said in " ".join(compare(environment, lock))
    finally:
        unchanged.end(watched)


def test_a_picture_that_was_remembered_is_not_read_again(copied: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    place, lock, environment = copied
    picture._read_before.clear()
    (place.environments / "broken").mkdir()
    (place.environments / "broken" / PICTURE).write_text("[]")
    picture.remember(place.environments)
    taken = hashlib.sha256((environment.path / PICTURE).read_bytes()).hexdigest()
    assert list(picture._read_before) == [(environment.path, taken)]
    monkeypatch.setattr(picture, "_told", lambda *_: pytest.fail("it was read again"))
    assert compare(environment, lock) == ()


def test_a_picture_that_was_changed_before_it_was_remembered_is_not_taken_for_the_one_that_was_taken(
    copied: Built,
) -> None:
    place, lock, environment = copied
    same_size(environment.path / PICTURE)
    picture._read_before.clear()
    picture.remember(place.environments)
    assert "is not the one that was taken" in " ".join(compare(environment, lock))


def test_whatever_was_tampered_with_is_mended(copied: Built) -> None:
    place, lock, environment = copied
    packages = site_packages(environment.path)
    for how in ("a .pth file", "a module in an empty folder", "another content", "bytecode", "settings of Python"):
        TAMPERED[how][0](packages)
    build_anew(lock, place.environments, uv=place.uv)
    assert compare(environment, lock, content=True) == ()
    assert sorted(os.listdir(packages / "pear.libs")) == []
    assert (packages / "pear" / "extra.py").read_text() == "ANSWER = 42\n"
    assert b"ANSWER" in compiled(packages / "pear" / "extra.py").read_bytes()
    assert not list(packages.glob("evil*"))


def test_an_environment_cannot_bring_along_a_picture_of_its_own(built: Built) -> None:
    _, lock, environment = built
    (site_packages(environment.path) / "evil.pth").write_text("import evil")
    told = json.loads((environment.path / PICTURE).read_text())
    told["entries"] = take(environment.path)
    (environment.path / PICTURE).write_text(json.dumps(told))
    assert compare(environment, lock) == (f"{PICTURE} is not the one that was taken when it was built",)


def test_a_file_that_is_changed_through_its_other_name_in_the_cache_is_found(built: Built) -> None:
    place, lock, environment = built
    ours = (site_packages(environment.path) / "pear" / "extra.py").stat()
    (other,) = (p for p in place.uv.cache.rglob("extra.py") if os.path.samestat(p.stat(), ours))
    same_size(other)
    assert compare(environment, lock) == ("pear/extra.py was changed",)


def test_building_beside_it_an_environment_that_shares_its_files_is_no_change(built: Built) -> None:
    place, lock, environment = built
    ensure(place.lock("apple"), place.environments, uv=place.uv)
    assert compare(environment, lock) == ()


def test_another_lock_is_not_taken_for_this_one(built: Built) -> None:
    place, _, environment = built
    assert compare(environment, place.lock("apple")) == ("no picture was taken of it when it was built",)


def test_a_replaced_or_missing_python_program_is_told(built: Built) -> None:
    _, lock, environment = built
    environment.python.unlink()
    assert "is missing" in compare(environment, lock)[0]
    environment.python.write_text("#!/bin/sh\n", "utf-8")
    assert "was replaced after the environment was built" in compare(environment, lock)[0]


def test_an_environment_that_is_missing_is_told(built: Built) -> None:
    _, lock, environment = built
    shutil.rmtree(environment.path)
    (difference,) = compare(environment, lock)
    assert difference.endswith("is missing")


def test_an_environment_of_before_there_were_pictures_is_built_anew(built: Built) -> None:
    place, lock, environment = built
    with ledger_at(environment.pictures.root) as ledger, ledger.write() as db:
        db.execute("DELETE FROM pictures")
    (environment.path / PICTURE).unlink()
    told = {"digest": lock.digest, "python": lock.python, "platform": lock.platform, "interpreter": {}}
    (environment.path / MARKER).write_text(json.dumps(told))
    (site_packages(environment.path) / "stranger.py").write_text("")
    (seen,) = mending.standing(place.environments)
    assert (seen.pictured, seen.differences, seen.lock) == (False, (), lock)
    assert compare(ensure(lock, place.environments, uv=place.uv), lock) == ()
    assert not (site_packages(environment.path) / "stranger.py").exists()


def test_an_environment_whose_lock_is_lost_is_taken_away_and_built_by_the_next_run(built: Built) -> None:
    place, lock, environment = built
    for name in (PICTURE, "requirements.lock"):
        (environment.path / name).write_text("lost")
    (seen,) = mending.standing(place.environments)
    assert seen.lock is None
    assert "taken away" in mending.mend(seen, place.environments)
    assert not environment.path.exists()
    assert compare(ensure(lock, place.environments, uv=place.uv), lock) == ()


def test_rebuilding_repairs_the_cache_that_shares_the_files(built: Built) -> None:
    place, lock, environment = built
    shared = site_packages(environment.path) / "pear" / "extra.py"
    assert shared.stat().st_nlink > 1
    shared.write_text("ANSWER = 43\n", "utf-8")
    repaired = build_anew(lock, place.environments, uv=place.uv)
    assert (site_packages(repaired.path) / "pear" / "extra.py").read_text("utf-8") == "ANSWER = 42\n"


def test_a_damaged_cache_is_not_taken_into_the_next_environment(built: Built) -> None:
    place, _, environment = built
    same_size(site_packages(environment.path) / "apple" / "extra.py")
    other = ensure(place.lock("apple"), place.environments, uv=place.uv)
    assert (site_packages(other.path) / "apple" / "extra.py").read_text("utf-8") == "ANSWER = 42\n"


def test_bytecode_that_was_changed_is_not_shared(built: Built) -> None:
    place, _, environment = built
    extra = site_packages(environment.path) / "apple" / "extra.py"
    content = compiled(extra).read_bytes()
    compiled(extra).write_bytes(content[:16] + content[16:].replace(b"ANSWER", b"ANSWAR"))
    other = ensure(place.lock("apple"), place.environments, uv=place.uv)
    assert b"ANSWER" in compiled(site_packages(other.path) / "apple" / "extra.py").read_bytes()


def test_bytecode_that_a_package_brings_and_lists_is_compiled_anew(place: Place) -> None:
    name = compiled(Path("apple/extra.py")).as_posix()
    place.publish("apple", "3.0", files={name: "no bytecode"})
    lock = place.lock("apple==3.0")
    environment = ensure(lock, place.environments, uv=place.uv)
    assert compare(environment, lock, content=True) == ()


def test_a_package_whose_own_list_is_wrong_is_taken_as_it_was_fetched(place: Place) -> None:
    place.publish("apple", "3.0", files={"apple/odd.py": "ODD = 1\n"}, listed={"apple/odd.py": "ODD = 2\n"})
    lock = place.lock("apple==3.0")
    environment = ensure(lock, place.environments, uv=place.uv)
    assert compare(environment, lock, content=True) == ()


@pytest.mark.parametrize("many", [1, 2, 5])
def test_differences_name_three_and_count_the_rest(many: int) -> None:
    found = {f"lib/x{number}.py": "file 0 0" for number in range(many)}
    (told,) = differences({}, found, "lib/")
    assert (
        told
        == {
            1: "x0.py was added",
            2: "x0.py, x1.py were added",
            5: "x0.py, x1.py, x2.py and 2 more were added",
        }[many]
    )


def test_the_place_of_an_environment_is_known_before_it_is_built(place: Place) -> None:
    lock = place.lock("apple")
    assert compare(_place(lock, place), lock)[0].endswith("is missing")


def _place(lock: Lock, world: Place) -> Environment:
    return place(lock, world.environments)
