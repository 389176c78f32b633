"""The house as it is drawn: which room may import which, how large things may get, what must not be in a file.

Rooms of the engine stand in storeys; a room imports from the storeys below its own. Within a storey only the pairs in
``NEIGHBOURS``.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks.promise_mutants import FAULTS

ROOT = Path(__file__).resolve().parents[1]

STOREYS = (
    {"records", "errors", "clock", "text", "unneeded", "withheld", "json_records", "vocabulary"},
    {"storage"},
    {"access", "audit"},
    {"versions", "environments", "projects", "presence"},
    {"runs", "validation", "monitoring", "scoring", "backtest", "routing", "packages", "requests", "feedback",
     "shadow"},
    {"release"},
    {"reports", "outbox", "housekeeping", "backup", "bundles", "scaffold", "exports", "canary"},
    {"jobs", "duty"},
    {"schedule", "overview", "doctor", "rewind"},
    {"pages", "founding", "serving"},
    {"api"},
)
# Who imports whom on one storey; nothing may go the other way.
NEIGHBOURS = {
    ("clock", "errors"),
    ("json_records", "errors"),
    ("access", "audit"),
    ("versions", "environments"),
    ("environments", "projects"),
    ("runs", "validation"),
    ("backtest", "validation"),
    ("monitoring", "validation"),
    ("monitoring", "runs"),
    ("monitoring", "feedback"),
    ("requests", "monitoring"),
    ("shadow", "requests"),
    ("shadow", "scoring"),
    ("shadow", "validation"),
    ("scoring", "runs"),
    ("scoring", "validation"),
    ("outbox", "reports"),
    ("backup", "housekeeping"),
    ("backup", "outbox"),
    ("housekeeping", "reports"),
    ("overview", "schedule"),
    ("doctor", "schedule"),
    ("rewind", "schedule"),
    ("rewind", "overview"),
    ("serving", "pages"),
}
SCREEN_LIBRARIES = {"console", "textual", "rich", "click"}
HEAVY = (
    "pandas", "sklearn", "scipy", "matplotlib", "pyarrow", "sqlite_utils", "sqlalchemy", "distributed", "dask",
    "jinja2",
)  # fmt: skip
# Run by a project's interpreter, or with -I -S: they have nothing but the standard library and what the project has.
# Or sent to a worker of a cluster as it stands.
STAND_ALONE = (
    "engine/runs/steps/python_runner.py",
    "engine/runs/steps/column_types.py",
    "engine/runs/steps/onnx_model.py",
    *(f"engine/runs/steps/compile_{name}.py" for name in ("model", "columns", "answers", "trees", "boosters")),
    "engine/runs/steps/compile_behind.py", "engine/runs/steps/first_steps.py",
    "engine/runs/steps/online_learner.py",
    "engine/runs/steps/warm_scorer.py",
    "engine/runs/steps/onnx_process.py",
    "engine/runs/steps/warden.py",
    "engine/runs/steps/step_output.py",
    "engine/runs/steps/server_warden.py",
    "engine/runs/steps/step_server.py",
    "engine/runs/steps/containment.py",
    "engine/runs/compute/on_worker.py",
    "engine/environments/python/wheel_fetcher.py", "engine/housekeeping/walker.py",
    "engine/bundles/verify_bundle.py",
    *(f"engine/exports/scripts/{name}.py" for name in (
        "export_model", "to_onnx", "onnx_trees", "onnx_numbers", "to_sql", "score_onnx", "score_sql",
        "score_postgresql",
    )),
)  # fmt: skip

# Each table of the ledger and the one room that reads and writes it; every other asks that room.
TABLES = {
    "projects": "projects", "allowances": "projects", "schedules": "projects",
    "versions": "versions", "origins": "versions", "judged_here": "versions", "holds": "versions",
    "pictures": "environments", "kept_files": "environments",
    "runs": "runs", "steps": "runs", "run_facts": "runs",
    "deployments": "release", "decisions": "release", "glasses": "release",
    "planned_swaps": "release", "rehearsals": "release",
    "package_rules": "packages", "package_exceptions": "packages",
    "health": "monitoring", "signals": "monitoring", "measurements": "monitoring", "alerts": "monitoring",
    "incidents": "monitoring",
    "triggers": "jobs", "scorings": "jobs",
    "reports": "reports", "outbox": "outbox", "news": "outbox", "cursors": "outbox",
    "occurrences": "schedule", "downtimes": "schedule", "engine": "schedule",
    "bin": "housekeeping", "places": "housekeeping", "scans": "housekeeping",
    "trusted_keys": "bundles", "backups": "backup", "scrubs": "backup",
    "exports": "exports", "backtests": "backtest",
    "workers": "scoring", "preparations": "scoring", "confirmations": "scoring",
    "crashes": "scoring", "taken_out": "scoring", "trials": "scoring",
    "request_blocks": "requests", "request_counts": "requests", "skew_checks": "requests",
    "capacities": "requests", "shadow_figures": "shadow",
    **dict.fromkeys(("feedback_batches", "feedback_decisions", "learnt_words", "frozen_learners", "learner_resets",
                     "feedback_blocks", "feedback_packed", "feedback_agreements"), "feedback"),
    "routes": "routing", "routed": "routing", "handovers": "routing",
    "operators": "access", "standings": "access", "project_roles": "access", "bindings": "access",
    "addresses": "access", "tokens": "access", "token_uses": "access",
    "folded": "audit", "audit": "audit", "settings": "storage", "texts": "storage", "past": "storage",
}  # fmt: skip
# What stands elsewhere, and why it has to. ``storage`` makes all tables, ``rewind`` takes all of them back.
SQL_ELSEWHERE = {
    "engine/audit/times.py": ({"runs", "occurrences", "scans", "downtimes"}, "the newest time that any room wrote"),
    "engine/projects/registry.py": ({"versions", "runs"}, "a room below may not ask one above, inside its transaction"),
    "engine/projects/allowances.py": ({"runs", "run_facts"}, "the same: what a run was stopped for"),
    "engine/runs/queue.py": ({"health", "planned_swaps"}, "the same: what was recorded before somebody cancelled it"),
    "engine/doctor.py": ({"versions", "deployments"}, "whether two rooms agree, which neither of them can say"),
}

FILE_LINES = {"engine": 350, "console": 350, "tests": 400, "benchmarks": 400}
STAND_ALONE_LINES = 600  # they have to be one file each
FUNCTION_LINES = 60


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Each imported module, absolute, with its line; ``from engine import clock`` counts as ``engine.clock``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = path.relative_to(ROOT).parent.parts
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            if base in ("engine", "console"):
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, base


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "engine").parts[0].removesuffix(".py")


def storey(room: str) -> int:
    return next((number for number, rooms in enumerate(STOREYS) if room in rooms), -1)


def arrow_is_allowed(room: str, other: str) -> bool:
    return storey(other) < storey(room) or (room, other) in NEIGHBOURS


def test_every_room_of_the_engine_has_a_storey() -> None:
    rooms = {room_of(path) for path in sources("engine")} - {"__init__"}
    homeless = {room for room in rooms if storey(room) < 0}
    assert not homeless, f"Put {sorted(homeless)} into STOREYS, where its imports allow."


def test_arrows_between_rooms_of_the_engine_point_down() -> None:
    wrong = []
    for path in sources("engine"):
        room = room_of(path)
        for line, module in imports(path):
            top, _, rest = module.partition(".")
            other = rest.partition(".")[0]
            inside = top == "engine" and storey(other) >= 0 and other != room
            if inside and room != "__init__" and not arrow_is_allowed(room, other):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_neighbours_never_import_each_other_both_ways() -> None:
    assert all(storey(a) == storey(b) and (b, a) not in NEIGHBOURS for a, b in NEIGHBOURS)


def test_the_engine_knows_nothing_of_screens_and_command_lines() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in sources("engine")
        for line, module in imports(path)
        if module.partition(".")[0] in SCREEN_LIBRARIES
    ]
    assert not wrong, "\n".join(wrong)


MAY_HOLD_AN_ENGINE = (
    "queries/watcher.py", "acting/runner.py", "time_travel/past.py", "opening/start.py", "__main__.py",
)  # fmt: skip


def may_hold_an_engine(path: Path) -> bool:
    inside = path.relative_to(ROOT / "console").as_posix()
    return inside in MAY_HOLD_AN_ENGINE or inside.startswith(("cli/", "ssh/"))


def imported_when_run(path: Path) -> set[int]:
    """The lines of imports under ``if TYPE_CHECKING:``, which no process ever runs."""
    return {
        inner.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }


# The clock of the wall. The last known screen is drawn before anything is imported, and says how old it is.
READS_THE_TIME = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
MAY_READ_THE_TIME = ("engine/clock.py", "console/opening/last_seen.py")


def test_one_file_reads_the_time_and_every_other_is_told_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} reads the time; take it as an argument, from engine.clock"
        for path in sources("engine", "console")
        if path.relative_to(ROOT).as_posix() not in MAY_READ_THE_TIME
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value).rpartition(".")[2] in READS_THE_TIME
        and node.attr in READS_THE_TIME[ast.unparse(node.value).rpartition(".")[2]]
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_watcher_the_runner_and_the_command_line_hold_an_engine() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in sources("console")
        if not may_hold_an_engine(path)
        for line, module in imports(path)
        if module == "engine.api" or module.startswith("engine.api.")
        if line not in imported_when_run(path)
    ]
    assert not wrong, "\n".join(wrong)


def test_stand_alone_files_import_nothing_of_leverframe() -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name in STAND_ALONE
        if (ROOT / name).exists()
        for line, module in imports(ROOT / name)
        if module.partition(".")[0] in ("engine", "console")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["engine.api", "console.app", "console.__main__"])
def test_a_fresh_python_gets_to_the_first_screen_without_heavy_libraries(module: str) -> None:
    script = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}} & {set(HEAVY)}))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == []


_IN_SQL = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE(?: OR [A-Z]+)?)\s+(\w+(?:\s*,\s*\w+)*)")


def tables_in(source: ast.Module) -> Iterator[tuple[int, str]]:
    """Each table of the ledger that a text of the program names as SQL does, with the line."""
    told = {
        id(node.body[0].value)
        for node in ast.walk(source)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            names = ",".join(_IN_SQL.findall(node.value)).split(",")
            yield from ((node.lineno, name) for name in map(str.strip, names) if name in TABLES)


def sql_outside(path: str, source: ast.Module) -> Iterator[tuple[int, str]]:
    """The lines of a file of the engine with SQL on a table of another room, each with the table."""
    room = path.split("/")[1].removesuffix(".py")
    if room not in ("storage", "rewind"):
        yield from ((line, table) for line, table in tables_in(source) if TABLES[table] != room)


def test_each_table_of_the_ledger_has_a_room() -> None:
    made = {
        name
        for path in sources("engine/storage")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(r"\bCREATE TABLE (\w+)", node.value)
    }
    assert made == set(TABLES), f"Say in TABLES whose {sorted(made ^ set(TABLES))} is."


def test_sql_on_a_table_stands_in_its_room() -> None:
    wrong, excused = [], set()
    for path in sources("engine", "console"):
        name = path.relative_to(ROOT).as_posix()
        for line, table in sql_outside(name, tree(path)):
            if table in SQL_ELSEWHERE.get(name, (set(), ""))[0]:
                excused.add((name, table))
            else:
                wrong.append(f"SQL on {table} stands outside engine/{TABLES[table]}: {name}:{line}; ask that room")
    assert not wrong, "\n".join(wrong)
    assert excused == {(name, table) for name, (tables, _) in SQL_ELSEWHERE.items() for table in tables}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('db.execute("SELECT id FROM runs WHERE id = ?")', ["runs"]),
        ('db.execute("SELECT 1 FROM projects"\n f" JOIN runs r ON {x}")', ["projects", "runs"]),
        ('SQL = f"INSERT INTO steps ({names}) SELECT * FROM runs, health"', ["steps", "runs"]),
        ('"DELETE FROM health"; "UPDATE runs SET x = 1"; "UPDATE OR IGNORE runs SET x = 1"', ["runs", "runs"]),
        ('def runs() -> None:\n    """What comes FROM runs and goes INTO steps."""', []),
        ('"taken from runs, INTO the steps"; "SELECT * FROM signals"', []),
    ],
)
def test_the_walk_sees_sql_that_stands_in_another_room(text: str, found: list[str]) -> None:
    assert [table for _, table in sql_outside("engine/monitoring/looks.py", ast.parse(text))] == found
    assert list(sql_outside("engine/storage/ledger.py", ast.parse(text))) == []


def test_no_file_is_too_long_to_read() -> None:
    long = []
    for path in sources("engine", "console", "tests", "benchmarks"):
        name, lines = path.relative_to(ROOT).as_posix(), len(path.read_text("utf-8").splitlines())
        if lines > (STAND_ALONE_LINES if name in STAND_ALONE else FILE_LINES[name.partition("/")[0]]):
            long.append(f"{name}: {lines} lines")
    assert not long, "\n".join(long)


def test_no_function_is_too_long_to_read() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"
        for path in sources("engine", "console")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of the machine that wrote it": re.compile(r"/work" r"/(?:main|shared)\b|/ro" r"ot/\.|/tmp" r"/lf\b"),
    "the host of a package registry": re.compile(r"pypi" r"\.org|files\.python" r"hosted|pythonhosted" r"\.org", re.I),
}


def committed_files() -> list[Path]:
    # Whoever runs the tests may be another account than the one that the checkout belongs to.
    ask = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is no Git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_this_machine_or_a_registry() -> None:
    wrong = []
    for path in committed_files():
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            held = [what for what, mark in FORBIDDEN.items() if mark.search(line)]
            wrong += [f"{path.relative_to(ROOT)}:{number} holds {what}" for what in held]
    assert not wrong, "\n".join(wrong)


def test_every_fault_in_a_promise_can_still_be_made() -> None:
    """The table of faults written by hand is worth something only while each of its texts stands in its file."""
    wrong = []
    for fault in FAULTS:
        try:
            fault.site(ROOT)
        except (OSError, ValueError) as error:
            wrong.append(f"{fault.promise}: {error}")
        wrong += [f"{fault.promise}: there is no {name}" for name in fault.tests if not (ROOT / name).exists()]
    assert not wrong, "\n".join(wrong)
