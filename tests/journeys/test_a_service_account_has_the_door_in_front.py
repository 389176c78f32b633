"""The set-up of docs/service-account.sh, tried by real accounts: the service's, an operator's and a stranger's."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path

import psutil
import pytest

from engine.schedule.unit import installed
from tests import tiny
from tests.openssh import Client, free_port

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs/service-account.sh"
PATIENCE = 120
COMMAND = "#!{python}\nfrom console.__main__ import main\nraise SystemExit(main())\n"
NEEDED = ("ssh", "ssh-keygen", "useradd", "userdel", "setpriv", "setsid", "unshare", "git")
# Where systemd runs the script does not see it: no unit is installed on the machine of the tests.
UNSEEN = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run/systemd && exec "$@"', "sh")
SEEN = Path("/run/systemd/system").is_dir()
SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make accounts"),
    pytest.mark.skipif(any(shutil.which(each, path=SBIN) is None for each in NEEDED), reason=f"wants {NEEDED}"),
]


def told(words: Sequence[object], given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], input=given, capture_output=True, text=True, timeout=PATIENCE, cwd="/",
        env={**os.environ, "PATH": SBIN, **environment},
    )  # fmt: skip


@dataclass(frozen=True)
class Account:
    """One of the system, as which commands are run with nothing of root's."""

    name: str

    @property
    def home(self) -> Path:
        return Path(pwd.getpwnam(self.name).pw_dir)

    def words(self, *command: object) -> list[str]:
        mine = [f"--reuid={self.name}", f"--regid={self.name}", "--init-groups", "--no-new-privs", "--reset-env"]
        return ["setpriv", *mine, "env", *map(str, command)]  # what setpriv starts, it finds with root's power

    def __call__(self, *command: object) -> subprocess.CompletedProcess[str]:
        return told(self.words(*command))


def remove(name: str) -> None:
    """The account ``name`` with its folder and whatever still runs as it, all of which these tests began."""
    try:
        number = pwd.getpwnam(name).pw_uid
    except KeyError:
        return
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            if number in process.uids():
                process.kill()
                process.wait(PATIENCE)
    told(["userdel", "--force", "--remove", name])
    told(["groupdel", name])


@pytest.fixture(scope="module")
def names() -> Iterator[tuple[str, str, str]]:
    """Names for the account of the service, which the script makes, and those of two people, which are there."""
    service, ada, eve = (f"lf{os.getpid()}-{each}" for each in ("door", "ada", "eve"))
    try:
        for person in (ada, eve):
            made = told(["useradd", "--create-home", "--user-group", "--shell", "/bin/sh", person])
            assert made.returncode == 0, made.stderr
            keys = pwd.getpwnam(person).pw_dir + "/key"
            made = Account(person)("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys)
            assert made.returncode == 0, made.stderr
        yield service, ada, eve
    finally:
        for name in (service, ada, eve):
            remove(name)


def base_python(place: Path) -> Path:
    """A Python of this one's kind that other accounts may run: one that is there, or a copy of this one."""
    kind = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    there = [Path(each) / kind for each in (f"{sys.base_prefix}/bin", "/usr/bin", "/usr/local/bin")]
    for each in there:
        if runs_for_others(each):
            return each
    mine, copy = Path(sys.base_prefix), place / "python"
    leave_out = shutil.ignore_patterns("__pycache__", "site-packages", "test", "idlelib", "tkinter")
    shutil.copytree(mine / "lib" / kind, copy / "lib" / kind, ignore=leave_out)
    for each in (mine / "lib").glob("libpython*"):
        shutil.copy(each, copy / "lib")
    (copy / "bin").mkdir()
    library = f"{mine}/lib\0".encode()  # where the program looks for it, if it has one
    found = (mine / "bin" / kind).read_bytes().replace(library, b"$ORIGIN/../lib".ljust(len(library), b"\0"))
    (copy / "bin" / kind).write_bytes(found)
    (copy / "bin" / kind).chmod(0o755)
    open_to_all(place)
    assert runs_for_others(copy / "bin" / kind), f"no {kind} that other accounts may run: of {there} none, nor a copy"
    return copy / "bin" / kind


def runs_for_others(python: Path) -> bool:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env"]
    return python.exists() and told([*nobody, python, "-I", "-c", "import venv, ensurepip, sqlite3"]).returncode == 0


def open_to_all(place: Path) -> None:
    """Let everybody read what lies there."""
    told(["chmod", "-R", "u+rwX,go+rX,go-w", place])


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """Leverframe where root alone writes and everybody reads, without a network: a copy of what runs the tests."""
    with tempfile.TemporaryDirectory(dir="/opt", prefix="leverframe-test-") as place:
        before = os.umask(0o022)
        try:
            made = told([base_python(Path(place)), "-I", "-m", "venv", "--without-pip", f"{place}/venv"])
            assert made.returncode == 0, made.stderr
            library = next(Path(place, "venv/lib").glob("python3*/site-packages"))
            locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/ssh.txt").read_text(), re.M)
            for package in ("leverframe", *locked):
                copied(package, library)
            for folder in ("engine", "console"):
                shutil.copytree(ROOT / folder, library / folder, ignore=shutil.ignore_patterns("__pycache__"))
            command = Path(place, "venv/bin/leverframe")
            command.write_text(COMMAND.format(python=command.with_name("python")))
            command.chmod(0o755)
            open_to_all(Path(place))
        finally:
            os.umask(before)
        yield command


def copied(package: str, library: Path) -> None:
    """Copy a package; of one that is installed editably, what says that it is there."""
    for file in distribution(package).files or ():
        source = Path(str(distribution(package).locate_file(file)))
        place = Path(os.path.normpath(library / file))
        if source.suffix not in (".pyc", ".pth") and source.exists() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)


def script(*given: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the script says to these words."""
    return told([*(UNSEEN if SEEN else ()), "sh", SCRIPT, *given], **environment)


@dataclass(frozen=True)
class SetUp:
    """What the script was given, and what it said the first time."""

    service: Account
    words: tuple[str, ...]
    said: str

    @property
    def workspace(self) -> Path:
        return self.service.home / "workspace"


@pytest.fixture(scope="module")
def made(names: tuple[str, str, str], program: Path) -> SetUp:
    service, ada, _ = names
    words = (
        "--operator", "ada", "--key", str(Account(ada).home / "key.pub"), "--account", service,
        "--leverframe", str(program), "--port", str(free_port()),
    )  # fmt: skip
    tried = script(*words, "--dry-run")
    assert tried.returncode == 0 and "useradd --system" in tried.stdout, tried
    with pytest.raises(KeyError):
        pwd.getpwnam(service)
    (program.parents[2] / "sitecustomize.py").write_text("raise SystemExit('taken from the environment of root')")
    done = script(*words, LEVERFRAME_OPERATOR="somebody", PYTHONPATH=str(program.parents[2]))
    assert done.returncode == 0, done
    return SetUp(Account(service), words, done.stdout)


@pytest.fixture(scope="module")
def ssh(made: SetUp, names: tuple[str, str, str]) -> Iterator[dict[str, Client]]:
    """``ssh`` of each person, run as their account, to the door that is begun as the script says."""
    found = re.search(r"^    (setpriv .*)$", made.said, re.M)
    assert found is not None, made.said
    door = subprocess.Popen(
        shlex.split(found[1]), cwd="/", env={"PATH": SBIN}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert door.stdout is not None
        said = ""
        while "The door is open" not in said:
            said = door.stdout.readline()
            assert said, "the door did not open"
        assert {psutil.Process(door.pid).uids().real} == {pwd.getpwnam(made.service.name).pw_uid}
        yield {each: Client(Account(each).home, int(made.words[-1])) for each in names[1:]}
    finally:
        door.terminate()
        door.wait(PATIENCE)  # not for what it started: that goes on, and ends with the account
        assert door.stdout is not None
        door.stdout.close()


def come(ssh: dict[str, Client], account: str, *command: str) -> subprocess.CompletedProcess[str]:
    return Account(account)(*ssh[account].words("key"), "127.0.0.1", *command)


def test_nobody_can_log_in_as_the_account_and_its_folder_is_shut(made: SetUp) -> None:
    found = pwd.getpwnam(made.service.name)
    shadow = told(["getent", "shadow", made.service.name]).stdout.split(":")[1]
    assert (found.pw_shell, shadow[:1], found.pw_uid < 1000) == ("/usr/sbin/nologin", "!", True)
    for folder in (made.service.home, made.workspace):
        assert (folder.owner(), folder.stat().st_mode & 0o027) == (made.service.name, 0)


def test_the_unit_is_one_of_the_account_and_of_its_workspace(made: SetUp, tmp_path: Path) -> None:
    shown = re.findall(r"^    (.*)$", script(*made.words, "--dry-run").stdout, re.M)
    assert f"User={made.service.name}" in shown and "WantedBy=multi-user.target" in shown and "<-" not in "".join(shown)
    (tmp_path / "door.service").write_text("\n".join(shown))
    assert [unit.home for unit in installed([tmp_path])] == [made.workspace]


def test_neither_person_can_read_write_or_open_the_workspace(
    made: SetUp, names: tuple[str, str, str], program: Path
) -> None:
    ledger = made.workspace / "ledger.db"
    python = program.with_name("python")
    opened = f"import sqlite3; print(sqlite3.connect('file:{ledger}?mode=ro', uri=True).execute('select 1').fetchall())"
    for person in map(Account, names[1:]):
        for words in (
            ["ls", made.workspace], ["cat", ledger], [python, "-c", opened], ["touch", made.workspace / "x"],
            ["cp", "/etc/hostname", ledger], ["ls", made.service.home], ["touch", program],
        ):  # fmt: skip
            tried = person(*words)
            assert tried.returncode != 0 and tried.stdout == "", (words, tried)
        refused = person(program, "--home", made.workspace, "status")
        assert (refused.returncode, refused.stdout) == (1, "") and "This account may not look at" in refused.stderr
    assert not (made.workspace / "x").exists()


def test_the_account_itself_is_no_operator(made: SetUp, program: Path) -> None:
    refused = made.service(program, "--home", made.workspace, "status")
    assert refused.returncode == 1 and "is bound to no operator of this workspace" in refused.stderr


def test_an_operator_works_by_their_key_and_a_stranger_does_not(
    made: SetUp, ssh: dict[str, Client], names: tuple[str, str, str], today: datetime
) -> None:
    service, ada, eve = names
    status = come(ssh, ada, "status", "--json")
    assert (status.returncode, json.loads(status.stdout)["operator"]) == (0, "ada"), status
    stranger = come(ssh, eve, "status")
    assert stranger.returncode == 255 and "Permission denied (publickey)" in stranger.stderr

    doctor = come(ssh, ada, "doctor", "--json").stdout
    owner = next(each for each in json.loads(doctor)["findings"] if each["what"] == "owner")
    assert owner["verdict"] == "ok" and f"{service}, which nobody logs in as" in owner["sentence"], owner

    project = tiny.make(made.workspace / "exchange/tiny", begins=today - timedelta(days=300))
    told(["chown", "-R", f"{service}:{service}", project])
    for verb in ("add tiny", "retrain tiny --wait", "approve tiny@1 --reason \"'better than none'\""):
        done = come(ssh, ada, verb)
        assert done.returncode == 0, (verb, done)
    assert "tiny@1" in come(ssh, ada, "status").stdout
    rows = json.loads(come(ssh, ada, "audit", "--json").stdout)
    approval = next(row for row in rows if row["action"] in ("approve", "swap", "release"))
    assert approval["actor"] == "ada" and approval["proof"].startswith("key SHA256:"), approval


def test_run_again_it_changes_nothing_and_shows_the_host_key(made: SetUp, ssh: dict[str, Client]) -> None:
    before = told(["getent", "passwd", made.service.name]).stdout
    again = script(*made.words)
    assert again.returncode == 0 and "nothing was changed" in again.stdout and "+ useradd" not in again.stdout, again
    assert re.search(r"^The host's key: SHA256:\S{43}$", again.stdout, re.M)
    assert f"ada comes in with: ssh -p {made.words[-1]} 127.0.0.1" in again.stdout
    assert told(["getent", "passwd", made.service.name]).stdout == before


def refused(words: Sequence[object], why: str, *more: object) -> None:
    done = script(*words, *more)
    assert done.returncode == 1 and why in done.stderr and "+ " not in done.stdout, done


def test_what_is_not_right_is_refused_before_anything_is_made(made: SetUp, names: tuple[str, str, str]) -> None:
    service, ada, _ = names
    refused(made.words, "People can log in as", "--account", ada)
    refused(made.words, "is root by another name", "--account", "root")
    refused(made.words, "is there for something else", "--account", "nobody")
    refused(made.words, "which it cannot be", "--account", "../x")
    refused(made.words, "which it cannot be", "--listen", "0.0.0.0\nExecStartPre=/bin/sh")
    refused(made.words, "There is no key file", "--key", "/nonexistent")
    refused(made.words[:2], "Say which key")
    refused(made.words, "systemd does not run here", "--start")
    refused(made.words, "is no option", "--widen", "x")
    refused(made.words, "There is no such command", "--leverframe", "/nonexistent")
    other = Path(f"/var/lib/{service}x")
    other.mkdir()
    try:
        refused(made.words, "belongs to another account", "--account", other.name)
    finally:
        other.rmdir()
    by_ada = Account(ada)("sh", "-c", SCRIPT.read_text(), SCRIPT, *made.words)
    assert by_ada.returncode == 1 and "Only root can make an account" in by_ada.stderr
    done = script(*made.words, "--key", Account(names[2]).home / "key.pub")
    assert done.returncode == 1 and "is bound to no operator" in done.stderr


def test_what_was_widened_since_is_refused_and_left_as_it_is(made: SetUp, program: Path) -> None:
    name = made.service.name
    for widen, back, why in (
        (["usermod", "--shell", "/bin/bash", name], ["usermod", "--shell", "/usr/sbin/nologin", name], "can log in as"),
        (["usermod", "--password", "", name], ["usermod", "--password", "!", name], "has a password, or none"),
        (["chmod", "o+rx", made.service.home], ["chmod", "750", made.service.home], "Others than"),
        (["chmod", "o+r", made.workspace], ["chmod", "750", made.workspace], "Others than"),
        (["chmod", "g+w", program], ["chmod", "755", program], "Others than root can change"),
        (["chown", name, program], ["chown", "root", program], "Others than root can change"),
        (["chmod", "700", program.parents[2]], ["chmod", "755", program.parents[2]], "may not enter"),
    ):  # fmt: skip
        assert told(widen).returncode == 0
        try:
            refused(made.words, why)
        finally:
            assert told(back).returncode == 0
