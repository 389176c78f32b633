"""A seal is one workspace's, on one key."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from engine.access import seal
from engine.errors import Forbidden, Refusal
from engine.records import SealedKey
from tests.people import key_of, open_engine


def test_a_seal_is_right_for_its_key_and_its_workspace_alone(tmp_path: Path) -> None:
    mine, other = tmp_path / "a", tmp_path / "b"
    for place in (mine, other):
        place.mkdir()
    right = seal.of(mine, "SHA256:ada")
    assert seal.of(mine, "SHA256:ada") == right
    seal.check(mine, "SHA256:ada", right)
    seal.of(other, "SHA256:ada")
    for place, key, said in (
        (mine, "SHA256:opal", right), (other, "SHA256:ada", right), (mine, "SHA256:ada", ""), (mine, "SHA256:ada", "é"),
    ):  # fmt: skip
        with pytest.raises(Forbidden, match="was not written by"):
            seal.check(place, key, said)


def test_the_secret_is_the_accounts_alone_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    seal.of(tmp_path, "SHA256:ada")
    path = seal.path_of(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("not one")
    with pytest.raises(Refusal, match="holds no secret"):
        seal.check(tmp_path, "SHA256:ada", "x")


def test_without_a_secret_nothing_is_right(tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        seal.check(tmp_path, "SHA256:ada", "0" * 64)


def test_the_keys_are_sealed_that_let_somebody_in_now_and_no_others(home: Path) -> None:
    bob, other, carl = (key_of(name) for name in ("bob", "bob's other", "carl"))
    with closing(open_engine(home, "ada", create=True)) as ada:
        ada.add_operator("bob", "operator", "new", keys=[bob.line, other.line])
        ada.add_operator("carl", "operator", "new", keys=[carl.line])
        assert {each.fingerprint for each in ada.sealed_keys()} == {each.fingerprint for each in (bob, other, carl)}
        ada.unbind("bob", other.fingerprint, "lost")
        ada.disable_operator("carl", "left")
        seals = seal.of(home, bob.fingerprint)
        assert ada.sealed_keys() == (SealedKey("bob", bob.fingerprint, bob.line, seals),)
