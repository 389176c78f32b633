"""A registry of tiny wheels in a folder, configured as an administrator would (uv's own variables), without network."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.environments.python.lock import Lock, resolve
from engine.environments.python.uv_process import Uv, uv_environment
from engine.storage import mounts
from tests.people import open_engine


@pytest.fixture
def mountinfo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What is mounted, to be written to: one disk of this machine's own, whatever the tests run on."""
    path = tmp_path / "mountinfo"
    path.write_bytes(b"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", path)
    return path


def _write_wheel(
    folder: Path,
    name: str,
    version: str,
    needs: tuple[str, ...] = (),
    empty: str = "",
    more: Mapping[str, str] | None = None,
    listed: Mapping[str, str] | None = None,
) -> None:
    """``empty``: a folder without a file; ``more`` files; ``listed``: what RECORD says of some instead of the truth."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{module}/__init__.py": f"VERSION = '{version}'\n",
        f"{module}/extra.py": "ANSWER = 42\n",
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {need}\n" for need in needs),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(more or {}),
    }
    rows = []
    for path, text in {**files, **(listed or {})}.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        rows.append(f"{path},sha256={digest},{len(text)}")
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        if empty:
            wheel.mkdir(empty)


@dataclass(frozen=True)
class Place:
    """A workspace's folders, a project's requirements file, and uv with the folder of wheels as its registry."""

    root: Path
    uv: Uv

    @property
    def wheels(self) -> Path:
        # Not in the workspace, of which uv sees its cache and what it builds only.
        return self.root.with_name(f"{self.root.name}-wheels")

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    def publish(
        self,
        name: str,
        version: str,
        *needs: str,
        empty: str = "",
        files: Mapping[str, str] | None = None,
        listed: Mapping[str, str] | None = None,
    ) -> None:
        _write_wheel(self.wheels, name, version, needs, empty, files, listed)

    def lock(self, *requirements: str, fresh: bool = False) -> Lock:
        file = self.root / "requirements.txt"
        file.write_text("\n".join(requirements) + "\n", "utf-8")
        return resolve(file, None, self.cache, fresh=fresh, uv=self.uv)


def make(root: Path) -> Place:
    """A workspace at ``root`` and some packages that can be had."""
    open_engine(root, "ada", create=True).close()
    environ = {**uv_environment(os.environ), "UV_NO_INDEX": "1"}
    made = Place(root, Uv(root / "cache" / "uv", environ))
    made.wheels.mkdir()
    environ["UV_FIND_LINKS"] = str(made.wheels)
    for name, version in (("apple", "1.0"), ("apple", "2.0"), ("pear", "1.5")):
        made.publish(name, version)
    made.publish("fruit-salad", "1.0", "apple>=1", "pear")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make(tmp_path)


@pytest.fixture(scope="module")
def lasting_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make(tmp_path_factory.mktemp("lasting"))
