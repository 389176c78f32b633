"""[sandbox]: what a step may reach beyond its own, and the reason for not holding it."""

from __future__ import annotations

import pytest

from engine.projects.manifest.reader import SandboxSpec, parse_manifest
from engine.projects.manifest.sandbox import spec_of
from tests.engine.projects.manifests import SMALL, mistakes


def asking(lines: str) -> str:
    return f"{SMALL}\n[sandbox]\n{lines}\n"


def test_without_the_section_steps_are_held_and_have_the_network() -> None:
    assert parse_manifest(SMALL).sandbox == SandboxSpec((), True, None)
    assert parse_manifest(asking("")).sandbox == SandboxSpec()


def test_every_key_is_read_and_paths_are_put_in_order() -> None:
    read = parse_manifest(asking('read = ["/data/flights/", "/data//more", "/data/more"]\nnetwork = false')).sandbox
    assert read == SandboxSpec(("/data/flights", "/data/more"), False, None)
    assert parse_manifest(asking('off = "a licence server that wants ptrace"')).sandbox.off is not None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data", "write it from the root on, such as '/data/flights'"),
        ("./data", "write it from the root on"),
        ("~/data", "a home folder is written out"),
        ("~ops/data", "a home folder is written out"),
        ("/data/../home", "write it without '..'"),
        ("/", "that is everything, the ledger too"),
        ("//", "that is everything"),
        ("/./", "that is everything"),
        ("/proc", "the system's view of every process"),
        ("/proc/1", "the system's view of every process"),
        ("/sys/fs", "the system's view"),
        ("/dev/", "the system's view"),
        ("//proc/1", "the system's view"),
        ("", "is empty"),
    ],
)
def test_a_path_that_names_no_folder_of_data_is_a_mistake(path: str, said: str) -> None:
    (mistake,) = mistakes(asking(f'read = ["{path}"]'))
    assert mistake.where == "[sandbox] read" and said in mistake.message


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ('reads = ["/data"]', "[sandbox] reads", "did you mean 'read'?"),
        ('netwrok = false', "[sandbox] netwrok", "did you mean 'network'?"),
        ('read = "/data"', "[sandbox] read", "must be a list"),
        ('read = ["/data", "/data"]', "[sandbox] read", "twice"),
        ("read = [7]", "[sandbox] read", "must be a text"),
        ('network = "no"', "[sandbox] network", "must be true or false"),
        ("off = true", "[sandbox] off", "must be a text"),
        ('off = ""', "[sandbox] off", "is empty"),
        ('off = "why"\nnetwork = false', "[sandbox] network", "nothing would hold it"),
        ('off = "why"\nread = ["/data"]', "[sandbox] read", "may read all"),
    ],
)
def test_mistakes_are_told(lines: str, where: str, said: str) -> None:
    (mistake,) = mistakes(asking(lines))
    assert mistake.where == where and said in mistake.message


def test_what_a_version_keeps_is_read_again() -> None:
    document = parse_manifest(asking('read = ["/data"]\nnetwork = false')).document
    assert spec_of(document) == SandboxSpec(("/data",), False, None)
    assert spec_of({}) == SandboxSpec()
