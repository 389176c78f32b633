"""Modules whose loading leaves what a fork would not have, or would share: no step is forked where they are loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.runs.warm.step_servers import UNFIT
from engine.runs.warm.wanted_server import MOST_MODULES, folder_of
from tests.engine.runs.step_workshop import until
from tests.engine.runs.warm.served_project import PANDAS, ServedProject, needs_landlock, served_project

pytestmark = needs_landlock
# Where a step is started afresh each of these does no harm, and is told in the list of what it loads.
ODD = {
    "a thread": ("import _thread, time\n_thread.start_new_thread(time.sleep, (60,))", "threads"),
    "a process": ("import os, time\nif os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)", "other processes"),
    "a program": ("import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)", "other processes"),
    "a file": ("import os\nkept = open(os.devnull)", "file open"),
    "a pipe": ("import os\nkept = os.pipe()", "file open"),
    "shared memory": ("import mmap\nkept = mmap.mmap(-1, 4096)", "shares memory"),
    "a file in shared memory": ("open('/dev/shm/kept', 'w').close()", "shared memory"),
    "its home": ("import os\nkept = os.path.expanduser('~')", "goes by HOME"),
    "its folder for a while": ("import tempfile\nkept = tempfile.gettempdir()", "goes by TMPDIR"),
    "its step": ("import os\nkept = os.environ.get('LEVERFRAME_AS_OF')", "goes by LEVERFRAME_AS_OF"),
    "a copy of its variables": ("import os\nkept = dict(os.environ)", "goes by HOME"),
    "whether there is a step": ("import os\nkept = 'LEVERFRAME_STEP' in os.environ", "goes by LEVERFRAME_STEP"),
    "the end": ("import os\nif os.path.basename(os.getcwd()) == 'own': raise SystemExit(0)", "it ended"),
    "a crash": ("import os\nif os.path.basename(os.getcwd()) == 'own': os.kill(os.getpid(), 11)", "it ended"),
    "more": ("import os\nif os.path.basename(os.getcwd()) == 'own': import mailcap", "loading them loads mailcap too"),
}  # fmt: skip


def tried(project: ServedProject, deed: str = "") -> str:
    """Why there is no server for it, as its warden told."""
    for _ in range(3):
        done = project.do(deed)
        assert done.result.state == "succeeded" and not done.forked, done.log
    project.engine.look()
    assert len(project.engine.kept) == 1
    until(lambda: project.engine.look() or not project.engine.kept)  # type: ignore[func-returns-value]
    (said,) = folder_of(project.home).glob(f"*.{UNFIT}")
    return said.read_text()


@pytest.mark.parametrize("what", ODD)
def test_it_is_started_afresh_each_time_and_tried_once(tmp_path: Path, what: str) -> None:
    module, why = ODD[what]
    with served_project(tmp_path / "served", {"pandas": f"import odd\n{PANDAS}", "odd": module}) as project:
        assert why in tried(project)
        for _ in range(3):
            assert not project.do("").forked
            project.engine.look()
            assert project.engine.kept == []
        assert list((project.home / "cache" / "steps").iterdir()) == [project.loaded.parent]


def test_a_module_that_fails_to_load_is_left_to_the_step(tmp_path: Path) -> None:
    odd = "import os\nif os.path.basename(os.getcwd()) == 'own': raise ValueError('not here')\nword = 'there'"
    with served_project(tmp_path / "served", {"odd": odd}) as project:
        project.serve("import odd")
        assert project.forked("import odd; tell(word=odd.word)").told == {"word": "there"}


@pytest.mark.parametrize(
    "left",
    [
        "json\n" * (MOST_MODULES + 1), "x" * (1 << 18), "json\nos.path\x00", "json\n../../etc/passwd", "a..b", ".json",
        "mod\x1b[31mule", "\u00e9t\u00e9", " \n ",
    ],
)  # fmt: skip
def test_a_list_that_is_no_list_is_not_kept(tmp_path: Path, left: str) -> None:
    with served_project(tmp_path / "served") as project:
        deed = f"import atexit, os\nleft = {left!r}\n"
        deed += "atexit.register(lambda: open(os.environ['TMPDIR'] + '/loaded', 'w').write(left))"
        done = project.do(deed)
        assert done.result.state == "succeeded" and not project.loaded.exists()


@pytest.mark.parametrize("what", ["a pipe", "a link", "a folder"])
def test_what_a_step_leaves_in_its_place_keeps_nobody_waiting(tmp_path: Path, what: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("json\n")
    way = {
        "a pipe": "os.mkfifo(path)",
        "a link": f"os.symlink({str(secret)!r}, path)",
        "a folder": "os.mkdir(path)",
    }[what]
    deed = "import atexit, os\npath = os.environ['TMPDIR'] + '/loaded'\n"
    deed += f"atexit.register(lambda: (os.unlink(path), {way}))"
    with served_project(tmp_path / "served") as project:
        done = project.do(deed)
        assert done.result.state == "succeeded" and not project.loaded.exists()


def test_modules_of_the_project_s_own_are_not_on_the_list_and_are_read_anew(tmp_path: Path) -> None:
    with served_project(tmp_path / "served") as project:
        (project.code / "own.py").write_text("import os\nwhen = os.environ['LEVERFRAME_STEP_TOKEN']")
        (project.code / "part").mkdir()
        (project.code / "part" / "deep.py").write_text("here = __file__")
        deed = "import own, part.deep, os\n"
        deed += "tell(when=own.when == os.environ['LEVERFRAME_STEP_TOKEN'], here=part.deep.here)"
        project.serve(deed)
        assert not {"own", "project", "part.deep"} & {*project.loaded.read_text().split()}
        for _ in range(2):
            done = project.forked(deed)
            assert done.told["when"] and done.told["here"].endswith("/code/part/deep.py")


@pytest.mark.parametrize("name", ["random.py", "socket", "json.cpython-311-x86_64-linux-gnu.so"])
def test_a_project_with_a_module_named_like_python_s_own_is_started_afresh(tmp_path: Path, name: str) -> None:
    with served_project(tmp_path / "served") as project:
        project.serve()
        assert project.forked("").result.state == "succeeded"
        path = project.code / name
        path.write_text("drawn = 4\n") if "." in name else path.mkdir()
        for _ in range(3):
            assert not project.do("").forked
            project.engine.look()
        if name == "random.py":
            done = project.do("import random; tell(drawn=random.drawn)")
            assert done.told == {"drawn": 4}, done.log


def test_other_code_is_started_afresh_the_first_time_and_then_forked_from_the_same_server(tmp_path: Path) -> None:
    with served_project(tmp_path / "served") as project:
        one = project.serve()
        (project.code / "project.py").write_text((project.code / "project.py").read_text() + "\n# other\n")
        assert not project.do("").forked
        assert project.forked("").result.state == "succeeded" and project.engine.kept == [one]
        assert os.listdir(project.loaded.parent)
