"""Faults drawn by chance, put one at a time into a copy of the tree, and tried by the tests that run their lines.

    benchmarks/mutants.py cover                     which test runs which line (some minutes)
    benchmarks/mutants.py draw --seed 8 --count 330   draw faults over all rooms and try each
    benchmarks/mutants.py again                     try once more what survived, after tests were written
    benchmarks/mutants.py promises                  the faults of promise_mutants.py: every one must be found
    benchmarks/mutants.py table                     killed and survived per room

What was found is kept in --kept (a folder, by default below the system's temporary folder), one file a seed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.mutation import trial  # noqa: E402
from benchmarks.mutation.fault import Fault  # noqa: E402
from benchmarks.mutation.lines import Lines  # noqa: E402
from benchmarks.mutation.sites import Site, sites  # noqa: E402

# The rooms whose promises are tried: the files of each, its share of 330 faults, and where its own tests are.
ROOMS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "release": (("engine/release/*.py",), 60, "tests/engine/release"),
    "audit": (("engine/audit/*.py",), 40, "tests/engine/audit"),
    "access": (("engine/access/*.py",), 40, "tests/engine/access"),
    "validation": (("engine/validation/**/*.py",), 60, "tests/engine/validation"),
    "retention": (("engine/housekeeping/retention.py",), 30, "tests/engine/housekeeping"),
    "schedule policy": (
        ("engine/schedule/policy.py", "engine/schedule/book.py", "engine/projects/manifest/cron.py"), 40,
        "tests/engine/schedule",
    ),
    "monitoring": (("engine/monitoring/**/*.py",), 60, "tests/engine/monitoring"),
}  # fmt: skip
TESTS = (
    *(f"tests/engine/{room}" for room in (
        "release", "audit", "access", "validation", "monitoring", "housekeeping", "schedule", "jobs",
    )),
    "tests/engine/projects/test_cron.py", "tests/engine/storage/test_ledger.py", "tests/engine/test_overview.py",
    "tests/cli/test_a_release_and_the_way_back.py", "tests/cli/test_health.py",
)  # fmt: skip
# Many processes for half a minute, which find nothing that is not found sooner.
LEFT_OUT = ("tests/engine/schedule/test_every_occurrence_is_accounted_for.py",)

_FROM_A_HISTORY = "tests/engine/release/test_what_is_shown_before_a_move.py"


def files_of(room: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for pattern in ROOMS[room][0] for path in ROOT.glob(pattern))


def cover(kept: Path, tests: list[str]) -> int:
    """Run the tests (of all rooms, or those named anew) once and keep which lines each runs."""
    target = kept / "covered.json"
    known = json.loads(target.read_text()) if tests and target.exists() else {}
    known = {name: test for name, test in known.items() if not name.startswith(tuple(tests))}
    files = [file for room in ROOMS for file in files_of(room)]
    with tempfile.TemporaryDirectory(prefix="leverframe-mutants-") as folder:
        tree = trial.copied(ROOT, Path(folder).resolve() / "tree")
        words = [*(tests or TESTS), *(f"--ignore={place}" for place in LEFT_OUT)]
        code = trial.run_pytest(tree, words, kept / "cover.log", 3600, [Lines(tree, files, target)])
    target.write_text(json.dumps({**known, **json.loads(target.read_text())}))
    print(f"pytest ended with {code}; see {kept / 'cover.log'}")
    return 0 if code in (0, 1) else 1


def drawn(root: Path, seed: int, count: int) -> list[tuple[str, Site]]:
    """``count`` faults over all rooms by their shares, each room by a chance of its own."""
    whole = sum(share for _, share, _ in ROOMS.values())
    found = []
    for room, (_, share, _) in ROOMS.items():
        every = [site for file in files_of(room) for site in sites(root, file)]
        chance = random.Random(f"{seed} {room}")
        found += [(room, site) for site in chance.sample(every, min(len(every), round(count * share / whole)))]
    return found


def lines_of(root: Path, site: Site) -> set[int]:
    """The lines whose tests may see the fault: its own, or for what runs at import those that use it."""
    tree = ast.parse((root / site.file).read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.lineno <= site.line <= (node.end_lineno or node.lineno):
            first = node.body[0].lineno
            inner = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef) and n is not node]
            if site.line >= first and not any(n.lineno <= site.line <= (n.end_lineno or 0) for n in inner):
                return _statement(node, site.line)
            if site.line < first:
                return set(range(first, (node.end_lineno or first) + 1))
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno <= site.line <= (node.end_lineno or 0)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    used = {n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in names and n.lineno > site.line}
    inside = {n.lineno for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in f.body}
    return used | inside


def _statement(function: ast.FunctionDef, line: int) -> set[int]:
    """All lines of the innermost statement at ``line``: which of them is counted depends on the compiler."""
    around = [
        n for n in ast.walk(function)
        if isinstance(n, ast.stmt) and n is not function and n.lineno <= line <= (n.end_lineno or 0)
    ]  # fmt: skip
    small = min(around, key=lambda n: (n.end_lineno or 0) - n.lineno)
    if isinstance(small, ast.If | ast.For | ast.While | ast.With | ast.Try):
        return set(range(small.lineno, small.body[0].lineno)) | {line}
    return set(range(small.lineno, (small.end_lineno or small.lineno) + 1))


def _prepare(kept: Path, tree: Path) -> None:
    """What tests of releases start from is made here, by code without a fault, and kept for all trials."""
    trial.import_heavy()
    if trial.run_pytest(tree, [_FROM_A_HISTORY], kept / "trial.log", 600) != 0:
        raise SystemExit(f"{_FROM_A_HISTORY} fails without any fault; see {kept / 'trial.log'}")


class Trials:
    """One copy of the tree in which faults are tried one after the other; what came of each is kept at once."""

    def __init__(self, kept: Path, tree: Path) -> None:
        self._kept, self._tree = kept, tree
        self._covered = trial.Covered.read(kept / "covered.json")
        _prepare(kept, tree)

    def say(self, room: str, site: Site) -> dict[str, Any]:
        source = (self._tree / site.file).read_bytes()
        tests, left = self._covered.of(site, lines_of(self._tree, site), ROOMS[room][2])
        outcome = trial.tried(self._tree, site, tests, self._covered.seconds(tests), self._kept / "trial.log")
        if outcome == "survived" and left:
            tests += left
            outcome = trial.tried(self._tree, site, left, self._covered.seconds(left), self._kept / "trial.log")
        by = ""
        if outcome == "killed":
            said = (self._kept / "trial.log").read_text(errors="replace").splitlines()
            by = next((line for line in said if line.startswith(("FAILED", "ERROR"))), said[-1] if said else "")[:160]
        print(f"{outcome:14} {room}: {site.file}:{site.line} {site.name(source).partition(': ')[2]}  {by}", flush=True)
        found = {"room": room, "name": site.name(source), "line": site.line, "outcome": outcome}
        return {**found, "tests": len(tests), "by": by}


def draw(kept: Path, seed: int, count: int, rooms: list[str]) -> int:
    file = kept / f"seed-{seed}.json"
    found: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    known = {each["name"] for each in found}
    with tempfile.TemporaryDirectory(prefix="leverframe-mutants-") as folder:
        tree = trial.copied(ROOT, Path(folder).resolve() / "tree")
        trials = Trials(kept, tree)
        for room, site in drawn(tree, seed, count):
            if room in (rooms or ROOMS) and site.name((tree / site.file).read_bytes()) not in known:
                found.append(trials.say(room, site))
                file.write_text(json.dumps(found, indent=1))
    return table(kept)


def again(kept: Path) -> int:
    """Try every fault that survived once more."""
    with tempfile.TemporaryDirectory(prefix="leverframe-mutants-") as folder:
        tree = trial.copied(ROOT, Path(folder).resolve() / "tree")
        everything = {
            site.name((tree / file).read_bytes()): (room, site)
            for room in ROOMS
            for file in files_of(room)
            for site in sites(tree, file)
        }
        trials = Trials(kept, tree)
        for file in sorted(kept.glob("seed-*.json")):
            found = json.loads(file.read_text())
            for position, each in enumerate(found):
                if not each["outcome"].startswith("killed") and each["name"] in everything:
                    found[position] = trials.say(*everything[each["name"]])
                    file.write_text(json.dumps(found, indent=1))
    return table(kept)


def table(kept: Path) -> int:
    """Killed and survived per room and seed; 1 when fewer than 95 in 100 were killed."""
    good = True
    for file in sorted(kept.glob("seed-*.json")):
        print(f"\n{file.stem}\n| room | drawn | killed | survived |\n| --- | --- | --- | --- |")
        said = Counter((each["room"], each["outcome"].startswith("killed")) for each in json.loads(file.read_text()))
        for room in ROOMS:
            print(f"| {room} | {said[room, True] + said[room, False]} | {said[room, True]} | {said[room, False]} |")
        killed, left = (sum(n for (_, dead), n in said.items() if dead is wanted) for wanted in (True, False))
        print(f"| all | {killed + left} | {killed} ({killed / max(1, killed + left):.1%}) | {left} |")
        good &= killed >= 0.95 * (killed + left)
    return 0 if good else 1


def promises(kept: Path, words: list[str]) -> int:
    """Every fault of promise_mutants.py (or those that hold one of ``words``) by its tests; 1 when one is not found."""
    from benchmarks.promise_mutants import FAULTS

    faults = [each for each in FAULTS if not words or any(word in f"{each.promise} {each.file}" for word in words)]
    left = 0
    with tempfile.TemporaryDirectory(prefix="leverframe-mutants-") as folder:
        tree = trial.copied(ROOT, Path(folder).resolve() / "tree")
        _prepare(kept, tree)
        _refuse_broken(kept, tree, faults)
        for fault in faults:
            outcome = trial.tried(tree, fault.site(ROOT), fault.tests, 60, kept / "trial.log")
            left += not outcome.startswith("killed")
            print(f"{outcome:14} {fault.promise}: {fault.old.strip()} → {fault.new.strip()}", flush=True)
    print(f"{len(faults) - left} of {len(faults)} found")
    return 1 if left else 0


def _refuse_broken(kept: Path, tree: Path, faults: Sequence[Fault]) -> None:
    """Neither a test that fails by itself nor a fault that is no Python shows anything, and both look like a find."""
    for fault in faults:
        site = fault.site(ROOT)
        if fault.file.endswith(".py"):
            compile(site.applied((ROOT / fault.file).read_bytes()), fault.promise, "exec")
    for test in sorted({test for fault in faults for test in fault.tests}):
        if trial.run_pytest(tree, ["-x", "--no-header", test], kept / "trial.log", 900) != 0:
            raise SystemExit(f"{test} fails without any fault; see {kept / 'trial.log'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("cover", "draw", "again", "promises", "table"))
    parser.add_argument("tests", nargs="*", help="cover: only these, where tests were added; promises: words")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--count", type=int, default=330)
    parser.add_argument("--room", action="append", default=[], choices=list(ROOMS), help="draw: only in this one")
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "leverframe-mutants")
    asked = parser.parse_args()
    asked.kept.mkdir(exist_ok=True)
    os.nice(5)
    verbs = {
        "cover": lambda: cover(asked.kept, asked.tests),
        "draw": lambda: draw(asked.kept, asked.seed, asked.count, asked.room),
        "again": lambda: again(asked.kept), "promises": lambda: promises(asked.kept, asked.tests),
        "table": lambda: table(asked.kept),
    }  # fmt: skip
    return verbs[asked.verb]()


if __name__ == "__main__":
    raise SystemExit(main())
