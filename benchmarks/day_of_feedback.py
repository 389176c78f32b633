"""A day of feedback through the sample that learns online: every hour requests, what people said of them, a lesson.

    benchmarks/day_of_feedback.py [--home HOME] [--hours 24]

The phishing sample is retrained, approved and served by a worker over HTTP. What was reported since the rows that it
was trained on (about 200 days of the data, in their order) is the day: an hour has a 24th of it. Each row is asked for,
then the verdicts of the hour are given as feedback, then the learner runs. In the copy of the sample that is used it
may go live once in a minute, not once in seven days. A line an hour; with --home the workspace stays,
to look at the curve: `leverframe --home HOME`, then h and L.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from console.demo.callers import Caller, live_rows  # noqa: E402
from console.demo.learning import MOST, said_of, stretch_of, told_of  # noqa: E402
from console.demo.server import DemoServer  # noqa: E402
from engine import clock  # noqa: E402
from engine.api import Engine, open_engine  # noqa: E402

PROJECT = "phishing"
EDITS = (('every = "1d"\n', ""), ("rows = 50\n", "rows = 20\n"), ('at_most_every = "7d"\n', 'at_most_every = "1m"\n'))


def made(home: Path) -> Engine:
    """The sample, live, with the edits."""
    folder = home.parent / f"{home.name}-{PROJECT}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "sample_projects" / PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = folder / "leverframe.toml"
    text = manifest.read_text()
    for old, new in EDITS:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    manifest.write_text(text)
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "it")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    engine = open_engine(home, create=True)
    engine.add(folder)
    run = engine.wait(engine.retrain(PROJECT).id, lambda run: None)
    if run.version is None:
        raise SystemExit(f"run {run.id} {run.state}: {run.why}")
    engine.move(engine.plan_release(run.version), "the first", lambda step: None)
    return engine


def day(engine: Engine, hours: int) -> None:
    """Replay it, and print a line an hour."""
    now = clock.now()
    rows = live_rows(engine.home, PROJECT, MOST)
    came = told_of(rows, said_of(engine.home, PROJECT, rows, now), now)
    edges = [round(len(came) * hour / hours) for hour in range(hours + 1)]
    stretches = [stretch_of(came[edge:edges[place + 1]]) for place, edge in enumerate(edges[:-1])]
    print(f"{sum(len(each.requests) for each in stretches)} rows in {hours} hours\n")
    print(f"{'hour':>4} {'rows':>5} {'asked in':>9} {'learnt in':>9}  {'learner':>7} {'parent':>7}  what became of it")
    with DemoServer(engine.home, None, print) as server:
        caller = Caller(server.port)
        while caller.ask(PROJECT, [stretches[0].requests[0]]) != 200:
            clock.pause(0.1)
        for hour, each in enumerate(stretches, 1):
            began = time.monotonic()
            failed = sum(caller.ask(PROJECT, [record]) != 200 for record in each.requests)
            failed += caller.tell(PROJECT, each.labels) != 200
            asked = time.monotonic() - began
            run = engine.wait(engine.learn(PROJECT, as_of=clock.moment(each.until)).id, lambda run: None)
            learnt = engine.learner(PROJECT).lessons
            lesson = next((one for one in learnt if one.version.label == run.version), None)
            points = lesson.learnt.curve if lesson is not None else ()
            count = sum(point.rows for point in points) or 1
            ours, theirs = (sum(point.rows * value for point, value in zip(points, values, strict=True)) / count
                            for values in ([p.value for p in points], [p.frozen for p in points]))  # fmt: skip
            lost = f"; {failed} NOT ANSWERED" if failed else ""
            times = f"{asked:>7.2f} s {run.seconds or 0:>7.1f} s"
            became = run.why or run.state
            print(f"{hour:>4} {len(each.requests):>5} {times}  {ours:>7.3f} {theirs:>7.3f}  {became}{lost}", flush=True)
        caller.close()


def told(engine: Engine) -> None:
    found = engine.requests(PROJECT, clock.now()).figures
    verdict = engine.verify_audit()
    count, whole = len(engine.feedback(PROJECT, limit=1000)), "holds" if verdict.ok else "IS BROKEN"
    p50, p99 = (1000 * (each or 0.0) for each in (found.p50, found.p99))
    print(
        f"\n{found.requests:,} requests, {found.failures} failed, {found.refused} refused, by {len(found.by_version)} "
        f"versions; p50 {p50:.2f} ms, p99 {p99:.1f} ms; {count} batches; the trail {whole}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--hours", type=int, default=24)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = made(said.home or Path(folder) / "home")
        day(engine, said.hours)
        told(engine)
        engine.close()


if __name__ == "__main__":
    main()
