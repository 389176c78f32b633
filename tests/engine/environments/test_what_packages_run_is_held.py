"""Code of packages that runs while an environment is built: a project chooses it by a line of its requirements."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.environments.python.build import ensure
from engine.environments.python.lock import resolve
from engine.environments.python.uv_process import Uv, uv_environment
from engine.runs.steps import containment
from tests.people import open_engine

pytestmark = pytest.mark.skipif(containment.abi() < 2, reason="this kernel cannot hold what moves files")

# Each deed that succeeds leaves its name; it says nothing, for uv listens to what these processes print.
DEEDS = """
import os
def attempt(what, deed):
    try:
        deed()
    except OSError:
        return
    open(os.environ["UV_CACHE_DIR"] + "/did-" + what, "w").close()
home = {home!r}
attempt("run", lambda: None)
attempt("read", lambda: open(home + "/ledger.db", "rb").read(1))
attempt("write", lambda: open(home + "/ledger.db", "ab").write(b"x"))
attempt("delete", lambda: os.unlink(home + "/ledger.db"))
attempt("list", lambda: os.listdir(home + "/objects"))
attempt("other environments", lambda: open(home + "/environments/evil", "w"))
attempt("locks of others", lambda: os.listdir(home + "/cache/locks"))
attempt("elsewhere", lambda: open({elsewhere!r}, "w"))
attempt("signal", lambda: os.kill({engine}, 0))
attempt("secrets", lambda: open("/proc/{engine}/environ", "rb").read())
"""
BACKEND = """
import io, os, sys, tarfile, zipfile
exec(open("deeds.py").read())
def build_wheel(folder, settings=None, metadata=None):
    name = "sourced-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("sourced.py", "")
        about = "sourced-1.0.dist-info/"
        wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: sourced\\nVersion: 1.0\\n")
        wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(about + "RECORD", "")
    return name
"""


def wheel(folder: Path, deeds: str) -> None:
    files = {
        "started.py": b"",
        "started.pth": f"import os; exec({deeds!r}, {{}})\n".encode(),
        "started-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: started\nVersion: 1.0\n",
        "started-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "started-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / "started-1.0-py3-none-any.whl", "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(data)}\n"
        made.writestr("started-1.0.dist-info/RECORD", record)


def source(folder: Path, deeds: str) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "sourced"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND,
        "deeds.py": deeds,
        "PKG-INFO": "Metadata-Version: 2.1\nName: sourced\nVersion: 1.0\n",
    }
    with tarfile.open(folder / "sourced-1.0.tar.gz", "w:gz") as made:
        for name, text in files.items():
            about = tarfile.TarInfo(f"sourced-1.0/{name}")
            about.size = len(text.encode())
            made.addfile(about, io.BytesIO(text.encode()))


@pytest.mark.parametrize(("make", "name"), [(wheel, "started"), (source, "sourced")])
def test_neither_a_build_nor_a_file_that_python_runs_at_its_start_reaches_the_workspace(
    make: Callable[[Path, str], None], name: str, tmp_path: Path
) -> None:
    home, packages = tmp_path / "home", tmp_path / "packages"
    open_engine(home, "ada", create=True).close()
    packages.mkdir()
    make(packages, DEEDS.format(home=str(home), elsewhere=str(tmp_path / "x"), engine=os.getpid()))
    (tmp_path / "requirements.txt").write_text(f"{name}==1.0\n")
    given = {**uv_environment(os.environ), "UV_FIND_LINKS": str(packages), "UV_NO_INDEX": "1"}
    uv = Uv(home / "cache" / "uv", given)
    built = ensure(resolve(tmp_path / "requirements.txt", None, home / "cache", uv=uv), home / "environments", uv=uv)
    assert list(built.path.rglob(f"{name}.py"))
    assert os.access(built.path / "bin" / "python", os.X_OK)
    assert sorted(path.name for path in uv.cache.glob("did-*")) == ["did-run"]
    assert open_engine(home, "ada").verify_audit().ok
