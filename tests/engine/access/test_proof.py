"""What proves who somebody is, as the system says it and as the trail has it."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import pytest

from engine.access import proof
from engine.access.proof import AccountProof, KeyProof

ADA = AccountProof("ada", 1000, "m", "box")


def test_the_trail_says_which_proof_it_was() -> None:
    assert ADA.words == "account ada@box" and ADA.label == "ada@box"
    assert KeyProof("SHA256:x", "192.0.2.7").words == "key SHA256:x"


def test_where_a_key_came_from_does_not_make_it_another() -> None:
    assert KeyProof("SHA256:x", "192.0.2.7").value == KeyProof("SHA256:x").value == "SHA256:x"


def test_an_account_is_its_machine_its_number_and_its_name() -> None:
    assert ADA.value == "m:1000:ada"


def test_a_process_is_the_account_that_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME"):
        monkeypatch.setenv(name, "/carol")
    mine = proof.of_process()
    assert (mine.name, mine.uid) == (pwd.getpwuid(os.geteuid()).pw_name, os.geteuid())
    assert mine == proof.of_account(mine.name)


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_123)
    assert proof.of_process().name == "4000000123"


@pytest.mark.parametrize("name", ["", "nobody-of-this-name", "a\0b", "\x1b[0m"])
def test_an_account_that_the_machine_has_not_is_none(name: str) -> None:
    assert proof.of_account(name) is None


def test_a_machine_is_its_identity_of_which_a_digest_is_told_and_its_name_only_where_it_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "machine-id"
    file.write_text("b08dfa6083e7567a1921a715000001fb\n")
    first = proof.machine(file)
    monkeypatch.setattr(socket, "gethostname", lambda: "another-name")
    assert proof.machine(file) == first and "b08dfa60" not in first
    file.write_text("00000000000000000000000000000001\n")
    assert proof.machine(file) != first
    nameless = proof.machine(tmp_path / "none")
    file.write_text("\n")
    assert proof.machine(file) == nameless
    monkeypatch.setattr(socket, "gethostname", lambda: "a-third-name")
    assert proof.machine(file) != nameless
