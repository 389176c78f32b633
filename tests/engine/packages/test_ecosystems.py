"""What the common list calls the packages of every kind of environment."""

from __future__ import annotations

from engine.environments.records import Package, Program
from engine.packages.ecosystems import held_by, key_of, not_seen, of, written

R = (Program("R", "4.5.0"),)


def test_a_package_of_pythons_and_one_of_rs_with_one_name_are_two() -> None:
    arrow = (Package("arrow", "1.3"),)
    assert held_by("python", arrow, ()) == {"arrow": "1.3"}
    assert held_by("r", arrow, R) == {"r:arrow": "1.3", "program:r": "4.5.0"}
    assert [of(each).name for each in ("arrow", "r:arrow", "program:r", "jvm:a:b")] == ["python", "r", "program", "jvm"]


def test_a_jar_is_what_it_says_itself_or_what_its_file_is_called() -> None:
    jars = (
        Package("lang.jar", "org.apache.commons:commons-lang3:3.14.0"),
        Package("guava-33.0.0-jre.jar", "sha256 0123456789ab"),
        Package("log4j-api-2.17.1.jar", ""),
        Package("model.jar", "sha256 0123456789ab"),
    )
    assert held_by("jvm", jars, ()) == {
        "jvm:org.apache.commons:commons-lang3": "3.14.0",
        "jvm:guava": "33.0.0-jre",
        "jvm:log4j-api": "2.17.1",
        "jvm:model": "",
    }
    twice = (Package("a-1.10.jar", ""), Package("lib-a-2.jar", "g:x:2"), Package("A-1.9.jar", ""))
    for jars in (twice, twice[::-1]):
        assert held_by("jvm", jars, ()) == {"jvm:a": "1.9", "jvm:g:x": "2"}, "the older one is the one to see to"


def test_of_an_image_nothing_is_known_but_what_the_machine_runs_it_with() -> None:
    image = held_by("container", (Package("registry.example/model", "sha256 012"),), (Program("podman", "4.3"),))
    assert image == {"program:podman": "4.3"}
    assert not_seen("container", image) == "what is in its image is not looked into (container)"
    assert not_seen("system", {}) == "it names no package and no program (system)"
    assert not_seen("system", {"program:tool": "2"}) is None and not_seen("r", {}) is None


def test_a_name_has_one_spelling_and_reaches_no_terminal_as_it_is() -> None:
    assert [written(each) for each in ("Scikit_Learn", "python:Pandas", " R : Matrix ", "npm:x", "\x1b[31mx")] == [
        "scikit-learn", "pandas", "r:matrix", "npm:x", "x",
    ]  # fmt: skip
    assert list(held_by("r", (Package("a\x1b[2Jb\u202e", "1"),), ())) == ["r:ab"]


def test_a_version_that_cannot_be_compared_has_no_key() -> None:
    assert key_of("r:rpart", "4.1-16") == (4, 1, 16)
    for package in ("numpy", "r:rpart", "jvm:a", "program:r"):
        assert key_of(package, "") is None and key_of(package, "9" * 5000) is None, package
