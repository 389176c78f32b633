"""What it costs a step to be held: the same steps held and not, side by side; milliseconds from start to end.

    python benchmarks/containment.py [ROUNDS]

An empty step of bare Python, and one that trains scikit-learn where this Python has it. The two kinds take turns, so
that a machine that is busy is busy for both; the median is told, and the quarter of the rounds that lies around it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.projects.manifest.records import SandboxSpec  # noqa: E402
from engine.runs.steps.limits import Limits  # noqa: E402
from engine.runs.steps.running import start_step  # noqa: E402
from engine.runs.steps.sandbox import box, this_machine  # noqa: E402
from engine.runs.steps.step import StepSpec, clean_environment  # noqa: E402

EMPTY = ("-I", "-S", "-c", "pass")
TRAINS = """
import numpy
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
x = numpy.random.default_rng(0).random((5000, 10)); y = (x[:, 0] + x[:, 1] > 1).astype(int)
HistGradientBoostingClassifier(max_iter=20).fit(x, y); RandomForestClassifier(20, n_jobs=2).fit(x, y)
"""


def took(folder: Path, words: Sequence[str], *, held: bool) -> tuple[float, float]:
    """Milliseconds of one step, from its start to when nothing of it is left, and of processor time on both sides."""
    from time import perf_counter

    step = Path(tempfile.mkdtemp(dir=folder))
    for name in ("code", "input", "output", "tmp"):
        (step / name).mkdir()
    extra = {"HOME": str(step / "tmp"), "TMPDIR": str(step / "tmp")}
    spec = StepSpec(
        name="train",
        argv=(sys.executable, *words),
        cwd=step / "code",
        environment=clean_environment((), extra, 1),
        log=step / "step.log",
        limits=Limits(120, 2 << 30),
        marker="benchmark",
    )
    if held:
        spec = replace(spec, containment=box(SandboxSpec(), step, Path(sys.prefix), folder))
    began, busy = perf_counter(), _busy()
    result = start_step(spec, lambda at, text: None).wait()
    if result.state != "succeeded":
        raise SystemExit(f"{result.why}\n" + "\n".join(result.last_lines))
    return 1000 * (perf_counter() - began), 1000 * (_busy() - busy)


def _busy() -> float:
    return sum(os.times()[:4])


def main(rounds: int) -> None:
    """Print one line for each kind of step."""
    print(f"held by {this_machine()}")
    kinds: dict[str, tuple[Sequence[str], int]] = {"empty": (EMPTY, rounds), "trains": (("-c", TRAINS), rounds // 10)}
    with tempfile.TemporaryDirectory() as name:
        for kind, (words, count) in kinds.items():
            free, held = [], []
            for _ in range(max(count, 4)):
                free.append(took(Path(name), words, held=False))
                held.append(took(Path(name), words, held=True))
            for at, what in enumerate(("from start to end", "of processor time")):
                a, b = [each[at] for each in free], [each[at] for each in held]
                cost = median(more - less for less, more in zip(a, b, strict=True))
                print(f"{kind:8} {what}: free {_told(a)}, held {_told(b)}, cost {cost:+.1f} ms")


def _told(each: list[float]) -> str:
    low, _, high = quantiles(each, n=4)
    return f"{median(each):7.1f} ms ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 80)
