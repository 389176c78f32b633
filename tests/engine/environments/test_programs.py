"""Programs of the machine are recorded with their versions and compared, and one that is missing is named with what
brings it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.environments import programs
from engine.environments.records import Program
from engine.errors import Refusal
from tests.programs import Programs


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path / "bin", monkeypatch)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)', "17.0.15"),
        ("Rscript (R) version 4.2.2 Patched (2022-11-10 r83330)", "4.2.2"),
        ("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"),
        ("v20.20.2", "20.20.2"),
        ("bzip2, a block-sorting file compressor.  Version 1.0.8, 13-Jul-2019.", "1.0.8"),
        ("This is perl 5, version 36, subversion 0 (v5.36.0)", "5.36.0"),
        ("WARN Your hostname resolves to 127.0.1.1; using 10.0.0.7\n Welcome to\n /_/ version 4.1.4\n", "4.1.4"),
        ("tool 7", "7"),
        ("\x1b[31mtool 2.5\x1b[0m", "2.5"),
    ],
)
def test_a_program_is_asked_for_its_version(machine: Programs, said: str, version: str) -> None:
    machine.says("tool", said)
    assert programs.version_of("tool") == version


def test_it_is_told_its_address_since_it_may_not_ask_the_network_for_it(machine: Programs) -> None:
    machine.does("tool", 'echo "tool version 1.0 at ${SPARK_LOCAL_IP?}"')
    assert programs.version_of("tool") == "1.0"


@pytest.mark.parametrize("script", ["exit 1", "echo no numbers", "echo 1.2; exit 3", "while :; do echo x; done"])
def test_one_that_tells_no_version_is_known_by_its_content(machine: Programs, script: str) -> None:
    machine.does("tool", script)
    first = programs.version_of("tool")
    assert first is not None and first.startswith("content-")
    machine.does("tool", f"{script}\n# another")
    assert programs.version_of("tool") not in (None, first)


def test_it_is_asked_again_only_when_it_was_replaced(machine: Programs, tmp_path: Path) -> None:
    tool = machine.says("tool", "tool 1.1")
    assert programs.version_of("tool") == "1.1"
    machine.says("tool", "tool 1.2")
    assert programs.version_of("tool") == "1.2"
    tool.unlink()
    assert programs.version_of("tool") is None


def test_it_can_write_nowhere_while_it_is_asked(machine: Programs, tmp_path: Path) -> None:
    marker = tmp_path / "written"
    machine.does("tool", f"touch {marker}; echo tool 1.0")
    assert programs.version_of("tool") == "1.0"
    assert not marker.exists()


def test_every_program_that_is_missing_or_of_another_version_is_named_with_the_way_out(machine: Programs) -> None:
    machine.says("java", 'openjdk version "11.0.2"')
    with pytest.raises(Refusal) as refused:
        programs.here({"java": "17", "Rscript-of-nobody": "", "sh": ""})
    assert "java is 11.0.2 on this machine, and the project asks for 17" in str(refused.value)
    assert "The program Rscript-of-nobody is not on this machine" in str(refused.value)
    assert "'apt-get install Rscript-of-nobody' brings it" in str(refused.value)
    machine.does("mute", "exit 0")
    with pytest.raises(Refusal, match=r'mute on this machine tells no version, .* asks for 2; .* any with mute = ""'):
        programs.here({"mute": "2"})
    assert "apt-get" not in programs.brings("spark-submit"), "no package of Debian has it"
    machine.says("java", 'openjdk version "17.0.15"')
    assert programs.here({"java": "17"}) == (Program("java", "17.0.15", "17"),)


@pytest.mark.parametrize(("asked", "version", "same"), [
    ("17", "17.0.15", True), ("17", "17", True), ("17", "170.1", False), ("1.7", "17.0", False), ("", "3", True),
    ("4.2", "4.2.2", True), ("4.2.2", "4.2.3", False), ("21", "21-ea", True),
])  # fmt: skip
def test_a_version_is_asked_for_by_its_beginning(asked: str, version: str, same: bool) -> None:
    assert programs.matches(asked, version) is same


def test_an_upgrade_within_what_is_asked_for_is_no_difference_and_is_told_where_it_counts(machine: Programs) -> None:
    used = Program("java", "17.0.15", "17")
    machine.says("java", 'openjdk version "17.0.16"')
    assert programs.differences([used]) == ()
    assert programs.as_now(used) == "java, which is the machine's: 17.0.15 then, 17.0.16 now"
    machine.says("java", 'openjdk version "21.0.1"')
    assert programs.differences([used]) == ("java is 21.0.1 here now, it was 17.0.15, and 17 is asked for",)
    (machine.folder / "java").unlink()
    machine.only_these()
    assert programs.differences([used]) == (
        "the program java 17.0.15 is not on this machine "
        "(on Debian and its kin 'apt-get install default-jre-headless' brings it)",
    )
    assert programs.as_now(used) == "java, which is the machine's: 17.0.15 then, gone now"


@pytest.mark.parametrize(("begins", "seconds"), [("yes | head -c 100000", 3600.0), ("sleep 0.1", 0.5)])
def test_what_prints_without_end_or_never_ends_is_ended_at_once(begins: str, seconds: float, tmp_path: Path) -> None:
    late = tmp_path / "late"
    assert programs.said_by(["/bin/sh", "-c", f"{begins}; sleep 3; touch {late}"], seconds) == b""
    assert not late.exists()
