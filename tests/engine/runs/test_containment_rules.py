"""What is opened to a step, and what the filter of calls lets through; all of it without holding anybody."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine.runs.steps import containment
from engine.runs.steps.containment import ALLOW, AUDIT_ARCH, REFUSE, program, rules, without

EPERM, EACCES, ENOSYS = 1, 13, 38
POINTER = 0x7F00_1234_0000


def box(folder: Path, **changed: Any) -> dict[str, Any]:
    step = folder / "home" / "runs" / "1" / "steps" / "train"
    for name in ("code", "input", "output", "tmp"):
        (step / name).mkdir(parents=True, exist_ok=True)
    environment = folder / "home" / "environments" / "abc"
    environment.mkdir(parents=True, exist_ok=True)
    return {
        "read": [],
        "own": [str(step / "input")],
        "environment": str(environment),
        "write": [str(step / name) for name in ("output", "tmp", "code")],
        "apart": [str(folder / "home")],
        "network": True,
    } | changed


def opened(asked: dict[str, Any], *, own_proc: bool = True) -> dict[str, int]:
    found: dict[str, int] = {}
    for path, rights in rules(asked, own_proc=own_proc):
        found[path] = found.get(path, 0) | rights
    return found


def reaches(found: dict[str, int], path: Path) -> int:
    """The rights that a step has on ``path``: those of every rule on the way to it."""
    rights = 0
    for place, given in found.items():
        if path == Path(place) or Path(place) in path.parents:
            rights |= given
    return rights


@pytest.mark.parametrize("java", ["java-17-openjdk", "java-21-openjdk"])
def test_java_finds_its_settings_and_not_who_may_manage_it_from_afar(tmp_path: Path, java: str) -> None:
    found = opened(box(tmp_path))
    assert reaches(found, Path("/etc") / java / "security" / "java.security") & containment.READ_FILE
    assert reaches(found, Path("/etc") / java / "management" / "jmxremote.password") == 0


def test_a_step_writes_to_its_output_its_temporary_folder_and_its_copy_of_the_code_only(tmp_path: Path) -> None:
    found = opened(box(tmp_path))
    step = tmp_path / "home/runs/1/steps/train"
    writable = {path for path, rights in found.items() if rights & containment.WRITE_FILE}
    assert {path for path in writable if not path.startswith("/dev/")} == {
        str(step / name) for name in ("output", "tmp", "code")
    }
    assert reaches(found, step / "input" / "data.csv") == containment.LOOK


@pytest.mark.parametrize(
    "path",
    ["ledger.db", "live/tiny", "objects/ab/cd", "runs/1/steps/score", "runs/2", "environments/other", "releases"],
)
def test_what_the_engine_keeps_is_not_opened(tmp_path: Path, path: str) -> None:
    assert reaches(opened(box(tmp_path)), tmp_path / "home" / path) == 0


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/ssl/private", "/root", "/home", "/var/lib", "/run/user"])
def test_of_the_system_only_what_libraries_need_is_opened(tmp_path: Path, path: str) -> None:
    assert reaches(opened(box(tmp_path)), Path(path)) == 0


def test_without_a_proc_of_its_own_a_step_is_given_its_own_entry_and_the_machines_numbers(tmp_path: Path) -> None:
    found = opened(box(tmp_path), own_proc=False)
    assert "/proc" not in found and "/proc/self" in found
    assert reaches(found, Path("/proc/1/environ")) == 0
    assert reaches(found, Path("/proc/meminfo")) & containment.READ_FILE
    assert not reaches(found, Path("/dev/shm")) & containment.READ_DIR


def test_no_device_can_be_made_and_only_harmless_ones_are_opened(tmp_path: Path) -> None:
    found = opened(box(tmp_path))
    assert not any(rights & (containment.MAKE_CHAR | containment.MAKE_BLOCK) for rights in found.values())
    assert reaches(found, Path("/dev/null")) & containment.WRITE_FILE
    assert reaches(found, Path("/dev/mem")) == reaches(found, Path("/dev/sda")) == 0


def test_a_workspace_inside_something_readable_stays_shut(tmp_path: Path) -> None:
    for name in ("data", "home/objects", "more/deep"):
        (tmp_path / name).mkdir(parents=True)
    found = opened(box(tmp_path, read=[str(tmp_path)]))
    assert reaches(found, tmp_path / "data" / "x.csv") == containment.LOOK
    assert reaches(found, tmp_path / "home" / "ledger.db") == 0
    assert reaches(found, tmp_path) == 0, "its listing would show the workspace; what lies in it is opened one by one"


def test_a_link_that_leads_into_the_workspace_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "home" / "objects").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "home" / "objects")
    assert reaches(opened(box(tmp_path, read=[str(tmp_path / "data")])), tmp_path / "home" / "objects" / "ab") == 0


def test_sockets_of_this_account_are_found_and_those_of_names_and_of_readable_folders_left(tmp_path: Path) -> None:
    for name in ("agent.sock", "data/asked.sock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    line = "0000000000000000: 00000002 00000000 00010000 0001 01 12345 "
    paths = (*2 * (f"{tmp_path}/agent.sock",), f"{tmp_path}/data/asked.sock", f"{tmp_path}/gone", "@x")
    table = tmp_path / "unix"
    table.write_text("Num RefCount Protocol Flags Type St Inode Path\n" + "".join(f"{line}{each}\n" for each in paths))
    asked = box(tmp_path, read=[str(tmp_path / "data")])
    assert containment.listeners(asked, str(table)) == [str(tmp_path / "agent.sock")]
    assert containment.listeners(asked, str(tmp_path / "nothing")) == []


def test_a_link_beside_a_workspace_inside_something_readable_opens_nothing_of_it(tmp_path: Path) -> None:
    for name in ("home/objects", "data", "elsewhere"):
        (tmp_path / "opt" / name).mkdir(parents=True)
    (tmp_path / "far").mkdir()
    links = {"current": "home", "part": "home/objects", "up": ".", "root": "/", "more": "data", "far": "../far"}
    for name, where in links.items():
        (tmp_path / "opt" / name).symlink_to(where)
    shut = [str(tmp_path / "opt" / "home")]
    left = set(without(str(tmp_path / "opt"), shut))
    assert left == {str(tmp_path / each) for each in ("opt/data", "opt/elsewhere", "far")}


@pytest.mark.parametrize(
    ("path", "shut", "left"),
    [
        ("/a/b", [], ["/a/b"]),
        ("/a/b", ["/a/bc"], ["/a/b"]),
        ("/a/b", ["/a/b"], []),
        ("/a/b/c", ["/a/b"], []),
        ("/a/b", ["/x"], ["/a/b"]),
    ],
)
def test_what_is_left_of_a_path_without_what_is_shut(path: str, shut: list[str], left: list[str]) -> None:
    assert list(without(path, shut)) == left


def test_of_an_interpreters_prefix_only_the_folders_of_software_are_opened(tmp_path: Path) -> None:
    home = tmp_path / "someone"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").write_text("")
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(home / "bin" / "python3")
    found = containment.interpreter(str(tmp_path / "env"))
    assert str(home / "lib") in found and str(home) not in found


# The filter, carried out as the kernel does.


def judged(machine: str, number: int, *arguments: int, network: bool = True, arch: int | None = None) -> int:
    """What the filter answers to a call: ALLOW, or REFUSE with the error in its low half."""
    data = {0: number, 4: AUDIT_ARCH[machine] if arch is None else arch}
    for place in range(6):
        value = arguments[place] if place < len(arguments) else 0
        data[16 + 8 * place], data[20 + 8 * place] = value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF
    code, at, held = program(machine, network=network), 0, 0
    while True:
        what, yes, no, value = code[at]
        at += 1
        if what == 0x20:
            held = data[value]
        elif what == 0x06:
            return value
        else:
            true = {0x15: held == value, 0x35: held >= value, 0x45: held & value != 0}[what]
            at += yes if true else no


MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
# write, openat, clone, execve, mmap, futex, exit_group, kill: what every program does, by machine
ORDINARY = {"x86_64": (1, 257, 56, 59, 9, 202, 231, 62), "aarch64": (64, 56, 220, 221, 222, 98, 94, 129)}
NUMBERS = {
    "x86_64": {
        "prlimit": 302, "socket": 41, "priority": 141, "ioprio": 251, "scheduler": 144, "fchmodat": 268, "clone": 56,
        "socketpair": 53, "affinity": 203,
    },
    "aarch64": {
        "prlimit": 261, "socket": 198, "priority": 140, "ioprio": 30, "scheduler": 119, "fchmodat": 53, "clone": 220,
        "socketpair": 199, "affinity": 122,
    },
}  # fmt: skip


@MACHINES
def test_what_every_program_does_passes_the_filter(machine: str) -> None:
    assert {judged(machine, number, 7, 8, 9, network=False) for number in ORDINARY[machine]} == {ALLOW}


@MACHINES
def test_each_call_of_the_table_gets_its_answer(machine: str) -> None:
    for number, error in containment.CALLS[machine].values():
        assert judged(machine, number, 1, 2, 3) == REFUSE | error
    assert judged(machine, NUMBERS[machine]["fchmodat"]) == REFUSE, "taken for done: no error"


# Numbers of calls as the kernel's own tables have them, by what a held step is answered: none may go missing.
REFUSED = {
    "x86_64": {
        0: (90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280),  # chmod, chown and utime in all their forms
        95: (188, 189, 190, 197, 198, 199, 463, 466),  # extended attributes
        # file_setattr, keys, bpf, perf; fanotify; namespaces and mounts; files by handle; userfaultfd
        EPERM: (
            469, 248, 249, 250, 321, 298, 300, 272, 308, 165, 166, 155, 161, 428, 429, 430, 433, 442, 467, 304, 323,
        ),
        # io_uring, System V, message queues; inotify; clone3, whose arguments a filter cannot read
        ENOSYS: (425, 29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241, 253, 294, 435),
    },
    "aarch64": {
        0: (52, 53, 452, 54, 55, 88),
        95: (5, 6, 7, 14, 15, 16, 463, 466),
        EPERM: (
            469, 217, 218, 219, 280, 241, 262, 97, 268, 40, 39, 41, 51, 428, 429, 430, 433, 442, 467, 265, 282,
        ),
        ENOSYS: (425, 194, 196, 195, 190, 193, 191, 192, 186, 189, 188, 187, 180, 181, 26, 435),
    },
}  # fmt: skip


@MACHINES
def test_no_call_that_landlock_has_no_word_for_gets_through(machine: str) -> None:
    for error, numbers in REFUSED[machine].items():
        assert {number: judged(machine, number) for number in numbers} == dict.fromkeys(numbers, REFUSE | error)
    assert len(containment.CALLS[machine]) == sum(map(len, REFUSED[machine].values())), "say here what a new one gets"


@MACHINES
def test_limits_of_other_processes_are_refused_and_its_own_and_questions_pass(machine: str) -> None:
    number = NUMBERS[machine]["prlimit"]
    assert judged(machine, number, 0, 7, POINTER, 0) == ALLOW
    assert judged(machine, number, 4711, 7, 0, POINTER) == ALLOW
    assert judged(machine, number, 4711, 7, POINTER, 0) == REFUSE | EPERM
    assert judged(machine, number, 4711, 7, 1 << 32, 0) == REFUSE | EPERM, "a pointer with an empty low half"


@MACHINES
def test_ranks_of_others_are_refused(machine: str) -> None:
    numbers = NUMBERS[machine]
    assert judged(machine, numbers["priority"], 0, 0, 19) == ALLOW
    assert judged(machine, numbers["priority"], 0, 4711, 19) == REFUSE | EPERM
    assert judged(machine, numbers["priority"], 2, 0, 19) == REFUSE | EPERM, "all processes of the account"
    assert judged(machine, numbers["ioprio"], 1, 0, 3) == ALLOW
    assert judged(machine, numbers["ioprio"], 3, 0, 3) == REFUSE | EPERM
    assert judged(machine, numbers["scheduler"], 0, 5) == ALLOW
    assert judged(machine, numbers["scheduler"], 4711, 5) == REFUSE | EPERM
    assert judged(machine, numbers["affinity"], 0, 8, POINTER) == ALLOW
    assert judged(machine, numbers["affinity"], 4711, 8, POINTER) == REFUSE, "taken for done: a thread may be meant"


@MACHINES
def test_flags_of_files_are_not_changed_and_other_requests_pass(machine: str) -> None:
    number = 16 if machine == "x86_64" else 29
    for request in (0x40086602, 0x401C5820, 0x40806685):
        assert judged(machine, number, 3, request) == REFUSE | 95
    for request in (0x5401, 0x80086601, 0x40049409):
        assert judged(machine, number, 3, request) == ALLOW, "a terminal? its flags? a copy that shares blocks"


@MACHINES
def test_a_process_is_made_and_a_thread_and_no_namespace(machine: str) -> None:
    clone = NUMBERS[machine]["clone"]
    assert judged(machine, clone, 0x01200011) == ALLOW, "fork"
    assert judged(machine, clone, 0x003D0F00) == ALLOW, "a thread"
    for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert judged(machine, clone, flag | 17) == REFUSE | EPERM
    assert judged(machine, 435) == REFUSE | ENOSYS, "clone3, whose flags no filter sees: libraries then take clone"


@MACHINES
@pytest.mark.parametrize(("family", "inside"), [(1, True), (2, False), (10, False), (16, False), (17, False)])
def test_without_network_only_unix_sockets_are_made(machine: str, family: int, inside: bool) -> None:
    for number in (NUMBERS[machine]["socket"], NUMBERS[machine]["socketpair"]):
        assert judged(machine, number, family, 1, 0) == ALLOW
        assert judged(machine, number, family, 1, 0, network=False) == (ALLOW if inside else REFUSE | EACCES)


def test_calls_by_another_machines_numbers_are_refused() -> None:
    assert judged("x86_64", 15, arch=0x40000003) == REFUSE | ENOSYS, "32 bits"
    assert judged("x86_64", 0x40000000 + 1) == REFUSE | ENOSYS, "x32"
    assert judged("aarch64", 1, arch=0x40000028) == REFUSE | ENOSYS


@MACHINES
def test_the_filter_ends_whatever_it_is_asked(machine: str) -> None:
    code = program(machine, network=False)
    assert len(code) < 4096 and code[-1] == (0x06, 0, 0, ALLOW)
    assert all(at + 1 + max(yes, no) < len(code) for at, (what, yes, no, _) in enumerate(code) if what != 0x06)


# cgroups, on files that look like them


def group(folder: Path, controllers: str = "cpu memory pids") -> str:
    own = folder / "leverframe.service" / "engine"
    own.mkdir(parents=True)
    (own.parent / "cgroup.controllers").write_text(controllers)
    return str(own)




def test_a_group_of_this_accounts_around_its_own_is_delegated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = group(tmp_path)
    # Root would have to find the mark of systemd, which only a cgroup can carry.
    monkeypatch.setattr(containment, "_is_marked", lambda path: path == os.path.dirname(own))
    assert containment.delegated(own) == os.path.dirname(own)


def test_a_group_without_limits_of_processes_or_not_there_is_none(tmp_path: Path) -> None:
    assert containment.delegated(group(tmp_path, "cpu memory")) is None
    assert containment.delegated(str(tmp_path / "nothing" / "here")) is None
    assert containment.delegated("") is None


def test_a_group_is_made_with_its_limits(tmp_path: Path) -> None:
    own = group(tmp_path)
    made = containment.make_group(os.path.dirname(own), "leverframe-1", memory=800, tasks=50)
    assert made is not None
    assert (Path(made) / "pids.max").read_text() == "50"
    assert (Path(made) / "memory.max").read_text() == "900"
    assert (Path(own).parent / "cgroup.subtree_control").read_text() == "+pids +memory"
    containment.join_group(made)
    assert (Path(made) / "cgroup.procs").read_text() == "0"


def test_a_group_that_the_system_refuses_is_done_without(tmp_path: Path) -> None:
    assert containment.make_group(str(tmp_path / "not" / "there"), "leverframe-1", memory=800, tasks=50) is None


def test_without_network_landlock_refuses_tcp_by_itself(tmp_path: Path) -> None:
    """Where no filter knows the machine's calls this is all there is; from the fourth version on the kernel has it."""
    attempts = """
        import socket, sys
        from engine.runs.steps import containment

        containment._prctl(38, 1)
        containment._landlock(containment.abi(), [("/", containment.WORK)], network=sys.argv[1] == "True")
        for attempt in (lambda: socket.create_server(("127.0.0.1", 0)),
                        lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 60)):
            try:
                attempt()
                print("allowed")
            except PermissionError:
                print("refused")
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = {
            network: subprocess.run(
                [sys.executable, "-c", textwrap.dedent(attempts), str(network), str(server.getsockname()[1])],
                cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60, check=True,
            ).stdout.split()
            for network in (True, False)
        }  # fmt: skip
    assert said[True] == ["allowed", "allowed"]
    assert said[False] == ["refused" if containment.abi() >= 4 else "allowed"] * 2
