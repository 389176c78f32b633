"""What a jar says of itself is read out of it, whatever else is in there; what is no such word is not said."""

from __future__ import annotations

import io
import zipfile

import pytest

from engine.environments.jvm.coordinates import coordinates

LANG = "groupId=org.apache.commons\nartifactId=commons-lang3\nversion=3.14.0\n"
CODEC = "#by maven\nversion = 1.16.0\r\ngroupId = commons-codec\r\nartifactId = commons-codec\r\n"


def jar(*told: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        for number, text in enumerate(told):
            archive.writestr(f"META-INF/maven/g/a{number}/pom.properties", text)
    return made.getvalue()


def test_a_jar_says_its_group_artifact_and_version() -> None:
    assert coordinates(jar(LANG), "lang.jar") == "org.apache.commons:commons-lang3:3.14.0"
    assert coordinates(jar(), "lang.jar") == ""


def test_of_several_that_were_packed_into_one_it_is_the_one_that_it_is_called_by() -> None:
    assert coordinates(jar(LANG, CODEC), "commons-codec-1.16.0.jar") == "commons-codec:commons-codec:1.16.0"
    assert coordinates(jar(LANG, CODEC), "all-in-one.jar") == ""
    longer = LANG.replace("commons-lang3", "commons-lang3-extra")
    for both in ((LANG, longer), (longer, LANG)):
        assert coordinates(jar(*both), "commons-lang3-extra-1.jar").startswith("org.apache.commons:commons-lang3-extra")


BROKEN = {
    "no zip": lambda: b"PK\x03\x04 a jar",
    "empty": lambda: b"",
    "cut": lambda: jar(LANG)[:200],
    "space": lambda: jar("groupId=a b\nartifactId=c\nversion=1\n"),
    "no version": lambda: jar("groupId=a\nartifactId=c\n"),
    "escape": lambda: jar("groupId=\x1b[31m\nartifactId=c\nversion=1\n"),
    "long": lambda: jar(LANG.replace("3.14.0", "3" * 90)),
    "bomb": lambda: jar("x" * (200 << 20) + "\n" + LANG),
}  # Each is made by its test: a bomb takes a second, and every worker reads this file.


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_fit_is_not_said(name: str) -> None:
    assert coordinates(BROKEN[name](), "c.jar") == ""


def test_a_jar_of_a_compression_that_is_damaged_says_nothing() -> None:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        content = bytearray(jar(LANG * 50, method=method))
        place = content.index(b"pom.properties") + 20
        content[place : place + 20] = b"\xff" * 20
        assert coordinates(bytes(content), "c.jar") == "", method
