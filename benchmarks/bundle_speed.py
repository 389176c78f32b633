"""A bundle beside MLflow's unhashed copy of the same content and beside ``zip -0`` of it; and the memory that it takes.

    python benchmarks/bundle_speed.py [--megabytes 300] [--times 7] [--home FOLDER]

Flights is retrained once, and a version is registered beside it that has a model of so many megabytes more (half of it
random, half of it numbers that compress). The same files lie in a folder for the others. All three read what the system
has in memory, and write to the same disk, in turns: ours from the store, where the content lies compressed in objects
of some ten kilobytes, the others from the folder. MLflow (mlflow-skinny) is installed into an environment that is
thrown away, from where this machine's uv or pip finds packages; it is no dependency. What is timed of it is
``log_artifacts`` to a folder of this disk, which copies file by file. "On the disk" ends with a sync of the whole
system, for both; before each turn there is one too, so that only what others write meanwhile is counted with it. Which
comes after which is drawn anew each time: what is deleted after a turn keeps the disk busy in the next.

Nothing that hashes can be faster than the hashing: the last line of the times is SHA-256 of as many bytes by all cores
at once, of a megabyte that stays in their caches, with nothing read or written.

The memory is the most that a process of its own had while it wrote a bundle or took one in (into a workspace beside,
which knows the project already); what rebuilds and proves the version there are processes of theirs, not measured: they
take what the project takes. Takes about four minutes.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import Figure, show, spread
from benchmarks.flights_workspace import arguments, retrained, week, workspace
from engine.api import Engine, open_engine
from engine.clock import now
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.stored_files import StoredFile
from engine.versions import catalog
from engine.versions import document as documents

WORKER = Path(__file__).with_name("mlflow_worker.py")
HASHING = "SHA-256 alone, all cores"
MIB = 1 << 20
GROWTH = 16  # MB that are no growth: a large version may take so much more than a small one


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


def peak(code: str, *words: object) -> float:
    """The most memory of a process that runs ``code``, in MiB."""
    code += "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-c", code, *map(str, words)]
    return int(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout.split()[-1]) / 1024


def peak_of_bundle(home: Path, label: str, target: Path) -> float:
    """That of a process that writes one bundle, which stays."""
    return peak(
        "import sys; from pathlib import Path; from engine.api import open_engine\n"
        "open_engine(Path(sys.argv[1]), 'bench').bundle(sys.argv[2], Path(sys.argv[3]))",
        home, label, target,
    )  # fmt: skip


def peak_of_import(home: Path, source: Path) -> float:
    """That of a process that takes one in."""
    return peak(
        "import sys; from pathlib import Path; from engine.api import open_engine\n"
        "assert open_engine(Path(sys.argv[1]), 'bench').take_in(Path(sys.argv[2])).label",
        home, source,
    )  # fmt: skip


def memory(engine: Engine, first: str, small: str, large: str, scratch: Path) -> dict[str, float]:
    """Of bundling and of taking in a small and a large version; the ``first`` brings the project and its packages."""
    home, found, zips = scratch / "other", dict[str, float](), dict[str, Path]()
    with closing(open_engine(home, "bench", create=True)) as other:
        other.trust("sender", engine.bundle_key()[1], "for the benchmark")
    for label in (first, small, large):
        zips[label] = scratch / f"{label}.zip"
        written, taken = peak_of_bundle(engine.home, label, zips[label]), peak_of_import(home, zips[label])
        found |= {f"bundle {label}": written, f"import {label}": taken}
    return found


def hashing(size: int) -> float:
    """Seconds that SHA-256 of so many bytes takes all cores, each with its part."""
    cores, piece = os.cpu_count() or 1, random.Random(2).randbytes(MIB)

    def part(_: int) -> None:
        whole = sha256()
        for _ in range(size // MIB // cores):
            whole.update(piece)

    with ThreadPoolExecutor(cores) as pool:
        began = time.perf_counter()
        list(pool.map(part, range(cores)))
        return time.perf_counter() - began


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
        little = larger(engine, small, 1, scratch)
        folder, bundle = scratch / "content", scratch / "x.zip"
        engine.bundle(label, bundle)
        subprocess.run(["unzip", "-q", bundle, "-d", folder], check=True)
        size = bundle.stat().st_size
        bundle.unlink()
        os.sync()
        command = [str(each) for each in (environment(scratch / "venv"), WORKER, folder, scratch / "artifacts")]
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
                command = ["zip", "-0", "-q", "-r", str(scratch / "other.zip"), "."]
                return timed(lambda: subprocess.run(command, cwd=folder, check=True), scratch / "other.zip")

            acts: list[tuple[str, Callable[[], float]]] = [
                ("ours", ours), ("MLflow", mlflow), ("zip -0", zipped), (HASHING, lambda: hashing(size)),
                ("ours, on the disk", lambda: ours(synced=True)), ("MLflow, on the disk", lambda: mlflow(synced=True)),
            ]  # fmt: skip
            sides: dict[str, list[float]] = {what: [] for what, _ in acts}
            order = random.Random(3)
            for _ in range(given.times + 1):
                for what, act in order.sample(acts, len(acts)):
                    sides[what].append(act())
            peer.stdin.close()
        most = memory(engine, small, little, label, scratch)
    # The first turn is nobody's: it imports, and reads into memory.
    for what, seconds in sides.items():
        print(spread(what, seconds[1:]))
    middle = {what: median(seconds[1:]) for what, seconds in sides.items()}
    synced = middle["ours, on the disk"] / middle["MLflow, on the disk"]
    alone = middle[HASHING] / middle["MLflow"]
    return show(
        [
            Figure("ours / MLflow's copy, in memory", middle["ours"] / middle["MLflow"], 1.0, "times"),
            Figure("the same until the disk has it", synced, 1.0, "times"),
            Figure("ours / zip -0, in memory", middle["ours"] / middle["zip -0"], 1.3, "times"),
            Figure("SHA-256 alone / MLflow's copy, in memory", alone, None, "times"),
            Figure("most memory of a bundle, small version", most[f"bundle {little}"], None, "MB"),
            Figure("the same, large version", most[f"bundle {label}"], most[f"bundle {little}"] + GROWTH, "MB"),
            Figure("most memory of an import, small version", most[f"import {little}"], None, "MB"),
            Figure("the same, large version", most[f"import {label}"], most[f"import {little}"] + GROWTH, "MB"),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
