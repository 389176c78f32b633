"""Behind the system's sshd, without one: the line that it runs for a key, and what that does in whose name."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.opening import ending
from console.ssh import carry_out, forced
from console.ssh.authorized_keys import HEAD, line, lines
from console.ssh.order import Order
from engine.access import seal
from engine.errors import Forbidden, Refusal
from engine.records import SealedKey
from tests.people import key_of, open_engine

OPAL, EVE = key_of("opal"), key_of("eve")
CAME = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22", "SSH_ORIGINAL_COMMAND": "status --json"}
KEY = SealedKey("opal", OPAL.fingerprint, OPAL.line, "5ea1")


@pytest.fixture(autouse=True)
def _hung_up_as_before() -> Iterator[None]:
    """A session says for its whole process what its client's end does."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def place(home: Path) -> Path:
    with closing(open_engine(home, "ada", create=True)) as ada:
        ada.add_operator("opal", "operator", "a colleague", keys=[OPAL.line])
    return home


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """What would have been done."""
    found: list[Order] = []

    def keep(order: Order) -> int:
        found.append(order)
        return 7

    monkeypatch.setattr(carry_out, "carry_out", keep)
    return found


def came(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """From here on the process is one that sshd started."""
    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **CAME, **more})


def rows(home: Path) -> list[tuple[str, str, object]]:
    with closing(open_engine(home, "ada")) as ada:
        return [(row.actor, row.action, row.details.get("from")) for row in ada.audit()]


def test_whose_key_it_was_has_their_command_done_and_is_written_down(
    place: Path, carried: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal.of(place, OPAL.fingerprint)
    with monkeypatch.context() as patch:
        came(patch, PYTHONPATH="/tmp/evil", LEVERFRAME_OPERATOR="ada", LD_PRELOAD="/tmp/evil.so", WAREHOUSE="db")
        assert forced.attend(place, OPAL.fingerprint, sealed) == 7
        assert os.environ["WAREHOUSE"] == "db" and not {"SSH_CONNECTION", "SSH_ORIGINAL_COMMAND"} & {*os.environ}
        assert not {"PYTHONPATH", "LEVERFRAME_OPERATOR", "LD_PRELOAD"} & {*os.environ}
    assert carried == [Order(str(place), OPAL.fingerprint, "192.0.2.7", "status --json")]
    assert rows(place)[:2] == [("opal", "logout", "192.0.2.7"), ("opal", "login", "192.0.2.7")]


def test_whoever_is_ended_at_once_has_left_and_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that did not leave by itself when its line was gone."""

    def hang(order: Order) -> int:
        ending.at_once(129, end=sys.exit)
        raise AssertionError("it went on")

    sealed = seal.of(place, OPAL.fingerprint)
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as ended:
        came(patch)
        patch.setattr(carry_out, "carry_out", hang)
        patch.setattr(ending, "give_back", lambda modes: None)
        forced.attend(place, OPAL.fingerprint, sealed)
    assert ended.value.code == 129
    assert [row[:2] for row in rows(place)[:3]] == [("opal", "logout"), ("opal", "login"), ("ada", "add-operator")]


def test_without_the_right_seal_or_a_key_that_is_somebodys_nothing_is_done(
    place: Path, carried: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, hers = seal.of(place, OPAL.fingerprint), seal.of(place, EVE.fingerprint)
    for fingerprint, sealed, why in (
        (OPAL.fingerprint, hers, "was not written by"),
        (OPAL.fingerprint, "", "was not written by"),
        (EVE.fingerprint, mine, "was not written by"),
        (EVE.fingerprint, hers, "is bound to no operator"),
    ):
        with monkeypatch.context() as patch, pytest.raises(Forbidden, match=why):
            came(patch)
            forced.attend(place, fingerprint, sealed)
    with closing(open_engine(place, "ada")) as ada:
        ada.disable_operator("opal", "left")
    with monkeypatch.context() as patch, pytest.raises(Forbidden, match="may not work here any more"):
        came(patch)
        forced.attend(place, OPAL.fingerprint, mine)
    assert carried == [] and "login" not in [row[1] for row in rows(place)]
    assert [row for row in rows(place) if row[1] == "turned-away"] == [("the door", "turned-away", "192.0.2.7")] * 2


@pytest.mark.parametrize("said", ["", "here 1 there 2", "'; id 1 2 3"])
def test_outside_of_sshd_nothing_is_done(
    place: Path, carried: list[Order], monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    sealed = seal.of(place, OPAL.fingerprint)
    with monkeypatch.context() as patch, pytest.raises(Refusal, match="for a forced command of sshd"):
        came(patch, SSH_CONNECTION=said)
        forced.attend(place, OPAL.fingerprint, sealed)
    assert carried == []


def test_of_an_address_the_interface_is_left_out(
    place: Path, carried: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal.of(place, OPAL.fingerprint)
    with monkeypatch.context() as patch:
        came(patch, SSH_CONNECTION="fe80::1%eth0 50000 fe80::2%eth0 22")
        forced.attend(place, OPAL.fingerprint, sealed)
    assert [order.source for order in carried] == ["fe80::1"]


def test_a_line_leads_its_key_to_the_workspace_and_to_nothing_else() -> None:
    home = Path('/srv/a "b" $(id) `id` # c')
    (*head, written) = lines([KEY], "/opt/my venv/bin/python", home)
    assert head == [*HEAD] and all(each.startswith("#") for each in head)
    options, _, rest = written.partition('command="')
    command, _, key = rest.rpartition('" ')
    assert options == "restrict,pty," and key == f"{OPAL.line} opal"
    # As sshd takes the quotation away, and the shell that it gives the command to reads it.
    assert shlex.split(command.replace('\\"', '"')) == [
        "/opt/my venv/bin/python", "-I", "-m", "console", "--home", str(home), "ssh",
        "--key", OPAL.fingerprint, "--seal", "5ea1",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["/srv/a\nssh-ed25519 AAAA eve", "/srv/a\\", '/srv/\\" evil', "/srv/\x1b[31m"])
def test_a_path_that_would_end_a_line_or_its_quotation_is_refused(place: str) -> None:
    with pytest.raises(Refusal, match="cannot stand in authorized_keys"):
        line(KEY, "/usr/bin/python3", Path(place))
    with pytest.raises(Refusal, match="cannot stand in authorized_keys"):
        line(KEY, place, Path("/srv"))
