from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.environments.build import Environment, ensure, rebuild
from engine.environments.check import MARKER, compare, package_differences, site_packages
from engine.environments.lock import Lock, parse_lock

if TYPE_CHECKING:
    from conftest import Place

HASH = "--hash=sha256:" + "a" * 64


def lock_of(*pins: str) -> Lock:
    return parse_lock("".join(f"{pin} {HASH}\n" for pin in pins), "3.11.7")


@pytest.mark.parametrize(
    ("installed", "differences"),
    [
        ({"apple": "1.0", "pear": "2.0"}, ()),
        ({"apple": "1.0"}, ("pear 2.0 is missing",)),
        ({"apple": "1.1", "pear": "2.0"}, ("apple is 1.1 instead of 1.0",)),
        ({"apple": "1.0", "pear": "2.0", "pip": "24.0"}, ("pip 24.0 is not in the lock",)),
        ({"pear": "3", "pip": "24"}, ("apple 1.0 is missing", "pear is 3 instead of 2.0", "pip 24 is not in the lock")),
        ({"apple": "1.0.post1", "pear": "2.0"}, ("apple is 1.0.post1 instead of 1.0",)),
        ({"apple": "1.0+cpu", "pear": "2.0"}, ("apple is 1.0+cpu instead of 1.0",)),
    ],
)  # fmt: skip
def test_packages_that_differ_from_the_lock_are_named(installed: dict[str, str], differences: tuple[str, ...]) -> None:
    assert package_differences(lock_of("apple==1.0", "pear==2.0"), installed) == differences


@pytest.mark.parametrize(
    ("locked", "installed"),
    [("1.0rc1", "1.0.RC1"), ("1.0rc1", "1.0_c1"), ("1.0a2", "1.0-alpha2"), ("2024.1", "2024.01"), ("1!2.0", "1!2.0")],
)
def test_two_spellings_of_one_version_are_equal(locked: str, installed: str) -> None:
    assert package_differences(lock_of(f"apple=={locked}"), {"apple": installed}) == ()


@pytest.fixture
def built(place: Place) -> tuple[Place, Lock, Environment]:
    lock = place.lock("fruit-salad")
    return place, lock, ensure(lock, place.environments, uv=place.uv)


def test_an_untouched_environment_does_not_differ(built: tuple[Place, Lock, Environment]) -> None:
    _, lock, environment = built
    assert compare(environment, lock) == ()
    assert compare(environment, lock, content=True) == ()


def test_every_way_to_tamper_with_packages_is_told(built: tuple[Place, Lock, Environment]) -> None:
    _, lock, environment = built
    packages = site_packages(environment.path)
    shutil.rmtree(packages / "pear-1.5.dist-info")
    (packages / "apple-2.0.dist-info").rename(packages / "apple-2.1.dist-info")
    (packages / "pip-24.0.dist-info").mkdir()
    (packages / "sitecustomize.py").write_text("print('here')\n", "utf-8")
    (packages / "evil\x1b[31m.pth").write_text("import evil\n", "utf-8")
    assert set(compare(environment, lock)) == {
        "apple is 2.1 instead of 2.0",
        "pear 1.5 is missing",
        "pip 24.0 is not in the lock",
        "files of apple are missing or changed: apple-2.0.dist-info/INSTALLER, apple-2.0.dist-info/METADATA, "
        "apple-2.0.dist-info/RECORD and 3 more",
        "pip has no readable list of its files",
        "pear belongs to no package of the lock",
        "sitecustomize.py belongs to no package of the lock",
        "evil.pth belongs to no package of the lock",
    }


def test_a_package_installed_in_two_versions_is_told(built: tuple[Place, Lock, Environment]) -> None:
    _, lock, environment = built
    packages = site_packages(environment.path)
    shutil.copytree(packages / "apple-2.0.dist-info", packages / "apple-1.0.dist-info")
    assert any("not in the lock" in difference for difference in compare(environment, lock))


def test_a_file_that_is_gone_or_has_another_size_is_told(built: tuple[Place, Lock, Environment]) -> None:
    _, lock, environment = built
    packages = site_packages(environment.path)
    (packages / "apple" / "extra.py").unlink()
    (packages / "pear" / "extra.py").unlink()
    (packages / "pear" / "extra.py").write_text("ANSWER = 4242\n", "utf-8")
    assert compare(environment, lock) == (
        "files of apple are missing or changed: apple/extra.py",
        "files of pear are missing or changed: pear/extra.py",
    )


def test_a_change_that_keeps_the_size_is_found_by_content(built: tuple[Place, Lock, Environment]) -> None:
    _, lock, environment = built
    (site_packages(environment.path) / "pear" / "extra.py").write_text("ANSWER = 43\n", "utf-8")
    assert compare(environment, lock) == ()
    assert compare(environment, lock, content=True) == ("files of pear are missing or changed: pear/extra.py",)


def test_another_python_is_told(built: tuple[Place, Lock, Environment]) -> None:
    _, lock, environment = built
    settings = environment.path / "pyvenv.cfg"
    text = settings.read_text("utf-8").replace(f"version_info = {lock.python}", "version_info = 3.9.1")
    settings.write_text(text.replace("include-system-site-packages = false", "include-system-site-packages = true"))
    assert compare(environment, lock) == (
        f"Python is 3.9.1 instead of {lock.python}",
        "it also sees the packages of the system's Python",
    )


def test_a_replaced_or_missing_python_program_is_told(built: tuple[Place, Lock, Environment], tmp_path: Path) -> None:
    _, lock, environment = built
    environment.python.unlink()
    (difference,) = compare(environment, lock)
    assert "is missing" in difference
    environment.python.write_text("#!/bin/sh\n", "utf-8")
    (difference,) = compare(environment, lock)
    assert "was replaced after the environment was built" in difference


def test_an_environment_that_is_missing_or_of_another_lock_is_told(built: tuple[Place, Lock, Environment]) -> None:
    place, lock, environment = built
    other = place.lock("apple")
    assert any("built from another lock" in difference for difference in compare(environment, other))
    (environment.path / MARKER).unlink()
    assert any("not built to its end" in difference for difference in compare(environment, lock))
    shutil.rmtree(environment.path)
    (difference,) = compare(environment, lock)
    assert difference.endswith("is missing")


def test_rebuilding_repairs_an_environment_and_the_cache_that_shares_its_files(
    built: tuple[Place, Lock, Environment],
) -> None:
    place, lock, environment = built
    shared = site_packages(environment.path) / "pear" / "extra.py"
    assert shared.stat().st_nlink > 1
    shared.write_text("ANSWER = 43\n", "utf-8")
    (site_packages(environment.path) / "stranger.py").write_text("", "utf-8")
    repaired = rebuild(lock, place.environments, uv=place.uv)
    assert compare(repaired, lock, content=True) == ()
    assert (site_packages(repaired.path) / "pear" / "extra.py").read_text("utf-8") == "ANSWER = 42\n"
    assert not (site_packages(repaired.path) / "stranger.py").exists()
