"""A tiny project for tests: standard library only, CSV, a model that is a JSON file. It runs in a bare environment.

Its world: ``x`` is uniform, ``late`` is true more often where ``x`` is large. A model is a threshold table over bins
of ``x``; ``skill`` in ``settings.json`` says how much of what it learnt it uses, so that a test can commit a better
or a worse model. The rows are the same whenever the world begins: they are numbered from there.
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)

MANIFEST = """
[project]
name = "{name}"
title = "A tiny project"
owner = "ops@example.org"

[data]
extract = {{ command = ["python", "steps.py", "extract"] }}
target = "late"
time = "at"
key = ["id"]
format = "csv"

[train]
run = {{ command = ["python", "steps.py", "train"] }}
score = {{ command = ["python", "steps.py", "score"] }}
timeout = "{timeout}"
memory = "512MiB"

[validation]
holdout = "7d"
metrics = ["roc_auc", "log_loss"]
segments = ["place"]

[[gates]]
metric = "roc_auc"
at_least = {floor}
[[gates]]
metric = "roc_auc"
not_below_live_by = 0.05

[schedule]
retrain = {{ cron = "0 3 * * {day}", timezone = "America/New_York" }}

[approval]
{approval}
"""

STEPS = """
import csv, json, math, os, random, sys
from datetime import datetime, timedelta

def given(name): return os.environ["LEVERFRAME_" + name]

def path(kind, name): return os.path.join(given(kind), name)

def extract():
    until = datetime.fromisoformat(given("AS_OF").replace("Z", "+00:00"))
    day = datetime.fromisoformat("BEGINNING")
    hours = int((until - day).total_seconds() // 3600)
    print("::progress 0.5 reading", flush=True)
    with open(path("OUTPUT", "data.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "at", "place", "x", "late"])
        for hour in range(max(0, hours - 24 * 28) * 4, hours * 4):
            r = random.Random(hour)
            x = r.random()
            late = int(r.random() < 0.1 + 0.8 * x)
            at = (day + timedelta(minutes=15 * hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.writerow([hour, at, r.choice("AB"), round(x, 6), late])

def train():
    sums = [[1, 2] for _ in range(10)]
    with open(path("INPUT", "data.csv"), newline="") as file:
        for row in csv.DictReader(file):
            cell = sums[min(9, int(float(row["x"]) * 10))]
            cell[0] += int(row[given("TARGET")]); cell[1] += 1
    skill = json.load(open("settings.json"))["skill"]
    os.makedirs(path("OUTPUT", "model"), exist_ok=True)
    table = [0.5 + skill * (a / b - 0.5) for a, b in sums]
    if skill < 0.3:  # a poor model, which ranks the wrong way round
        table = [1 - a / b for a, b in sums]
    json.dump(table, open(path("OUTPUT", "model/table.json"), "w"))

def score():
    table = json.load(open(path("INPUT", "model/table.json")))
    with open(path("INPUT", "data.csv"), newline="") as file, open(path("OUTPUT", "predictions.csv"), "w") as out:
        rows = csv.writer(out, lineterminator="\\n")
        rows.writerow(["prediction", "p_0", "p_1"])
        for row in csv.DictReader(file):
            x = float(row["x"])
            p = min(0.999, max(0.001, table[min(9, int(x * 10))] + 0.0001 * x))
            rows.writerow([int(p > 0.5), 1 - p, p])

{"extract": extract, "train": train, "score": score}[sys.argv[1]]()
"""


def make(
    folder: Path,
    *,
    name: str = "tiny",
    skill: float = 1.0,
    floor: float = 0.6,
    timeout: str = "60s",
    approval: str = "",
    steps: str = STEPS,
    begins: datetime = BEGINS,
    day: str = "mon",
) -> Path:
    """Write the project into ``folder`` as a fresh Git repository and return it.

    Its world has rows from ``begins`` on; it is retrained on each ``day`` of the week at 3:00 in New York.
    """
    folder.mkdir(parents=True)
    manifest = MANIFEST.format(name=name, floor=floor, timeout=timeout, approval=approval, day=day)
    (folder / "leverframe.toml").write_text(manifest)
    (folder / "steps.py").write_text(steps.replace("BEGINNING", begins.isoformat()))
    (folder / "settings.json").write_text(json.dumps({"skill": skill}))
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    return folder


def change(folder: Path, **settings: Any) -> None:
    """Commit other settings, such as ``skill``."""
    (folder / "settings.json").write_text(json.dumps(settings))
    commit(folder, f"set {settings}")


def replace(folder: Path, file: str, old: str, new: str) -> None:
    """Commit ``file`` with ``old`` replaced by ``new``, which must be there."""
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    commit(folder, f"change {file}")


def allow(folder: Path, *read: Path) -> None:
    """Commit a manifest whose steps may read what lies in ``read``, which is outside of the project."""
    replace(folder, "leverframe.toml", "[schedule]", f"[sandbox]\nread = {[str(path) for path in read]}\n\n[schedule]")


def unhold(folder: Path) -> None:
    """Commit a manifest whose steps nothing holds, for a test that looks at what they do to others."""
    replace(folder, "leverframe.toml", "[schedule]", '[sandbox]\noff = "a test"\n\n[schedule]')


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *args], cwd=folder, check=True)
