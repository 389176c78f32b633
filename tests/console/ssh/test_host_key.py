"""The door's own key: made once, for the account alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncssh
import pytest

from console.ssh import host_key
from engine.errors import NotFound, Refusal
from tests.cli.calling import call
from tests.people import open_engine


def test_it_is_made_at_the_first_start_and_stays(home: Path) -> None:
    home.mkdir()
    with pytest.raises(NotFound, match="makes one when it starts first"):
        host_key.find(home)
    made = host_key.find_or_make(home)
    assert host_key.fingerprint(host_key.find_or_make(home)) == host_key.fingerprint(made)
    assert made.get_algorithm() == "ssh-ed25519"
    assert host_key.path_of(home).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (home / "keys").iterdir()] == ["ssh_host_ed25519_key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_one_that_others_can_reach_or_nobody_can_read_is_refused_and_not_replaced(home: Path, mode: int) -> None:
    home.mkdir()
    host_key.find_or_make(home)
    path = host_key.path_of(home)
    path.chmod(mode)
    with pytest.raises(Refusal, match="chmod 600"):
        host_key.find_or_make(home)
    path.chmod(0o600)
    path.write_text("nothing")
    with pytest.raises(Refusal, match="holds no host key"):
        host_key.find_or_make(home)
    assert path.read_text() == "nothing"


def test_whoever_makes_one_at_the_same_moment_gets_the_one_that_is_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    made, first = asyncssh.generate_private_key, list[asyncssh.SSHKey]()

    def meanwhile(*given: Any, **named: Any) -> asyncssh.SSHKey:
        monkeypatch.setattr(asyncssh, "generate_private_key", made)
        first.append(host_key.find_or_make(home))
        return made(*given, **named)

    monkeypatch.setattr(asyncssh, "generate_private_key", meanwhile)
    assert host_key.fingerprint(host_key.find_or_make(home)) == host_key.fingerprint(first[0])
    assert [path.name for path in (home / "keys").iterdir()] == ["ssh_host_ed25519_key"]


def test_the_verb_shows_its_fingerprint(home: Path) -> None:
    open_engine(home, "ada", create=True).close()
    told = call("--home", home, "ssh", "--fingerprint")
    assert (told.code, told.out) == (1, "") and "There is no host key yet" in told.err
    made = host_key.find_or_make(home)
    assert call("--home", home, "ssh", "--fingerprint").out.splitlines()[0] == host_key.fingerprint(made)
