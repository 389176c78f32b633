"""Two operators, and some who are none, at the door with OpenSSH's own client and all of its switches."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.api import open_engine
from tests.openssh import PATIENCE, Client, door, free_port, make_keys, needs_client

pytestmark = needs_client


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_keys(tmp_path_factory.mktemp("openssh") / "keys", "ada", "opal", "nobody", "short")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    place = tmp_path_factory.mktemp("door") / "home"
    engine = open_engine(place, create=True)
    for name in ("ada", "opal"):
        role = "admin" if name == "ada" else "operator"
        engine.add_operator(name, role, "for a test", keys=[(keys / f"{name}.pub").read_text()])
    engine.close()
    return place


@pytest.fixture(scope="module")
def opened(home: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    with door(home) as found:
        yield found


@pytest.fixture
def ssh(keys: Path, opened: tuple[int, subprocess.Popen[str]]) -> Client:
    return Client(keys, opened[0])


def sessions(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_a_verb_answers_as_on_the_machine(ssh: Client) -> None:
    told = ssh("opal", "status", "--json")
    assert (told.returncode, json.loads(told.stdout)["operator"]) == (0, "opal")
    assert ssh("ada", "operators list").returncode == 0
    assert ssh("opal", "show nothing@1").returncode == 1
    assert ssh("opal", "no-such-verb").returncode == 2


@pytest.mark.parametrize("command", ["status; id", "status `id`", "status | id", "$(id)", "sh -c id", "status && id"])
def test_nothing_of_a_shell_means_anything(ssh: Client, command: str) -> None:
    told = ssh("opal", command)
    assert told.returncode in (1, 2) and told.stdout == "" and "uid=" not in told.stderr


@pytest.mark.parametrize("who", ["nobody", "short"])
def test_whoever_has_no_key_that_is_bound_stays_outside(ssh: Client, home: Path, who: str) -> None:
    told = ssh(who, "status")
    assert told.returncode == 255 and "Permission denied (publickey)" in told.stderr


def test_a_forwarded_port_leads_nowhere(ssh: Client, home: Path) -> None:
    for switches in (["-W", "127.0.0.1:22"], ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22"]):
        told = ssh("opal", switches=switches)
        assert told.returncode == 255, told
    for switches in (["-L", f"{home}/l.sock:127.0.0.1:22"], ["-D", str(free_port())]):  # only the client listens
        assert ssh("opal", "status --json", switches=switches).returncode == 0
    told = ssh("opal", "status --json", switches=["-R", f"{home}/r.sock:127.0.0.1:22"])
    assert "forwarding failed" in told.stderr and not (home / "r.sock").exists()


def listening(process: subprocess.Popen[str]) -> set[str]:
    """Where the door and what it started listen; a forwarded agent or display would be a socket of theirs."""
    every = psutil.Process(process.pid).net_connections("all")
    return {str(each.laddr) for each in every if each.laddr and each.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)}


def test_agents_and_displays_are_not_forwarded(ssh: Client, opened: tuple[int, subprocess.Popen[str]]) -> None:
    before = listening(opened[1])
    client = subprocess.Popen(
        [*ssh.words("opal", "-A", "-X", "-tt"), "127.0.0.1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "DISPLAY": ":0", "SSH_AUTH_SOCK": "/nonexistent"},
    )  # fmt: skip
    assert client.stdout is not None and client.stdout.read(1)
    assert listening(opened[1]) == before and len(before) == 1
    client.kill()
    client.communicate()


def test_files_are_not_copied(ssh: Client, tmp_path: Path) -> None:
    for program in (["sftp"], ["scp"], ["scp", "-O"]):
        rest = ["127.0.0.1"] if program == ["sftp"] else ["127.0.0.1:/etc/passwd", str(tmp_path / "got")]
        told = ssh.run([*ssh.words("opal", *program[1:], program=program[:1]), *rest])
        assert told.returncode != 0 and not (tmp_path / "got").exists()
    (tmp_path / "sent").write_text("x")
    told = ssh.run([*ssh.words("opal", program=["scp"]), str(tmp_path / "sent"), "127.0.0.1:/tmp/leverframe-sent"])
    assert told.returncode != 0 and not Path("/tmp/leverframe-sent").exists()
    assert ssh("opal", switches=["-s"], given="").returncode != 0


def test_variables_of_the_client_stay_with_it(ssh: Client) -> None:
    sent = ["-o", "SendEnv=*", "-o", "SetEnv=LEVERFRAME_OPERATOR=ada LEVERFRAME_HOME=/tmp LEVERFRAME_DEBUG=1"]
    told = ssh("opal", "status --json", switches=sent, LC_ALL="C", PYTHONPATH="/tmp")
    assert json.loads(told.stdout)["operator"] == "opal"


def test_the_fingerprint_is_the_one_that_the_client_sees(ssh: Client, home: Path, keys: Path) -> None:
    ssh("opal", "status")
    seen = subprocess.run(["ssh-keygen", "-lf", keys / "known_hosts"], capture_output=True, text=True).stdout
    from tests.cli.calling import call

    told = call("--home", home, "ssh", "--fingerprint", "--json").json
    assert told["fingerprint"] in seen
    assert (home / "keys" / "ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600


def test_a_client_that_is_killed_leaves_nothing(ssh: Client, opened: tuple[int, subprocess.Popen[str]]) -> None:
    _, process = opened
    words = [*ssh.words("opal", "-tt"), "127.0.0.1"]
    client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert client.stdout is not None and client.stdout.read(1)
    held = sessions(process)
    assert held
    client.kill()
    client.communicate()
    _, alive = psutil.wait_procs(held, timeout=PATIENCE)
    assert alive == []


def test_who_came_and_who_did_not_is_in_the_trail(ssh: Client, home: Path, keys: Path) -> None:
    assert ssh("nobody", "status").returncode == 255
    told = json.loads(ssh("ada", "audit --json").stdout)
    words = subprocess.run(["ssh-keygen", "-lf", keys / "nobody.pub"], capture_output=True, text=True).stdout.split()
    actions = {(row["actor"], row["action"], row["subject"]) for row in told}
    assert ("opal", "login", "ssh") in actions and ("opal", "logout", "ssh") in actions
    assert ("the door", "turned-away", words[1]) in actions
