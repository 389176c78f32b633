"""The two sample projects on Spark, in its local mode: PySpark and a jar, over flights that Hadoop's client reads."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import open_engine
from engine.environments.python import build, lock
from tests.builders import real_flights
from tests.journeys import whole_path
from tests.webhdfs import serving
from tests.workspaces import copied, only_made

SAMPLES = Path(__file__).resolve().parents[2] / "sample_projects"
MONTHS = 2
MOMENTS = (datetime(2013, 2, 18, tzinfo=UTC), datetime(2013, 2, 25, tzinfo=UTC), datetime(2013, 2, 26, tzinfo=UTC))
# The roc_auc of the first version of both: the same rows, learnt the same way.
LEARNT = 0.6041738742132347
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def _built(root: Path) -> None:
    """A workspace with the environment of the Python project, which takes a minute; and the flights."""
    home = root / "home"
    open_engine(home, create=True).close()
    wanted = lock.resolve(SAMPLES / "delays-on-spark" / "requirements.txt", "3.11", home / "cache")
    build.ensure(wanted, home / "environments")
    for unpacked in home.glob("cache/uv/sdists-v*/*/*/*/*/src"):  # 1.9 GB, read no more: uv keeps what it built of it.
        shutil.rmtree(unpacked)
    real_flights.write_parquet(root / "served" / "flights.parquet", MONTHS)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return only_made(tmp_path_factory, "spark", _built)


@pytest.fixture
def flights(tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the flights lie; a copy of the workspace lies in ``tmp_path``."""
    copied(built / "home", tmp_path / "home")
    # Whatever this machine's account is set up for is not what the sample says.
    for name in ("SPARK_MASTER", "SPARK_HOME", "HADOOP_CONF_DIR", "PYSPARK_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    return built / "served"


def sample(name: str, to: Path, *read: Path) -> Path:
    """A copy of the sample whose steps may read the flights, and what else it needs."""
    project: Path = shutil.copytree(SAMPLES / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.jar"))
    with (project / "leverframe.toml").open("a") as manifest:
        manifest.write(f"\n[sandbox]\nread = {[str(path) for path in read]}\n")
    return project


def area(name: str) -> float:
    metrics = whole_path.done("show", name, "--json").json["metrics"]["metrics"]
    return float(metrics["roc_auc"]["value"])


def test_pyspark_reads_over_webhdfs_and_goes_the_whole_way(
    tmp_path: Path, flights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "delays-on-spark"
    project = sample(name, tmp_path, flights)
    with serving(flights) as server:
        monkeypatch.setenv("FLIGHTS", f"{server.address}/flights.parquet")
        whole_path.begin(project, monkeypatch)
        whole_path.walk(name, MOMENTS)
        opened = {path for operation, path in server.asked if operation == "OPEN"}
    assert opened == {f"/flights.parquet/part-{month:05}.parquet" for month in range(1, MONTHS + 1)}
    assert area(f"{name}@1") == pytest.approx(LEARNT, abs=1e-9)


def test_a_jar_by_spark_submit_goes_live_and_learns_the_same(
    tmp_path: Path, built: Path, flights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "delays-in-java"
    # The machine's Spark is that of a package here, which brings all of it.
    (spark,) = (built / "home" / "environments").glob("*/lib/*/site-packages/pyspark")
    monkeypatch.setenv("SPARK_HOME", str(spark))
    monkeypatch.setenv("PATH", f"{spark / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FLIGHTS", str(flights / "flights.parquet"))
    project = sample(name, tmp_path, flights, spark)
    subprocess.run(["sh", "compile.sh", spark / "jars"], cwd=project, check=True)
    whole_path.begin(project, monkeypatch)
    whole_path.first_release(name, MOMENTS[0])  # Each start of Spark is 20 s: PySpark goes the rest of the way.
    environment = whole_path.done("show", f"{name}@1", "--json").json["environment"]
    assert {"java", "spark-submit"} == {each["name"] for each in environment["programs"]}
    assert area(f"{name}@1") == pytest.approx(LEARNT, abs=1e-9)
