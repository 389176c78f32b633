"""Who acts: under which name a person works, and what acts by itself, which nobody can claim to be."""

from __future__ import annotations

import dataclasses
import os
import pwd
import socket
from typing import get_args

import pytest

from engine.access import caller
from engine.access.caller import Caller, Requester, SystemActor, SystemName
from engine.access.proof import AccountProof
from engine.errors import Invalid
from engine.records import Operator


@pytest.mark.parametrize("name", ["ada", "a", "0", "a.b_c-d", "x" * 32])
def test_names_that_can_be(name: str) -> None:
    assert caller.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "Ada", "x" * 33, "-a", ".a", "_a", "a b", "a\n", "ä", "a/b", "a@b", "eve\x1b[0m"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(Invalid, match="cannot be an operator's name"):
        caller.checked_name(name)


def test_one_says_a_name_on_the_line_or_in_the_environment_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVERFRAME_OPERATOR", "bob")
    assert caller.claimed_name("ada") == "ada"
    assert caller.claimed_name(None) == "bob"
    monkeypatch.delenv("LEVERFRAME_OPERATOR")
    monkeypatch.setenv("LOGNAME", "carol")
    assert caller.claimed_name(None) is None
    monkeypatch.setenv("LEVERFRAME_OPERATOR", "Bob!")
    with pytest.raises(Invalid):
        caller.claimed_name(None)


def test_the_account_is_the_process_s_own_whatever_its_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "carol")
    mine = pwd.getpwuid(os.geteuid()).pw_name
    assert caller.account() == f"account {mine}@{socket.gethostname()}" != f"account carol@{socket.gethostname()}"
    assert SystemActor("the engine").account == Requester("bob").account == caller.account()


def test_a_caller_is_an_operator_with_the_proof_and_cannot_be_made_another() -> None:
    ada = Caller(Operator("ada", "viewer"), AccountProof("ada", 1000, "m", "box"))
    assert (ada.name, ada.account) == ("ada", "account ada@box")
    for actor in (ada, SystemActor("the engine"), Requester("ada"), ada.operator, ada.proof):
        for field in dataclasses.fields(actor):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(actor, field.name, "admin")


@pytest.mark.parametrize("name", get_args(SystemName))
def test_nobody_can_claim_to_be_what_acts_by_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVERFRAME_OPERATOR", name)
    for claimed in (name, None):
        with pytest.raises(Invalid, match="cannot be an operator's name"):
            caller.claimed_name(claimed)


def test_what_acts_by_itself_and_what_a_run_goes_on_with_have_no_role() -> None:
    for actor in (SystemActor("the engine"), Requester("ada")):
        assert not isinstance(actor, Caller | Operator)
        assert {field.name for field in dataclasses.fields(actor)} == {"name", "account"}
