"""The system's own sshd before the console: each key leads to its operator, and to nothing else."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import open_engine
from tests.cli.calling import call
from tests.openssh import PATIENCE, Client, make_keys, needs_server, sshd

pytestmark = needs_server


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_keys(tmp_path_factory.mktemp("openssh") / "keys", "ada", "opal", "night", "gone", "authority")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    place = tmp_path_factory.mktemp("door") / "home"
    engine = open_engine(place, create=True)
    for name in ("ada", "opal", "night", "gone"):
        role = "admin" if name == "ada" else "operator"
        engine.add_operator(name, role, "for a test", keys=[(keys / f"{name}.pub").read_text()])
    engine.close()
    (keys / "authorized_keys").write_text(call("--home", place, "operators", "export-keys").out)
    return place


@pytest.fixture(scope="module")
def ssh(home: Path, keys: Path) -> Iterator[Client]:
    with sshd(keys, keys / "authorized_keys") as port:
        yield Client(keys, port, getpass.getuser())


def test_each_key_is_its_operator(ssh: Client, home: Path) -> None:
    for name in ("ada", "opal"):
        told = ssh(name, "status --json")
        assert (told.returncode, json.loads(told.stdout)["operator"]) == (0, name), told.stderr
    assert {("opal", "login"), ("opal", "logout"), ("ada", "login"), ("ada", "logout")} <= came_and_went(home)


@pytest.mark.parametrize("command", ["id", "sh", "status; id", "status `id`", "$(id)", "/bin/sh -c id", "'; id; '"])
def test_no_shell_is_had(ssh: Client, command: str) -> None:
    told = ssh("opal", command)
    assert told.returncode in (1, 2) and told.stdout == "" and "uid=" not in told.stderr


def test_the_rules_of_the_door_hold_here_too(ssh: Client) -> None:
    for command in (
        "status --home /tmp",
        "audit --export /tmp/x",
        "add /etc",
        "backup /tmp/x",
        "operators export-keys",
    ):
        told = ssh("ada", command)
        assert told.returncode == 1 and told.stderr.startswith("Over SSH "), told
    assert ssh("opal", switches=["-W", "127.0.0.1:22"]).returncode == 255
    told = ssh("opal", switches=["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22"])
    assert told.returncode == 255
    assert ssh.run([*ssh.words("opal", program=["sftp"]), f"{ssh.user}@127.0.0.1"]).returncode != 0


def test_the_console_opens_on_a_terminal(ssh: Client, home: Path) -> None:
    client = subprocess.Popen(
        [*ssh.words("night", "-tt"), "127.0.0.1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert client.stdin is not None and client.stdout is not None
    seen = b""
    for key, awaited in ((b"", b"LEVERFRAME"), (b"?", b"Keys")):
        client.stdin.write(key)
        client.stdin.flush()
        while awaited not in seen:
            more = client.stdout.read1(65_536)
            assert more, seen
            seen += more
    client.kill()
    client.communicate()
    until = time.monotonic() + PATIENCE
    while ("night", "logout") not in came_and_went(home):  # To ask takes a while.
        assert time.monotonic() < until, "nobody wrote down that night left"


def came_and_went(home: Path) -> set[tuple[str, str]]:
    return {(row["actor"], row["action"]) for row in call("--home", home, "audit", "--json").json}


def test_an_operator_who_is_disabled_is_refused_though_their_line_is_still_there(ssh: Client, home: Path) -> None:
    engine = open_engine(home)
    engine.disable_operator("gone", "left")
    engine.close()
    told = ssh("gone", "status --json")
    assert (told.returncode, told.stdout) == (1, "") and "may not work here any more" in told.stderr
    assert ("the door", "turned-away") in came_and_went(home) and ("gone", "login") not in came_and_went(home)
    assert "gone" not in call("--home", home, "operators", "export-keys").out


def test_without_its_seal_a_command_proves_nothing(home: Path) -> None:
    ada, opal = json.loads(call("--home", home, "operators", "export-keys", "--json").out)[:2]
    lines = call("--home", home, "operators", "export-keys").out.splitlines()
    seal = next(line.partition("--seal ")[2][:64] for line in lines if opal["fingerprint"] in line)
    came = {"SSH_CONNECTION": "127.0.0.1 1 127.0.0.1 22", "SSH_ORIGINAL_COMMAND": "status"}

    def typed(key: str, seal: str, **environment: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-I", "-m", "console", "--home", home, "ssh", "--key", key, "--seal", seal]
        return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=PATIENCE)

    for wrong in ("0" * 64, seal, "", "ü"):
        told = typed(ada["fingerprint"], wrong, **came)
        assert told.returncode == 1 and "was not written by" in told.stderr
    assert "forced command of sshd" in typed(opal["fingerprint"], seal).stderr
    assert typed(opal["fingerprint"], seal, **came).returncode == 0  # Whoever is the account can read the seal.


# The traps that docs/ssh.md names, each as it is.


def test_force_command_takes_the_place_of_the_keys_own(home: Path, keys: Path, tmp_path: Path) -> None:
    with sshd(tmp_path, keys / "authorized_keys", "ForceCommand echo instead") as port:
        assert Client(keys, port, getpass.getuser())("opal", "status").stdout == "instead\n"


def test_of_a_key_that_stands_twice_the_first_line_counts(home: Path, keys: Path, tmp_path: Path) -> None:
    lines = tmp_path / "authorized_keys"
    lines.write_text((keys / "opal.pub").read_text() + (keys / "authorized_keys").read_text())
    with sshd(tmp_path, lines) as port:
        assert "uid=" in Client(keys, port, getpass.getuser())("opal", "id").stdout  # a shell: that is the trap


def test_variables_that_sshd_takes_from_the_client_reach_no_interpreter(home: Path, keys: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('taken over')")
    with sshd(tmp_path, keys / "authorized_keys", "AcceptEnv *") as port:
        client = Client(keys, port, getpass.getuser())
        sent = ["-o", f"SetEnv=PYTHONPATH={tmp_path} LEVERFRAME_OPERATOR=ada PYTHONSTARTUP={tmp_path}/sitecustomize.py"]
        told = client("opal", "status --json", switches=sent)
        assert json.loads(told.stdout)["operator"] == "opal"


def test_a_certificate_is_nobody(home: Path, keys: Path, tmp_path: Path) -> None:
    """sshd takes one only where somebody wrote its authority into the file, which export-keys does not."""
    assert "cert-authority" not in (keys / "authorized_keys").read_text()
    subprocess.run(
        ["ssh-keygen", "-q", "-s", keys / "authority", "-I", "x", "-n", getpass.getuser(), keys / "gone.pub"],
        check=True,
    )
    with sshd(tmp_path, keys / "authorized_keys") as port:
        told = Client(keys, port, getpass.getuser())(
            "gone", "status", switches=["-o", f"CertificateFile={keys / 'gone-cert.pub'}"]
        )
        assert told.returncode == 1 and "may not work here any more" in told.stderr
