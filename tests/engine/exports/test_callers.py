"""The callers in an export's folder, run as they stand on the version's golden rows: they say what the version said."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.exports.scripts.score_postgresql import Server, programs
from tests.engine.exports.conftest import Models, opened
from tests.engine.exports.models import answers_alike
from tests.workspaces import copied_with_projects

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # What they begin from is made while others wait for it.
# Its CPU build lies in the package; what its install script would fetch is for graphics cards.
NODE_PACKAGE = "onnxruntime-node@1.30.0"
# A package of Python's that ships ONNX Runtime's classes and its library for Java, inside of a larger jar.
JAR_PACKAGE = (
    "pyserini==0.40.0 --hash=sha256:fbda53e84dbded1b120055a900976c37d6a53cc841d518f40e2a8b00e454377f"
)


def answers(said: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(said)))[1:]


def check(models: Models, name: str, found: list[list[str]]) -> None:
    """``found``: of each golden row the prediction, then what the probabilities are."""
    _, golden = models.golden(name)
    columns = [golden.column(each).to_pylist() for each in golden.column_names]
    assert len(found) == golden.num_rows > 100
    for row, (label, *chances) in enumerate(found):
        said, *wanted = (column[row] for column in columns)
        if isinstance(said, float) and not wanted:
            assert float(label) == pytest.approx(said, rel=1e-5, abs=1e-5)
        else:
            assert label == str(said)
        assert [float(each) for each in chances] == pytest.approx(wanted, abs=1e-6)


@pytest.fixture(scope="module")
def models(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """Without environments: nothing is exported here, and the callers run in those that were made."""
    with opened(copied_with_projects(made, tmp_path_factory.mktemp("models"), installed=False)) as found:
        yield found


@pytest.fixture(scope="module")
def exported(models: Models) -> dict[str, Path]:
    """A folder by name and target, with the golden rows beside the model."""
    found = {}
    for made in models.engine.exports():
        target = made.dialect or made.kind
        answers_alike(made.parity, target)
        out = models.folder / "out" / f"{made.project} {target}"
        (out / "rows.csv").write_text(models.rows_as_csv(made.project, key=made.kind == "sql"), "utf-8")
        found[out.name] = out
    return found


def python_with(made: Path, module: str) -> Path:
    """The interpreter of an export environment that has ``module``."""
    for place in sorted((made / "home" / "environments").glob("*/lib/python*/site-packages")):
        if (place / module).is_dir():
            return place.parents[2] / "bin" / "python"
    raise AssertionError(f"no environment has {module}")


def run(*command: object, cwd: Path) -> str:
    words = [str(each) for each in command]
    unchanged = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # The environments are everybody's.
    done = subprocess.run(words, cwd=cwd, env=unchanged, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("name", ["hist", "named"])
def test_python(made: Path, models: Models, exported: dict[str, Path], name: str) -> None:
    said = run(python_with(made, "onnxruntime"), "example.py", "rows.csv", cwd=exported[f"{name} onnx"])
    check(models, name, answers(said))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds ONNX Runtime."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text(json.dumps({"private": True}), "utf-8")
    run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", NODE_PACKAGE, cwd=folder)
    return folder


@pytest.mark.parametrize("name", ["hist", "named"])
def test_node(models: Models, exported: dict[str, Path], node: Path, name: str) -> None:
    place = shutil.copytree(exported[f"{name} onnx"], node / name)
    check(models, name, answers(run("node", "example.mjs", "rows.csv", cwd=place)))


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A jar that holds ONNX Runtime for Java: 1.17, with all else that Anserini is made of."""
    folder = tmp_path_factory.mktemp("java")
    (folder / "wanted.txt").write_text(JAR_PACKAGE, "utf-8")
    where = ("--target", folder / "found", "--require-hashes", "-r", "wanted.txt")
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", *where, cwd=folder)
    (found,) = (folder / "found").glob("pyserini/resources/jars/*.jar")
    return found


def test_java(models: Models, exported: dict[str, Path], jar: Path) -> None:
    place = exported["named onnx"]
    run("javac", "-cp", jar, "-d", "classes", "Example.java", cwd=place)
    path = f"{jar}{os.pathsep}{place / 'classes'}"
    java = ("java", f"-Djava.io.tmpdir={jar.parent}", "-cp", path)
    for name in ("named", "hist"):
        said = run(*java, "Example", "model.onnx", "rows.csv", cwd=exported[f"{name} onnx"])
        check(models, name, answers(said))


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL in a folder that its account may pass through, with a path that a socket's name has room for."""
    place = Path("/tmp") / f"lf-{os.urandom(6).hex()}"
    place.mkdir(mode=0o711)
    found = programs()
    assert found is not None, "Debian's postgresql is wanted"
    running = Server(place, found)
    yield running
    running.stop()
    shutil.rmtree(place)


def rows_of(said: str, separator: str) -> list[list[str]]:
    """Without the key, which comes first."""
    return [line.split(separator)[1:] for line in said.splitlines() if separator in line]


def test_psql(models: Models, exported: dict[str, Path], server: Server) -> None:
    where = ("-h", server.socket, "-U", "leverframe", "-d", "postgres")
    said = run("psql", "-X", "-q", "-A", "-t", *where, "-f", "example.sql", cwd=exported["named postgresql"])
    check(models, "named", rows_of(said, "|"))


def test_sqlite3(models: Models, exported: dict[str, Path]) -> None:
    place = exported["named sqlite"]
    with (place / "example.sql").open() as script:
        done = subprocess.run(["sqlite3"], cwd=place, stdin=script, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and not done.stderr, done.stderr[-2000:]
    check(models, "named", rows_of(done.stdout, "|"))


def test_duckdb(made: Path, models: Models, exported: dict[str, Path]) -> None:
    code = (
        "import duckdb, csv, sys;"
        "csv.writer(sys.stdout).writerows([[], *duckdb.connect().execute(open('example.sql').read()).fetchall()])"
    )
    said = run(python_with(made, "duckdb"), "-c", code, cwd=exported["named duckdb"])
    check(models, "named", [row[1:] for row in answers(said)])
