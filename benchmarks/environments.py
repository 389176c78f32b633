"""The environments of twenty much downloaded packages in three pinned generations each: accepted, and tampering found?

    .venv/bin/python benchmarks/environments.py [--only pandas --only numpy] [--no-tampering] [--free 15]

Each is locked, built and compared as a run does it, in one workspace, one after the other; then it is tampered with in
every way of ``TAMPERINGS`` (each has to be found, and is put back), left with all of them at once and built anew. What
uv itself cannot lock or build for this Python is told as that. Packages come from this machine's registry. It stops
when less than ``--free`` GiB are left.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import machine
from engine.api import open_engine
from engine.environments.folder import remove
from engine.environments.python.build import build_anew, ensure
from engine.environments.python.check import compare, site_packages
from engine.environments.python.lock import Lock, resolve
from engine.environments.records import Environment
from engine.errors import LeverframeError

PYTHON = "3.11"
PACKAGES = {
    "numpy": ("1.23.5", "1.26.4", "2.2.6"),
    "pandas": ("1.5.3", "2.2.3", "2.3.3"),
    "scipy": ("1.9.3", "1.11.4", "1.15.3"),
    "scikit-learn": ("1.2.2", "1.4.2", "1.6.1"),
    "matplotlib": ("3.6.3", "3.8.4", "3.10.3"),
    "pyarrow": ("11.0.0", "17.0.0", "20.0.0"),
    "statsmodels": ("0.13.5", "0.14.1", "0.14.4"),
    "seaborn": ("0.12.2", "0.13.0", "0.13.2"),
    "lightgbm": ("3.3.5", "4.3.0", "4.6.0"),
    "xgboost": ("1.7.6", "2.0.3", "2.1.4"),
    "polars": ("0.20.31", "1.9.0", "1.30.0"),
    "pillow": ("9.5.0", "10.4.0", "11.2.1"),
    "numba": ("0.57.1", "0.59.1", "0.61.2"),
    "networkx": ("2.8.8", "3.1", "3.4.2"),
    "sympy": ("1.11.1", "1.12", "1.13.3"),
    "sqlalchemy": ("1.4.46", "2.0.23", "2.0.41"),
    "pydantic": ("1.10.13", "2.5.3", "2.11.5"),
    "requests": ("2.28.2", "2.31.0", "2.32.3"),
    "joblib": ("1.2.0", "1.3.2", "1.4.2"),
    "fsspec": ("2023.1.0", "2024.2.0", "2025.5.1"),
}


@dataclass
class Row:
    what: str
    said: str = ""
    packages: int = 0
    files: int = 0
    empty_folders: int = 0
    lock_seconds: float = 0.0
    build_seconds: float = 0.0
    again_ms: float = 0.0
    missed: list[str] = field(default_factory=list)


def same_size(path: Path) -> None:
    """Another content of the same size, and the time set back."""
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def first(packages: Path, pattern: str) -> Path:
    return next(p for p in sorted(packages.rglob(pattern)) if p.is_file() and p.stat().st_size > 50)


def empty(packages: Path) -> list[Path]:
    return [Path(place) for place, folders, files in os.walk(packages) if not folders and not files]


def dropped(packages: Path) -> Path:
    return [*empty(packages), packages][0] / "dropped.py"


# What is touched, and how.
TAMPERINGS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], object]]] = {
    "dropped into an empty folder, or beside packages": (dropped, lambda p: p.write_text("x = 1\n")),
    "added to a package": (lambda s: first(s, "*.py").parent / "evil.py", lambda p: p.write_text("x = 1\n")),
    "changed, the same size": (lambda s: first(s, "*.py"), same_size),
    "removed": (lambda s: first(s, "*.py"), Path.unlink),
    "bytecode changed": (lambda s: first(s, "*.pyc"), same_size),
    "a .pth file": (lambda s: s / "evil.pth", lambda p: p.write_text("import os\n")),
    "pyvenv.cfg": (lambda s: s.parents[2] / "pyvenv.cfg", same_size),
}


def tampered(environment: Environment, lock: Lock) -> list[str]:
    """The ways that were not found, or that still told something when they were put back."""
    missed = []
    packages = site_packages(environment.path)
    for name, (where, how) in TAMPERINGS.items():
        path = where(packages)
        content = path.read_bytes() if path.exists() else None
        mode = path.stat().st_mode if path.exists() else 0
        how(path)
        if not compare(environment, lock):
            missed.append(name)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
            path.chmod(mode)
        if compare(environment, lock):
            missed.append(f"{name}, put back")
    return missed


def mended(environment: Environment, lock: Lock, environments: Path) -> list[str]:
    """What is wrong after all tampering at once and building anew."""
    packages = site_packages(environment.path)
    for where, how in TAMPERINGS.values():
        path = where(packages)
        how(path)
    build_anew(lock, environments)
    left = compare(environment, lock, content=True)
    strangers = [name for name in ("evil.pth", "dropped.py") if list(packages.rglob(name))]
    return [f"not mended: {each}" for each in (*left, *strangers)]


def tried(home: Path, package: str, version: str, *, tamper: bool) -> Row:
    row = Row(f"{package} {version}")
    asked = home / "requirements.txt"
    asked.write_text(f"{package}=={version}\n")
    try:
        began = time.perf_counter()
        lock = resolve(asked, PYTHON, home / "cache")
        row.lock_seconds = time.perf_counter() - began
        began = time.perf_counter()
        environment = ensure(lock, home / "environments")
        row.build_seconds = time.perf_counter() - began
    except LeverframeError as error:
        row.said = f"uv: {error}"
        return row
    row.packages = len(lock.packages)
    row.files = sum(len(files) for _, _, files in os.walk(environment.path))
    row.empty_folders = len(empty(site_packages(environment.path)))
    row.said = "; ".join(compare(environment, lock)) or "accepted"
    times = []
    for _ in range(5):
        began = time.perf_counter()
        compare(environment, lock)
        times.append(1000 * (time.perf_counter() - began))
    row.again_ms = median(times)
    if not tamper:
        return row
    row.missed = tampered(environment, lock)
    try:
        row.missed += mended(environment, lock, home / "environments")
    except LeverframeError as error:
        row.missed.append(f"not mended: {error}")
    remove(lock.digest, home / "environments")
    return row


def told(row: Row, *, tamper: bool) -> str:
    if not row.packages:
        return f"{row.what:24}  {row.said}"
    figures = f"{row.packages:3} packages {row.files:7,} files {row.empty_folders:3} empty folders"
    seconds = f"lock {row.lock_seconds:5.1f} s  build {row.build_seconds:5.1f} s  again {row.again_ms:5.1f} ms"
    missed = f"MISSED: {', '.join(row.missed)}" if row.missed else f"{len(TAMPERINGS)} of {len(TAMPERINGS)} found"
    return f"{row.what:24}  {row.said:9}  {figures}  {seconds}  {missed if tamper else ''}".rstrip()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", action="append", choices=PACKAGES, help="this package; may be given again")
    asked.add_argument("--no-tampering", action="store_true", help="build and compare only")
    asked.add_argument("--free", type=float, default=15.0, help="stop when less than so many GiB are left")
    given = asked.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="environments-") as folder:
        home = Path(folder)
        open_engine(home, "ada", create=True).close()
        for package in given.only or PACKAGES:
            for version in PACKAGES[package]:
                if shutil.disk_usage(home).free < given.free * 2**30:
                    print(f"Stopped before {package} {version}: less than {given.free:g} GiB are left.")
                    break
                rows.append(tried(home, package, version, tamper=not given.no_tampering))
                print(told(rows[-1], tamper=not given.no_tampering), flush=True)
    built = [row for row in rows if row.packages]
    accepted = [row for row in built if row.said == "accepted"]
    found = [row for row in built if not row.missed]
    print(machine())
    print(f"{len(rows)} tried, {len(built)} that uv can lock and build: {len(accepted)} accepted,")
    if not given.no_tampering:
        print(f"every tampering found, put back and mended in {len(found)},")
    print(f"{sum(r.files for r in built):,} files,")
    print(f"{sum(bool(r.empty_folders) for r in built)} with empty folders; build {_spread(built, 'build_seconds')} s,")
    print(f"compared again {_spread(built, 'again_ms')} ms")
    return 0 if len(accepted) == len(found) == len(built) else 1


def _spread(rows: list[Row], name: str) -> str:
    values = sorted(getattr(row, name) for row in rows) or [0.0]
    return f"{median(values):.1f} ({values[0]:.1f} to {values[-1]:.1f})"


if __name__ == "__main__":
    sys.exit(main())
