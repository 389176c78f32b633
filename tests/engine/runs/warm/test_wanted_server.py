"""Which step server a step asks for: the rules, as tables."""

from __future__ import annotations

import ast
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.runs.steps.server_warden import moved
from engine.runs.warm.wanted_server import (
    MOST_BYTES,
    MOST_MODULES,
    OURS,
    Wanted,
    keep_loaded,
    loaded_by,
    on_one_disk,
    read_loaded,
    shadows,
)
from tests.test_architecture import ROOT, STAND_ALONE

SECRET = bytes(range(32))
ONE = Wanted(
    kind="python", lock={"digest": "a"}, environment="/e/1", python="/e/1/bin/python", built="1 2 []",
    modules=("json", "pandas"), threads=1, memory=1 << 30, passed=("WAREHOUSE", "LANGUAGE"), read=("/data",),
    network=True,
)  # fmt: skip
OTHERS: dict[str, Any] = {
    "kind": "r", "lock": {"digest": "b"}, "environment": "/e/2", "python": "/e/1/bin/python3", "built": "1 3 []",
    "modules": ("pandas", "json"), "threads": 2, "memory": 2 << 30, "passed": ("WAREHOUSE",),
    "read": ("/data", "/more"), "network": False,
}  # fmt: skip


def test_the_table_has_every_field() -> None:
    assert {*OTHERS} == {*vars(ONE)}


@pytest.mark.parametrize("field", OTHERS)
def test_its_name_is_another_with_each_field(field: str) -> None:
    assert replace(ONE).name(SECRET) == ONE.name(SECRET)
    assert replace(ONE, **{field: OTHERS[field]}).name(SECRET) != ONE.name(SECRET)


@pytest.mark.parametrize(
    ("variable", "differs"),
    [
        ("WAREHOUSE", True), ("LANGUAGE", True), ("PATH", True), ("USER", True), ("LOGNAME", True),
        ("TMPDIR", False), ("HOME", False), ("UNKNOWN", False), ("PYTHONPATH", False), ("OMP_NUM_THREADS", False),
    ],
)  # fmt: skip
def test_its_name_is_another_with_each_variable_that_a_step_is_given(
    variable: str, differs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "one")
    before = ONE.name(SECRET)
    monkeypatch.setenv(variable, "another")
    assert (ONE.name(SECRET) != before) == differs
    monkeypatch.delenv(variable)
    assert (ONE.name(SECRET) != before) == differs


def test_its_name_is_another_with_each_file_that_stands_alone_with_its_warden() -> None:
    folder = "engine/runs/steps/"
    says = {
        path.name
        for path in (ROOT / folder).glob("*.py")
        if "stand-alone" in (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").lower()
    }
    assert says <= set(OURS), sorted(says - set(OURS))
    assert {folder + name for name in OURS} == {name for name in STAND_ALONE if name.startswith(folder)}


def test_its_name_says_nothing_to_who_does_not_know_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "secret")
    assert ONE.name(SECRET) != ONE.name(bytes(32)) and len(ONE.name(SECRET)) == 32 and ONE.name(SECRET).isalnum()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("json\nos.path\n", ("json", "os.path")), ("_io", ("_io",)), ("a-b", ("a-b",)), ("", ()), ("\n \n", ()),
        ("json\n/etc/passwd", ()), ("json\n.os", ()), ("os..path", ()), ("os.", ()), ("os\x00", ()), ("\x1b[2J", ()),
        ("m\u00fcll", ()), ("json;os", ()), ("json\n" * MOST_MODULES, ("json",) * MOST_MODULES),
        ("json\n" * (MOST_MODULES + 1), ()), ("x" * (MOST_BYTES - 1), ("x" * (MOST_BYTES - 1),)),
        ("x" * (MOST_BYTES + 1), ()),
    ],
)  # fmt: skip
def test_what_is_read_as_a_list_of_modules(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    (tmp_path / "said").write_text(text, "utf-8")
    assert read_loaded(tmp_path / "said") == names
    keep_loaded(tmp_path / "said", tmp_path / "kept" / "list")
    assert read_loaded(tmp_path / "kept" / "list") == names
    assert os.listdir(tmp_path / "kept") == ["list"] if names else not (tmp_path / "kept").exists()


def test_what_is_no_file_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("json")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "nothing", "."):
        assert read_loaded(tmp_path / name) == ()


def test_a_list_is_that_of_a_step_its_lock_and_every_file_of_its_code(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "part").mkdir(parents=True)
    (code / "a.py").write_text("one")
    seen = {loaded_by(tmp_path, ("train", "a:b", "all"), "lock", code)}
    for step, lock in (("train a:b new", "lock"), ("score a:b all", "lock"), ("train a:b all", "another")):
        seen.add(loaded_by(tmp_path, step.split(), lock, code))
    for name, text in (("a.py", "two"), ("b.py", ""), ("part/c.py", ""), ("data.csv", "1,2"), ("part/c.py", "x")):
        (code / name).write_text(text)
        seen.add(loaded_by(tmp_path, ("train", "a:b", "all"), "lock", code))
    (code / "b.py").rename(code / "d.py")
    seen.add(loaded_by(tmp_path, ("train", "a:b", "all"), "lock", code))
    assert len(seen) == 10 and {path.parent for path in seen} == {tmp_path / "cache" / "steps" / "loaded"}
    # Where one file ends and the next begins is told.
    (code / "d.py").write_text("ab")
    one = loaded_by(tmp_path, (), "", code)
    (code / "d.py").write_text("a")
    (code / "part" / "c.py").write_text("bx")
    assert loaded_by(tmp_path, (), "", code) != one


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("json.py", False, True), ("json", True, True), ("random.cpython-311-x86_64-linux-gnu.so", False, True),
        ("queue.pyc", False, True), ("json.csv", False, False), ("json", False, False), ("flights.py", False, False),
        ("data", True, False), ("jsonlines.py", False, False),
    ],
)  # fmt: skip
def test_which_names_are_python_s_own(tmp_path: Path, name: str, folder: bool, said: bool) -> None:
    (tmp_path / name).mkdir() if folder else (tmp_path / name).touch()
    assert shadows(tmp_path) == said


def test_what_is_on_one_disk(tmp_path: Path) -> None:
    assert on_one_disk(tmp_path, tmp_path) and not on_one_disk(tmp_path, tmp_path / "nowhere")
    assert not on_one_disk(tmp_path, Path("/proc"))


BOX = {
    "own": ["/run/1/input", "/lib/runner.py"], "write": ["/run/1/output", "/run/1/tmp", "/run/1/code"],
    "read": ["/run/1/data", "/data"], "environment": "/e/1", "apart": ["/run"], "network": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/run/1", "/work/t"), ("/run/1/output", "/work/t/output"), ("/run/1/output/a b", "/work/t/output/a b"),
        ("/run/10/output", "/run/10/output"), ("/run", "/run"), ("", ""), ("x/run/1/output", "x/run/1/output"),
        ("--to=/run/1/output", "--to=/run/1/output"), ("/run/1x", "/run/1x"),
    ],
)  # fmt: skip
def test_which_paths_are_moved(before: str, after: str) -> None:
    settings = {
        "argv": ["python", "/lib/runner.py", "train"], "cwd": before, "output": before, "log": "/run/1/step.log",
        "environment": {"A": before}, "containment": {**BOX, "write": [before]}, "token": "t",
    }  # fmt: skip
    found = moved(settings, "/run/1", "/work/t")
    assert found["cwd"] == found["output"] == found["environment"]["A"] == after
    assert found["containment"]["write"] == [after]
    assert found["containment"]["own"] == ["/work/t/input", "/lib/runner.py"]
    # What the manifest may have read is where it was, and so is the log.
    assert found["containment"]["read"] == BOX["read"] and found["log"] == "/run/1/step.log"
    assert {*found} == {*settings} and settings["cwd"] == before
