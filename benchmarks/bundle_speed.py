"""A bundle beside MLflow's unhashed copy of the same content and beside ``zip -0`` of it; and the memory that it takes.

    python benchmarks/bundle_speed.py [--megabytes 300] [--times 7] [--home FOLDER]

Flights is retrained once, and a version is registered beside it that has a model of so many megabytes more (half of it
random, half of it numbers that compress). The same files lie in a folder for the others. All three read what the system
has in memory, and write to the same disk, in turns. MLflow (mlflow-skinny) is installed into an environment that is
thrown away, from where this machine's uv or pip finds packages; it is no dependency. What copies files within the
system's memory does 2.7 GB in a second of processor time and SHA-256 1.5 GB on the machine of the README, so that
nothing that hashes keeps the first figure there; the second one is until the disk has the files. The memory is that of
a process of its own that writes a bundle of the large version, beside one of the small. Takes about three minutes.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import Figure, show, spread
from benchmarks.flights_workspace import arguments, retrained, week, workspace
from engine.api import Engine
from engine.clock import now
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.stored_files import StoredFile
from engine.versions import catalog
from engine.versions import document as documents

WORKER = Path(__file__).with_name("mlflow_worker.py")
MIB = 1 << 20


def larger(engine: Engine, label: str, megabytes: int, scratch: Path) -> str:
    """A version like ``label`` with so much more model; its label."""
    store, path = ObjectStore(engine.home / "objects"), scratch / "weights"
    chance = random.Random(1)
    with open(path, "wb") as file:
        for number in range(megabytes):
            file.write(chance.randbytes(MIB) if number % 2 else (b"%07d\n" % number) * (MIB // 8))
    stored = store.put_file(path)
    path.unlink()
    version, document = engine.version(label), engine.show(label)
    weights = StoredFile(stored.digest, stored.size, stored.chunks, "weights.bin", False)
    model = replace(document.model, files=(*document.model.files, weights))
    digest = documents.save(store, replace(document, model=model, said=None))
    ledger = Ledger(engine.home / "ledger.db", locks=engine.home / "locks")
    with ledger.write() as db:
        number = catalog.register(
            db, project=version.project, digest=digest, made_at=now(), as_of=version.as_of, run=version.run,
            verdict="pass", comparison="first", sentence="It is large.", against=None, metric=None, data_until=None,
            expires_at=now(),
        )  # fmt: skip
    ledger.close()
    return f"{version.project}@{number}"


def environment(folder: Path) -> Path:
    """A Python with MLflow, made by uv where it is beside this Python, else by venv and pip."""
    python, uv = folder / "bin" / "python", Path(sys.executable).with_name("uv")
    if uv.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "mlflow-skinny>=3"], check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "mlflow-skinny>=3"], check=True)
    return python


def timed(act: Callable[[], object], made: Path, synced: bool = False) -> float:
    """Seconds that ``act`` takes to make the file ``made``, which is deleted; ``synced``: until the disk has it."""
    began = time.perf_counter()
    act()
    if synced:
        os.sync()
    seconds = time.perf_counter() - began
    made.unlink()
    os.sync()
    return seconds


def peak(home: Path, label: str, target: Path) -> float:
    """The most memory of a process that writes one bundle, in MiB."""
    code = (
        "import sys; from pathlib import Path; from engine.api import open_engine\n"
        "open_engine(Path(sys.argv[1]), 'bench').bundle(sys.argv[2], Path(sys.argv[3]))\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    root = Path(__file__).resolve().parents[1]
    said = subprocess.run([sys.executable, "-c", code, home, label, target], cwd=root, check=True, capture_output=True)
    target.unlink()
    return int(said.stdout) / 1024


def main() -> int:
    """Measure in turns and print the ratios; 1 when a limit is missed."""
    parser = arguments(__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--times", type=int, default=7)
    given = parser.parse_args()
    with workspace(given.home) as engine, tempfile.TemporaryDirectory(dir=engine.home.parent) as name:
        scratch = Path(name)
        small = retrained(engine, week(0)).version or ""
        label = larger(engine, small, given.megabytes, scratch)
        folder, bundle = scratch / "content", scratch / "x.zip"
        engine.bundle(label, bundle)
        subprocess.run(["unzip", "-q", bundle, "-d", folder], check=True)
        bundle.unlink()
        os.sync()
        sides: dict[str, list[float]] = {}
        command = [environment(scratch / "venv"), WORKER, folder, scratch / "artifacts"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdin and peer.stdout


            def mlflow(*, synced: bool = False) -> float:
                assert peer.stdin and peer.stdout
                peer.stdin.write("synced\n" if synced else "\n")
                peer.stdin.flush()
                return float(peer.stdout.readline())

            def ours(*, synced: bool = False) -> float:
                return timed(lambda: engine.bundle(label, bundle), bundle, synced)

            def zipped() -> float:
                command = ["zip", "-0", "-q", "-r", scratch / "other.zip", "."]
                return timed(lambda: subprocess.run(command, cwd=folder, check=True), scratch / "other.zip")

            for _ in range(given.times + 1):
                for what, act in {
                    "ours": ours, "MLflow": mlflow, "zip -0": zipped,
                    "ours, on the disk": lambda: ours(synced=True), "MLflow, on the disk": lambda: mlflow(synced=True),
                }.items():  # fmt: skip
                    sides.setdefault(what, []).append(act())
            peer.stdin.close()
        memory = {each: peak(engine.home, each, bundle) for each in (small, label)}
    # The first turn is nobody's: it imports, and reads into memory.
    for what, seconds in sides.items():
        print(spread(what, seconds[1:]))
    middle = {what: median(seconds[1:]) for what, seconds in sides.items()}
    synced = middle["ours, on the disk"] / middle["MLflow, on the disk"]
    return show(
        [
            Figure("ours / MLflow's copy, in memory", middle["ours"] / middle["MLflow"], 1.0, "times"),
            Figure("the same until the disk has it", synced, 1.0, "times"),
            Figure("ours / zip -0, in memory", middle["ours"] / middle["zip -0"], 1.3, "times"),
            Figure("most memory, small version", memory[small], None, "MB"),
            Figure("most memory, large version", memory[label], memory[small] + 32, "MB"),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
